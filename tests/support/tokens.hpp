// Starts an operation with every kind of completion token, and sees that each completes once and not inside its initiation.
#ifndef REJOINDER_TESTS_SUPPORT_TOKENS_HPP
#define REJOINDER_TESTS_SUPPORT_TOKENS_HPP

#include "support/driven.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#if __has_include(<asio/deferred.hpp>)
#include <asio/deferred.hpp>
#else
#include <asio/experimental/deferred.hpp>
#endif

#include <chrono>
#include <exception>
#include <future>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

namespace tokens {

#if __has_include(<asio/deferred.hpp>)
inline constexpr auto& deferred = asio::deferred;
#else
inline constexpr auto& deferred = asio::experimental::deferred;
#endif

/// Lets what a coroutine throws leave `run`.
inline constexpr auto rethrow = [](const std::exception_ptr& thrown) {
    if (thrown) {
        std::rethrow_exception(thrown);
    }
};

/// `start(token)` starts the operation, whose signature is `void(std::error_code, Results...)`; it must succeed. `check(Results...)` looks at
/// what it completes with.
template <class... Results, class Operation, class Check>
void each(asio::io_context& io, Operation start, Check check)
{
    int completed = 0;
    bool inside = false;
    auto callback = [&](std::error_code ec, Results... results) {
        CHECK_FALSE(inside);
        CHECK_FALSE(ec);
        ++completed;
        if (!ec) {
            check(std::move(results)...);
        }
    };
    SECTION("with a callback")
    {
        inside = true;
        start(callback);
        inside = false;
    }
    SECTION("with a future")
    {
        auto future = start(asio::use_future);
        REQUIRE(driven::until(io, [&] { return future.wait_for(std::chrono::seconds{0}) == std::future_status::ready; }));
        if constexpr (sizeof...(Results) == 0) {
            future.get();
            check();
        } else {
            check(future.get());
        }
        ++completed;
    }
    SECTION("with an awaitable")
    {
        asio::co_spawn(
            io,
            [&]() -> asio::awaitable<void> {
                if constexpr (sizeof...(Results) == 0) {
                    co_await start(asio::use_awaitable);
                    check();
                } else {
                    check(co_await start(asio::use_awaitable));
                }
                ++completed;
            },
            rethrow);
    }
    SECTION("deferred")
    {
        auto later = start(deferred);
        driven::settle(io);
        inside = true;
        std::move(later)(callback);
        inside = false;
    }
    CHECK(driven::until(io, [&] { return completed != 0; }));
    driven::settle(io);
    CHECK(completed == 1);
}

} // namespace tokens

#endif
