// A connector over a Unix domain socket.
#ifndef REJOINDER_CHANNEL_UNIX_CONNECTOR_HPP
#define REJOINDER_CHANNEL_UNIX_CONNECTOR_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/channel/detail/connect_attempt.hpp>
#include <rejoinder/channel/stream.hpp>

#include <rejoinder/wire/framing.hpp>
#include <rejoinder/wire/length_prefix.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/local/stream_protocol.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Opens `stream` channels to a Unix domain socket. Distinct objects are independent.
template <framing Framing = length_prefix>
class unix_connector {
public:
    using channel_type = stream<asio::local::stream_protocol::socket, Framing>;

    /// `path` is the socket's. Throws `std::system_error` if it is longer than the system's addresses (108 bytes on
    /// Linux).
    explicit unix_connector(std::string path, Framing framing = {})
        : path_(std::move(path)), endpoint_(path_), framing_(std::move(framing))
    {}

    /// `unix:path`.
    std::string description() const { return "unix:" + path_; }

    /// Connects. Completes with `void(std::error_code, channel_type)`.
    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, channel_type)>(
            [executor, endpoint = endpoint_, framing = framing_](auto&& handler) {
                const auto made = std::make_shared<attempt>(executor);
                made->hold(std::forward<decltype(handler)>(handler));
                made->socket.async_connect(endpoint,
                                           [made, framing](std::error_code ec) { made->finish(ec, framing); });
            },
            token);
    }

private:
    using attempt = detail::connect_attempt<asio::local::stream_protocol::socket, channel_type>;

    std::string path_;
    asio::local::stream_protocol::endpoint endpoint_;
    Framing framing_;
};

unix_connector(std::string) -> unix_connector<>;

} // namespace rejoinder::inline v0

#endif
