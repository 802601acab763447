// A connector to Engine.IO v4 servers, over WebSockets.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_ENGINE_IO_CONNECTOR_HPP
#define REJOINDER_CHANNEL_ENGINE_IO_CONNECTOR_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/channel/detail/engine_io_attempt.hpp>
#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/channel/websocket_connector_options.hpp>
#include <rejoinder/core/instant.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// How an Engine.IO client connects, and its bounds.
struct engine_io_connector_options {
    std::string path = "/socket.io/";                    ///< where the URL has none
    websocket_connector_options websocket{};             ///< its timeout counts for the server's first packet once more
    std::size_t queued_bytes_max = std::size_t{4} << 20; ///< to be sent; above, `commit` is refused
    std::size_t queued_messages_max = std::size_t{1} << 14;
};

/// Opens `engine_io_channel`s to a URL by WebSocket alone, which needs no sticky sessions in front of several servers. Pings are answered
/// whether or not somebody receives; a server that sends none for its interval and timeout together is given up with
/// `asio::error::timed_out`. Attempts fail as those of `basic_websocket_connector`, and with `bad_message` if the server's first packet is
/// no handshake. Distinct objects are independent.
template <class Layer>
class basic_engine_io_connector {
public:
    using channel_type = engine_io_channel;

    /// `where`: a URL with what the server is to see in its query, if anything: `ws://shop.example/?token=7`. Throws
    /// `std::invalid_argument` as `basic_websocket_connector`.
    explicit basic_engine_io_connector(std::string_view where, engine_io_connector_options options = {},
                                       Layer layer = {})
        : bounds_{options.websocket.channel.message_max, options.queued_bytes_max, options.queued_messages_max},
          patience_(options.websocket.handshake_timeout),
          socket_(target_of(where, options.path), std::move(options.websocket), std::move(layer))
    {}

    /// The URL without its query.
    std::string description() const { return socket_.description(); }

    /// When the server that refused the last attempt wants to be asked again, if it said so.
    std::optional<duration> retry_after() const { return socket_.retry_after(); }

    /// Connects. Completes with `void(std::error_code, engine_io_channel)`.
    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, engine_io_channel)>(
            [executor, self = *this](auto&& handler) {
                std::make_shared<detail::engine_io_attempt<Layer>>(executor, self.patience_, self.bounds_)
                    ->start(self.socket_, std::forward<decltype(handler)>(handler));
            },
            token);
    }

private:
    static std::string target_of(std::string_view where, std::string_view path)
    {
        const auto scheme = where.find("://");
        const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
        const auto authority = std::min(where.find_first_of("/?", begin), where.size());
        const auto question = std::min(where.find('?', authority), where.size());
        const bool bare = question - authority <= 1;
        std::string made{where.substr(0, bare ? authority : question)};
        made.append(bare ? path : std::string_view{}).append("?EIO=4&transport=websocket");
        return question + 1 < where.size() ? made.append("&").append(where.substr(question + 1)) : made;
    }

    engine_io_pipe_bounds bounds_;
    duration patience_;
    basic_websocket_connector<Layer> socket_;
};

/// For `ws://`.
using engine_io_connector = basic_engine_io_connector<plain_layer<>>;

static_assert(connector<engine_io_connector>);

} // namespace rejoinder::inline v0

#endif
