// The user's browser tab: its page relays between the backend and the plugin, and may be reloaded or closed.
#ifndef EXAMPLES_RELAY_TAB_HPP
#define EXAMPLES_RELAY_TAB_HPP

#include "pace.hpp"
#include "timeline.hpp"

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/relay.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace relay_example {

class tab {
public:
    tab(asio::io_context& io, timeline& log, pace speed, asio::ip::tcp::endpoint backend, asio::ip::tcp::endpoint plugin, rejoinder::journal kept)
        : io_(io), timeline_(log), pace_(speed), backend_(std::move(backend)), plugin_(std::move(plugin)), kept_(std::move(kept))
    {
        open();
    }

    /// Calls `f` when the user has closed the tab.
    void on_closed(std::function<void()> f) { closed_ = std::move(f); }

private:
    // What a page holds in memory: all of it is gone with a reload, the session's token and its records too.
    struct page {
        page(const tab& in)
            : backend(in.io_.get_executor(), rejoinder::tcp_connector{in.backend_}, in.options()),
              plugin(in.io_.get_executor(), rejoinder::tcp_connector{in.plugin_})
        {
            rejoinder::relay(backend, plugin); // plugin_command, plugin_log
            rejoinder::relay(plugin, backend); // plugin_response
        }

        rejoinder::client<> backend;
        rejoinder::client<> plugin;
    };

    [[nodiscard]] rejoinder::client_options<> options() const
    {
        rejoinder::client_options<> all;
        all.auth = R"({"user": "42"})";
        all.journal = kept_; // what a page has to deliver outlives it, as in a browser's IndexedDB
        all.backoff.schedule = {pace_(1s), pace_(2s), pace_(4s), pace_(8s), pace_(16s)};
        all.session.heartbeat = watchful(pace_);
        return all;
    }

    void open()
    {
        page_ = std::make_unique<page>(*this);
        page_->backend.on("page", [this](const std::string& what) { asio::co_spawn(io_, leave(what), asio::detached); });
        page_->backend.on_event([this](const rejoinder::event& happened) { timeline_.say("tab", happened); });
        page_->backend.on_state([this](rejoinder::link_state stands, std::error_code ec) {
            timeline_.say("tab", "link_" + std::string{name_of(stands)}, ec && stands != rejoinder::link_state::connected ? ec.message() : "");
        });
    }

    asio::awaitable<void> leave(std::string what)
    {
        timeline_.say("tab", "page_" + what);
        co_await pause(pace_(50ms));
        page_.reset();
        if (what == "reload") {
            co_await pause(pace_(500ms));
            open();
        } else if (closed_) {
            closed_();
        }
    }

    asio::io_context& io_;
    timeline& timeline_;
    pace pace_;
    asio::ip::tcp::endpoint backend_;
    asio::ip::tcp::endpoint plugin_;
    rejoinder::journal kept_;
    std::function<void()> closed_;
    std::unique_ptr<page> page_;
};

} // namespace relay_example

#endif
