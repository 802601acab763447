// What is used together without locks runs on one executor.
#ifndef REJOINDER_NET_DETAIL_SAME_EXECUTOR_HPP
#define REJOINDER_NET_DETAIL_SAME_EXECUTOR_HPP

#include <asio/any_io_executor.hpp>

#include <stdexcept>

namespace rejoinder::inline v0::detail {

/// Throws `std::invalid_argument` if they are two: that would be a data race, which nothing else tells.
inline void expect_same_executor(const asio::any_io_executor& one, const asio::any_io_executor& other)
{
    if (one != other) {
        throw std::invalid_argument("rejoinder: a hub and what gives it connections need one executor");
    }
}

} // namespace rejoinder::inline v0::detail

#endif
