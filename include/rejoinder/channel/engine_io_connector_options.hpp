// How an Engine.IO client connects, and its bounds.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_ENGINE_IO_CONNECTOR_OPTIONS_HPP
#define REJOINDER_CHANNEL_ENGINE_IO_CONNECTOR_OPTIONS_HPP

#include <rejoinder/channel/websocket_connector_options.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_upgrade.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rejoinder::inline v0 {

/// By which transports an Engine.IO session is reached.
enum class engine_io_approach : std::uint8_t {
    websocket, ///< from the first on: the quickest, and servers of several processes need no sticky sessions
    upgrade,   ///< polls first, then a WebSocket if the server has one and the way there lets it through
    polling,   ///< polls only
};

/// How an Engine.IO client connects, and its bounds. Pings, limits and the upgrade are as the server's handshake says.
struct engine_io_connector_options {
    engine_io_approach approach = engine_io_approach::websocket;
    /// Of WebSockets; headers, `on_request`, `on_answer` and `head_max` of polls, too.
    websocket_connector_options web{};
    duration open_timeout = std::chrono::seconds{10}; ///< from the dialling to the server's handshake
    duration upgrade_timeout = engine_io_upgrade_timeout;
    duration probe_after =
        std::chrono::seconds{
            10}; ///< of a WebSocket that is silent after something was sent: it is pinged (RFC 6455), and given up when nothing
                 ///< comes for as long again; zero: the server's own pings must do
    std::size_t poll_bytes_max = std::size_t{4} << 20;   ///< of one poll's body
    std::size_t queued_bytes_max = std::size_t{4} << 20; ///< to be sent; above, `commit` is refused
    std::size_t queued_messages_max = std::size_t{1} << 14;
};

} // namespace rejoinder::inline v0

#endif
