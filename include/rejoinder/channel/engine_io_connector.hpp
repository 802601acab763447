// A connector to Engine.IO v4 servers, by URL.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_ENGINE_IO_CONNECTOR_HPP
#define REJOINDER_CHANNEL_ENGINE_IO_CONNECTOR_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/channel/detail/engine_io_attempt.hpp>
#include <rejoinder/channel/detail/engine_io_route.hpp>
#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/channel/engine_io_connector_options.hpp>
#include <rejoinder/channel/plain_layer.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/url.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Opens sessions at an Engine.IO v4 server, whose messages are the channel's frames. With a `socket_io_codec` in its client's role a
/// `client` is one of Socket.IO, in one namespace: `client us{executor, engine_io_connector{"http://host:3000"}, options,
/// socket_io_codec{"/admin"}}`. Distinct objects are independent.
///
/// The URL's path is Engine.IO's; without one it is `/socket.io/`. The server pings, and is given up (`asio::error::timed_out`) when no ping
/// has come for its interval and its timeout together. A server that has lost the session ends it with `connection_reset`.
///
/// How an attempt fails: as a `websocket_connector`'s, after `open_timeout` with `handshake_timed_out`; `incompatible` for a server that speaks
/// another version of Engine.IO or not this transport, `bad_message` if its first packet is no handshake. `on_answer` sees polls, too.
template <class Layer>
class basic_engine_io_connector {
public:
    using channel_type = engine_io_channel;

    /// Throws `std::invalid_argument` if the URL cannot be read, or the layer does not speak its scheme or to its host.
    explicit basic_engine_io_connector(std::string_view where, engine_io_connector_options options = {},
                                       Layer layer = {})
    {
        auto read = parse_url(where);
        if (!read || !layer.speaks(*read)) {
            throw std::invalid_argument("rejoinder: this connector has no use for such a URL: " + std::string{where});
        }
        if (read->target == "/" || read->target.starts_with("/?")) {
            read->target.insert(1, "socket.io/");
        }
        route_ = std::make_shared<const detail::engine_io_route<Layer>>(
            detail::engine_io_route<Layer>{std::move(*read), std::move(layer), std::move(options)});
    }

    /// The URL without its query.
    std::string description() const { return route_->where.description(); }

    /// When the server that refused the last attempt wants to be asked again, if it said so.
    std::optional<duration> retry_after() const { return *retry_after_; }

    /// Connects. Completes with `void(std::error_code, engine_io_channel)`.
    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, channel_type)>(
            [executor, route = route_, retry_after = retry_after_](auto&& handler) {
                std::make_shared<detail::engine_io_attempt<Layer>>(executor, route, retry_after)
                    ->start(std::forward<decltype(handler)>(handler));
            },
            token);
    }

private:
    std::shared_ptr<const detail::engine_io_route<Layer>> route_;
    std::shared_ptr<std::optional<duration>> retry_after_ = std::make_shared<std::optional<duration>>();
};

/// For `http://` and `ws://`.
using engine_io_connector = basic_engine_io_connector<plain_layer<>>;

} // namespace rejoinder::inline v0

#endif
