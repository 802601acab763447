// Storms: drawn sequences of questions and faults in a world that the model watches, replayed exactly and shrunk when
// they find something.
#ifndef REJOINDER_TESTS_SIMULATION_STORM_HPP
#define REJOINDER_TESTS_SIMULATION_STORM_HPP

#include "simulation/model.hpp"
#include "simulation/seeds.hpp"

#include <rejoinder/core/random.hpp>
#include <rejoinder/testing/simulation.hpp>
#include <rejoinder/testing/world.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace simulation {

using namespace std::chrono_literals;

enum class act : std::uint8_t {
    client_asks,
    hub_asks,
    client_delivers,
    hub_delivers,
    client_notifies,
    hub_notifies,
    cancel,
    last
};

// How often each is drawn.
using act_odds = std::array<unsigned, static_cast<std::size_t>(act::last)>;

// These, with some changed.
inline act_odds acting(std::initializer_list<std::pair<act, unsigned>> changes)
{
    act_odds often{12, 10, 8, 6, 4, 4, 6};
    for (const auto& [what, how_often] : changes) {
        often[static_cast<std::size_t>(what)] = how_often;
    }
    return often;
}

struct storm_options : simulation_options<policies> {
    storm_options()
    {
        clients = 3;
        world.link.room = 8;
        world.session.capacity = 6;
        world.session.timeout = 20s;
        world.session.kept_answer_bytes_max = 600;
        world.session.receipted_max = 3;
        world.session.notifications_max = 6;
        world.session.outbox.messages_max = 5;
        world.session.outbox.ttl = 40s;
        world.session.heartbeat.ping_every = 10s;
        world.session.heartbeat.dead_after = 25s;
        world.admission.lease = 40s;
        world.admission.clean_up_limit = 15s;
        world.admission.connections_per_identity = 2;
        world.admission.sessions_max = 8;
    }

    // How often the application does what, and how often what goes wrong.
    void often(const act_odds& acts_, std::initializer_list<std::pair<mishap, unsigned>> mishaps)
    {
        acts = acts_;
        odds = odds.with(mishaps);
        odds.acts = 0;
        for (const auto one : acts) {
            odds.acts += one;
        }
    }

    act_odds acts = acting({});
};

// The application of the storms: it does everything that a session can, and knows of each question what must become of it.
class storm {
public:
    storm(const storm_options& options, telling how) : options_(options), truth_(how) {}

    model& watching() noexcept { return truth_; }

    void equip(side, peer& who)
    {
        who.on("now", [](auto& run) { run.answer(run.payload); });
        who.on("later", [](auto& run) { run.answer_after(length_in(run.payload), run.payload); });
        who.on("never", [](auto&) {});
        who.on("stubborn", [](auto& run) {
            run.when_stopped(when_stopped::carry_on);
            run.answer_after(length_in(run.payload), run.payload);
        });
        who.on("throws", [&truth = truth_](auto& run) {
            truth.failed(key_in(run.payload));
            run.fail("handler_error", "thrown");
        });
        who.on("flaky", [&truth = truth_](auto& run) {
            if (run.payload.back() % 2 == 0 && truth.failures_of(key_in(run.payload)) < 2) {
                truth.failed(key_in(run.payload));
                run.fail_after(30ms, "handler_error");
            } else {
                run.answer(run.payload);
            }
        });
        who.on("refuses", [](auto& run) { run.fail("bad_payload", "not what it should be"); });
        who.on("application", [](auto& run) { run.fail("out_of_stock", "none left"); });
        who.on("serial", [](auto& run) { run.answer_after(length_in(run.payload), run.payload); }, handling::serial);
        who.on("big", [](auto& run) { run.answer_after(20ms, std::string(400, 'x')); });
        who.on("receipt", [](auto& run) { run.answer_after(length_in(run.payload), run.payload); });
        who.on("chatty", [](auto& run) {
            run.progress("half");
            run.answer_after(length_in(run.payload), run.payload);
        });
        who.on("news", [](auto& run) { run.answer(); });
    }

    void act(world<policies>& world, random_source& random)
    {
        std::erase_if(asked_, [&](const auto& each) { return !lives(world, each.first); });
        const auto draws = random();
        const auto x = static_cast<std::uint32_t>(draws);
        const auto y = static_cast<std::uint32_t>(draws >> 32U);
        auto& client = world.at((x >> 8U) % world.clients());
        auto& tab = client.identity() == "fool" ? world.at(0).self() : client.self();
        switch (drawn(random)) {
        case act::client_asks: ask(&tab, message_kind::request, x, y); break;
        case act::hub_asks: ask(hub_peer_of(world, x), message_kind::request, x, y); break;
        case act::client_delivers: ask(&tab, message_kind::delivery, x, y); break;
        case act::hub_delivers: ask(hub_peer_of(world, x), message_kind::delivery, x, y); break;
        case act::client_notifies: notify(&tab); break;
        case act::hub_notifies: notify(hub_peer_of(world, x)); break;
        default: cancel(y); break;
        }
    }

    void begin(world<policies>& world)
    {
        truth_.limits(options_.world);
        truth_.watch(world);
    }
    std::string check(world<policies>&) { return {}; }
    std::string at_rest(world<policies>&)
    {
        truth_.finish(options_.clients);
        return {};
    }

private:
    // A payload is "key milliseconds".
    static duration length_in(std::string_view payload)
    {
        return std::chrono::milliseconds{key_in(payload.substr(payload.find(' ') + 1))};
    }

    static std::string_view name_of_draw(std::uint32_t x)
    {
        static constexpr std::array<std::string_view, 16> names{
            "now",   "now",     "later",       "later",  "later", "never",   "stubborn", "throws",
            "flaky", "refuses", "application", "serial", "big",   "receipt", "chatty",   "unknown"};
        return names[x % names.size()];
    }

    simulation::act drawn(random_source& random) const
    {
        auto left = static_cast<unsigned>(random() % options_.odds.acts);
        std::size_t what = 0;
        while (left >= options_.acts[what]) {
            left -= options_.acts[what++];
        }
        return static_cast<simulation::act>(what);
    }

    // A page that was left, or a hub's session of a process that has died, asks nothing any more.
    static bool lives(world<policies>& world, const peer* who)
    {
        bool found = false;
        world.hub().for_each([&](session_id, peer& each) { found |= &each == who; });
        for (const auto& each : world.hub().over()) {
            found |= each.get() == who;
        }
        for (std::size_t i = 0; i != world.clients(); ++i) {
            found |= &world.at(i).self() == who;
        }
        return found;
    }

    peer* hub_peer_of(world<policies>& world, std::uint32_t x) const
    {
        std::vector<peer*> all;
        world.hub().for_each([&](session_id, peer& each) {
            if (!truth_.is_fool(each.label())) {
                all.push_back(&each);
            }
        });
        return all.empty() ? nullptr : all[(x >> 8U) % all.size()];
    }

    void ask(peer* who, message_kind kind, std::uint32_t x, std::uint32_t y)
    {
        if (who == nullptr) {
            return;
        }
        static constexpr std::array<duration, 4> timeouts{0s, 300ms, 3s, 15s};
        const auto which = ++last_;
        const auto name = name_of_draw(x);
        const auto payload = std::to_string(which) + " " + std::to_string(y % 7 * (y % 7) * 50);
        call_options how;
        how.timeout = timeouts[(y >> 8U) % timeouts.size()];
        how.repeat = (y >> 16U) % 5 == 0 ? repeatable::idempotent : repeatable::no;
        const auto usual =
            kind == message_kind::request ? options_.world.session.timeout : options_.world.session.outbox.ttl;
        truth_.opens(which, std::string{name}, how.repeat, how.timeout == 0s ? usual : how.timeout);
        asked_.emplace_back(who, kind == message_kind::request ? who->ask(name, payload, how)
                                                               : who->deliver(name, payload, how));
    }

    void notify(peer* who)
    {
        if (who == nullptr) {
            return;
        }
        const auto which = ++last_;
        truth_.opens(which, "news", repeatable::no, {});
        truth_.notifies(who->label(), which);
        who->notify("news", std::to_string(which) + " 0");
    }

    void cancel(std::uint32_t y)
    {
        if (!asked_.empty()) {
            const auto& [who, what] = asked_[y % asked_.size()];
            who->cancel(what);
            truth_.expect(what->done(), "contract 12", "a cancelled call was not completed at once");
        }
    }

    const storm_options& options_;
    model truth_;
    std::vector<std::pair<peer*, question_ptr>> asked_;
    key last_ = 0;
};

inline void storms_from(std::uint64_t first_seed, std::uint64_t seeds, const storm_options& options)
{
    const auto found = simulate<policies>(options, first_seed, seeds,
                                          [&](telling how) { return std::make_unique<storm>(options, how); });
    if (found) {
        FAIL(told<policies>(*found, options));
    }
    SUCCEED();
}

// Runs so many storms. One that breaks the contract is shrunk and told.
inline void weather(std::uint64_t first_seed, std::uint64_t seeds, const storm_options& options)
{
    storms_from(fresh(first_seed), fewer_when_instrumented(seeds), options);
}

// The storm of one seed, whatever hunt this is.
inline void storm_of(std::uint64_t seed, const storm_options& options)
{
    storms_from(seed, 1, options);
}

} // namespace simulation

#endif
