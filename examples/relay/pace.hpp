// How fast the example runs: the real durations, scaled down so that nobody has to wait for them.
#ifndef EXAMPLES_RELAY_PACE_HPP
#define EXAMPLES_RELAY_PACE_HPP

#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace relay_example {

using namespace std::chrono_literals;

class pace {
public:
    explicit pace(double scale) : scale_(scale) {}

    rejoinder::duration operator()(std::chrono::milliseconds real) const
    {
        return std::chrono::duration_cast<rejoinder::duration>(scale_ * real);
    }

private:
    double scale_;
};

inline asio::awaitable<void> pause(rejoinder::duration length)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, length};
    co_await timer.async_wait(asio::use_awaitable);
}

/// Both sides must find out within the grace that their link is dead, or the user counts as gone. The floors are for machines that stall:
/// what is too quick here drops a link that works, which costs a resume.
inline rejoinder::heartbeat_options watchful(const pace& speed)
{
    rejoinder::heartbeat_options all;
    all.ping_every = std::max<rejoinder::duration>(speed(1s), 100ms);
    all.ack_timeout = std::max<rejoinder::duration>(speed(2s), 400ms);
    all.dead_after = std::max<rejoinder::duration>(speed(3s), 600ms);
    return all;
}

inline double seconds(rejoinder::duration length)
{
    return std::chrono::duration<double>(length).count();
}

} // namespace relay_example

#endif
