// What the core's machines hold in memory: idle, with little to do, and after a day of users who came and went.
#include <rejoinder/core/admission.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/disconnect_stats.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/route_table.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/catch.hpp"
#include "support/counted_bytes.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

std::size_t users_in_churn()
{
    const char* const wanted = std::getenv("REJOINDER_CHURN_USERS");
    return wanted == nullptr ? 20'000 : static_cast<std::size_t>(std::atol(wanted));
}

} // namespace

TEST_CASE("a wheel with few timers costs its timers, and one with many four kilobytes more")
{
    timer_wheel<std::uint32_t> wheel;
    const auto before = living_bytes.load();
    std::vector<timer_id> all;
    all.reserve(17);
    const auto begun = living_bytes.load();
    for (std::uint32_t i = 0; i != 16; ++i) {
        all.push_back(wheel.schedule(instant{} + 1min, i));
    }
    CHECK(living_bytes.load() - begun < 1'024);
    all.push_back(wheel.schedule(instant{} + 1min, 16));
    CHECK(living_bytes.load() - begun > 4'096);
    for (const auto timer : all) {
        wheel.cancel(timer);
    }
    wheel.shrink();
    CHECK(living_bytes.load() == begun);
    CHECK(begun > before);
}

TEST_CASE("a session costs few bytes, idle or with one call in flight")
{
    constexpr int many = 1'000;
    session_options<> options;
    route_table routes;
    counters counts;
    std::vector<std::unique_ptr<session<int>>> all;
    all.reserve(many);
    const auto before = living_bytes.load();
    const auto now = instant{} + 1h;
    message out;
    for (int i = 0; i != many; ++i) {
        all.push_back(std::make_unique<session<int>>(side::client, options, routes, counts, 1));
        all.back()->begin(1024);
        all.back()->attach({}, options.heartbeat, now);
        while (all.back()->emit(out, now)) {
        }
    }
    const auto idle = (living_bytes.load() - before) / many;
    for (auto& one : all) {
        one->request("question", {"[1,2,3]"}, {}, 1, now);
        while (one->emit(out, now)) {
        }
    }
    const auto asking = (living_bytes.load() - before) / many;
    for (auto& one : all) {
        one->detach(now);
        one->end(errc::closed);
        output<int> over;
        while (one->next(over)) {
        }
        one->attach({}, options.heartbeat, now);
        one->detach(now);
    }
    const auto dormant = (living_bytes.load() - before) / many;
    WARN("bytes of a session: idle " << idle << ", with one request in flight " << asking << ", dormant after it " << dormant);
    CHECK(idle <= 2'000);
    CHECK(asking <= 3'000);
    CHECK(dormant <= idle + 64);
}

TEST_CASE("a day of churn with many distinct users leaves nothing behind but what its bounds allow")
{
    const auto users = users_in_churn();
    const auto before = living_bytes.load();
    std::ptrdiff_t most = 0;
    {
        constexpr std::uint32_t sessions_max = 2'000;
        admission<> hub{{.sessions_max = sessions_max}};
        disconnect_stats stats;
        random_source random{7};
        auto now = instant{} + 1h;
        const auto step = duration{24h} / static_cast<duration::rep>(users);
        struct guest {
            connection_id line;
            session_id session;
            std::string name;
        };
        std::queue<guest> here;
        admission_verdict next;
        std::uint64_t absences = 0;
        const auto obey = [&](std::string_view name) {
            while (hub.next(next)) {
                if (const auto* how = std::get_if<verdict_of::attach>(&next)) {
                    hub.set_token(how->session, digest_of(std::to_string(how->session)));
                    here.push({how->connection, how->session, std::string{name}});
                } else if (const auto* gone = std::get_if<verdict_of::absent>(&next)) {
                    ++absences;
                    const auto over = *gone;
                    hub.clean_up_done(over.identity, over.absence, now);
                }
            }
        };
        for (std::size_t i = 0; i != users; ++i) {
            now += step;
            hub.advance(now);
            obey({});
            const auto name = "a user with a name of some length " + std::to_string(i);
            hub.arrive({i + 1, name, "page " + std::to_string(i), {}, 1, false}, now);
            obey(name);
            while (here.size() > 500 || (!here.empty() && random() % 2 == 0)) {
                const auto gone = here.front();
                here.pop();
                hub.lose(gone.line, gone.session, now);
                stats.record(gone.name, static_cast<close_reason>(random() % close_reason_count), now);
                obey({});
            }
            most = std::max(most, living_bytes.load() - before);
        }
        CHECK(hub.sessions() <= sessions_max);
        CHECK(stats.users() <= 100);
        CHECK(stats.total() > users * 9 / 10);
        CHECK(absences > users * 8 / 10);
        WARN(users << " users in a day: " << most / 1024 << " KiB at most, " << hub.sessions() << " sessions and " << hub.identities()
                   << " identities at the end");
        // Dormant sessions to their bound, with their identities, tokens and leases; and a hundred users in the statistics.
        CHECK(most < 2'000 * 1'024);
        hub.advance(now + 2h); // every lease is over
        obey({});
        CHECK(hub.sessions() == here.size());
        CHECK(hub.identities() == here.size());
    }
}
