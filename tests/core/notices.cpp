// Tests of a session whose peer marks what it has seen: what it gets when it is back, in which order, and what is not asked twice.
#include <rejoinder/core/notices.hpp>

#include <rejoinder/core/session.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// As a hub's sessions over Socket.IO with recovery, and without.
constexpr capabilities marking{.ready = false, .deliveries = false, .records = false, .probe = false, .cancel = false, .time_left = false, .marks = true};
constexpr capabilities unmarked{.ready = false, .deliveries = false, .records = false, .probe = false, .cancel = false, .time_left = false, .resume = false};

// A hub's session with a peer that is written by hand.
struct marked_bench {
    session_options<> options{.capacity = 8};
    route_table routes;
    counters counts;
    session<int> self{side::hub, options, routes, counts, 1};
    instant now = instant{} + 1h;
    std::vector<std::string> ended; // "7: answer" or "7: error"
    std::vector<invocation> running;
    std::vector<invocation> stopped;

    explicit marked_bench(session_options<> how = {.capacity = 8}) : options(std::move(how))
    {
        routes.set("run", {1});
        self.begin(8);
    }

    void attach(std::uint64_t seen = 0, const capabilities& features = marking)
    {
        self.attach(features, options.heartbeat, now, seen);
        take();
    }
    void cut()
    {
        self.detach(now);
        take();
    }

    void take()
    {
        output<int> one;
        while (self.next(one)) {
            if (const auto* over = std::get_if<settled<int>>(&one)) {
                ended.push_back(std::to_string(over->completion) + ": " + (over->error ? over->error.message() : std::string{over->payload.bytes}));
            } else if (const auto* call = std::get_if<invoke>(&one)) {
                running.push_back(call->call);
            } else if (const auto* end = std::get_if<stop>(&one)) {
                stopped.push_back(end->call);
            }
        }
    }

    // What goes to the connection: "n1 text" for a notification, "?name" for a request, "=answer" for an answer.
    std::vector<std::string> emitted()
    {
        std::vector<std::string> all;
        message out;
        while (self.emit(out, now)) {
            const std::string bytes{out.payload.bytes};
            last_id = out.kind == message_kind::request ? out.id : last_id;
            all.push_back(out.kind == message_kind::notification ? std::string{out.name} + std::to_string(out.id) + " " + bytes
                          : out.kind == message_kind::request    ? "?" + std::string{out.name}
                                                                 : "=" + bytes);
        }
        take();
        return all;
    }

    void ask(int mark, std::string_view name, repeatable how = repeatable::no)
    {
        self.request(name, {}, {.repeat = how}, mark, now);
        take();
    }

    void hears(message_kind kind, message_id id, std::string_view bytes, std::string_view key = {})
    {
        message in;
        in.kind = kind;
        in.id = id;
        in.name = kind == message_kind::request ? "run" : "";
        in.payload.bytes = bytes;
        in.key = key;
        self.receive(in, now);
        take();
    }

    message_id last_id = 0;
};

using marked_words = std::vector<std::string>;

} // namespace

TEST_CASE("notices: what was said while the link was down, or lost with it, arrives once and in order")
{
    marked_bench b;
    b.attach();
    CHECK(b.self.notify("n", {"a"}, b.now));
    CHECK(b.self.notify("n", {"b"}, b.now));
    CHECK(b.emitted() == marked_words{"n1 a", "n2 b"});
    CHECK(b.self.notify("n", {"c"}, b.now)); // the connection has not taken it yet
    b.cut();
    CHECK(b.self.notify("n", {"d"}, b.now));
    CHECK(b.self.covers(1, b.now));
    b.attach(1);
    CHECK(b.emitted() == marked_words{"n2 b", "n3 c", "n4 d"});
    CHECK(b.self.notify("n", {"e"}, b.now));
    CHECK(b.emitted() == marked_words{"n5 e"});
    b.cut();
    b.attach(5); // it came back twice, and has seen all
    CHECK(b.emitted().empty());
    CHECK(b.counts.notifications_dropped == 0);
    CHECK(b.counts.resent == 3);
}

TEST_CASE("notices: a wire without marks drops them while the link is down")
{
    marked_bench b;
    b.attach(0, unmarked);
    CHECK(b.self.notify("n", {"a"}, b.now));
    b.cut();
    CHECK_FALSE(b.self.notify("n", {"b"}, b.now));
    CHECK_FALSE(b.self.covers(0, b.now));
    CHECK(b.counts.notifications_dropped == 2);
    b.attach(0, unmarked);
    CHECK(b.emitted().empty());
}

TEST_CASE("notices: who has missed more than is kept is not covered")
{
    marked_bench b{session_options<>{.capacity = 8, .notifications_max = 3, .replays = {.count_max = 2}}};
    b.attach();
    CHECK(b.self.notify("n", {"a"}, b.now));
    CHECK(b.emitted().size() == 1);
    b.cut();
    CHECK(b.self.covers(0, b.now));
    for (int i = 0; i != 2; ++i) {
        CHECK(b.self.notify("n", {"more"}, b.now));
    }
    CHECK_FALSE(b.self.covers(0, b.now));
    CHECK(b.self.covers(1, b.now));
    b.attach(1);
    CHECK(b.self.notify("n", {"third that waits"}, b.now));
    CHECK_FALSE(b.self.notify("n", {"one too many"}, b.now));
    CHECK(b.counts.notifications_dropped == 1);
    CHECK_FALSE(b.self.covers(4, b.now)); // it would miss the one that was dropped
    CHECK(b.emitted().size() == 3);
}

TEST_CASE("notices: a question that the peer cannot have seen goes out again in its place, one that it may have seen does not")
{
    marked_bench b;
    b.attach();
    b.self.notify("n", {"a"}, b.now);
    b.ask(1, "seen");
    b.self.notify("n", {"b"}, b.now);
    b.ask(2, "between");
    b.ask(3, "idempotent", repeatable::idempotent);
    b.self.notify("n", {"c"}, b.now);
    b.ask(4, "unseen");
    CHECK(b.emitted() == marked_words{"n1 a", "?seen", "n2 b", "?between", "?idempotent", "n3 c", "?unseen"});
    b.cut();
    b.ask(5, "new");
    b.self.notify("n", {"d"}, b.now);
    b.attach(2);
    CHECK(b.emitted() == marked_words{"?idempotent", "n3 c", "?unseen", "n4 d", "?new"});
    CHECK(b.ended.empty());
}

TEST_CASE("notices: an answer behind the cut ends its question")
{
    marked_bench b;
    b.attach();
    b.ask(7, "slow");
    CHECK(b.emitted() == marked_words{"?slow"});
    const auto id = b.last_id;
    b.cut();
    b.attach(0);
    CHECK(b.emitted().empty());
    b.hears(message_kind::reply, id, "late");
    CHECK(b.ended == marked_words{"7: late"});
}

TEST_CASE("notices: a run goes on through the cut, and answers by its key alone")
{
    marked_bench b;
    b.attach();
    b.hears(message_kind::request, 8, "1", "k");
    b.hears(message_kind::request, 9, "2");
    REQUIRE(b.running.size() == 2);
    b.cut();
    CHECK(b.stopped.empty());
    b.attach(0);
    b.hears(message_kind::request, 8, "3"); // its ids begin anew
    CHECK(b.running.size() == 3);
    b.hears(message_kind::request, 9, "1", "k");
    CHECK(b.running.size() == 3);
    b.self.finish(b.running[1], {{"nobody waits"}, {}, {}});
    b.self.finish(b.running[0], {{"for the key"}, {}, {}});
    b.self.finish(b.running[2], {{"new"}, {}, {}});
    CHECK(b.emitted() == marked_words{"=for the key", "=new"});
    b.cut();
    b.attach(0);
    b.hears(message_kind::request, 8, "1", "k");
    CHECK(b.running.size() == 3);
    CHECK(b.emitted() == marked_words{"=for the key"});
}

TEST_CASE("notices: a delivery without an ack says the number of what was said before it, and nothing is said or asked twice for it")
{
    struct silent_policies : default_policies {
        using ack = acknowledge_none;
    };
    const session_options<silent_policies> options{.capacity = 8};
    const route_table routes;
    counters counts;
    session<int, silent_policies> self{side::hub, options, routes, counts, 1};
    const auto now = instant{} + 1h;
    const auto emitted_ids = [&] {
        std::vector<message_id> all;
        for (message out; self.emit(out, now);) {
            all.push_back(out.kind == message_kind::notification ? out.id : 0);
        }
        for (output<int> done; self.next(done);) {
        }
        return all;
    };
    self.begin(8);
    self.attach(marking, options.heartbeat, now);
    self.notify("n", {"a"}, now);
    self.notify("n", {"b"}, now);
    self.deliver("d", {"c"}, {}, 1, now);
    self.request("q", {}, {}, 2, now);
    CHECK(emitted_ids() == std::vector<message_id>{1, 2, 2, 0});
    self.detach(now);
    self.attach(marking, options.heartbeat, now, 2); // what the page saw last is the delivery's
    CHECK(emitted_ids().empty());
}

TEST_CASE("notices: behind what the connection did not say, a question may have been seen all the same")
{
    marked_bench b;
    b.attach();
    b.self.notify("n", {"a"}, b.now);
    b.self.notify("n", {"unsayable"}, b.now);
    message out;
    REQUIRE(b.self.emit(out, b.now));
    REQUIRE(b.self.emit(out, b.now));
    CHECK(out.id == 2);
    b.self.undeliverable(out, errc::unsupported);
    b.ask(1, "seen");
    CHECK(b.emitted() == marked_words{"?seen"});
    b.cut();
    b.attach(1);
    CHECK(b.emitted() == marked_words{"n2 unsayable"}); // over this connection it may be
}

TEST_CASE("notices: a question that is given up loses its place, and those behind it keep theirs")
{
    marked_bench b;
    b.attach();
    const auto first = b.self.request("moot", {}, {.repeat = repeatable::idempotent}, 1, b.now);
    b.emitted();
    b.self.notify("n", {"a"}, b.now);
    b.ask(2, "later", repeatable::idempotent);
    CHECK(b.emitted() == marked_words{"n1 a", "?later"});
    b.cut();
    b.attach(0);
    b.self.cancel(first);
    b.take();
    CHECK(b.emitted() == marked_words{"n1 a", "?later"});
}

TEST_CASE("notices: what has grown old goes, though nothing more is said, on a link and without one")
{
    marked_bench b{session_options<>{.capacity = 8, .replays = {.age_max = 2min}}};
    b.attach();
    b.self.notify("n", {"a"}, b.now);
    CHECK(b.emitted().size() == 1);
    for (const bool linked : {true, false}) {
        if (!linked) {
            b.cut();
            b.self.notify("n", {"b"}, b.now);
        }
        const auto due = b.self.next_deadline();
        CHECK(due > b.now + 2min);
        CHECK(due < b.now + 3min);
        b.now = due;
        b.self.advance(b.now);
        CHECK(b.self.next_deadline() == never);
    }
    CHECK_FALSE(b.self.covers(1, b.now));
    CHECK(b.self.covers(2, b.now));
}

TEST_CASE("notices: a client without marks asks again only what may run twice")
{
    marked_bench b;
    b.attach(0, unmarked);
    b.ask(1, "once");
    b.ask(2, "often", repeatable::idempotent);
    CHECK(b.emitted().size() == 2);
    b.cut();
    b.ask(3, "new");
    b.attach(0, unmarked);
    CHECK(b.ended == marked_words{"1: " + make_error_code(errc::session_lost).message()});
    CHECK(b.emitted() == marked_words{"?often", "?new"});
}

TEST_CASE("notices: a session knows the mark of the last notification that came")
{
    marked_bench b;
    b.attach();
    message in;
    in.name = "n";
    in.mark = "m1";
    b.self.receive(in, b.now);
    in.mark = {};
    b.self.receive(in, b.now);
    CHECK(b.self.mark() == "m1");
    b.cut();
    CHECK(b.self.mark() == "m1");
    b.self.begin(8);
    CHECK(b.self.mark().empty());
}
