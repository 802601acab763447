// A connector over TCP.
#ifndef REJOINDER_CHANNEL_TCP_CONNECTOR_HPP
#define REJOINDER_CHANNEL_TCP_CONNECTOR_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/channel/detail/connect_attempt.hpp>
#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/tcp_options.hpp>

#include <rejoinder/wire/framing.hpp>
#include <rejoinder/wire/length_prefix.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/connect.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Opens `stream` channels to a TCP service: looks the host's name up at each attempt and tries its addresses in turn.
/// Distinct objects are independent.
template <framing Framing = length_prefix>
class tcp_connector {
public:
    using channel_type = stream<asio::ip::tcp::socket, Framing>;

    /// `host` is a name or an address; `service` a port number or a service's name; `options` are set on each socket.
    tcp_connector(std::string host, std::string service, Framing framing = {}, const tcp_options& options = {})
        : host_(std::move(host)), service_(std::move(service)), how_{std::move(framing), options},
          endpoint_(literal(host_, service_))
    {}

    tcp_connector(std::string host, std::uint16_t port, Framing framing = {}, const tcp_options& options = {})
        : tcp_connector(std::move(host), std::to_string(port), std::move(framing), options)
    {}

    explicit tcp_connector(const asio::ip::tcp::endpoint& endpoint, Framing framing = {},
                           const tcp_options& options = {})
        : host_(endpoint.address().to_string()), service_(std::to_string(endpoint.port())),
          how_{std::move(framing), options}, endpoint_(endpoint)
    {}

    /// `tcp://host:service`.
    std::string description() const
    {
        const bool bracketed = host_.find(':') != std::string::npos;
        return "tcp://" + (bracketed ? '[' + host_ + ']' : host_) + ':' + service_;
    }

    /// Connects. Completes with `void(std::error_code, channel_type)`: the look-up's error or the last address's one.
    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, channel_type)>(
            [executor, self = *this](auto&& handler) {
                const auto made = std::make_shared<attempt>(executor);
                made->hold(std::forward<decltype(handler)>(handler));
                if (self.endpoint_) {
                    self.connect_one(made);
                } else {
                    self.look_up(made);
                }
            },
            token);
    }

private:
    using attempt = detail::connect_attempt<asio::ip::tcp::socket, channel_type>;
    using resolver = asio::ip::tcp::resolver;

    // What a channel is made of besides its socket.
    struct making {
        Framing framing;
        tcp_options options;
    };

    // An address needs no look-up, which would cost a thread.
    static std::optional<asio::ip::tcp::endpoint> literal(const std::string& host, std::string_view service)
    {
        std::uint16_t port = 0;
        const char* const last = service.data() + service.size();
        const auto [end, wrong] = std::from_chars(service.data(), last, port);
        std::error_code ec;
        const auto address = asio::ip::make_address(host, ec);
        if (wrong != std::errc{} || end != last || ec) {
            return std::nullopt;
        }
        return asio::ip::tcp::endpoint{address, port};
    }

    void connect_one(const std::shared_ptr<attempt>& made) const
    {
        made->socket.async_connect(
            *endpoint_, [made, how = how_](std::error_code ec) { made->finish(ec, how.framing, how.options); });
    }

    void look_up(const std::shared_ptr<attempt>& made) const
    {
        const auto names = std::make_shared<resolver>(made->socket.get_executor());
        // The look-up keeps its resolver, whose end would cancel it.
        names->async_resolve(host_, service_,
                             [made, names, how = how_](std::error_code ec, resolver::results_type found) {
                                 if (made->is_over()) {
                                     return;
                                 }
                                 if (ec) {
                                     made->finish(ec, how.framing, how.options);
                                     return;
                                 }
                                 connect_any(made, found, how);
                             });
    }

    static void connect_any(const std::shared_ptr<attempt>& made, const resolver::results_type& found,
                            const making& how)
    {
        asio::async_connect(made->socket, found, [made, how](std::error_code ec, const asio::ip::tcp::endpoint&) {
            made->finish(ec, how.framing, how.options);
        });
    }

    std::string host_;
    std::string service_;
    making how_;
    std::optional<asio::ip::tcp::endpoint> endpoint_;
};

tcp_connector(std::string, std::string) -> tcp_connector<>;
tcp_connector(std::string, std::uint16_t) -> tcp_connector<>;
explicit tcp_connector(const asio::ip::tcp::endpoint&) -> tcp_connector<>;

} // namespace rejoinder::inline v0

#endif
