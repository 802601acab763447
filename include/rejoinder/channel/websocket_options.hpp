// How a WebSocket channel behaves.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_WEBSOCKET_OPTIONS_HPP
#define REJOINDER_CHANNEL_WEBSOCKET_OPTIONS_HPP

#include <rejoinder/channel/tcp_options.hpp>

#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>
#include <rejoinder/wire/websocket_frame.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace rejoinder::inline v0 {

/// How a WebSocket channel behaves. What the handshake agreed on is among it.
struct websocket_options {
    std::size_t message_max = std::size_t{1} << 20; ///< bytes of a message either way, inflated too; above: 1009
    duration close_timeout =
        std::chrono::seconds{5};            ///< for the other half of the closing handshake; then the link is closed
    std::optional<deflate_terms> deflate{}; ///< permessage-deflate, if it was agreed on
    std::size_t deflate_above = 128;        ///< bytes; shorter messages are sent as they are
    std::function<void(websocket_opcode, std::string_view)>
        on_control{}; ///< sees each control frame that came and its payload, before
                      ///< the messages of the same read; leaves the channel alone
    tcp_options tcp{};
};

} // namespace rejoinder::inline v0

#endif
