// What a session does while its connection takes nothing, and what its outputs lend meanwhile.
#include <rejoinder/core/session.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// One session, attached and confirmed; the test is its connection and its peer.
struct lone_session {
    session_options<> options{};
    route_table routes;
    counters counts;
    instant now = instant{} + 1h;
    session<int> self;
    message said;
    output<int> out;

    explicit lone_session(side which, session_options<> chosen = {}) : options(std::move(chosen)), self(which, options, routes, counts, 1)
    {
        routes.set("first", {1, handling::serial});
        routes.set("second", {2, handling::serial});
        self.begin(64);
        self.attach({}, options.heartbeat, now);
        if (which == side::hub) {
            hear(message_kind::ready, 0);
        }
        drain();
    }

    // The connection takes all that there is.
    void drain()
    {
        while (self.emit(said, now)) {
        }
    }

    void hear(message_kind kind, message_id id, std::string_view name = {}, std::string_view payload = {})
    {
        message came;
        came.kind = kind;
        came.id = id;
        came.name = name;
        came.payload.bytes = payload;
        self.receive(came, now);
    }

    // What the session wants called next. The bytes are the session's.
    invoke called()
    {
        REQUIRE(self.next(out));
        REQUIRE(std::holds_alternative<invoke>(out));
        return std::get<invoke>(out);
    }

    bool wants_to_hang_up(close_reason why)
    {
        bool wanted = false;
        while (self.next(out)) {
            const auto* one = std::get_if<hang_up>(&out);
            wanted |= one != nullptr && one->reason == why;
        }
        return wanted;
    }
};

} // namespace

TEST_CASE("calls that are given up before a full connection takes them leave nothing behind, and cost notifications no room")
{
    lone_session on{side::client};
    REQUIRE(on.self.notify("news", {}, on.now));
    for (int i = 0; i != 1'000'000; ++i) {
        on.self.cancel(on.self.request("ask", {"1"}, {}, i, on.now));
        while (on.self.next(on.out)) {
        }
    }
    CHECK(on.self.pending() == 0);
    CHECK(on.self.notify("news", {}, on.now));
    std::vector<message_kind> went;
    while (on.self.emit(on.said, on.now)) {
        went.push_back(on.said.kind);
    }
    CHECK(went == std::vector{message_kind::notification, message_kind::notification});
    CHECK_FALSE(on.self.has_messages());
}

TEST_CASE("notifications and calls that wait for room go out in the order in which they were made")
{
    lone_session on{side::client};
    on.self.notify("1", {}, on.now);
    on.self.request("2", {}, {}, 2, on.now);
    const auto given_up = on.self.request("never", {}, {}, 0, on.now);
    on.self.notify("3", {}, on.now);
    on.self.deliver("4", {}, {}, 4, on.now);
    on.self.cancel(given_up);
    on.self.notify("5", {}, on.now);
    std::string order;
    while (on.self.emit(on.said, on.now)) {
        order += on.said.name;
    }
    CHECK(order == "12345");
}

TEST_CASE("a connection that takes nothing is idle when its time has come, though a ping still waits to go out")
{
    lone_session on{side::hub, {.heartbeat = {.ping_every = 1s, .idle_after = 5s}}};
    bool idle = false;
    int steps = 0;
    const auto end = on.now + 10s;
    while (!idle && on.now < end && ++steps < 1000) { // the peer goes on to ping, and reads nothing
        on.hear(message_kind::ping, static_cast<message_id>(steps));
        on.now = std::min(std::max(on.now, on.self.next_deadline()), on.now + 500ms);
        on.self.advance(on.now);
        idle = on.wants_to_hang_up(close_reason::idle);
    }
    CHECK(idle);
    CHECK(on.now <= instant{} + 1h + 6s);
}

TEST_CASE("what waited in two serial names is lent to each handler until the next output is taken")
{
    const std::string large = GENERATE(std::string(8'000, 'x'), std::string(8, 'x'));
    lone_session on{side::hub};
    on.hear(message_kind::request, 64, "first", "1" + large);
    on.hear(message_kind::request, 65, "second", "2" + large);
    const auto first = on.called().call;
    const auto second = on.called().call;
    on.hear(message_kind::request, 66, "first", "3" + large);
    on.hear(message_kind::request, 67, "second", "4" + large);
    CHECK_FALSE(on.self.next(on.out));
    // Both end in one go, as from inside a third handler.
    on.self.finish(first, {});
    on.self.finish(second, {});
    const auto disturb = [&] {
        for (int i = 0; i != 4; ++i) {
            on.self.notify("news", {"another " + large}, on.now);
        }
        on.drain();
    };
    disturb();
    const auto third = on.called();
    disturb();
    CHECK(third.payload.bytes == "3" + large);
    CHECK(third.name == "first");
    on.self.finish(third.call, {}); // a handler may answer first and read on
    disturb();
    CHECK(third.payload.bytes == "3" + large);
    const auto fourth = on.called();
    disturb();
    CHECK(fourth.payload.bytes == "4" + large);
    CHECK(fourth.name == "second");
    on.self.finish(fourth.call, {});
    CHECK_FALSE(on.self.next(on.out));
}
