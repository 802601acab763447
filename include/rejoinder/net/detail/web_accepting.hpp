// The loop that accepts the connections of a web listener.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_NET_DETAIL_WEB_ACCEPTING_HPP
#define REJOINDER_NET_DETAIL_WEB_ACCEPTING_HPP

#include <rejoinder/channel/tune.hpp>
#include <rejoinder/net/detail/web_connection.hpp>
#include <rejoinder/net/detail/web_site.hpp>
#include <rejoinder/net/listener.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

inline std::shared_ptr<asio::ip::tcp::acceptor> open_port(const asio::any_io_executor& executor,
                                                          const asio::ip::tcp::endpoint& endpoint, int backlog)
{
    auto port = std::make_shared<asio::ip::tcp::acceptor>(executor);
    port->open(endpoint.protocol());
    port->set_option(asio::socket_base::reuse_address(true));
    port->bind(endpoint);
    port->listen(backlog);
    return port;
}

/// It lives as long as its acceptor is open, and keeps the site.
template <class Layer>
class web_accepting : public std::enable_shared_from_this<web_accepting<Layer>> {
public:
    using site_type = web_site<typename Layer::channel_type>;

    web_accepting(std::shared_ptr<asio::ip::tcp::acceptor> from, std::shared_ptr<site_type> to, Layer layer)
        : acceptor_(std::move(from)), site_(std::move(to)), layer_(std::move(layer)), pause_(acceptor_->get_executor())
    {}

    void accept()
    {
        acceptor_->async_accept([self = this->shared_from_this()](std::error_code ec, asio::ip::tcp::socket socket) {
            self->accepted(ec, std::move(socket));
        });
    }

private:
    void accepted(std::error_code ec, asio::ip::tcp::socket socket)
    {
        if (!acceptor_->is_open()) {
            return;
        }
        if (ec) {
            rest();
            return;
        }
        try {
            welcome(std::move(socket));
            accept();
        } catch (const std::exception&) { // out of memory: the connection is lost, the port stays open
            rest();
        }
    }

    // The process may be out of descriptors: trying again at once would only burn its time.
    void rest()
    {
        try {
            pause_.expires_after(std::chrono::milliseconds{100});
            pause_.async_wait([self = this->shared_from_this()](std::error_code ec) {
                if (!ec && self->acceptor_->is_open()) {
                    self->accept_or_rest();
                }
            });
        } catch (...) { // a port that nobody accepts from would let its clients hang
            std::error_code ignored;
            acceptor_->close(ignored);
            throw;
        }
    }

    void accept_or_rest()
    {
        try {
            accept();
        } catch (const std::exception&) {
            rest();
        }
    }

    void welcome(asio::ip::tcp::socket socket)
    {
        ++site_->counts().connections;
        if (site_->is_full()) {
            turn_away(socket);
            return;
        }
        static_cast<void>(tune(socket, site_->options().tcp));
        std::error_code gone;
        const auto from = socket.remote_endpoint(gone);
        const auto one = std::make_shared<web_connection<Layer>>(layer_.over(std::move(socket)),
                                                                 gone ? std::string{} : description_of(from), site_);
        one->start(site_);
    }

    // In one go: whoever is too many gets no memory for a slow farewell.
    void turn_away(asio::ip::tcp::socket& socket)
    {
        ++site_->counts().turned_away;
        constexpr std::string_view words =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        std::error_code ignored;
        socket.non_blocking(true, ignored);
        if (std::is_same_v<typename Layer::stream_type, asio::ip::tcp::socket> && !ignored) {
            socket.write_some(asio::buffer(words), ignored);
        }
    }

    std::shared_ptr<asio::ip::tcp::acceptor> acceptor_;
    std::shared_ptr<site_type> site_;
    Layer layer_;
    asio::steady_timer pause_;
};

} // namespace rejoinder::inline v0::detail

#endif
