// A call is cancelled at each point where it can stand: it completes once, with operation_aborted, and the other side hears of it.
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty;

namespace {

// One call with a cancellation slot.
struct cancelled_call {
    asio::cancellation_signal signal;
    std::optional<std::error_code> error;
    certainty sure = certainty::acknowledged;
    int completed = 0;

    auto token()
    {
        return asio::bind_cancellation_slot(signal.slot(), [this](std::error_code ec, const rejoinder::reply& answer) {
            ++completed;
            error = ec;
            sure = answer.certainty();
        });
    }

    void cancel(asio::io_context& io, asio::cancellation_type how)
    {
        signal.emit(how);
        CHECK(completed == 0); // never from inside the emission either: whoever emits may hold the call
        driven::settle(io);
        REQUIRE(completed == 1);
        CHECK(error == asio::error::operation_aborted);
        signal.emit(how); // a second one meets nobody
        driven::settle(io);
        CHECK(completed == 1);
    }
};

asio::cancellation_type any_type()
{
    return GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);
}

constexpr rejoinder::call_options wait_for_it{.timeout = 60s, .when_absent = rejoinder::absent::wait};

// A house whose two sides keep what they are asked under "keep".
struct keeping : house {
    std::vector<rejoinder::responder> kept;
    int stopped = 0;

    keeping()
    {
        const auto keep = [this](rejoinder::responder answer) {
            answer.on_cancel([this] { ++stopped; });
            kept.push_back(std::move(answer));
        };
        hub->on("keep", keep);
        tab->on("keep", keep);
    }
};

} // namespace

TEST_CASE("a client's call that no connection has seen is cancelled and never sent")
{
    keeping at;
    at.board->hold = true;
    at.meet();
    REQUIRE(at.tab->state_of_link() == rejoinder::link_state::connecting);
    const auto how = any_type();
    cancelled_call one;
    SECTION("a request") { at.tab->async_request("keep", 1, one.token()); }
    SECTION("a delivery") { at.tab->async_deliver("keep", 1, one.token()); }
    driven::settle(at.io);
    one.cancel(at.io, how);
    CHECK(one.sure == certainty::never_sent);
    CHECK(at.tab->pending() == 0);
    at.tab->disconnect();
    at.board->hold = false;
    at.tab->connect();
    driven::settle(at.io);
    CHECK(at.tab->connected());
    CHECK(at.kept.empty());
}

TEST_CASE("a call that was sent is cancelled at the other side too, and its slot is free again")
{
    keeping at;
    at.meet();
    REQUIRE(at.tab->connected());
    const auto how = any_type();
    cancelled_call one;
    SECTION("by a client, when the handler runs")
    {
        at.tab->async_request("keep", 1, one.token());
        driven::settle(at.io);
        REQUIRE(at.kept.size() == 1);
        one.cancel(at.io, how);
        CHECK(at.stopped == 1);
    }
    SECTION("by a client, a delivery")
    {
        at.tab->async_deliver("keep", 1, one.token());
        driven::settle(at.io);
        one.cancel(at.io, how);
        CHECK(at.stopped == 1);
    }
    SECTION("by a client, when it is written and not yet read")
    {
        at.tab->async_request("keep", 1, one.token());
        one.cancel(at.io, how);
        CHECK(at.stopped == static_cast<int>(at.kept.size()));
    }
    SECTION("by a hub, when the handler runs")
    {
        at.hub->async_request(rejoinder::user{"42"}, "keep", 1, one.token());
        driven::settle(at.io);
        REQUIRE(at.kept.size() == 1);
        one.cancel(at.io, how);
        CHECK(at.stopped == 1);
    }
    SECTION("by a hub, to a room")
    {
        at.hub->async_request(rejoinder::room{"user_42"}, "keep", 1, one.token());
        driven::settle(at.io);
        REQUIRE(at.kept.size() == 1);
        one.cancel(at.io, how);
        CHECK(at.stopped == 1);
    }
    SECTION("by a hub, a delivery to a room")
    {
        at.hub->async_deliver(rejoinder::room{"user_42"}, "keep", 1, one.token());
        driven::settle(at.io);
        one.cancel(at.io, how);
        CHECK(at.stopped == 1);
    }
    at.kept.clear();
    driven::settle(at.io);
    CHECK(at.tab->pending() == 0);
    CHECK(at.hub->counts().bad_messages == 0);
    CHECK(at.tab->counts().bad_messages == 0);
}

TEST_CASE("a call that waits for an absent user is cancelled where it waits")
{
    keeping at;
    at.meet();
    const auto how = any_type();
    cancelled_call one;
    SECTION("a request") { at.hub->async_request(rejoinder::user{"7"}, "keep", 1, wait_for_it, one.token()); }
    SECTION("a delivery") { at.hub->async_deliver(rejoinder::user{"7"}, "keep", 1, wait_for_it, one.token()); }
    driven::settle(at.io);
    one.cancel(at.io, how);
    CHECK(one.sure == certainty::never_sent);
    const auto seven = at.make_tab("7");
    seven->on("keep", [&](rejoinder::responder answer) { at.kept.push_back(std::move(answer)); });
    at.meet();
    CHECK(seven->connected());
    CHECK(at.kept.empty());
}

TEST_CASE("a call that waited for an absent user is cancelled when it runs there")
{
    keeping at;
    at.meet();
    cancelled_call one;
    at.hub->async_request(rejoinder::user{"7"}, "keep", 1, wait_for_it, one.token());
    const auto seven = at.make_tab("7");
    seven->on("keep", [&](rejoinder::responder answer) {
        answer.on_cancel([&] { ++at.stopped; });
        at.kept.push_back(std::move(answer));
    });
    at.meet();
    REQUIRE(at.kept.size() == 1);
    one.cancel(at.io, asio::cancellation_type::terminal);
    CHECK(at.stopped == 1);
}

TEST_CASE("a coroutine's cancellation reaches the coroutine that answers it")
{
    house at;
    bool resumed_by_cancel = false;
    at.tab->on("sleep", [&](int) -> asio::awaitable<int> {
        asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
        try {
            co_await timer.async_wait(asio::use_awaitable);
        } catch (const std::system_error& stop) {
            resumed_by_cancel = stop.code() == asio::error::operation_aborted;
            throw;
        }
        co_return 1;
    });
    at.meet();
    asio::cancellation_signal signal;
    std::error_code ended;
    asio::co_spawn(
        at.io,
        [&]() -> asio::awaitable<void> {
            try {
                co_await at.hub->async_request(rejoinder::user{"42"}, "sleep", 1, asio::use_awaitable);
            } catch (const std::system_error& stop) {
                ended = stop.code();
            }
        },
        asio::bind_cancellation_slot(signal.slot(), tokens::rethrow));
    at.meet();
    CHECK_FALSE(ended);
    signal.emit(asio::cancellation_type::terminal);
    at.meet();
    CHECK(ended == asio::error::operation_aborted);
    CHECK(resumed_by_cancel);
}
