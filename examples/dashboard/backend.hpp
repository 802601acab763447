// The backend: a hub whose peers are pages with socket.io-client, on a port of its own.
#ifndef EXAMPLES_DASHBOARD_BACKEND_HPP
#define EXAMPLES_DASHBOARD_BACKEND_HPP

#include "studio.hpp"
#include "words.hpp"

#include <rejoinder/net/correlation.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/socket_io_server.hpp>
#include <rejoinder/net/web_listener.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dashboard {

class backend final : public outlet {
public:
    /// `pages`: whose pages may speak with it.
    backend(asio::io_context& io, studio& makes, rejoinder::origin_policy pages)
        : studio_(makes), hub_(io.get_executor()), web_(io.get_executor(), {asio::ip::address_v4::loopback(), 0}),
          pages_(web_, terms(std::move(pages)))
    {
        hub_.authenticate([](const rejoinder::handshake& greeting) -> std::optional<rejoinder::identity> {
            const auto* user = greeting.auth.is_object() ? greeting.auth.as_object().if_contains("user") : nullptr;
            if (user == nullptr || !user->is_string()) {
                return std::nullopt;
            }
            return rejoinder::identity{std::string{user->as_string()}};
        });
        hub_.on("jobs", [this] {
            studio_.begin();
            return studio_.jobs();
        });
        hub_.on("generate", [this](const order& wanted) { studio_.take(wanted); });
        plugin_.on_unmatched([this](const rejoinder::peer&, const plugin_response& said) { studio_.answered(said.request_id); });
        pages_.serve("/", hub_);
        studio_.speaks_through(this);
    }
    backend(const backend&) = delete;
    backend& operator=(const backend&) = delete;
    ~backend() override { studio_.speaks_through(nullptr); }

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return web_.local_endpoint(); }
    [[nodiscard]] rejoinder::snapshot snapshot() const { return hub_.snapshot(); }

    void tell(std::string_view event, const json& what) override { hub_.notify(rejoinder::user{"42"}, event, what); }

    asio::awaitable<plugin_response> ask(const plugin_command& what, std::error_code& ec) override
    {
        const rejoinder::call_options how{.when_absent = rejoinder::absent::wait};
        co_return co_await plugin_.async_request(rejoinder::user{"42"}, what, how, asio::redirect_error(asio::use_awaitable, ec));
    }

private:
    // Seconds in place of Socket.IO's 25 and 20, so that nobody waits long to see a dead link found.
    static rejoinder::socket_io_server_options terms(rejoinder::origin_policy pages)
    {
        rejoinder::socket_io_server_options all;
        all.engine.terms.ping_interval = 1500ms;
        all.engine.terms.ping_timeout = 1000ms;
        all.engine.origins = std::move(pages);
        return all;
    }

    studio& studio_;
    rejoinder::hub<> hub_;
    rejoinder::correlation<plugin_call> plugin_{hub_};
    rejoinder::web_listener web_;
    rejoinder::socket_io_server pages_;
};

} // namespace dashboard

#endif
