// TCP as it is, below HTTP and WebSockets.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_PLAIN_LAYER_HPP
#define REJOINDER_CHANNEL_PLAIN_LAYER_HPP

#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/wire/no_compression.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// What web listeners and WebSocket connectors speak HTTP over, and the channel that becomes of it. `tls_layer` has a header of its own.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `L::stream_type`, `L::channel_type` | | an `async_stream`, and a `websocket` over it |
/// | `L::compresses` | `bool` | whether that channel can carry compressed messages |
/// | `L::is_secure` | `bool` | whether what a server accepts with it comes by TLS |
/// | `l.speaks(url)` (const) | `bool` | whether a client can use it for that URL |
/// | `l.over(socket)`, `l.over(socket, url)` (const) | `stream_type` | made over a socket, accepted, or to be connected to that URL's host |
/// | `L::open(stream, role, handler)` | | opens a stream whose socket is connected; calls `handler(std::error_code)`, never from inside |
template <class Compression = no_compression>
struct plain_layer {
    using stream_type = asio::ip::tcp::socket;
    using channel_type = websocket<stream_type, Compression>;
    static constexpr bool compresses = !std::is_same_v<Compression, no_compression>;
    static constexpr bool is_secure = false;

    [[nodiscard]] bool speaks(const url& where) const noexcept { return !where.is_secure(); }
    [[nodiscard]] stream_type over(asio::ip::tcp::socket&& socket) const { return std::move(socket); }
    [[nodiscard]] stream_type over(asio::ip::tcp::socket&& socket, const url&) const { return std::move(socket); }

    template <class Handler>
    static void open(stream_type& stream, websocket_role, Handler&& then)
    {
        asio::post(stream.get_executor(), [then = std::forward<Handler>(then)]() mutable { then(std::error_code{}); });
    }
};

} // namespace rejoinder::inline v0

#endif
