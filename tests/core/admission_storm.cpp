// Two thousand sessions that come and go for a minute: what the hub's directory tells the program of it, against a plain account.
#include <rejoinder/core/admission.hpp>

#include <rejoinder/core/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr auto grace = 5s;
constexpr auto clean_up = 2s;

enum class what : std::uint8_t { dial, cut, noticed, outage, cleaned };

struct happening {
    instant at;
    what kind;
    std::size_t who;      // a page, or a clean-up's identity
    std::uint64_t number; // of the absence, or of the line

    friend bool operator>(const happening& one, const happening& other) { return one.at > other.at; }
};

struct page {
    std::size_t identity = 0;
    int incarnation = 1;
    std::uint64_t attempt = 0;
    std::string token{};
    connection_id line = 0; // 0: it has none
    session_id session = 0; // 0: it waits for its welcome
};

// A link that is dead, which the hub doesn't know yet.
struct ghost {
    std::size_t identity;
    session_id session;
};

struct person {
    int attached = 0;
    instant alone{};       // since when nobody is attached
    bool known = false;    // was ever attached
    bool told = false;     // of this absence
    bool cleaning = false; // the program's clean-up runs
};

// A directory with its hub, its clients and its program played by the test, and an account of what must be true.
struct storm {
    admission<> hub{{.connections_per_identity = 8, .sessions_per_identity = 24}};
    random_source random;
    instant now = instant{} + 1h;
    instant end;
    std::vector<page> pages;
    std::vector<person> people;
    std::unordered_map<connection_id, std::size_t> lines;
    std::unordered_map<connection_id, ghost> ghosts;
    std::priority_queue<happening, std::vector<happening>, std::greater<>> agenda;
    connection_id last_line = 0;
    std::size_t resumes = 0;
    std::size_t opened = 0;
    std::size_t detaches = 0;
    std::size_t waited = 0;
    std::size_t cleaning_at_once = 0;
    std::size_t cleaning_most = 0;

    storm(std::uint64_t seed, std::size_t sessions, duration length) : random(seed), end(now + length), people(sessions / 2)
    {
        pages.resize(sessions);
        for (std::size_t i = 0; i != sessions; ++i) {
            // Half of the people have three tabs, the others one.
            pages[i].identity = i < people.size() ? i : i % (people.size() / 2);
            agenda.push({now + draw(1s), what::dial, i, 0});
        }
        agenda.push({now + length / 2, what::outage, 0, 0});
    }

    duration draw(duration below) { return duration{static_cast<duration::rep>(random() % static_cast<std::uint64_t>(below.count()))}; }

    static std::string name_of_person(std::size_t who) { return "user " + std::to_string(who); }

    void run()
    {
        while (!agenda.empty() || hub.next_deadline() <= end + 1min) {
            const auto next = std::min(agenda.empty() ? never : agenda.top().at, hub.next_deadline());
            if (next > end + 1min) {
                break;
            }
            now = next;
            hub.advance(now);
            obey();
            while (!agenda.empty() && agenda.top().at <= now) {
                const auto one = agenda.top();
                agenda.pop();
                perform(one);
            }
        }
    }

    void perform(const happening& one)
    {
        switch (one.kind) {
        case what::dial: dial(one.who); break;
        case what::cut: cut(one.who, random() % 3 != 0 ? draw(grace) : grace + draw(10s)); break; // two in three are back in time
        case what::noticed:
            if (const auto found = ghosts.find(one.number); found != ghosts.end()) {
                const auto gone = found->second;
                ghosts.erase(found);
                lose(one.number, gone);
            }
            break;
        case what::outage:
            for (auto i = people.size() / 2; i != people.size() / 2 + 300; ++i) {
                cut(i, grace + draw(10s));
            }
            break;
        case what::cleaned:
            people[one.who].cleaning = false;
            --cleaning_at_once;
            hub.clean_up_done(name_of_person(one.who), one.number, now);
            obey();
            break;
        }
    }

    void dial(std::size_t index)
    {
        auto& one = pages[index];
        if (one.line != 0) {
            return;
        }
        one.line = ++last_line;
        one.session = 0;
        lines[one.line] = index;
        candidate who;
        who.connection = one.line;
        who.identity = name_of_person(one.identity);
        who.incarnation = std::to_string(index) + '.' + std::to_string(one.incarnation);
        who.attempt = ++one.attempt;
        who.resumes = !one.token.empty();
        who.token = digest_of(one.token);
        hub.arrive(std::move(who), now);
        obey();
        const bool is_in = one.session != 0;
        const bool may_wait = people[one.identity].cleaning;
        if (!is_in && !may_wait) {
            FAIL_CHECK("somebody waits though nobody cleans up behind that identity");
        }
        waited += is_in ? 0U : 1U;
        if (now < end) {
            agenda.push({now + 1s + draw(20s), what::cut, index, 0});
        }
    }

    // The link is lost: the page dials again soon, or late, or is loaded anew, perhaps without its token.
    void cut(std::size_t index, duration away)
    {
        auto& one = pages[index];
        const auto line = std::exchange(one.line, 0);
        if (line == 0) {
            return;
        }
        lines.erase(line);
        const ghost gone{one.identity, std::exchange(one.session, 0)};
        if (gone.session != 0 && random() % 4 == 0) {
            ghosts.emplace(line, gone); // the hub notices later, or when the page is back
            agenda.push({now + draw(4s), what::noticed, 0, line});
        } else {
            lose(line, gone);
        }
        const auto how = random() % 10;
        if (how == 0 || how == 1) {
            ++one.incarnation;
            one.attempt = 0;
            if (how == 0) {
                one.token.clear();
            }
        }
        agenda.push({now + away, what::dial, index, 0});
    }

    void left(std::size_t identity)
    {
        auto& who = people[identity];
        if (--who.attached == 0) {
            who.alone = now;
            who.told = false;
        }
    }

    void lose(connection_id line, const ghost& gone)
    {
        if (gone.session != 0) {
            left(gone.identity);
        }
        hub.lose(line, gone.session, now);
        obey();
    }

    void obey()
    {
        admission_verdict next;
        while (hub.next(next)) {
            std::visit([this](const auto& one) { this->account(one); }, next);
        }
    }

    template <class Verdict>
    void account(const Verdict&)
    {}

    void account(const verdict_of::attach& how)
    {
        const auto found = lines.find(how.connection);
        REQUIRE(found != lines.end());
        auto& one = pages[found->second];
        auto& who = people[one.identity];
        if (who.cleaning) {
            FAIL_CHECK("attach and detach of an identity overlap");
        }
        if (who.known && who.attached == 0 && now > who.alone + grace + 1ms && !who.told) {
            FAIL_CHECK("nobody was told of an absence");
        }
        one.session = how.session;
        if (!how.resumed) {
            one.token = "token " + std::to_string(how.session);
            hub.set_token(how.session, digest_of(one.token));
        }
        ++(how.resumed ? resumes : opened);
        ++who.attached;
        who.known = true;
    }

    void account(const verdict_of::displace& old)
    {
        const auto found = ghosts.find(old.connection);
        REQUIRE(found != ghosts.end()); // nobody displaces who is alive
        left(found->second.identity);
        ghosts.erase(found);
    }

    void account(const verdict_of::deny&) { FAIL_CHECK("somebody was turned away"); }

    void account(const verdict_of::absent& gone)
    {
        const auto index = static_cast<std::size_t>(std::stoul(gone.identity.substr(5)));
        auto& who = people[index];
        ++detaches;
        const bool alone = who.known && who.attached == 0;
        if (!alone || now < who.alone + grace || now > who.alone + grace + 1ms || who.told || who.cleaning) {
            FAIL_CHECK("a detach that is too early, too late, or told twice");
        }
        who.told = true;
        who.cleaning = true;
        cleaning_most = std::max(cleaning_most, ++cleaning_at_once);
        agenda.push({now + clean_up, what::cleaned, index, gone.absence});
    }

    // Everybody who was away for longer than the grace was told of by now.
    [[nodiscard]] bool nobody_forgotten() const
    {
        return std::all_of(people.begin(), people.end(), [&](const person& who) {
            return who.attached != 0 || !who.known || who.told || now < who.alone + grace;
        });
    }
};

} // namespace

TEST_CASE("two thousand sessions reconnect at random for a minute: a detach for each absence, never within the grace, never beside an attach")
{
    const auto seed = GENERATE(1U, 2U, 3U);
    storm all{seed, 2000, 1min};
    all.run();
    CHECK(all.nobody_forgotten());
    CHECK(all.resumes > 2000);
    CHECK(all.opened > 2000); // reloads are new sessions
    CHECK(all.detaches > 300);
    CHECK(all.waited > 20); // who came back during a clean-up
    CHECK(all.cleaning_most >= 100);
}
