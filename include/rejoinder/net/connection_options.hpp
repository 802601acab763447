// How a connection reads and writes.
#ifndef REJOINDER_NET_CONNECTION_OPTIONS_HPP
#define REJOINDER_NET_CONNECTION_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>

#include <chrono>
#include <cstddef>

namespace rejoinder::inline v0 {

/// How a connection reads and writes.
struct connection_options {
    std::size_t write_high_water = std::size_t{256}
                                   << 10; ///< bytes waiting to be written; above, the session keeps its messages
    std::size_t write_low_water = std::size_t{64} << 10; ///< it gives them again once so few wait
    duration linger = std::chrono::seconds{1};           ///< how long a closing link may take to say so to the peer
    duration patience = std::chrono::seconds{
        30}; ///< how long a full write queue may take to go out, before the peer counts as too slow
};

} // namespace rejoinder::inline v0

#endif
