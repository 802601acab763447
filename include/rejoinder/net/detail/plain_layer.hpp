// TCP as it is, below a web listener's HTTP.
#ifndef REJOINDER_NET_DETAIL_PLAIN_LAYER_HPP
#define REJOINDER_NET_DETAIL_PLAIN_LAYER_HPP

#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// A layer makes the stream that HTTP is spoken over of an accepted socket, and opens it.
struct plain_layer {
    using stream_type = asio::ip::tcp::socket;

    [[nodiscard]] stream_type over(asio::ip::tcp::socket&& socket) const { return std::move(socket); }

    template <class Handler>
    static void open(stream_type& stream, Handler&& then)
    {
        asio::post(stream.get_executor(), [then = std::forward<Handler>(then)]() mutable { then(std::error_code{}); });
    }
};

} // namespace rejoinder::inline v0::detail

#endif
