// How a hub goes down.
#ifndef REJOINDER_NET_SHUTDOWN_OPTIONS_HPP
#define REJOINDER_NET_SHUTDOWN_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>

#include <chrono>

namespace rejoinder::inline v0 {

/// How a hub goes down, and when its clients are to come back: each after `retry_after` and a time of its own up to `spread`, so that not all
/// come at once.
struct shutdown_options {
    duration limit = std::chrono::seconds{30}; ///< for what is running to end
    /// From then on sessions that never fall quiet are refused new requests.
    duration refuse_after = std::chrono::seconds{10};
    duration retry_after = std::chrono::seconds{1};
    duration spread = std::chrono::seconds{10};
};

} // namespace rejoinder::inline v0

#endif
