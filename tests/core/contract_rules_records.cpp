// The contract's rules 8 to 12, on slots and records: each test tells the story that the rule ends.
#include <rejoinder/testing/session_pair.hpp>
#include <rejoinder/testing/world.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/receipts.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

namespace {

// Counts what one side says, by kind.
struct tally : witness {
    std::vector<message_kind> from_client;
    std::vector<message_kind> from_hub;
    std::vector<std::vector<message_id>> names; // of each ping of the client

    void sent(std::string_view peer, connection_id, const message& what) override
    {
        (peer == "client" ? from_client : from_hub).push_back(what.kind);
        if (peer == "client" && what.kind == message_kind::ping) {
            names.emplace_back(what.finished.begin(), what.finished.end());
        }
    }
    [[nodiscard]] auto hub_said(message_kind kind) const { return std::count(from_hub.begin(), from_hub.end(), kind); }
};

session_options<> small_session(std::uint32_t capacity)
{
    session_options<> options;
    options.capacity = capacity;
    return options;
}

} // namespace

TEST_CASE("rule 8: a slot is free again when the last word for its id has arrived")
{
    session_pair<> pair{small_session(2)};
    int running = 0;
    int most = 0;
    std::vector<scripted_peer<>::run> runs;
    pair.hub().on("stubborn", [&](auto& run) {
        most = std::max(most, ++running);
        run.when_stopped(when_stopped::carry_on);
        runs.push_back(run);
    });
    pair.connect();
    int refused = 0;
    for (int i = 0; i != 20; ++i) {
        const auto asked = pair.client().ask("stubborn", {}, {.timeout = 1s});
        pair.run_for(2s); // the deadline passes, the handler goes on
        REQUIRE(asked->done());
        refused += asked->error == errc::queue_full ? 1 : 0;
    }
    CHECK(most == 2);
    CHECK(refused == 18);
    CHECK(pair.hub().counts().bad_messages == 0);
    for (const auto& run : runs) {
        run.answer();
        --running;
    }
    pair.run_for(1s);
    const auto again = pair.client().ask("stubborn", {}, {.timeout = 1s});
    pair.run_for(500ms);
    CHECK_FALSE(again->done());
    CHECK(running == 1);
}

TEST_CASE("rule 8: a higher generation over a running record is refused as a bad message")
{
    session_pair<> pair{small_session(4)};
    int runs = 0;
    pair.hub().on("job", [&](auto&) { ++runs; });
    pair.connect();
    pair.client().ask("job");
    pair.run_for(1s);
    message rapid;
    rapid.kind = message_kind::request;
    rapid.name = "job";
    rapid.id = 8; // the slot of 4, one generation on
    pair.hub().receive(rapid);
    CHECK(runs == 1);
    CHECK(pair.hub().counts().bad_messages == 1);
}

TEST_CASE("rule 9: an answer is matched by session and full id, never by slot")
{
    std::vector<scripted_peer<>::run> runs;
    world_options<> options;
    options.equip = [&](side which, scripted_peer<>& peer) {
        if (which == side::client) {
            peer.on("command", [&](auto& run) {
                run.when_stopped(when_stopped::carry_on); // it ignores its cancellation
                runs.push_back(run);
            });
        }
    };
    world<> world{options};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    const auto first = world.hub().peer_of("42")->ask("command", "first");
    world.run_for(1s);
    world.hub().restart();
    world.run_for(2s);
    const auto second = world.hub().peer_of("42")->ask("command", "second"); // the same id, of another session
    world.run_for(1s);
    REQUIRE(runs.size() == 2);
    runs[0].progress("of the first");
    runs[0].answer("the answer to the first");
    world.run_for(1s);
    CHECK_FALSE(second->done());
    CHECK(second->progress.empty());
    runs[1].answer("the answer to the second");
    world.run_for(1s);
    CHECK(second->answer == "the answer to the second");
}

TEST_CASE("rule 10: a delivery acknowledged on receipt leaves its slot")
{
    session_options<receipts> options;
    options.capacity = 1;
    options.receipted_max = 2;
    session_pair<receipts> pair{options};
    std::vector<scripted_peer<receipts>::run> runs;
    pair.hub().on("job", [&](auto& run) { runs.push_back(run); });
    pair.connect();

    const auto first = pair.client().deliver("job");
    pair.run_for(1s);
    CHECK(first->answered());
    const auto second = pair.client().deliver("job"); // in the slot of the first
    pair.run_for(1s);
    CHECK(second->answered());
    REQUIRE(runs.size() == 2);
    CHECK_FALSE(runs[0].stopped());
    CHECK_FALSE(runs[1].stopped());

    const auto third = pair.client().deliver("job"); // at the bound its receipt is withheld, until it is handled
    pair.run_for(1s);
    REQUIRE(runs.size() == 3);
    CHECK_FALSE(third->done());
    runs[2].answer();
    pair.run_for(1s);
    CHECK(third->answered());
    CHECK_FALSE(runs[0].stopped());
    runs[0].answer("too late to be an answer");
    runs[1].fail("handler_error");
    pair.run_for(1s);
    CHECK(pair.client().counts().late_replies == 0);
}

TEST_CASE("rule 10: the repeat of a delivery acknowledged on receipt is acknowledged again, running or not")
{
    session_pair<receipts> pair;
    int runs = 0;
    pair.hub().on("job", [&](auto& run) {
        ++runs;
        run.answer_after(10s);
    });
    pair.connect();
    const auto job = pair.client().deliver("job");
    pair.run_for(7ms); // it has arrived, its ack has not
    pair.cut();
    CHECK_FALSE(job->done());
    CHECK(runs == 1);
    pair.resume();
    pair.run_for(1s);
    CHECK(job->answered());
    CHECK(runs == 1);
    CHECK(pair.hub().live_runs() == 1);
}

TEST_CASE("rule 11: heartbeats name ids, not slots, and names are repeated after a reconnect")
{
    tally wire;
    session_options<> options = small_session(4);
    options.heartbeat.ping_every = 10s;
    session_pair<> pair{options, {}, &wire};
    int runs = 0;
    pair.hub().on("job", [&](auto& run) {
        ++runs;
        run.answer("kept");
    });
    pair.connect();
    pair.client().ask("job");
    pair.run_for(1s);
    CHECK(pair.hub().session().kept_bytes() == 4);
    wire.names.clear(); // of the first ping, when nothing had ended
    REQUIRE(pair.run_until([&] { return !wire.names.empty(); }, 20s));
    CHECK(wire.names.back() == std::vector<message_id>{4});
    pair.cut(); // the ping is lost, and with it the name
    pair.resume();
    REQUIRE(pair.run_until([&] { return wire.names.size() == 2; }, 20s));
    CHECK(wire.names.back() == std::vector<message_id>{4});
    pair.run_for(1s);
    CHECK(pair.hub().session().kept_bytes() == 0);

    message old;
    old.kind = message_kind::request;
    old.name = "job";
    old.id = 4;
    pair.hub().receive(old); // the answer is gone, the generation is not
    CHECK(runs == 1);

    // A name that comes late means the id that it names, not the one that has its slot now.
    pair.client().ask("job");
    pair.run_for(100ms);
    CHECK(pair.hub().session().kept_bytes() == 4);
    message ping;
    ping.kind = message_kind::ping;
    ping.id = 99;
    ping.finished = {&old.id, 1};
    pair.hub().receive(ping);
    CHECK(pair.hub().session().kept_bytes() == 4);
}

TEST_CASE("rule 12: the repeat of a running id is met with silence")
{
    tally wire;
    session_pair<> pair{{}, {}, &wire};
    int runs = 0;
    pair.hub().on("job", [&](auto& run) {
        ++runs;
        run.answer_after(10s, "done");
    });
    pair.connect();
    const auto request = pair.client().ask("job");
    const auto delivery = pair.client().deliver("job");
    pair.run_for(1s);
    for (int reconnects = 0; reconnects != 3; ++reconnects) {
        pair.cut();
        pair.resume();
        pair.run_for(1s);
    }
    CHECK(wire.hub_said(message_kind::reply) + wire.hub_said(message_kind::ack) + wire.hub_said(message_kind::error) ==
          0);
    pair.run_for(10s);
    CHECK(wire.hub_said(message_kind::reply) == 1);
    CHECK(wire.hub_said(message_kind::ack) == 1);
    CHECK(request->answered());
    CHECK(delivery->answered());
    CHECK(runs == 2);
}
