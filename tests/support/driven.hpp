// Drives an io_context by hand: until nothing is ready, or until something holds.
#ifndef REJOINDER_TESTS_SUPPORT_DRIVEN_HPP
#define REJOINDER_TESTS_SUPPORT_DRIVEN_HPP

#include <asio/io_context.hpp>

#include <chrono>

namespace driven {

/// Runs what is ready, and what that makes ready.
inline void settle(asio::io_context& io)
{
    io.restart();
    while (io.poll() != 0) {
        io.restart();
    }
    io.restart();
}

/// Runs until `holds()`; false: it did not within `bound`.
template <class Condition>
bool until(asio::io_context& io, Condition holds, std::chrono::milliseconds bound = std::chrono::seconds{20})
{
    const auto last = std::chrono::steady_clock::now() + bound;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= last) {
            return false;
        }
        io.restart();
        io.run_one_for(std::chrono::milliseconds{5});
    }
    return true;
}

/// Runs for a while, for what must not happen meanwhile.
inline void pass(asio::io_context& io, std::chrono::milliseconds length)
{
    until(io, [] { return false; }, length);
}

} // namespace driven

#endif
