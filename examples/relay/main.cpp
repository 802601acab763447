// A backend asks a user's browser tab, which asks its plugin; the link freezes, breaks and comes back, and no answer is lost or given twice.
#include "backend.hpp"
#include "keep.hpp"
#include "pace.hpp"
#include "plugin.hpp"
#include "proxy.hpp"
#include "summary.hpp"
#include "tab.hpp"
#include "timeline.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using namespace relay_example;
using asio::ip::tcp;

constexpr const char* help = R"(relay [--scale X] [--role backend|tab|plugin] [--backend-port N] [--plugin-port N] [--store FILE]

A backend has jobs that only the plugin in a user's browser can do. It asks the user's tab, the tab asks the plugin, and
the answer goes back, over TCP. A proxy before the backend freezes the link, cuts it before an acknowledgement is
through, and keeps the tab out for a while; the tab is reloaded, and closed at last.

  --scale X         length of all durations, 1 being the real ones; 0.05 to 10 (0.2)
  --role R          only this part, in a process of its own; without it all three, in one
  --backend-port N  where the tab finds the backend's proxy (0: any free one; it is printed)
  --plugin-port N   where the tab finds the plugin (0: any free one; it is printed)
  --store FILE      deliveries survive their process: the backend keeps records in FILE, the tab its outbox in FILE-tab

As three processes:
  relay --role plugin --plugin-port 4002 &
  relay --role tab --backend-port 4001 --plugin-port 4002 &
  relay --role backend --backend-port 4001

Ends with status 1 if an answer was lost, a job is not settled, or a command was executed twice.
)";

struct settings {
    double scale = 0.2;
    std::string role;
    unsigned short backend_port = 0;
    unsigned short plugin_port = 0;
    std::string store;
};

std::optional<settings> read(int count, char** words)
{
    settings all;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        const char* value = words[i + 1];
        if (name == "--scale") {
            all.scale = std::atof(value);
        } else if (name == "--role") {
            all.role = value;
        } else if (name == "--backend-port") {
            all.backend_port = static_cast<unsigned short>(std::atoi(value));
        } else if (name == "--plugin-port") {
            all.plugin_port = static_cast<unsigned short>(std::atoi(value));
        } else if (name == "--store") {
            all.store = value;
        } else {
            return std::nullopt;
        }
    }
    const bool known = all.role.empty() || all.role == "backend" || all.role == "tab" || all.role == "plugin";
    const bool ports_given = all.role != "tab" || (all.backend_port != 0 && all.plugin_port != 0);
    return count % 2 == 1 && known && ports_given && all.scale >= 0.05 && all.scale <= 10 ? std::optional{all} : std::nullopt;
}

tcp::endpoint loopback(unsigned short port)
{
    return {asio::ip::address_v4::loopback(), port};
}

std::string text_of(const tcp::endpoint& where)
{
    return where.address().to_string() + ':' + std::to_string(where.port());
}

std::vector<proxy::fault> schedule()
{
    return {{"res", "publish-03.1", proxy::trick::freeze},
            {"ack", "orders.1", proxy::trick::cut},
            {"req", "publish-06.1", proxy::trick::keep_out}};
}

// The parts that this process plays.
class company {
public:
    company(asio::io_context& io, const settings& all) : io_(io), limit_(io)
    {
        const pace speed{all.scale};
        if (all.role.empty() || all.role == "plugin") {
            plugin_.emplace(io, timeline_, speed, all.plugin_port);
            timeline_.say("plugin", "listening", text_of(plugin_->endpoint()));
        }
        if (all.role.empty() || all.role == "backend") {
            backend_.emplace(io, timeline_, speed, keep_in(all.store));
            proxy_.emplace(io, timeline_, speed, all.backend_port, backend_->endpoint(), schedule());
            timeline_.say("backend", "listening", text_of(backend_->endpoint()) + ", behind the proxy at " + text_of(proxy_->endpoint()));
            asio::co_spawn(io, backend_->run(), [this](std::exception_ptr thrown) { finish(thrown); });
        }
        if (all.role.empty() || all.role == "tab") {
            const auto backend_at = proxy_ ? proxy_->endpoint() : loopback(all.backend_port);
            const auto plugin_at = plugin_ ? plugin_->endpoint() : loopback(all.plugin_port);
            tab_.emplace(io, timeline_, speed, backend_at, plugin_at, keep_in(all.store.empty() ? "" : all.store + "-tab"));
        }
        if (all.role == "tab") {
            tab_->on_closed([this] { io_.stop(); });
        } else if (all.role == "plugin") {
            plugin_->on_page_gone([this] { io_.stop(); });
        }
        give_up_after(std::chrono::seconds{60} + speed(120s));
    }

    [[nodiscard]] int status() const
    {
        const int good = backend_ ? summarise(*backend_, *proxy_) : 0;
        return gave_up_ ? 1 : good;
    }

private:
    void finish(const std::exception_ptr& thrown)
    {
        if (thrown) {
            try {
                std::rethrow_exception(thrown);
            } catch (const std::exception& why) {
                timeline_.say("backend", "failed", why.what());
            }
        }
        io_.stop();
    }

    void give_up_after(rejoinder::duration length)
    {
        limit_.expires_after(length);
        limit_.async_wait([this](std::error_code ec) {
            if (!ec) {
                gave_up_ = true;
                timeline_.say("relay", "gave_up", "this takes far too long");
                io_.stop();
            }
        });
    }

    asio::io_context& io_;
    timeline timeline_;
    asio::steady_timer limit_;
    bool gave_up_ = false;
    std::optional<plugin> plugin_;
    std::optional<backend> backend_;
    std::optional<proxy> proxy_;
    std::optional<tab> tab_;
};

} // namespace

int main(int count, char** words)
{
    const auto all = read(count, words);
    if (!all) {
        const bool asked_for_help = count == 2 && std::string_view{words[1]} == "--help";
        std::fputs(help, asked_for_help ? stdout : stderr);
        return asked_for_help ? 0 : 2;
    }
    asio::io_context io;
    company all_parts{io, *all};
    io.run();
    return all_parts.status();
}
