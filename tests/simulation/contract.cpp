// The contract, point by point: drawn conversations under drawn faults, held against what the contract says of all of
// them.
#include "simulation/storm.hpp"

#include <rejoinder/core/random.hpp>
#include <rejoinder/testing/owned_message.hpp>
#include <rejoinder/testing/session_pair.hpp>
#include <rejoinder/testing/world.hpp>

#include <array>
#include <chrono>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace simulation;

namespace {

constexpr std::uint64_t storms = 560; // of each point, with seeds of its own

// Seeds that have found something once. Hunts add theirs.
constexpr std::array<std::uint64_t, 3> found_once{
    1'000'342,  // a page leaves with its words still under way: they are nobody's, and no correct peer's either
    2'000'002,  // a hostile page writes more than its link has room for
    13'000'220, // as the first, with the hub's answers under way
};

void weather_of(unsigned point, const storm_options& options)
{
    for (const auto seed : found_once) {
        if (seed / 1'000'000 % 100 == point) {
            storm_of(seed, options);
        }
    }
    weather(point * 1'000'000, storms, options);
}

std::vector<std::uint64_t> seeds_from(std::uint64_t first, std::uint64_t count)
{
    std::vector<std::uint64_t> all(fewer_when_instrumented(count));
    std::iota(all.begin(), all.end(), fresh(first));
    return all;
}

// Draws lengths of time and yes or no.
class dice {
public:
    explicit dice(std::uint64_t seed) : random_{seed} {}

    duration up_to(duration longest)
    {
        return std::chrono::milliseconds{random_() % static_cast<std::uint64_t>(longest / 1ms + 1)};
    }
    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    bool one_in(std::uint64_t times) { return random_() % times == 0; }

private:
    random_source random_;
};

} // namespace

TEST_CASE("contract 1: exactly one completion")
{
    storm_options options;
    options.often(acting({{act::cancel, 10}}), {{mishap::reload, 5}, {mishap::hub_crash, 3}, {mishap::freeze, 5}});
    weather_of(1, options);
}

TEST_CASE("contract 2: at most one execution")
{
    storm_options options;
    options.often(acting({}), {{mishap::cut, 20}, {mishap::freeze, 8}, {mishap::hub_crash, 0}});
    options.world.link.room = 3;
    weather_of(2, options);
}

TEST_CASE("contract 2: at most one execution, even of messages that come again out of the past")
{
    struct collector : witness {
        std::vector<owned_message> said;
        void sent(std::string_view who, connection_id, const message& what) override
        {
            const bool asks = what.kind == message_kind::request || what.kind == message_kind::delivery ||
                              what.kind == message_kind::cancel;
            if (who == "client" && asks) {
                said.emplace_back(what);
            }
        }
    };
    for (const auto seed : seeds_from(2'500'000, 500)) {
        INFO("seed " << seed);
        dice draw{seed};
        collector wire;
        session_options<> options;
        options.capacity = 3;
        session_pair<> pair{options, {}, &wire};
        std::map<std::string, int> runs;
        pair.hub().on("job", [&](auto& run) {
            ++runs[run.payload];
            run.answer_after(draw.up_to(30ms), run.payload);
        });
        pair.connect();
        pair.run_for(20ms);
        std::vector<question_ptr> asked;
        for (int i = 0; i != 40; ++i) {
            asked.push_back(draw.one_in(2) ? pair.client().ask("job", std::to_string(i))
                                           : pair.client().deliver("job", std::to_string(i)));
            pair.run_for(draw.up_to(40ms));
            if (draw.one_in(5)) {
                pair.client().cancel(asked.back());
            }
            if (!wire.said.empty()) {
                pair.hub().receive(wire.said[draw.below(wire.said.size())].view());
            }
        }
        pair.run_for(1s);
        for (const auto& one : asked) {
            REQUIRE(one->completions == 1);
            REQUIRE((one->error || one->answer == one->payload));
            REQUIRE(runs[one->payload] <= 1);
        }
        REQUIRE(pair.client().session().pending() == 0);
    }
}

TEST_CASE("contract 3: records are bounded by construction")
{
    storm_options options;
    options.often(acting({{act::client_asks, 25}, {act::hub_asks, 20}, {act::cancel, 12}}), {{mishap::cut, 8}});
    options.steps = 60;
    options.world.session.capacity = 2;
    options.world.session.kept_answer_bytes_max = 450;
    options.world.session.receipted_max = 1;
    weather_of(3, options);
}

TEST_CASE("contract 3: an application's key runs once, and all who use it get the one answer")
{
    for (const auto seed : seeds_from(3'500'000, 300)) {
        INFO("seed " << seed);
        dice draw{seed};
        session_pair<> pair;
        int runs = 0;
        pair.hub().on(
            "job", [&](auto& run) { run.answer_after(draw.up_to(60ms), run.key + " run " + std::to_string(++runs)); });
        pair.connect();
        std::vector<question_ptr> asked;
        std::map<std::string, std::set<std::string>> answers;
        for (int i = 0; i != 40; ++i) {
            const std::string key = "key " + std::to_string(draw.below(4));
            asked.push_back(pair.client().ask("job", draw.one_in(8) ? "another payload" : key, {.key = key}));
            pair.run_for(draw.up_to(30ms));
            if (draw.one_in(6)) {
                pair.client().cancel(asked[draw.below(asked.size())]);
            }
            if (draw.one_in(6)) {
                pair.cut();
                pair.resume();
            }
        }
        pair.run_for(1s);
        for (const auto& question : asked) {
            REQUIRE(question->completions == 1);
            if (question->answered()) {
                answers[question->answer.substr(0, 5)].insert(question->answer);
            } else if (question->error == errc::key_conflict) {
                REQUIRE(certainty_of(question->error) == certainty::not_executed);
            } else {
                REQUIRE(question->error == errc::cancelled);
            }
        }
        for (const auto& [key, different] : answers) {
            REQUIRE(different.size() == 1);
        }
        REQUIRE(pair.client().session().pending() == 0);
    }
}

TEST_CASE("contract 4: an error says what may have happened")
{
    storm_options options;
    options.often(acting({{act::cancel, 14}}), {{mishap::hub_crash, 3}, {mishap::cut, 10}, {mishap::slow_link, 6}});
    options.world.link.room = 2;
    weather_of(4, options);
}

TEST_CASE("contract 5: a dead link is found, not waited for")
{
    struct once_a_connection : witness {
        std::set<std::pair<connection_id, message_id>> seen;
        bool twice = false;
        void sent(std::string_view who, connection_id on, const message& what) override
        {
            if (who == "client" && what.kind == message_kind::request) {
                twice |= !seen.insert({on, what.id}).second;
            }
        }
    };
    for (const auto seed : seeds_from(5'000'000, 1000)) {
        INFO("seed " << seed);
        dice draw{seed};
        once_a_connection wire;
        session_options<> options;
        options.timeout = 10min;
        session_pair<> pair{options, {.delay = 1ms + draw.up_to(60ms)}, &wire};
        std::map<std::string, int> runs;
        const auto works = draw.up_to(40s);
        pair.hub().on("job", [&](auto& run) {
            ++runs[run.payload];
            run.answer_after(works, run.payload);
        });
        pair.connect();
        pair.run_for(draw.up_to(70s));
        std::vector<question_ptr> asked;
        if (draw.one_in(2)) {
            asked.push_back(pair.client().ask("job", "before"));
            pair.run_for(draw.up_to(30s));
        }
        if (draw.one_in(4)) {
            pair.run_for(2min);
            REQUIRE_FALSE(pair.hung_up(side::client)); // a slow handler is no dead link
            REQUIRE_FALSE(pair.hung_up(side::hub));
        }
        const bool knows_the_link = pair.client().session().trip().known();
        const auto which = draw.below(3);
        if (which != 1) {
            pair.link().freeze(side::client);
        }
        if (which != 0) {
            pair.link().freeze(side::hub);
        }
        pair.run_for(draw.up_to(2s));
        if (!pair.hung_up(side::client)) {
            asked.push_back(pair.client().ask("job", "after"));
            // If the link is known, short waits are enough for a probe and its pong. If not, each may take as long as
            // an ack may, and an answer that was already on its way begins the wait anew.
            REQUIRE(pair.run_until([&] { return pair.hung_up(side::client).has_value(); }, knows_the_link ? 1s : 32s));
        }
        REQUIRE(pair.hung_up(side::client) == close_reason::silent);
        pair.resume();
        pair.run_for(1min);
        REQUIRE_FALSE(wire.twice);
        for (const auto& one : asked) {
            REQUIRE(one->answer == one->payload);
            REQUIRE(runs[one->payload] == 1);
        }
    }
}

TEST_CASE("contract 6: a reconnect resumes")
{
    storm_options options;
    options.often(
        acting({}),
        {{mishap::cut, 25}, {mishap::slow_link, 6}, {mishap::stop, 4}, {mishap::start, 8}, {mishap::hub_crash, 0}});
    options.world.link.room = 3;
    weather_of(6, options);
}

TEST_CASE("contract 6: within the lease no reconnect loses a session, whatever the links do")
{
    for (const auto seed : seeds_from(6'500'000, 500)) {
        INFO("seed " << seed);
        dice draw{seed};
        world_options<> options;
        options.link.room = 4;
        int runs = 0;
        options.equip = [&](side, scripted_peer<>& who) {
            who.on("job", [&](auto& run) {
                ++runs;
                run.answer_after(draw.up_to(500ms), run.payload);
            });
        };
        world<> world{options};
        auto& tab = world.add_client("42");
        tab.start();
        world.run_for(1s);
        auto& hub_side = *world.hub().peer_of("42");
        std::vector<question_ptr> asked;
        for (int i = 0; i != 30; ++i) {
            const auto text = std::to_string(i);
            asked.push_back(draw.one_in(2) ? tab.self().ask("job", text) : hub_side.deliver("job", text));
            world.run_for(draw.up_to(draw.one_in(4) ? 3s : 20ms));
            if (draw.one_in(4) && tab.link() != nullptr) {
                tab.link()->cut();
            } else if (draw.one_in(10) && tab.link() != nullptr) {
                tab.link()->freeze(draw.one_in(2) ? side::client : side::hub);
            }
        }
        world.run_for(5min);
        REQUIRE(world.hub().directory().sessions() == 1);
        for (const auto& one : asked) {
            const bool expired = one->error == errc::timed_out && one->settled_at - one->asked_at >= 60s;
            REQUIRE((one->answer == one->payload || expired));
        }
        REQUIRE(runs <= 30);
    }
}

TEST_CASE("contract 7: presence is per identity")
{
    storm_options options;
    options.often(acting({{act::hub_delivers, 4}, {act::client_delivers, 4}}), {{mishap::stop, 14},
                                                                                {mishap::start, 16},
                                                                                {mishap::reload, 8},
                                                                                {mishap::slow_clean_up, 5},
                                                                                {mishap::slow_authentication, 3},
                                                                                {mishap::freeze, 6},
                                                                                {mishap::thaw, 4},
                                                                                {mishap::wait, 10}});
    options.steps = 50;
    weather_of(7, options);
}

TEST_CASE("contract 8: a session is resumed only with its secret token and fresh authentication as the same identity")
{
    storm_options options;
    options.often(acting({}), {{mishap::thief, 8},
                               {mishap::twin, 8},
                               {mishap::reload, 8},
                               {mishap::slow_authentication, 4},
                               {mishap::cut, 10}});
    weather_of(8, options);
}

TEST_CASE("contract 9: order")
{
    storm_options options;
    options.often(
        acting(
            {{act::client_delivers, 20}, {act::hub_delivers, 20}, {act::client_notifies, 14}, {act::hub_notifies, 14}}),
        {{mishap::cut, 12}, {mishap::slow_link, 5}});
    options.steps = 50;
    options.world.link.room = 4;
    weather_of(9, options);
}

TEST_CASE("contract 10: everything is bounded")
{
    storm_options options;
    options.often(acting({{act::client_asks, 30}, {act::hub_asks, 25}, {act::client_notifies, 20}}),
                  {{mishap::twin, 4}, {mishap::cut, 8}});
    options.steps = 60;
    options.world.link.room = 1;
    options.world.session.capacity = 3;
    options.world.session.outbox.messages_max = 1;
    options.world.session.notifications_max = 1;
    options.world.admission.sessions_max = 4;
    SECTION("the newest is refused")
    {
        weather(10'000'000, storms / 2, options);
    }
    SECTION("the oldest gives way")
    {
        options.world.session.outbox.on_overflow = overflow::drop_oldest;
        weather(10'500'000, storms / 2, options);
    }
}

TEST_CASE("contract 11: nothing blocks")
{
    for (const auto seed : seeds_from(11'000'000, 500)) {
        INFO("seed " << seed);
        dice draw{seed};
        world_options<> options;
        options.admission.clean_up_limit = 1h;
        options.equip = [](side, scripted_peer<>& who) {
            who.on("now", [](auto& run) { run.answer(run.payload); });
            who.on("never", [](auto& run) { run.when_stopped(when_stopped::carry_on); });
        };
        world<> world{options};
        auto& troubled = world.add_client("troubled");
        auto& healthy = world.add_client("healthy");
        healthy.start();
        troubled.start();
        world.run_for(1s);
        std::uint64_t newcomers = 0;
        for (int i = 0; i != 40; ++i) {
            switch (draw.below(7)) {
            case 0: troubled.stop(); break;
            case 1: troubled.start(); break;
            case 2: troubled.reload(reloading::keeps_token); break;
            case 3: world.hub().clean_up_takes(draw.up_to(60s)); break;
            case 4: troubled.self().ask("never"); break;
            case 5:
                if (auto* session = world.hub().peer_of("troubled")) {
                    session->deliver("never");
                }
                break;
            default:
                if (troubled.link() != nullptr) {
                    troubled.link()->freeze(side::client);
                }
                break;
            }
            world.run_for(draw.up_to(8s));
            const auto health = healthy.self().ask("now", "well");
            world.run_for(10ms);
            REQUIRE(health->answer == "well"); // to the hub and back, and not a moment longer
            if (draw.one_in(10)) {
                auto& newcomer = world.add_client("newcomer " + std::to_string(++newcomers));
                newcomer.start();
                world.run_for(10ms);
                REQUIRE(newcomer.state() == link_state::connected);
            }
        }
    }
}

TEST_CASE("contract 12: cancelling reaches the other side")
{
    storm_options options;
    options.often(acting({{act::cancel, 30}}), {{mishap::cut, 14}, {mishap::freeze, 5}});
    options.world.link.room = 3;
    weather_of(12, options);
}

TEST_CASE("contract 13: deadlines travel")
{
    storm_options options;
    options.often(acting({}), {{mishap::slow_link, 12}, {mishap::cut, 10}});
    weather_of(13, options);
}

TEST_CASE("contract 13: a relayed request hands on what remains")
{
    for (const auto seed : seeds_from(13'500'000, 300)) {
        INFO("seed " << seed);
        dice draw{seed};
        world_options<> options;
        options.link.delay = 1ms + draw.up_to(200ms);
        world<>* all = nullptr;
        instant seen{};
        bool stopped_in_time = false;
        std::vector<scripted_peer<>::run> at_the_end;
        options.equip = [&](side which, scripted_peer<>& who) {
            if (which == side::hub) {
                who.on("relay", [&](auto& run) {
                    all->hub().peer_of("plugin")->ask("work", {}, {.timeout = run.deadline - all->now()});
                });
            } else {
                who.on("work", [&](auto& run) {
                    seen = run.deadline;
                    at_the_end.push_back(run);
                });
            }
        };
        world<> world{options};
        all = &world;
        auto& asker = world.add_client("asker");
        world.add_client("plugin").start();
        asker.start();
        world.run_for(2s);
        const auto timeout = 1s + draw.up_to(20s);
        const auto deadline = world.now() + timeout;
        asker.self().ask("relay", {}, {.timeout = timeout});
        world.run_for(900ms);
        REQUIRE(seen >= deadline);
        REQUIRE(seen <= deadline + 2 * options.link.delay);
        world.run_for(timeout - 900ms + 2 * options.link.delay + 1ms);
        stopped_in_time = at_the_end.at(0).stopped();
        REQUIRE(stopped_in_time);
    }
}

TEST_CASE("contract 14: no neighbour is harmed")
{
    for (const auto seed : seeds_from(14'000'000, 500)) {
        INFO("seed " << seed);
        dice draw{seed};
        session_options<> options;
        options.receipted_max = 4;
        const auto delay = 1ms + draw.up_to(50ms);
        session_pair<> pair{options, {.delay = delay, .room = 10'000}};
        for (auto* who : {&pair.client(), &pair.hub()}) {
            who->on("now", [](auto& run) { run.answer(run.payload); });
            who->on("never", [](auto&) {});
            who->on("stubborn", [](auto& run) { run.when_stopped(when_stopped::carry_on); });
            who->on("throws", [](auto& run) { run.fail("handler_error"); });
            who->on("serial", [](auto& run) { run.answer_after(7s); }, handling::serial);
        }
        pair.connect();
        pair.run_for(1s);
        static constexpr std::array<std::string_view, 6> names{"never",  "stubborn", "throws",
                                                               "serial", "now",      "unknown"};
        std::vector<std::pair<scripted_peer<>*, question_ptr>> neighbours;
        for (int i = 0; i != 60; ++i) {
            auto& from = draw.one_in(2) ? pair.client() : pair.hub();
            const call_options how{.timeout = 1ms + draw.up_to(5s),
                                   .repeat = draw.one_in(3) ? repeatable::idempotent : repeatable::no};
            const auto name = names[draw.below(names.size())];
            neighbours.emplace_back(&from, draw.one_in(2) ? from.ask(name, "neighbour", how)
                                                          : from.deliver(name, "neighbour", how));
            if (draw.one_in(4)) {
                const auto& [who, what] = neighbours[draw.below(neighbours.size())];
                who->cancel(what);
            }
            pair.run_for(draw.up_to(300ms));
            auto& asker = draw.one_in(2) ? pair.client() : pair.hub();
            const auto mine = asker.ask("now", "mine");
            pair.run_for(2 * delay);
            REQUIRE(mine->answer == "mine");
            REQUIRE(mine->settled_at - mine->asked_at == 2 * delay);
        }
        REQUIRE_FALSE(pair.hung_up(side::client));
        REQUIRE_FALSE(pair.hung_up(side::hub));
    }
}
