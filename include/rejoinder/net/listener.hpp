// Accepts connections for a hub, from a TCP port or a Unix socket.
#ifndef REJOINDER_NET_LISTENER_HPP
#define REJOINDER_NET_LISTENER_HPP

#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/tcp_options.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/json_codec.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// Frames over a TCP socket, each behind its length: what `listen` accepts unless told otherwise.
using tcp_stream = stream<asio::ip::tcp::socket>;
/// The same over a Unix socket: what a `unix_connector` leads to.
using unix_stream = stream<asio::local::stream_protocol::socket>;

namespace detail {

template <class Channel>
struct accepted_by;

template <class Protocol, class Executor, class Framing>
struct accepted_by<stream<asio::basic_stream_socket<Protocol, Executor>, Framing>> {
    using protocol = Protocol;
    using framing = Framing;
};

} // namespace detail

/// How channels and codecs of accepted connections begin.
template <class Channel, codec Codec>
struct listen_options {
    typename detail::accepted_by<Channel>::framing framing{};
    Codec spelling{};
    int backlog = asio::socket_base::max_listen_connections;
    tcp_options tcp{}; ///< of each accepted socket, if it is one of TCP
};

/// An open port. A handle: it may be dropped; the hub keeps the port open until it is destroyed or `close` is called.
template <class Protocol>
class listener {
public:
    using endpoint_type = typename Protocol::endpoint;

    explicit listener(std::shared_ptr<asio::basic_socket_acceptor<Protocol>> acceptor) : acceptor_(std::move(acceptor))
    {}

    /// Where it listens: with the port that the system chose, if it was asked to.
    [[nodiscard]] endpoint_type local_endpoint() const { return acceptor_->local_endpoint(); }
    /// Accepts no more; the connections that there are go on.
    void close()
    {
        std::error_code ignored;
        acceptor_->close(ignored);
    }

private:
    std::shared_ptr<asio::basic_socket_acceptor<Protocol>> acceptor_;
};

namespace detail {

// A remote address, for logs and authenticators.
inline std::string description_of(const asio::ip::tcp::endpoint& from)
{
    return from.address().to_string() + ':' + std::to_string(from.port());
}
template <class Endpoint>
std::string description_of(const Endpoint& from)
{
    return "unix:" + from.path();
}

/// The loop that accepts. It lives as long as its acceptor is open.
template <class Hub, class Channel, codec Codec>
class accepting : public std::enable_shared_from_this<accepting<Hub, Channel, Codec>> {
public:
    using protocol = typename accepted_by<Channel>::protocol;
    using acceptor = asio::basic_socket_acceptor<protocol>;

    accepting(std::shared_ptr<acceptor> from, std::weak_ptr<Hub> to, listen_options<Channel, Codec> options)
        : acceptor_(std::move(from)), hub_(std::move(to)), options_(std::move(options)),
          pause_(acceptor_->get_executor())
    {}

    void accept()
    {
        acceptor_->async_accept(
            [self = this->shared_from_this()](std::error_code ec, typename protocol::socket socket) {
                self->accepted(ec, std::move(socket));
            });
    }

private:
    void accepted(std::error_code ec, typename protocol::socket socket)
    {
        const auto hub = hub_.lock();
        if (hub == nullptr || !acceptor_->is_open()) {
            return;
        }
        if (ec) {
            rest();
            return;
        }
        try {
            serve(*hub, std::move(socket));
        } catch (const std::exception&) { // out of memory: the connection is lost, the port stays open
            rest();
            return;
        }
        accept();
    }

    // The process may be out of descriptors: trying again at once would only burn its time.
    void rest()
    {
        pause_.expires_after(std::chrono::milliseconds{100});
        pause_.async_wait([self = this->shared_from_this()](std::error_code ec) {
            if (!ec && self->acceptor_->is_open()) {
                self->accept();
            }
        });
    }

    void serve(Hub& hub, typename protocol::socket socket)
    {
        std::error_code gone;
        const auto from = socket.remote_endpoint(gone);
        hub.serve(Channel{std::move(socket), options_.framing, options_.tcp}, Codec{options_.spelling},
                  gone ? std::string{} : description_of(from));
    }

    std::shared_ptr<acceptor> acceptor_;
    std::weak_ptr<Hub> hub_;
    listen_options<Channel, Codec> options_;
    asio::steady_timer pause_;
};

} // namespace detail

/// Accepts channels of this type for the hub, on this endpoint. Throws `std::system_error` if the port cannot be opened.
template <class Channel = tcp_stream, codec Codec = json_codec, class Policies>
auto listen(hub<Policies>& at, const typename detail::accepted_by<Channel>::protocol::endpoint& endpoint,
            listen_options<Channel, Codec> options = {})
{
    using protocol = typename detail::accepted_by<Channel>::protocol;
    auto acceptor = std::make_shared<asio::basic_socket_acceptor<protocol>>(at.get_executor());
    acceptor->open(endpoint.protocol());
    if constexpr (std::is_same_v<protocol, asio::ip::tcp>) {
        acceptor->set_option(asio::socket_base::reuse_address(true));
    }
    acceptor->bind(endpoint);
    acceptor->listen(options.backlog);
    listener<protocol> handle{acceptor};
    at.keep_until_stopped(acceptor, [weak = std::weak_ptr{acceptor}] {
        if (const auto open = weak.lock()) {
            std::error_code ignored;
            open->close(ignored);
        }
    });
    using state = typename hub<Policies>::state;
    std::make_shared<detail::accepting<state, Channel, Codec>>(std::move(acceptor), at.weak_state(), std::move(options))
        ->accept();
    return handle;
}
/// The same on a Unix socket, whose path must not exist yet.
template <codec Codec = json_codec, class Policies>
auto listen(hub<Policies>& at, const asio::local::stream_protocol::endpoint& endpoint,
            listen_options<unix_stream, Codec> options = {})
{
    return listen<unix_stream, Codec>(at, endpoint, std::move(options));
}

} // namespace rejoinder::inline v0

#endif
