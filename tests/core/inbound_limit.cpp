// Tests of the inbound limit: a rate, a burst, and the end of patience.
#include <rejoinder/core/inbound_limit.hpp>

#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/policies.hpp>

#include <chrono>
#include <variant>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// The answering half of a session alone.
struct limited_inbox {
    session_options<> options;
    route_table routes;
    agenda<int> todo;
    counters counts;
    inbox<int, default_policies> in;

    explicit limited_inbox(const inbound_limit_options& limit) : options(with(limit)), in(options, routes, todo, counts)
    {
        routes.set("now", {1});
        in.attach();
    }

    static session_options<> with(const inbound_limit_options& limit)
    {
        session_options<> chosen;
        chosen.inbound = limit;
        return chosen;
    }

    static message asked(message_kind kind, message_id id)
    {
        message out;
        out.kind = kind;
        out.id = id;
        out.name = "now";
        return out;
    }

    template <class Output>
    int took()
    {
        int found = 0;
        output<int> next;
        while (todo.next(next)) {
            found += std::holds_alternative<Output>(next) ? 1 : 0;
        }
        return found;
    }
};

} // namespace

TEST_CASE("inbound limit: without a rate everything passes")
{
    inbound_limit limit{{}};
    for (int i = 0; i != 10'000; ++i) {
        REQUIRE(limit.take(start) == passage::open);
    }
}

TEST_CASE("inbound limit: the burst at once, the rate afterwards")
{
    inbound_limit limit{{.per_second = 10, .burst = 3}};
    for (int i = 0; i != 3; ++i) {
        CHECK(limit.take(start) == passage::open);
    }
    CHECK(limit.take(start) == passage::closed);
    CHECK(limit.take(start + 100ms) == passage::open);
    CHECK(limit.take(start + 100ms) == passage::closed);
    inbound_limit even{{.per_second = 10}};
    for (int i = 0; i != 10; ++i) {
        CHECK(even.take(start) == passage::open);
    }
    CHECK(even.take(start) == passage::closed);
}

TEST_CASE("inbound limit: too many refused in a minute are a flood, a minute later there is patience again")
{
    inbound_limit limit{{.per_second = 1, .burst = 1, .flood = 2}};
    CHECK(limit.take(start) == passage::open);
    CHECK(limit.take(start) == passage::closed);
    CHECK(limit.take(start) == passage::closed);
    CHECK(limit.take(start) == passage::flood);
    CHECK(limit.take(start) == passage::flood);
    CHECK(limit.take(start + 1min) == passage::open);
    CHECK(limit.take(start + 1min) == passage::closed);
}

TEST_CASE("inbox: over its rate a peer's request is answered busy, which did not run, and a repeat gets that answer")
{
    limited_inbox at{{.per_second = 1, .burst = 2}};
    for (message_id slot = 0; slot != 3; ++slot) {
        CHECK(at.in.receive(limited_inbox::asked(message_kind::request, at.options.capacity + slot), start));
    }
    CHECK(at.took<invoke>() == 2);
    CHECK(at.counts.over_rate == 1);
    REQUIRE(at.todo.urgent.size() == 1);
    const auto refusal = at.todo.urgent.pop_front();
    message out;
    at.in.spell(refusal, out);
    CHECK(out.kind == message_kind::error);
    CHECK(out.name == name_of(errc::busy));
    CHECK(certainty_of(make_error_code(errc_named(out.name))) == certainty::not_executed);

    CHECK(at.in.receive(limited_inbox::asked(message_kind::request, at.options.capacity + 2), start + 1h));
    CHECK(at.took<invoke>() == 0);
    CHECK(at.counts.duplicates_suppressed == 1);
    CHECK(at.counts.over_rate == 1);
}

TEST_CASE("inbox: over its rate a peer's notifications are dropped and counted, and a flood closes the connection")
{
    limited_inbox at{{.per_second = 1, .burst = 1, .flood = 5}};
    for (int i = 0; i != 6; ++i) {
        at.in.notified(limited_inbox::asked(message_kind::notification, 0), start);
    }
    CHECK(at.counts.notifications_dropped == 5);
    CHECK(at.took<invoke>() == 1);
    at.in.notified(limited_inbox::asked(message_kind::notification, 0), start);
    CHECK(at.took<hang_up>() == 1);
    CHECK(at.counts.over_rate == 6);
}
