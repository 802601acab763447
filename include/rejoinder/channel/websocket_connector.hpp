// A connector over WebSockets, by URL.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_WEBSOCKET_CONNECTOR_HPP
#define REJOINDER_CHANNEL_WEBSOCKET_CONNECTOR_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/channel/detail/websocket_attempt.hpp>
#include <rejoinder/channel/plain_layer.hpp>
#include <rejoinder/channel/websocket_connector_options.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/ip/tcp.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Opens `websocket` channels to a URL: looks the host up at each attempt, connects, and asks for the WebSocket. Distinct objects are
/// independent.
///
/// How an attempt fails: `auth_refused` for 401 and 403, which are final for a client; `incompatible` for 426 and 505, final too;
/// `busy` for 408, 429 and 5xx; `bad_message` for any other answer, which is no WebSocket's; `handshake_timed_out`; or the error of the
/// look-up, the connection or TLS. `on_answer` sees the status.
template <class Layer>
class basic_websocket_connector {
public:
    using channel_type = typename Layer::channel_type;

    /// Throws `std::invalid_argument` if the URL cannot be read, or the layer does not speak its scheme or to its host.
    explicit basic_websocket_connector(std::string_view where, websocket_connector_options options = {},
                                       Layer layer = {})
        : options_(std::move(options)), layer_(std::move(layer))
    {
        auto read = parse_url(where);
        if (!read || !layer_.speaks(*read)) {
            throw std::invalid_argument("rejoinder: this connector has no use for such a URL: " + std::string{where});
        }
        where_ = std::move(*read);
    }

    /// The URL without its query.
    std::string description() const { return where_.description(); }

    /// When the server that refused the last attempt wants to be asked again, if it said so.
    std::optional<duration> retry_after() const { return *retry_after_; }

    /// Connects. Completes with `void(std::error_code, channel_type)`.
    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, channel_type)>(
            [executor, self = *this](auto&& handler) {
                websocket_offer offer{
                    self.where_, detail::random_websocket_key(), self.options_.subprotocols, {}, self.options_.headers};
                if (Layer::compresses) {
                    offer.deflate = self.options_.deflate;
                }
                std::make_shared<detail::websocket_attempt<Layer>>(
                    self.layer_.over(asio::ip::tcp::socket{executor}, self.where_), std::move(offer), self.options_,
                    self.retry_after_)
                    ->start(std::forward<decltype(handler)>(handler));
            },
            token);
    }

private:
    url where_;
    websocket_connector_options options_;
    Layer layer_;
    std::shared_ptr<std::optional<duration>> retry_after_ = std::make_shared<std::optional<duration>>();
};

/// For `ws://`.
using websocket_connector = basic_websocket_connector<plain_layer<>>;

} // namespace rejoinder::inline v0

#endif
