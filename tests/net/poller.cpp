// Polling in a link's stead: when it begins and ends, what it asks, and that it may end at any time.
#include <rejoinder/net/poller.hpp>

#include "support/house.hpp"

#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::poll_answer;
using rejoinder::poller;
using rejoinder::standing;

namespace {

constexpr rejoinder::poll_options quick{.every = 2ms, .backoff = {.first = 1ms, .cap = 1ms}};

// A poll whose answers the test gives.
struct asked {
    std::vector<poll_answer<std::string>> open;
    int begun = 0;
    std::vector<std::string> seen;
    std::string last = "completed";

    poller make(const asio::any_io_executor& executor, const rejoinder::poll_options& options = quick)
    {
        const auto ask = [this](poll_answer<std::string> answer) {
            ++begun;
            open.push_back(std::move(answer));
        };
        const auto is_last = [this](const std::string& status) {
            seen.push_back(status);
            return status == last;
        };
        return poller{executor, ask, is_last, options};
    }

    void answer(const std::string& status)
    {
        for (auto& one : std::exchange(open, {})) {
            one({}, status);
        }
    }
};

} // namespace

TEST_CASE("a poller asks until a status is the last one, one try at a time")
{
    asio::io_context io;
    asked by;
    auto one = by.make(io.get_executor());
    std::vector<std::error_code> news;
    one.on_news([&](const std::error_code& ec) { news.push_back(ec); });
    one.start();
    CHECK(by.begun == 0); // never inside
    CHECK(one.polling());
    driven::pass(io, 10ms);
    CHECK(by.begun == 1);
    by.answer("running");
    REQUIRE(driven::until(io, [&] { return by.begun == 2; }));
    by.answer("completed");
    driven::pass(io, 10ms);
    CHECK(by.seen == std::vector<std::string>{"running", "completed"});
    CHECK_FALSE(one.polling());
    CHECK(by.begun == 2);
    CHECK(news == std::vector{std::error_code{}});
}

TEST_CASE("a poll that fails is tried three times, then told of, then asked again after the interval")
{
    asio::io_context io;
    int tries = 0;
    const auto how = GENERATE(0, 1, 2, 3);
    const auto fail = [&](const poll_answer<int>& answer) {
        ++tries;
        if (how == 0) {
            throw std::runtime_error{"no"};
        }
        if (how == 1) {
            answer(asio::error::connection_refused, 0);
        }
        if (how == 2) {
            answer(asio::error::connection_refused, 0);
            answer({}, 1); // the first answer counts
        }
        // Or the answer is dropped.
    };
    poller one{io.get_executor(), fail, [](int) { return true; }, quick};
    std::vector<std::error_code> news;
    one.on_news([&](const std::error_code& ec) { news.push_back(ec); });
    one.start();
    REQUIRE(driven::until(io, [&] { return news.size() == 2; }));
    CHECK(tries == 6);
    CHECK(news.front());
    CHECK(one.polling());
    CHECK(one.cycle().in_vain() == 2);
}

TEST_CASE("a poll may be a coroutine, which is cancelled when it takes too long or nobody wants it")
{
    asio::io_context io;
    int begun = 0;
    int ended = 0;
    int at_once = 0;
    int most = 0;
    auto waits = [&]() -> asio::awaitable<int> {
        ++begun;
        most = std::max(most, ++at_once);
        const std::shared_ptr<void> tidy{nullptr, [&](void*) {
                                             ++ended;
                                             --at_once;
                                         }};
        asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
        co_await timer.async_wait(asio::use_awaitable);
        co_return 1;
    };
    auto options = quick;
    options.timeout = 3ms;
    std::optional<poller> one{std::in_place, io.get_executor(), std::move(waits), [](int) { return true; }, options};
    std::vector<std::error_code> news;
    one->on_news([&](const std::error_code& ec) { news.push_back(ec); });
    one->start();
    REQUIRE(driven::until(io, [&] { return news.size() == 1; }));
    CHECK(news.front() == asio::error::timed_out);
    CHECK(begun == 3);
    CHECK(most == 1);
    REQUIRE(driven::until(io, [&] { return begun == 4; }));
    SECTION("stopped") { one->stop(); }
    SECTION("destroyed") { one.reset(); }
    driven::settle(io);
    CHECK(ended == 4);
    driven::pass(io, 10ms);
    CHECK(begun == 4);
}

TEST_CASE("a poller may be destroyed from inside its functions, and while a try goes on")
{
    asio::io_context io;
    asked by;
    std::optional<poller> one;
    SECTION("from inside the poll")
    {
        const auto ask = [&](const poll_answer<int>& answer) {
            one.reset();
            answer({}, 1);
        };
        one.emplace(io.get_executor(), ask, [](int) { return false; }, quick);
        one->start();
    }
    SECTION("from inside the predicate")
    {
        const auto ask = [](const poll_answer<int>& answer) { answer({}, 1); };
        const auto look = [&](int) {
            one.reset();
            return true;
        };
        one.emplace(io.get_executor(), ask, look, quick);
        one->start();
    }
    SECTION("from inside the news")
    {
        const auto ask = [](const poll_answer<int>& answer) { answer({}, 1); };
        one.emplace(io.get_executor(), ask, [](int) { return true; }, quick);
        one->on_news([&](const std::error_code&) { one.reset(); });
        one->start();
    }
    SECTION("meanwhile")
    {
        one.emplace(by.make(io.get_executor()));
        one->start();
        driven::settle(io);
        REQUIRE(by.begun == 1);
        one.reset();
        by.answer("late");
    }
    driven::pass(io, 10ms);
    CHECK_FALSE(one);
    CHECK(by.seen.empty());
}

TEST_CASE("a predicate that throws does not end the polling")
{
    asio::io_context io;
    const auto ask = [](const poll_answer<int>& answer) { answer({}, 1); };
    int seen = 0;
    const auto look = [&](int) -> bool {
        if (++seen == 1) {
            throw std::runtime_error{"oh"};
        }
        return true;
    };
    poller one{io.get_executor(), ask, look, quick};
    one.start();
    CHECK_THROWS_AS(driven::until(io, [&] { return seen == 2; }), std::runtime_error);
    CHECK(driven::until(io, [&] { return !one.polling(); }));
}

TEST_CASE("no polling when WebSocket is blocked: after five attempts a client polls, says so, and is back when the link is")
{
    house at{{}, hasty()};
    asked by;
    at.tab->poll_when_down(by.make(at.io.get_executor()));
    std::vector<standing> told;
    at.tab->on_status([&](const rejoinder::client_status& now) {
        CHECK((told.empty() || told.back() != now.state)); // the attempts behind a poll are no news of their own
        told.push_back(now.state);
    });
    std::vector<std::string> events;
    at.tab->on_event([&](const rejoinder::event& one) { events.emplace_back(one.name); });
    at.meet();
    at.board->failing = asio::error::connection_refused;
    at.hub->close(at.hub->members(rejoinder::room{"user_42"}).at(0));
    REQUIRE(driven::until(at.io, [&] { return at.tab->status().attempts == 4; }));
    CHECK(at.tab->status().state != standing::polling);
    REQUIRE(driven::until(at.io, [&] { return by.begun == 1; }));
    CHECK(at.tab->status().state == standing::polling);
    CHECK(at.tab->status().attempts >= 5);
    by.answer("running");

    // Attempts go on behind it.
    const auto attempts = at.board->attempts;
    REQUIRE(driven::until(at.io, [&] { return at.board->attempts >= attempts + 3 && by.begun >= 2; }));
    CHECK(told.back() == standing::polling);

    SECTION("the link is back")
    {
        at.board->failing = {};
        REQUIRE(driven::until(at.io, [&] { return at.tab->connected(); }));
        at.meet();
        CHECK(told.back() == standing::connected);
        const auto begun = by.begun;
        by.answer("completed"); // too late
        driven::pass(at.io, 10ms);
        CHECK(by.begun == begun);
        CHECK(by.seen == std::vector<std::string>{"running"});

        // And down again.
        at.board->failing = asio::error::connection_refused;
        at.hub->close(at.hub->members(rejoinder::room{"user_42"}).at(0));
        CHECK(driven::until(at.io, [&] { return by.begun == begun + 1; }));
    }
    SECTION("a status is the last one")
    {
        by.answer("completed");
        REQUIRE(driven::until(at.io, [&] { return at.tab->status().state != standing::polling; }));
        CHECK(std::find(events.begin(), events.end(), "poll_finished") != events.end());
        const auto begun = by.begun;
        const auto so_far = at.board->attempts;
        REQUIRE(driven::until(at.io, [&] { return at.board->attempts >= so_far + 2; }));
        CHECK(by.begun == begun);
    }
    SECTION("it is told to stay away")
    {
        at.tab->disconnect();
        const auto begun = by.begun;
        driven::pass(at.io, 10ms);
        CHECK(by.begun == begun);
        CHECK(at.tab->status().state == standing::disconnected);
    }
    SECTION("it gives up")
    {
        at.board->failing = {};
        at.hub->authenticate([](const rejoinder::handshake&) -> std::optional<rejoinder::identity> { return std::nullopt; });
        REQUIRE(driven::until(at.io, [&] { return at.tab->status().state == standing::failed; }));
        const auto begun = by.begun;
        driven::pass(at.io, 10ms);
        CHECK(by.begun == begun);
    }
    SECTION("it is destroyed") { at.tab.reset(); }
    at.meet();
}
