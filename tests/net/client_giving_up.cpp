// A client that is done with its link: it gave up, was told to, sleeps, or is gone before its attempt is.
#include <rejoinder/net/client.hpp>

#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty;
using rejoinder::link_state;

namespace {

struct few_attempts : rejoinder::default_policies {
    using backoff = rejoinder::limited<rejoinder::exponential_backoff>;
};

// What became of a call.
struct outcome_of_call {
    std::error_code error;
    certainty said = certainty::acknowledged;
    int completions = 0;

    auto watch()
    {
        return [this](std::error_code ec, const rejoinder::reply& answer) {
            error = ec;
            said = answer.certainty();
            ++completions;
        };
    }
};

// A client that gave up: no attempt of the two that it had led anywhere.
struct given_up : house {
    std::unique_ptr<rejoinder::client<few_attempts>> few;
    std::vector<rejoinder::responder> kept;
    outcome_of_call of_hub;
    asio::cancellation_signal stop;

    given_up()
    {
        tab.reset();
        meet();
        rejoinder::client_options<few_attempts> options;
        options.auth = "\"7\"";
        options.backoff = {.schedule = {.first = 1ms, .cap = 1ms}, .count = 2};
        few = std::make_unique<rejoinder::client<few_attempts>>(io.get_executor(), memory_connector{board}, options);
        few->on("keep", [this](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
        few->on("ask", [](int x) { return x; });
        hub->on("ask", [](int x) { return x; });
        meet();
        hub->async_request(rejoinder::user{"7"}, "keep", 1, asio::bind_cancellation_slot(stop.slot(), of_hub.watch()));
        meet();
        REQUIRE(kept.size() == 1);
        board->failing = asio::error::connection_refused;
        hub->close(hub->members(rejoinder::room{"user_7"}).at(0));
        REQUIRE(driven::until(io, [this] { return few->state_of_link() == link_state::failed; }));
    }
    ~given_up() { hub.reset(); } // before the signal, whose slot its call has
};

// A connector as a coroutine, which tidies up for a while after it was cancelled.
struct tidy_connector {
    using channel_type = rejoinder::memory;

    std::shared_ptr<asio::steady_timer> dialling;
    std::shared_ptr<asio::steady_timer> tidying;

    [[nodiscard]] std::string description() const { return "tidy:"; }

    static asio::awaitable<void> attempt(std::shared_ptr<asio::steady_timer> dialling, std::shared_ptr<asio::steady_timer> tidying)
    {
        std::error_code ended;
        co_await dialling->async_wait(asio::redirect_error(asio::use_awaitable, ended));
        co_await asio::this_coro::reset_cancellation_state();
        co_await tidying->async_wait(asio::redirect_error(asio::use_awaitable, ended));
    }

    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, channel_type)>(
            [executor, first = dialling, second = tidying](auto handler) {
                const auto slot = asio::get_associated_cancellation_slot(handler);
                auto over = [done = std::move(handler)](const std::exception_ptr&) mutable { done(asio::error::operation_aborted, channel_type{}); };
                asio::co_spawn(executor, attempt(first, second), asio::bind_cancellation_slot(slot, std::move(over)));
            },
            token);
    }
};

} // namespace

TEST_CASE("a client that used its attempts up fails, and says of later calls that they were never sent")
{
    given_up at;
    CHECK(at.few->last_error() == asio::error::connection_refused);
    outcome_of_call later;
    at.few->async_request("ask", 1, later.watch());
    CHECK(later.completions == 0);
    at.meet();
    CHECK(later.completions == 1);
    CHECK(later.error == rejoinder::errc::not_connected);
    CHECK(rejoinder::certainty_of(later.error) == certainty::never_sent);
    CHECK(later.said == certainty::never_sent);
}

TEST_CASE("a client that gave up begins another session when it is told to connect, and the one that it had is over")
{
    given_up at;
    at.kept.clear(); // the handler ends, which nobody hears
    at.board->failing = {};
    at.few->connect();
    REQUIRE(driven::until(at.io, [&] { return at.few->connected(); }));
    at.meet();
    CHECK(at.hub->counts().resumes == 0);
    outcome_of_call up;
    outcome_of_call down;
    at.few->async_request("ask", 1, up.watch());
    at.hub->async_request(rejoinder::user{"7"}, "ask", 1, down.watch());
    at.meet();
    CHECK(up.completions == 1);
    CHECK_FALSE(up.error);
    CHECK(down.completions == 1);
    CHECK_FALSE(down.error);
    at.stop.emit(asio::cancellation_type::all);
    at.meet();
    CHECK(at.of_hub.completions == 1);
    CHECK(at.of_hub.error);
    CHECK(at.few->connected());
    CHECK(at.few->counts().bad_messages == 0);
}

TEST_CASE("a client that is told to stay away before it runs does not connect")
{
    house at;
    at.tab->disconnect();
    at.meet();
    CHECK(at.board->attempts == 0);
    CHECK(at.tab->state_of_link() == link_state::disconnected);
    at.tab->connect();
    at.meet();
    CHECK(at.tab->connected());
}

TEST_CASE("a client that connects and parts before it runs stays away")
{
    house at;
    at.tab->connect();
    at.tab->disconnect();
    at.meet();
    CHECK(at.board->attempts == 1);
    CHECK_FALSE(at.tab->connected());
}

TEST_CASE("a client whose link nobody uses sleeps, and what it is asked to say wakes it")
{
    rejoinder::client_options<> options;
    options.session.heartbeat.idle_after = 10ms;
    house at{{}, options};
    at.hub->on("ask", [](int x) { return x; });
    at.meet();
    REQUIRE(at.tab->connected());
    REQUIRE(driven::until(at.io, [&] { return at.tab->state_of_link() == link_state::disconnected; }));
    driven::pass(at.io, 30ms);
    CHECK(at.tab->state_of_link() == link_state::disconnected);
    CHECK(at.board->attempts == 1);
    CHECK(at.hub->connections() == 0);

    SECTION("a request")
    {
        outcome_of_call asked;
        at.tab->async_request("ask", 1, asked.watch());
        CHECK(driven::until(at.io, [&] { return asked.completions == 1; }));
        CHECK_FALSE(asked.error);
        CHECK(at.hub->counts().resumes == 1);
    }
    SECTION("a notification, which is lost itself")
    {
        CHECK_FALSE(at.tab->notify("news", 1));
        CHECK(driven::until(at.io, [&] { return at.hub->counts().resumes == 1; }));
    }
    SECTION("not once it was told to stay away")
    {
        at.tab->disconnect();
        outcome_of_call asked;
        at.tab->async_request("ask", 1, {.timeout = 5ms}, asked.watch());
        CHECK(driven::until(at.io, [&] { return asked.completions == 1; }));
        CHECK(asked.error == rejoinder::errc::timed_out);
        CHECK(at.board->attempts == 1);
    }
}

TEST_CASE("a client whose hello does not fit into a frame gives up at once, and says why")
{
    rejoinder::client_options<> options;
    options.metadata = R"({"x":")" + std::string(std::size_t{2} << 20, 'x') + R"("})";
    options.backoff.schedule = {1ms, 1ms, 1ms};
    house at{{}, options};
    outcome_of_call waiting;
    at.tab->async_request("ask", 1, waiting.watch());
    at.meet();
    CHECK(at.tab->state_of_link() == link_state::failed);
    CHECK(at.tab->last_error() == rejoinder::errc::too_big);
    CHECK(waiting.completions == 1);
    CHECK(waiting.error == rejoinder::errc::too_big);
    CHECK(rejoinder::certainty_of(waiting.error) == certainty::never_sent);
    driven::pass(at.io, 10ms);
    CHECK(at.board->attempts == 1);
    CHECK(at.hub->connections() == 0);
}

TEST_CASE("a connector's attempt may outlive its client")
{
    asio::io_context io;
    const auto never = asio::steady_timer::time_point::max();
    const auto tidying = std::make_shared<asio::steady_timer>(io, never);
    auto tab = std::make_unique<rejoinder::client<>>(io.get_executor(), tidy_connector{std::make_shared<asio::steady_timer>(io, never), tidying});
    driven::settle(io);
    CHECK(tab->state_of_link() == link_state::connecting);
    tab.reset();
    driven::settle(io); // the attempt was cancelled, and tidies up
    SECTION("and end after it")
    {
        CHECK(tidying->cancel() == 1);
        driven::settle(io);
    }
    SECTION("and never end") {}
}

TEST_CASE("credentials that are no JSON are a programming error, told where they are given")
{
    asio::io_context io;
    const rejoinder::tcp_connector nowhere{"127.0.0.1", std::uint16_t{1}};
    CHECK_THROWS_AS((rejoinder::client<>{io.get_executor(), nowhere, {.auth = "token"}}), std::invalid_argument);
    CHECK_THROWS_AS((rejoinder::client<>{io.get_executor(), nowhere, {.metadata = "{"}}), std::invalid_argument);
    CHECK_THROWS_AS((rejoinder::client<>{io.get_executor(), nowhere, {.metadata = "[1]"}}), std::invalid_argument); // fields have names
    CHECK_NOTHROW(rejoinder::client<>{io.get_executor(), nowhere, {.auth = R"("token")"}});
}
