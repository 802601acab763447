// Tests of the session: two of them, one clock, and a link that does what it is told.
#include <rejoinder/core/session.hpp>

#include <rejoinder/testing/session_pair.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "support/receipts.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

namespace {

struct unacknowledged : default_policies {
    using ack = acknowledge_none;
};

// Remembers what was sent, as "client req 1024" and so on.
struct line_reader : witness {
    std::vector<message_kind> from_client;
    std::vector<message_kind> from_hub;

    void sent(std::string_view peer, connection_id, const message& what) override
    {
        (peer == "client" ? from_client : from_hub).push_back(what.kind);
    }
};

const auto echo = [](auto& run) { run.answer(run.payload); };
const auto nothing = [](auto&) {};

} // namespace

TEST_CASE("session: either side asks, and the other one answers")
{
    session_pair<> pair;
    pair.client().on("echo", echo);
    pair.hub().on("echo", echo);
    pair.connect();
    const auto up = pair.client().ask("echo", "up");
    const auto down = pair.hub().ask("echo", "down");
    CHECK_FALSE(up->done());
    pair.run_for(100ms);
    CHECK(up->answer == "up");
    CHECK(down->answer == "down");
    CHECK(up->completions == 1);
    CHECK(pair.client().session().pending() == 0);
    CHECK(pair.hub().counts().replies_received == 1);
}

TEST_CASE("session: what is asked before there is a connection waits for it")
{
    session_pair<> pair;
    pair.hub().on("echo", echo);
    const auto early = pair.client().ask("echo", "early");
    pair.run_for(10s);
    CHECK_FALSE(early->done());
    pair.connect();
    pair.run_for(100ms);
    CHECK(early->answer == "early");
}

TEST_CASE("session: an error of the handler comes with its name, text and certainty")
{
    session_pair<> pair;
    pair.hub().on("order", [](auto& run) { run.fail("out_of_stock", "none left"); });
    pair.connect();
    const auto order = pair.client().ask("order");
    const auto unknown = pair.client().ask("ordre");
    pair.run_for(100ms);
    CHECK(order->error == errc::remote_error);
    CHECK(order->code == "out_of_stock");
    CHECK(order->text == "none left");
    CHECK(certainty_of(order->error) == certainty::acknowledged);
    CHECK(unknown->error == errc::no_handler);
    CHECK(certainty_of(unknown->error) == certainty::not_executed);
}

TEST_CASE("session: progress reaches the asker before the last word")
{
    session_pair<> pair;
    pair.hub().on("job", [](auto& run) {
        run.progress("1");
        run.progress("2");
        run.answer("3");
    });
    pair.connect();
    const auto job = pair.client().ask("job");
    pair.run_for(100ms);
    CHECK(job->progress == std::vector<std::string>{"1", "2"});
    CHECK(job->answer == "3");
}

TEST_CASE("session: a delivery made offline arrives, a notification made offline is dropped and counted")
{
    session_pair<> pair;
    std::vector<std::string> heard;
    pair.hub().on("news", [&](auto& run) {
        heard.push_back(run.payload);
        run.answer();
    });
    const auto kept = pair.client().deliver("news", "kept");
    CHECK_FALSE(pair.client().notify("news", "dropped"));
    pair.connect();
    CHECK(pair.client().notify("news", "live"));
    pair.run_for(100ms);
    CHECK(heard == std::vector<std::string>{"kept", "live"});
    CHECK(kept->answered());
    CHECK(pair.client().counts().notifications_dropped == 1);
}

TEST_CASE(
    "session: a link is lost at every message of a conversation, and each question runs once and is answered once")
{
    for (int cut_after = 0; cut_after != 40; ++cut_after) {
        session_pair<> pair;
        int runs = 0;
        pair.hub().on("job", [&](auto& run) {
            ++runs;
            run.answer_after(20ms, "done");
        });
        pair.client().on("job", [&](auto& run) {
            ++runs;
            run.answer("done");
        });
        pair.connect();
        std::vector<question_ptr> asked;
        for (int i = 0; i != 3; ++i) {
            asked.push_back(pair.client().ask("job"));
            asked.push_back(pair.hub().deliver("job"));
        }
        // The link breaks with whatever is under way after so many milliseconds.
        pair.run_for(cut_after * 1ms);
        pair.cut();
        pair.run_for(1s);
        pair.resume();
        pair.run_for(1s);
        CHECK(runs == 6);
        for (const auto& one : asked) {
            CHECK(one->answered());
            CHECK(one->completions == 1);
        }
    }
}

TEST_CASE("session: a new session ends what may have run, and sends what was never sent (contract 6)")
{
    session_pair<> pair;
    pair.hub().on("echo", echo);
    pair.hub().on("never", nothing);
    pair.connect();
    const auto sent = pair.client().ask("never");
    pair.run_for(100ms);
    pair.cut();
    const auto unsent = pair.client().ask("echo", "unsent");
    pair.connect();
    pair.run_for(100ms);
    CHECK(sent->error == errc::session_lost);
    CHECK(certainty_of(sent->error) == certainty::maybe_executed);
    CHECK(unsent->answer == "unsent");
    CHECK(pair.hub().live_runs() == 0); // the old session's handler was stopped (rule 16)
}

TEST_CASE("session: the hub asks nothing and repeats nothing until the client is ready (rule 4)")
{
    line_reader wire;
    session_pair<> pair{{}, {.delay = 50ms}, &wire};
    pair.client().on("echo", echo);
    pair.connect();
    const auto question = pair.hub().ask("echo", "?");
    pair.run_for(49ms);
    CHECK(wire.from_hub.empty());
    pair.run_for(1ms);
    CHECK(wire.from_client.front() == message_kind::ready);
    CHECK(std::count(wire.from_hub.begin(), wire.from_hub.end(), message_kind::request) == 1);
    pair.run_for(1s);
    CHECK(question->answered());
    pair.cut();
    pair.resume();
    pair.hub().ask("echo", "!");
    pair.settle();
    CHECK(std::count(wire.from_hub.begin(), wire.from_hub.end(), message_kind::request) == 1);
}

TEST_CASE("session: a frozen link is found by a probe, dropped, and nothing is lost or run twice (contract 5)")
{
    session_pair<> pair;
    int runs = 0;
    pair.hub().on("job", [&](auto& run) {
        ++runs;
        run.answer_after(1s, "done");
    });
    pair.connect();
    pair.run_for(21s); // a ping has shown how fast the link is
    const auto job = pair.client().ask("job");
    pair.run_for(500ms);
    pair.freeze();
    REQUIRE(pair.run_until([&] { return pair.hung_up(side::client).has_value(); }, 20s));
    CHECK(pair.hung_up(side::client) == close_reason::silent);
    CHECK(pair.client().counts().links_dropped == 1);
    CHECK_FALSE(job->done());
    pair.resume();
    pair.run_for(2s);
    CHECK(job->answered());
    CHECK(runs == 1);
}

TEST_CASE("session: a slow handler is no reason to drop a link, nor to send anything twice (contract 5)")
{
    line_reader wire;
    session_options<> options;
    options.timeout = 1h;
    session_pair<> pair{options, {}, &wire};
    pair.hub().on("job", [](auto& run) { run.answer_after(30min, "done"); });
    pair.connect();
    const auto job = pair.client().ask("job");
    pair.run_for(31min);
    CHECK(job->answered());
    CHECK_FALSE(pair.hung_up(side::client));
    CHECK(std::count(wire.from_client.begin(), wire.from_client.end(), message_kind::request) == 1);
}

TEST_CASE("session: a full connection holds messages back, costs no time, and loses nothing")
{
    session_pair<> pair{{}, {.delay = 5ms, .room = 2}};
    pair.hub().on("echo", echo);
    pair.connect();
    std::vector<question_ptr> asked;
    for (int i = 0; i != 100; ++i) {
        asked.push_back(pair.client().ask("echo", std::to_string(i)));
    }
    pair.run_for(5s);
    for (int i = 0; i != 100; ++i) {
        CHECK(asked[static_cast<std::size_t>(i)]->answer == std::to_string(i));
    }
}

TEST_CASE("session: a ping that cannot go out does not keep its driver awake")
{
    session_pair<> pair{{}, {.room = 0}};
    pair.connect();
    pair.client().ask("echo");
    pair.run_for(19s);
    for (int looks = 0; looks != 5; ++looks) {
        pair.run_for(1s);
        CHECK(pair.client().session().next_deadline() > pair.now());
    }
}

TEST_CASE("session: heartbeats name what is over, so that an idle peer keeps no answers (rule 11)")
{
    session_pair<> pair;
    pair.hub().on("echo", echo);
    pair.connect();
    for (int i = 0; i != 5; ++i) {
        pair.client().ask("echo", "twelve bytes");
    }
    pair.run_for(1s);
    CHECK(pair.hub().session().kept_bytes() == 60);
    pair.run_for(21s);
    CHECK(pair.hub().session().kept_bytes() == 0);
}

TEST_CASE("session: an idle connection is closed when the options say so, and not while an answer is awaited")
{
    session_options<> options;
    options.heartbeat.idle_after = 5min;
    options.timeout = 1h;
    session_pair<> pair{options};
    pair.hub().on("job", [](auto& run) { run.answer_after(7min); });
    pair.connect();
    const auto job = pair.client().ask("job");
    pair.run_for(11min);
    CHECK(job->answered());
    CHECK_FALSE(pair.hung_up(side::client));
    CHECK_FALSE(pair.hung_up(side::hub));
    pair.run_for(2min);
    CHECK(pair.hung_up(side::hub) == close_reason::idle); // it used the connection first
}

TEST_CASE("session: a peer that breaks the protocol too often is hung up, one that does so seldom is not")
{
    session_options<> options;
    session_pair<> pair{options};
    pair.connect();
    pair.run_for(100ms);
    message nonsense;
    nonsense.kind = message_kind::welcome;
    for (unsigned i = 0; i != options.bad_messages_per_minute; ++i) {
        pair.hub().receive(nonsense);
    }
    pair.settle();
    CHECK_FALSE(pair.hung_up(side::hub));
    pair.run_for(61s);
    pair.hub().receive(nonsense);
    pair.settle();
    CHECK_FALSE(pair.hung_up(side::hub));
    for (unsigned i = 0; i != options.bad_messages_per_minute; ++i) {
        pair.hub().receive(nonsense);
    }
    pair.settle();
    CHECK(pair.hung_up(side::hub) == close_reason::bad_messages);
    CHECK(pair.hub().counts().bad_messages == 2 * options.bad_messages_per_minute + 1);
}

TEST_CASE("session: before it is ready a client is heard saying nothing else (rule 3)")
{
    session_pair<> pair;
    int runs = 0;
    pair.hub().on("job", [&](auto& run) {
        ++runs;
        run.answer();
    });
    pair.connect();
    for (const auto kind :
         {message_kind::request, message_kind::delivery, message_kind::notification, message_kind::cancel}) {
        message early;
        early.kind = kind;
        early.id = kind == message_kind::notification ? 0 : 1024;
        early.name = "job";
        pair.hub().receive(early);
    }
    CHECK(runs == 0);
    CHECK(pair.hub().counts().bad_messages == 4);
}

TEST_CASE("session: on_receipt, a delivery is acknowledged before its handler has ended (rule 10)")
{
    session_pair<receipts> pair;
    pair.hub().on("job", [](auto& run) { run.answer_after(10s); });
    pair.connect();
    const auto job = pair.client().deliver("job");
    pair.run_for(1s);
    CHECK(job->answered());
    CHECK(pair.hub().live_runs() == 1);
}

TEST_CASE("session: without acks a delivery is done once it is emitted, and waits for its link like any other")
{
    session_pair<unacknowledged> pair;
    int runs = 0;
    pair.hub().on("job", [&](auto&) { ++runs; });
    const auto job = pair.client().deliver("job", std::string(10'000, 'x'));
    CHECK_FALSE(job->done());
    pair.connect();
    pair.settle();
    CHECK(job->answered());
    pair.run_for(1s);
    CHECK(runs == 1);
    CHECK(pair.client().session().pending() == 0);
}

TEST_CASE("session: a failing delivery is tried again until it succeeds or the attempts are used up")
{
    session_pair<> pair;
    int runs = 0;
    pair.hub().on("flaky", [&](auto& run) {
        if (++runs < 3) {
            run.fail("handler_error", "not yet");
        } else {
            run.answer("at last");
        }
    });
    pair.hub().on("broken", [](auto& run) { run.fail("handler_error", "never"); });
    pair.connect();
    const auto flaky = pair.client().deliver("flaky");
    const auto broken = pair.client().deliver("broken");
    pair.run_for(30s);
    CHECK(flaky->answer == "at last");
    CHECK(runs == 3);
    CHECK(broken->error == errc::handler_error);
    CHECK(pair.client().counts().retries == 4);
}

TEST_CASE("session: a cancelled request stops its handler, and frees its slot when that has ended")
{
    session_pair<> pair;
    pair.hub().on("stubborn", [](auto& run) {
        run.when_stopped(when_stopped::carry_on);
        run.answer_after(5s, "nobody hears this");
    });
    pair.connect();
    const auto job = pair.client().ask("stubborn");
    pair.run_for(1s);
    pair.client().cancel(job);
    CHECK(job->error == errc::cancelled);
    CHECK(job->completions == 1);
    pair.run_for(1s);
    CHECK(pair.client().session().pending() == 1);
    pair.run_for(4s);
    CHECK(pair.client().session().pending() == 0);
    CHECK(job->completions == 1);
}

TEST_CASE("session: wires that carry less are asked for less")
{
    line_reader wire;
    session_pair<> pair{{}, {}, &wire};
    capabilities plain;
    plain.cancel = plain.probe = plain.time_left = false;
    pair.features(plain);
    instant deadline{};
    pair.hub().on("job", [&](auto& run) { deadline = run.deadline; });
    pair.connect();
    const auto job = pair.client().ask("job", {}, {.timeout = 30s});
    pair.run_for(1min);
    CHECK(deadline == never);
    CHECK(job->error == errc::timed_out);
    CHECK(std::count(wire.from_client.begin(), wire.from_client.end(), message_kind::cancel) == 0);
    CHECK(std::count(wire.from_client.begin(), wire.from_client.end(), message_kind::ping) == 0);
}

TEST_CASE("session: on a wire without greetings either side speaks at once, and silence proves nothing")
{
    line_reader wire;
    session_pair<> pair{{}, {}, &wire};
    capabilities foreign;
    foreign.greeting = foreign.ready = foreign.probe = false;
    pair.features(foreign);
    pair.client().on("echo", echo);
    pair.connect();
    const auto asked = pair.hub().ask("echo", "1");
    pair.run_for(1s);
    CHECK(asked->completions == 1);
    CHECK_FALSE(asked->error);
    CHECK(std::count(wire.from_client.begin(), wire.from_client.end(), message_kind::ready) == 0);
    pair.run_for(1h);
    CHECK_FALSE(pair.hung_up(side::hub));
    CHECK_FALSE(pair.hung_up(side::client));
}

TEST_CASE("session: its end settles everything, also what a handler asks in that moment")
{
    session_pair<> pair;
    pair.hub().on("never", nothing);
    pair.connect();
    const auto asked = pair.client().ask("never");
    pair.run_for(100ms);
    pair.cut();
    pair.client().session().end(errc::closed);
    pair.client().take_outputs();
    CHECK(asked->error == errc::closed);
    CHECK(asked->completions == 1);
    CHECK(pair.client().session().pending() == 0);
    CHECK(pair.client().session().next_deadline() == never);
}

TEST_CASE("session: farewells are told, with the time to come back")
{
    session_pair<> pair;
    pair.connect();
    message bye;
    bye.kind = message_kind::bye;
    bye.name = "shutting_down";
    bye.time_left = 30s;
    pair.client().receive(bye);
    const auto left = pair.client().take_farewell();
    REQUIRE(left);
    CHECK(left->reason == close_reason::shutting_down);
    CHECK(left->retry_after == 30s);
}

TEST_CASE("session: memory is given back when it is idle, and nothing that the contract relies on")
{
    session_pair<> pair;
    int runs = 0;
    pair.hub().on("job", [&](auto& run) {
        ++runs;
        run.answer(std::string(1000, 'x'));
    });
    pair.connect();
    std::vector<question_ptr> asked;
    for (int i = 0; i != 50; ++i) {
        asked.push_back(pair.client().ask("job"));
    }
    pair.run_for(60s);
    pair.client().session().shrink();
    pair.hub().session().shrink();
    message stale;
    stale.kind = message_kind::request;
    stale.name = "job";
    stale.id = 1024;
    pair.hub().receive(stale); // an id of before: it must not run again
    CHECK(runs == 50);
    const auto more = pair.client().ask("job");
    pair.run_for(1s);
    CHECK(more->answered());
    CHECK(runs == 51);
}

TEST_CASE("a session without a connection hears nothing, says nothing and has nobody to probe")
{
    counters counts;
    const route_table routes;
    const session_options<> options;
    session<int> alone{side::client, options, routes, counts, 1};
    alone.begin(4);
    const auto now = instant{} + 1h;
    message came;
    came.kind = message_kind::ping;
    came.id = 1;
    alone.receive(came, now);
    alone.stirred(now);
    alone.probe();
    message out;
    CHECK_FALSE(alone.has_messages());
    CHECK_FALSE(alone.emit(out, now));
    CHECK_FALSE(alone.has_outputs());
    CHECK_FALSE(alone.trip().known());
    CHECK(alone.next_deadline() == never);
}

TEST_CASE("a notification that is larger than a message may be, or than what may wait, is dropped and counted")
{
    counters counts;
    const route_table routes;
    session_options<> options;
    options.message_bytes_max = 10;
    options.notification_bytes_max = 12;
    session<int> one{side::client, options, routes, counts, 1};
    one.begin(4);
    const auto now = instant{} + 1h;
    one.attach({}, options.heartbeat, now);
    CHECK_FALSE(one.notify("a long name", {}, now));
    CHECK(one.notify("12345678", {}, now));
    CHECK_FALSE(one.notify("12345678", {}, now));
    CHECK(counts.notifications_dropped == 2);
}
