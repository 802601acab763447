// TCP as it is, below a web listener's HTTP.
#ifndef REJOINDER_NET_PLAIN_LAYER_HPP
#define REJOINDER_NET_PLAIN_LAYER_HPP

#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/wire/no_compression.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// A layer makes the stream that HTTP is spoken over of an accepted socket, and opens it.
template <class Compression = no_compression>
struct plain_layer {
    using stream_type = asio::ip::tcp::socket;
    using channel_type = websocket<stream_type, Compression>;
    static constexpr bool compresses = !std::is_same_v<Compression, no_compression>;

    [[nodiscard]] stream_type over(asio::ip::tcp::socket&& socket) const { return std::move(socket); }

    template <class Handler>
    static void open(stream_type& stream, Handler&& then)
    {
        asio::post(stream.get_executor(), [then = std::forward<Handler>(then)]() mutable { then(std::error_code{}); });
    }
};

} // namespace rejoinder::inline v0

#endif
