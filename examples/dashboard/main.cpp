// A page that asks, answers and watches over socket.io-client, with buttons that break the link: sh examples/run.sh dashboard
#include "backend.hpp"
#include "network.hpp"
#include "pace.hpp"
#include "studio.hpp"

#include <rejoinder/net/static_files.hpp>
#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/net/web_listener.hpp>
#include <rejoinder/wire/prometheus_text.hpp>
#include <rejoinder/wire/snapshot_json.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

using namespace dashboard;
using asio::ip::tcp;

constexpr const char* help = R"(dashboard [--port N] [--pace X] [--seconds N] [--page FOLDER] [--client FILE]

Serves a page, the tab of user 42, in which generation jobs progress while you break the link to its backend.
`sh examples/run.sh dashboard` installs what the page needs and starts this.

  --port N       where the page is (0: any free port; it is printed)
  --pace X       length of a job's steps, 1 being what a person likes to watch (1)
  --seconds N    ends after that long
  --page FOLDER  the page's files (examples/dashboard/page)
  --client FILE  the browser bundle of npm's socket.io-client
)";

struct settings {
    unsigned short port = 0;
    double pace = 1;
    int seconds = 0;
    bool is_timed = false;
    std::string page = "examples/dashboard/page";
    std::string client;
};

std::optional<settings> read(int count, char** words)
{
    settings all;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        const char* value = words[i + 1];
        if (name == "--port") {
            all.port = static_cast<unsigned short>(std::atoi(value));
        } else if (name == "--pace") {
            all.pace = std::atof(value);
        } else if (name == "--seconds") {
            all.seconds = std::atoi(value);
            all.is_timed = true;
        } else if (name == "--page") {
            all.page = value;
        } else if (name == "--client") {
            all.client = value;
        } else {
            return std::nullopt;
        }
    }
    return count % 2 == 1 && all.pace >= 0.01 && all.pace <= 100 ? std::optional{all} : std::nullopt;
}

/// What a button of the page asks for: POST /break/{what}, with /on or /off behind what is a switch.
class breakers final : public rejoinder::web_handler<rejoinder::tcp_websocket> {
public:
    breakers(network& link, std::function<void()> restart) : network_(link), restart_(std::move(restart)) {}

    void on_request(rejoinder::http_exchange exchange) override
    {
        const auto& request = exchange.request();
        if (request.method != "POST" || !rejoinder::origin_policy{}.allows(request)) {
            exchange.respond(rejoinder::http_text(request.method != "POST" ? 405 : 403, "Only this page's buttons break things.\n"));
            return;
        }
        const bool known = break_it(request.parameters.value("what"));
        exchange.respond(known ? rejoinder::http_response{204, {}, {}} : rejoinder::http_text(404, "That cannot be broken.\n"));
    }

    std::optional<rejoinder::http_response> refuses(const rejoinder::http_request&) override
    {
        return rejoinder::http_text(400, "There is no WebSocket here.\n");
    }
    const rejoinder::websocket_terms& terms() const override { return terms_; }
    void on_websocket(rejoinder::tcp_websocket, rejoinder::came_from, const rejoinder::websocket_agreement&) override {}

private:
    bool break_it(std::string_view what)
    {
        const bool on = what.ends_with("/on");
        if (what == "freeze") {
            network_.freeze();
        } else if (what == "kill") {
            network_.kill();
        } else if (what == "restart") {
            restart_();
        } else if (what == "acks/on" || what == "acks/off") {
            network_.drop_acks(on);
        } else if (what == "websockets/on" || what == "websockets/off") {
            network_.block_websockets(on);
        } else {
            return false;
        }
        return true;
    }

    network& network_;
    std::function<void()> restart_;
    rejoinder::websocket_terms terms_;
};

/// All of it: the page's own port always answers; what is behind the network comes and goes.
class house {
    // A page about the backend, which may not be there.
    template <class Page>
    auto of_backend(Page page)
    {
        return [this, page](const rejoinder::http_request&) {
            return backend_ ? page(*backend_) : rejoinder::http_text(503, "The backend restarts.\n");
        };
    }

public:
    house(asio::io_context& io, const settings& wanted)
        : io_(io), studio_(io, pace{wanted.pace}), network_(io), web_(io.get_executor(), {asio::ip::address_v4::loopback(), wanted.port}),
          away_(io)
    {
        web_.get("/socket.io/socket.io.js", client(wanted.client));
        web_.get("/link", [this](const auto&) { return as_json({{"port", network_.endpoint().port()}}); });
        web_.get("/break", [this](const auto&) {
            return as_json({{"acks", network_.drops_acks()}, {"websockets", network_.blocks_websockets()}});
        });
        web_.mount("/break/{what...}", std::make_shared<breakers>(network_, [this] { restart(); }));
        web_.get("/healthz", of_backend([](const backend&) { return rejoinder::http_text(200, "ok\n"); }));
        web_.get("/metrics", of_backend([](const backend& now) {
            return rejoinder::http_text(200, rejoinder::prometheus_text(now.snapshot()), "text/plain; version=0.0.4; charset=utf-8");
        }));
        web_.get("/ws-metrics", of_backend([](const backend& now) { return as_json(rejoinder::snapshot_json(now.snapshot())); }));
        web_.get("/{file...}", rejoinder::static_files{wanted.page});
        start();
    }

    [[nodiscard]] tcp::endpoint endpoint() const { return web_.local_endpoint(); }

private:
    static rejoinder::http_response as_json(const json& what)
    {
        auto answer = rejoinder::http_text(200, boost::json::serialize(what), "application/json");
        answer.headers.add("Cache-Control", "no-store");
        return answer;
    }

    // The bundle is npm's; without it the page is served all the same, and its browser's console says what is missing.
    static std::function<rejoinder::http_response(const rejoinder::http_request&)> client(const std::string& path)
    {
        std::ifstream file{path, std::ios::binary};
        const bool there = file.is_open();
        auto answer = there ? rejoinder::http_text(200, {std::istreambuf_iterator<char>{file}, {}}, "text/javascript; charset=utf-8")
                            : rejoinder::http_text(404, "socket.io-client is missing: sh examples/run.sh dashboard installs it.\n");
        return [answer](const rejoinder::http_request&) { return answer; };
    }

    void start()
    {
        const auto port = std::to_string(endpoint().port());
        backend_.emplace(io_, studio_, rejoinder::origin_policy{{"http://127.0.0.1:" + port, "http://localhost:" + port}});
        network_.leads_to(backend_->endpoint());
    }

    void restart()
    {
        network_.leads_to(std::nullopt);
        backend_.reset();
        away_.expires_after(1500ms);
        away_.async_wait([this](std::error_code ec) {
            if (!ec) {
                start();
            }
        });
    }

    asio::io_context& io_;
    studio studio_;
    network network_;
    rejoinder::web_listener web_;
    asio::steady_timer away_;
    std::optional<backend> backend_;
};

} // namespace

int main(int count, char** words)
{
    const auto wanted = read(count, words);
    if (!wanted) {
        const bool asked_for_help = count == 2 && std::string_view{words[1]} == "--help";
        std::fputs(help, asked_for_help ? stdout : stderr);
        return asked_for_help ? 0 : 2;
    }
    try {
        asio::io_context io{1};
        house all{io, *wanted};
        std::printf("The dashboard is at http://127.0.0.1:%d/\n", static_cast<int>(all.endpoint().port()));
        std::fflush(stdout);
        asio::signal_set asked_to_end{io, SIGINT, SIGTERM};
        asked_to_end.async_wait([&](std::error_code, int) { io.stop(); });
        asio::steady_timer limit{io, std::chrono::seconds{wanted->seconds}};
        if (wanted->is_timed) {
            limit.async_wait([&](std::error_code) { io.stop(); });
        }
        io.run();
    } catch (const std::exception& why) {
        std::fprintf(stderr, "dashboard: %s\n", why.what());
        return 1;
    }
    return 0;
}
