// An Engine.IO v4 server on a web listener: each session is a channel.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_ENGINE_IO_SERVER_HPP
#define REJOINDER_NET_ENGINE_IO_SERVER_HPP

#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/engine_io_desk.hpp>
#include <rejoinder/net/engine_io_server_options.hpp>
#include <rejoinder/net/web_listener.hpp>

#include <asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

namespace rejoinder::inline v0 {

/// Opens sessions to Engine.IO v4 clients, by polling and WebSockets, and hands each out as a channel.
///
/// It answers on the listeners that it is mounted on, plain and TLS; the executor is theirs. Requests that break the protocol get its
/// errors, with codes 0 to 5; bounds and terms are in the options. Destroying a server ends its sessions: clients are told, and
/// receives end with `asio::error::connection_aborted`. Used from its executor, which runs on one thread at a time; must not outlive its
/// execution context.
class engine_io_server {
public:
    /// `accept(engine_io_channel, came_from)` is called with each fresh session and the request that opened it, on the executor, and may
    /// destroy the server. What it throws ends the session.
    template <std::invocable<engine_io_channel, came_from> Accept>
    engine_io_server(const asio::any_io_executor& executor, engine_io_server_options options, Accept accept)
        : desk_(std::make_shared<detail::engine_io_desk>(executor, std::move(options), std::move(accept)))
    {}

    engine_io_server(engine_io_server&&) noexcept = default;
    engine_io_server& operator=(engine_io_server&& other)
    {
        close();
        desk_ = std::move(other.desk_);
        return *this;
    }
    ~engine_io_server() { close(); }

    /// Takes the path of the options on this listener. Throws `std::invalid_argument` if that is none.
    template <class Layer>
    void mount_on(basic_web_listener<Layer>& web)
    {
        using channel_type = typename basic_web_listener<Layer>::channel_type;
        web.mount(desk_->options()->path, std::make_shared<detail::engine_io_handler<channel_type>>(desk_));
    }

    /// Sessions that are open now.
    [[nodiscard]] std::size_t sessions() const noexcept { return desk_->sessions(); }
    [[nodiscard]] engine_io_server_counts counts() const noexcept { return desk_->counts(); }

    /// Ends all sessions, and opens no more.
    void close()
    {
        if (desk_ != nullptr) {
            desk_->close();
        }
    }

private:
    std::shared_ptr<detail::engine_io_desk> desk_;
};

} // namespace rejoinder::inline v0

#endif
