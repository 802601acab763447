// How a route gives WebSockets to a hub.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_WEBSOCKET_ROUTE_HPP
#define REJOINDER_NET_WEBSOCKET_ROUTE_HPP

#include <rejoinder/channel/websocket_options.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

namespace rejoinder::inline v0 {

/// What a route takes of clients, and how their channels and codecs begin.
template <codec Codec = json_codec>
struct websocket_route {
    websocket_terms terms{};
    Codec spelling{};
    websocket_options channel{}; ///< its compression is what the handshake agrees on
};

} // namespace rejoinder::inline v0

#endif
