// The bounds of a web listener.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_WEB_OPTIONS_HPP
#define REJOINDER_NET_WEB_OPTIONS_HPP

#include <rejoinder/channel/tcp_options.hpp>
#include <rejoinder/core/instant.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rejoinder::inline v0 {

/// What a listener takes from its clients. Connections that have become WebSockets are their hub's, and count there.
struct web_options {
    std::size_t connections_max = 1024;           ///< at once; further ones get 503
    std::size_t head_max = std::size_t{16} << 10; ///< bytes of a request's head; 431
    std::size_t body_max = std::size_t{1} << 20;  ///< bytes of a request's body; 413
    /// Of all requests that are there or on their way, and of all answers that their clients have not taken; 503. Answers of no more than
    /// `bytes_max / connections_max` always pass.
    std::size_t bytes_max = std::size_t{64} << 20;
    /// From a head's first byte to its last, and for TLS's handshake; 408.
    duration head_timeout = std::chrono::seconds{10};
    duration body_timeout = std::chrono::seconds{30};   ///< for a body; 408
    duration idle_timeout = std::chrono::seconds{60};   ///< between two requests of a connection; closed
    duration answer_timeout = std::chrono::seconds{60}; ///< until a client has taken an answer; closed
    int backlog = 4096;
    tcp_options tcp{};
};

/// What a listener has seen so far.
struct web_counts {
    std::uint64_t connections = 0; ///< accepted
    std::uint64_t turned_away = 0; ///< at a bound
    std::uint64_t requests = 0;    ///< that were whole
    std::uint64_t upgrades = 0;    ///< that became WebSockets
    std::uint64_t bad = 0;         ///< refused before they were whole: 400, 408, 413, 431, 501, 505
};

} // namespace rejoinder::inline v0

#endif
