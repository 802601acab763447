// What stands behind a route of a web listener.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_WEB_HANDLER_HPP
#define REJOINDER_NET_WEB_HANDLER_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/websocket_options.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/http_exchange.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace rejoinder::inline v0 {

/// Takes over what comes to a path, or all paths below one: requests, answered at once or later, and WebSockets as `Channel`. Called on the
/// listener's executor, never from inside a call to the listener. What it throws is answered with 500.
template <channel Channel>
class web_handler {
public:
    virtual ~web_handler() = default;

    /// The head of a request is there, and some of its body is not: the answer that refuses it now, its body unread, or nothing. `arriving`
    /// expires when the request is handed over or has broken off.
    virtual std::optional<http_response> on_head(const http_request& /*head*/, std::weak_ptr<const void> /*arriving*/)
    {
        return std::nullopt;
    }

    /// A request came that asks for no WebSocket. The exchange may be kept; until it is answered, its connection reads no other request.
    virtual void on_request(http_exchange exchange) = 0;

    /// A request asks for a WebSocket: which ones are taken, or the answer that refuses it.
    virtual std::optional<http_response> refuses(const http_request& request) = 0;
    virtual const websocket_terms& terms() const = 0;
    /// How its channel begins; what the handshake agreed on is set by the listener.
    virtual websocket_options channel_options() const { return {}; }

    /// The handshake is over.
    virtual void on_websocket(Channel link, came_from from, const websocket_agreement& agreed) = 0;
};

} // namespace rejoinder::inline v0

#endif
