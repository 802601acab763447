// The socket options of a TCP channel.
#ifndef REJOINDER_CHANNEL_TCP_OPTIONS_HPP
#define REJOINDER_CHANNEL_TCP_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>

#include <chrono>

namespace rejoinder::inline v0 {

/// What `tune` sets on a TCP socket. Zero leaves an option as the system has it, and so does a system that has none of
/// its kind. Whole seconds are what systems take for keepalive, whole milliseconds for the user timeout; what is less
/// counts as one.
///
/// Sessions find dead links by their heartbeat, in round trips. These options are for what has none: a channel that is
/// used alone, a connection before its session begins, and one that closes.
struct tcp_options {
    /// TCP_NODELAY: a channel gathers its frames itself, Nagle's algorithm (RFC 896) would only delay the last.
    bool no_delay = true;
    /// Of silence, before the system asks the peer for a sign of life.
    duration keepalive_idle = std::chrono::seconds{30};
    duration keepalive_interval = std::chrono::seconds{10}; ///< between two such questions
    int keepalive_count = 3;                                ///< of unanswered questions, before the socket fails
    /// TCP_USER_TIMEOUT (RFC 5482): for which bytes may stay unacknowledged.
    duration user_timeout = std::chrono::seconds{60};
};

} // namespace rejoinder::inline v0

#endif
