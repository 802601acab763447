// How a client asks for a WebSocket.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_WEBSOCKET_CONNECTOR_OPTIONS_HPP
#define REJOINDER_CHANNEL_WEBSOCKET_CONNECTOR_OPTIONS_HPP

#include <rejoinder/channel/websocket_options.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/http_values.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rejoinder::inline v0 {

/// What is asked for, and how long it may take.
struct websocket_connector_options {
    std::vector<std::string> subprotocols{}; ///< the one liked best first
    std::optional<deflate_terms> deflate{};  ///< offered, if the channel's type can compress
    http_headers headers{};                  ///< in each request: `Origin`, `Cookie`, `Authorization`
    std::function<void(http_headers&)>
        on_request{}; ///< may change them at each attempt: a token that does not live long
    std::function<void(const http_response&)>
        on_answer{}; ///< sees each server's answer: the status of a refusal, the subprotocol
    duration handshake_timeout = std::chrono::seconds{10}; ///< from the connected socket to the answer's last byte
    std::size_t head_max = std::size_t{16} << 10;          ///< bytes of the answer's head
    websocket_options channel{};                           ///< its compression is what the handshake agrees on
};

} // namespace rejoinder::inline v0

#endif
