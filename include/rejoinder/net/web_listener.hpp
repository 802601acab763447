// One port that speaks HTTP: routes to hubs by WebSocket, small pages, and whatever else is mounted.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_NET_WEB_LISTENER_HPP
#define REJOINDER_NET_WEB_LISTENER_HPP

#include <rejoinder/channel/plain_layer.hpp>
#include <rejoinder/channel/tune.hpp>
#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/net/detail/same_executor.hpp>
#include <rejoinder/net/detail/web_accepting.hpp>
#include <rejoinder/net/detail/web_routes.hpp>
#include <rejoinder/net/detail/web_site.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/net/web_options.hpp>
#include <rejoinder/net/websocket_route.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/origin_policy.hpp>
#include <rejoinder/wire/route_pattern.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// An open port with routes. `Layer` is what HTTP is spoken over: `web_listener` is plain, `tls_web_listener` has a header of its own.
///
/// Of the routes that fit a path the first one added counts. Routes are added before the executor runs, or on it. A request that fits none is
/// answered with 404; one that is no HTTP/1.1 by its strict reading, too large or too slow with 400, 408, 413, 431, 501 or 505. Destroying a
/// listener closes its port and its HTTP connections; WebSockets are their hub's by then. Used from its executor, which runs on one thread at a
/// time; must not outlive its execution context.
template <class Layer>
class basic_web_listener {
public:
    using channel_type = typename Layer::channel_type;
    using endpoint_type = asio::ip::tcp::endpoint;

    /// Throws `std::system_error` if the port cannot be opened.
    basic_web_listener(const asio::any_io_executor& executor, const endpoint_type& endpoint, web_options options = {},
                       Layer layer = {})
        : site_(std::make_shared<site>(options)), acceptor_(detail::open_port(executor, endpoint, options.backlog))
    {
        std::make_shared<detail::web_accepting<Layer>>(acceptor_, site_, std::move(layer))->accept();
    }

    basic_web_listener(basic_web_listener&&) noexcept = default;
    basic_web_listener& operator=(basic_web_listener&& other)
    {
        close();
        site_ = std::move(other.site_);
        acceptor_ = std::move(other.acceptor_);
        return *this;
    }
    ~basic_web_listener() { close(); }

    /// WebSockets that come to these paths are the hub's; `to` decides who they are by its authenticator, which finds the request, its
    /// cookies and the pattern's parameters in the handshake. Other requests get 426; a WebSocket gets 503 while the hub is full
    /// or goes down. Throws `std::invalid_argument` if the hub's executor is another one.
    template <class Policies, codec Codec = json_codec>
    void websocket_to(std::string_view pattern, hub<Policies>& to, websocket_route<Codec> how = {})
    {
        detail::expect_same_executor(to.get_executor(), get_executor());
        using state = typename hub<Policies>::state;
        using handler = detail::hub_handler<channel_type, state, Codec>;
        add(detail::route_kind::websocket, pattern, std::make_shared<handler>(to.weak_state(), std::move(how)));
    }

    /// GET and HEAD of these paths are answered by `page(const http_request&)`, which returns an `http_response`, at once: nothing else is
    /// served meanwhile. What it throws is answered with 500. `readers`: pages of other origins that may read it.
    template <class Function>
    void get(std::string_view pattern, Function page, origin_policy readers = {})
    {
        using handler = detail::page_handler<channel_type, Function>;
        add(detail::route_kind::page, pattern, std::make_shared<handler>(std::move(page), std::move(readers)));
    }

    /// All requests of these paths are the handler's. For all below a prefix: `/prefix/{rest...}`.
    void mount(std::string_view pattern, std::shared_ptr<web_handler<channel_type>> to)
    {
        add(detail::route_kind::both, pattern, std::move(to));
    }

    [[nodiscard]] asio::any_io_executor get_executor() const { return acceptor_->get_executor(); }
    /// Where it listens: with the port that the system chose, if it was asked to.
    [[nodiscard]] endpoint_type local_endpoint() const { return acceptor_->local_endpoint(); }
    /// HTTP connections that are open now.
    [[nodiscard]] std::size_t connections() const noexcept { return site_->connections(); }
    [[nodiscard]] web_counts counts() const noexcept { return site_->counts(); }

    /// Accepts no more, and ends the HTTP connections that there are.
    void close()
    {
        if (acceptor_ != nullptr) {
            std::error_code ignored;
            acceptor_->close(ignored);
            site_->close();
        }
    }

    /// Leaves it open for as long as `to` lives and runs. Returns a handle that closes the port alone.
    template <class Policies>
    listener<asio::ip::tcp> keep_with(hub<Policies>& to) &&
    {
        listener<asio::ip::tcp> handle{acceptor_};
        to.keep_until_stopped(acceptor_, [weak = std::weak_ptr{acceptor_}, at = std::weak_ptr{site_}] {
            const auto open = weak.lock();
            const auto visited = at.lock();
            if (open != nullptr && visited != nullptr) {
                std::error_code ignored;
                open->close(ignored);
                visited->close();
            }
        });
        acceptor_.reset();
        return handle;
    }

private:
    using site = detail::web_site<channel_type>;

    void add(detail::route_kind what, std::string_view pattern, std::shared_ptr<web_handler<channel_type>> to)
    {
        site_->add(what, route_pattern{pattern}, std::move(to));
    }

    std::shared_ptr<site> site_;
    std::shared_ptr<asio::ip::tcp::acceptor> acceptor_;
};

/// A port that speaks plain HTTP and `ws://`. Its WebSockets may agree on compression if they are
/// `basic_web_listener<plain_layer<permessage_deflate>>`.
using web_listener = basic_web_listener<plain_layer<>>;

/// Frames over a WebSocket over plain TCP.
using tcp_websocket = websocket<asio::ip::tcp::socket>;

namespace detail {

template <class Channel>
struct accepted_by_web;
template <class Compression>
struct accepted_by_web<websocket<asio::ip::tcp::socket, Compression>> {
    using listener = basic_web_listener<plain_layer<Compression>>;
};

} // namespace detail

/// How a port with one WebSocket route, on any path, begins.
template <codec Codec = json_codec>
struct websocket_listen_options {
    websocket_route<Codec> route{};
    web_options web{};
};

/// Accepts WebSockets for the hub on this endpoint, whatever their path: `listen<tcp_websocket>(hub, endpoint)`. Throws `std::system_error` if
/// the port cannot be opened. The handle may be dropped; the hub keeps the port open.
template <class Channel, codec Codec = json_codec, class Policies,
          class Web = typename detail::accepted_by_web<Channel>::listener>
listener<asio::ip::tcp> listen(hub<Policies>& at, const asio::ip::tcp::endpoint& endpoint,
                               websocket_listen_options<Codec> options = {})
{
    Web web{at.get_executor(), endpoint, options.web};
    web.websocket_to("/{path...}", at, std::move(options.route));
    return std::move(web).keep_with(at);
}

} // namespace rejoinder::inline v0

#endif
