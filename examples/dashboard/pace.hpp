// How fast the example runs.
#ifndef EXAMPLES_DASHBOARD_PACE_HPP
#define EXAMPLES_DASHBOARD_PACE_HPP

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>

namespace dashboard {

using namespace std::chrono_literals;

class pace {
public:
    explicit pace(double scale) : scale_(scale) {}

    std::chrono::steady_clock::duration operator()(std::chrono::milliseconds real) const
    {
        return std::chrono::duration_cast<std::chrono::steady_clock::duration>(scale_ * real);
    }

private:
    double scale_;
};

inline asio::awaitable<void> pause(std::chrono::steady_clock::duration length)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, length};
    co_await timer.async_wait(asio::use_awaitable);
}

} // namespace dashboard

#endif
