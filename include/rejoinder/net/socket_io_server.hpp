// A Socket.IO v5 server on a web listener: each namespace is a hub.
// Not behind the door: the web listener that it belongs to is not.
#ifndef REJOINDER_NET_SOCKET_IO_SERVER_HPP
#define REJOINDER_NET_SOCKET_IO_SERVER_HPP

#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/channel/socket_io_splitter.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/same_executor.hpp>
#include <rejoinder/net/engine_io_server.hpp>
#include <rejoinder/net/engine_io_server_options.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/socket_io_namespaces.hpp>
#include <rejoinder/net/web_listener.hpp>
#include <rejoinder/wire/socket_io_dialect.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

/// How a Socket.IO server behaves, and its bounds.
struct socket_io_server_options {
    engine_io_server_options engine{};
    socket_io_bounds bounds{}; ///< of one client's transport
};

/// Serves Socket.IO clients, in browsers and elsewhere: `socket_io_server io{web}; io.serve("/", hub); io.serve("/admin", admins);`.
///
/// The path is `options.engine.path`. What namespaces are, and what ends what, says `socket_io_namespaces`. Destroying a server ends its
/// clients' transports. Used from the listener's executor, which runs on one thread at a time and is the hubs', too; must not outlive its
/// execution context.
class socket_io_server {
public:
    template <class Layer>
    explicit socket_io_server(basic_web_listener<Layer>& web, socket_io_server_options options = {})
        : executor_(web.get_executor()), namespaces_(options.bounds),
          engine_(web.get_executor(), std::move(options.engine),
                  [to = namespaces_](engine_io_channel transport, came_from from) mutable {
                      to.take(std::move(transport), std::move(from));
                  })
    {
        mount_on(web);
    }

    /// Who connects to this namespace is the hub's. `name` begins with a slash; replaces an earlier hub for who comes from now on.
    /// Throws `std::invalid_argument` if the hub's executor is not the listener's.
    template <class Policies>
    void serve(std::string name, hub<Policies>& to, socket_io_dialect how = {})
    {
        detail::expect_same_executor(to.get_executor(), executor_);
        namespaces_.serve(std::move(name), to, std::move(how));
    }

    /// Answers on another listener, too. Throws `std::invalid_argument` if its executor is another one.
    template <class Layer>
    void mount_on(basic_web_listener<Layer>& web)
    {
        detail::expect_same_executor(web.get_executor(), executor_);
        engine_.mount_on(web);
    }

    /// Clients' transports that are open now.
    [[nodiscard]] std::size_t transports() const noexcept { return engine_.sessions(); }
    [[nodiscard]] engine_io_server_counts counts() const noexcept { return engine_.counts(); }

    /// Ends all transports, and opens no more.
    void close() { engine_.close(); }

private:
    asio::any_io_executor executor_;
    socket_io_namespaces namespaces_; // copies share the namespaces
    engine_io_server engine_;
};

} // namespace rejoinder::inline v0

#endif
