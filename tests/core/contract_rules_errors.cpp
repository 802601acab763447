// The contract's rules 13 to 16, on what an error says and on cancelling: each test tells the story that the rule ends.
#include <rejoinder/testing/session_pair.hpp>
#include <rejoinder/testing/world.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

namespace {

// The requests and deliveries that were sent: on which connection, under which id.
struct id_reader : witness {
    std::vector<std::pair<connection_id, message_id>> asked;
    int cancels = 0;

    void sent(std::string_view, connection_id on, const message& what) override
    {
        if (what.kind == message_kind::request || what.kind == message_kind::delivery) {
            asked.emplace_back(on, what.id);
        }
        cancels += what.kind == message_kind::cancel ? 1 : 0;
    }
};

} // namespace

TEST_CASE("rule 13: never_sent means that the session never emitted the message to any connection")
{
    session_pair<> pair{{}, {.room = 2}};
    int runs = 0;
    pair.hub().on("job", [&](auto&) { ++runs; });

    const auto offline = pair.client().ask("job");
    pair.client().cancel(offline);
    CHECK(certainty_of(offline->error) == certainty::never_sent);

    pair.connect();
    pair.run_for(1s);
    pair.freeze();
    const auto queued = pair.client().ask("job");
    const auto also_queued = pair.client().ask("job");
    const auto held_back = pair.client().ask("job"); // the connection is full
    pair.settle();
    for (const auto& one : {queued, also_queued, held_back}) {
        pair.client().cancel(one);
        CHECK(one->error == errc::cancelled);
    }
    CHECK(certainty_of(queued->error) == certainty::maybe_executed); // its bytes are in the queue
    CHECK(certainty_of(also_queued->error) == certainty::maybe_executed);
    CHECK(certainty_of(held_back->error) == certainty::never_sent);
    pair.thaw();
    pair.run_for(1s);
    CHECK(runs == 2);
}

TEST_CASE("rule 13: what was sent once is not unsent by a link loss, nor by a new session")
{
    session_pair<> pair;
    pair.hub().on("job", [](auto&) {});
    pair.connect();
    const auto job = pair.client().ask("job", {}, {.timeout = 1min, .repeat = repeatable::idempotent});
    pair.settle();
    pair.cut();
    pair.connect();
    pair.cut(); // it waits in the outbox again, for the new session
    pair.run_for(1min);
    CHECK(job->error == errc::timed_out);
    CHECK(certainty_of(job->error) == certainty::maybe_executed);
}

TEST_CASE("rule 14: certainty speaks of the handler: what was refused before it is not_executed")
{
    session_pair<> pair;
    pair.hub().on("strict", [](auto& run) { run.fail("bad_payload", "not a number"); });
    pair.hub().on("failing", [](auto& run) { run.fail("handler_error", "thrown"); });
    pair.connect();
    const auto unknown = pair.client().ask("unknown");
    const auto strict = pair.client().ask("strict");
    const auto failing = pair.client().ask("failing");
    pair.run_for(1s);
    CHECK(unknown->error == errc::no_handler);
    CHECK(certainty_of(unknown->error) == certainty::not_executed);
    CHECK(strict->error == errc::bad_payload);
    CHECK(certainty_of(strict->error) == certainty::not_executed);
    CHECK(failing->error == errc::handler_error);
    CHECK(certainty_of(failing->error) == certainty::acknowledged);
}

TEST_CASE("rule 14: a repeat of a cancelled id gets cancelled, not answer_lost")
{
    session_pair<> pair;
    std::vector<std::string> codes;
    struct listener : witness {
        explicit listener(std::vector<std::string>& into) : codes(into) {}
        void sent(std::string_view peer, connection_id, const message& what) override
        {
            if (peer == "hub" && what.kind == message_kind::error) {
                codes.emplace_back(what.name);
            }
        }
        std::vector<std::string>& codes;
    } wire{codes};
    session_pair<> watched{{}, {}, &wire};
    watched.hub().on("job", [](auto&) {});
    watched.connect();
    const auto job = watched.client().ask("job");
    watched.run_for(1s);
    watched.client().cancel(job);
    watched.run_for(1s);
    message repeat;
    repeat.kind = message_kind::request;
    repeat.name = "job";
    repeat.id = 1024;
    watched.hub().receive(repeat);
    watched.run_for(1s);
    CHECK(codes == std::vector<std::string>{"cancelled", "cancelled"});
}

TEST_CASE("rule 15: a retry is a new id, the same id goes out again only after a link loss")
{
    id_reader wire;
    session_pair<> pair{{}, {}, &wire};
    int runs = 0;
    pair.hub().on("failing", [&](auto& run) {
        ++runs;
        run.fail("handler_error");
    });
    pair.connect();

    SECTION("a delivery is tried three times, each time as another message")
    {
        pair.client().deliver("failing");
        pair.run_for(1min);
        REQUIRE(wire.asked.size() == 3);
        CHECK(runs == 3);
        CHECK(wire.asked[0].second != wire.asked[1].second);
        CHECK(wire.asked[1].second != wire.asked[2].second);
    }
    SECTION("so is a request that says it may be repeated")
    {
        pair.client().ask("failing", {}, {.repeat = repeatable::idempotent});
        pair.run_for(1min);
        CHECK(runs == 3);
    }
    SECTION("any other request runs once, whatever comes of it")
    {
        const auto asked = pair.client().ask("failing");
        pair.run_for(1min);
        CHECK(runs == 1);
        CHECK(asked->error == errc::handler_error);
    }
    SECTION("a link loss sends the same id again, and is no attempt")
    {
        pair.hub().on("slow", [](auto& run) { run.answer_after(30s); });
        const auto slow = pair.client().deliver("slow");
        for (int losses = 0; losses != 5; ++losses) {
            pair.run_for(1s);
            pair.cut();
            pair.resume();
        }
        pair.run_for(1min);
        CHECK(slow->answered());
        CHECK(wire.asked.size() == 6);
        for (const auto& [on, id] : wire.asked) {
            CHECK(id == wire.asked[0].second);
        }
    }
}

TEST_CASE("rule 16: whoever stops waiting for a sent id says so, and says it again with every resume")
{
    id_reader wire;
    session_pair<> pair{{}, {}, &wire};
    std::vector<scripted_peer<>::run> runs;
    pair.hub().on("endless", [&](auto& run) { runs.push_back(run); });
    pair.connect();

    SECTION("the link is lost, the caller cancels, the link is back: the handler is stopped")
    {
        const auto job = pair.client().ask("endless");
        pair.run_for(1s);
        pair.cut();
        pair.client().cancel(job);
        CHECK(job->done());
        pair.resume();
        pair.run_for(1s);
        REQUIRE(runs.size() == 1);
        CHECK(runs[0].stopped());
        CHECK(pair.client().session().pending() == 0);
    }
    SECTION("a deadline passes while the link is down")
    {
        pair.client().ask("endless", {}, {.timeout = 5s});
        pair.run_for(1s);
        pair.cut();
        pair.run_for(10s);
        pair.resume();
        pair.run_for(1s);
        CHECK(runs.at(0).stopped());
    }
    SECTION("the request was lost, so that its cancel comes first: it is confirmed, and the request never runs")
    {
        const auto job = pair.client().ask("endless");
        pair.settle();
        pair.cut();
        pair.client().cancel(job);
        pair.resume();
        pair.run_for(1s);
        CHECK(runs.empty());
        CHECK(wire.cancels == 1);
        CHECK(pair.client().session().pending() == 0);
    }
    SECTION("the cancel was lost: it is said again until its last word")
    {
        const auto job = pair.client().ask("endless");
        pair.run_for(1s);
        pair.client().cancel(job);
        pair.settle();
        pair.cut();
        CHECK_FALSE(runs.at(0).stopped());
        pair.resume();
        pair.run_for(1s);
        CHECK(wire.cancels == 2);
        CHECK(runs.at(0).stopped());
        pair.cut();
        pair.resume();
        pair.run_for(1s);
        CHECK(wire.cancels == 2);
    }
}

TEST_CASE("rule 16: a session that ends cancels its handlers")
{
    world_options<> options;
    options.admission.lease = 20s;
    std::vector<scripted_peer<>::run> runs;
    options.equip = [&](side which, scripted_peer<>& peer) {
        if (which == side::hub) {
            peer.on("endless", [&](auto& run) { runs.push_back(run); });
        }
    };
    world<> world{options};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    tab.self().ask("endless");
    world.run_for(1s);
    REQUIRE(runs.size() == 1);

    SECTION("its lease is over")
    {
        tab.stop();
        world.run_for(19s);
        CHECK_FALSE(runs[0].stopped());
        world.run_for(2s);
        CHECK(runs[0].stopped());
    }
    SECTION("another incarnation has come")
    {
        tab.reload(reloading::keeps_token);
        world.run_for(1s);
        CHECK(runs[0].stopped());
    }
}
