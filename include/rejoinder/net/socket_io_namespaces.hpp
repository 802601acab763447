// Hubs as the namespaces of Socket.IO, over any channel that carries its packets.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_SOCKET_IO_NAMESPACES_HPP
#define REJOINDER_NET_SOCKET_IO_NAMESPACES_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/socket_io_namespace.hpp>
#include <rejoinder/channel/socket_io_splitter.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/same_executor.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>
#include <rejoinder/wire/socket_io_dialect.hpp>

#include <asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

namespace detail {

// What there is, shared by all transports.
struct socket_io_site {
    struct entry {
        std::function<socket_io_doorman::answer()> refuses;
        std::function<void(socket_io_namespace, came_from)> take;
    };

    std::map<std::string, entry, std::less<>> namespaces;
    std::optional<asio::any_io_executor> executor{}; // of their hubs
};

// Who lets the peer of one transport in.
class socket_io_visit final : public socket_io_doorman {
public:
    socket_io_visit(std::shared_ptr<const socket_io_site> to, came_from from)
        : site_(std::move(to)), from_(std::move(from))
    {}

    answer refuses(std::string_view name) override
    {
        const auto found = site_->namespaces.find(name);
        return found == site_->namespaces.end() ? answer{"Invalid namespace"} : found->second.refuses();
    }

    void take(const std::string& name, socket_io_namespace channel) override
    {
        site_->namespaces.find(name)->second.take(std::move(channel), from_);
    }

private:
    std::shared_ptr<const socket_io_site> site_;
    came_from from_;
};

} // namespace detail

/// Namespaces, each of them a hub with its own handlers and authenticator.
///
/// A client's CONNECT to one is its hello there: the authenticator finds its auth, the request by which the transport came, and the address.
/// A client that comes back is a new session, unless its namespace recovers (`socket_io_dialect::recovery`). Who asks for a namespace that is
/// not here is told `Invalid namespace`, and who asks for one whose hub is full, gone or going down has `{"code":"busy"}` in the error's data;
/// the transport goes on. A hub that is destroyed or shuts down closes its clients' transports, so that they come back; `hub.close(peer)` says
/// DISCONNECT, after which a client stays away, and leaves the transport to the other namespaces, unless `bounds.leaving` says otherwise.
///
/// Used from one executor, which all hubs share. Destroying it ends no transport.
class socket_io_namespaces {
public:
    explicit socket_io_namespaces(const socket_io_bounds& bounds = {}) : bounds_(bounds) {}

    /// Who connects to this namespace is the hub's. `name` begins with a slash; replaces an earlier hub for who comes from now on.
    /// Throws `std::invalid_argument` if the hub's executor is another one than that of those before it.
    template <class Policies>
    void serve(std::string name, hub<Policies>& to, socket_io_dialect how = {})
    {
        if (!site_->executor) {
            site_->executor = to.get_executor();
        }
        detail::expect_same_executor(to.get_executor(), *site_->executor);
        const auto dialect = std::make_shared<const socket_io_dialect>(std::move(how));
        auto& entry = site_->namespaces[name];
        entry.refuses = [state = to.weak_state()]() -> socket_io_doorman::answer {
            const auto at = state.lock();
            if (at != nullptr && at->takes_links()) {
                return {};
            }
            return {at != nullptr && at->is_full() ? "The server is full" : "There is no server now", errc::busy};
        };
        entry.take = [state = to.weak_state(), dialect, name](socket_io_namespace channel, came_from from) {
            if (const auto at = state.lock()) {
                at->serve(std::move(channel), socket_io_codec{name, dialect}, std::move(from));
            }
        };
    }

    /// Serves a transport, whose frames are the messages of one Engine.IO session.
    template <channel Channel>
    void take(Channel carrier, came_from from)
    {
        auto visit = std::make_shared<detail::socket_io_visit>(site_, std::move(from));
        std::make_shared<socket_io_splitter<Channel>>(std::move(carrier), std::move(visit), bounds_)->start();
    }

private:
    socket_io_bounds bounds_;
    std::shared_ptr<detail::socket_io_site> site_ = std::make_shared<detail::socket_io_site>();
};

} // namespace rejoinder::inline v0

#endif
