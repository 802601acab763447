// The plugin in the user's browser: executes commands, which takes it a while, and keeps a log of each execution.
#ifndef EXAMPLES_RELAY_PLUGIN_HPP
#define EXAMPLES_RELAY_PLUGIN_HPP

#include "pace.hpp"
#include "timeline.hpp"
#include "words.hpp"

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace relay_example {

class plugin {
public:
    plugin(asio::io_context& io, timeline& log, pace speed, unsigned short port)
        : io_(io), timeline_(log), pace_(speed), hub_(io.get_executor(), {.grace = speed(5s)})
    {
        hub_.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"page"}; });
        hub_.on("plugin_command", [this](const plugin_command& command, rejoinder::peer from, rejoinder::incoming about) {
            return take(command, std::move(from), std::move(about));
        });
        hub_.on("plugin_log", [this]() { return std::vector<execution>(executions_.begin(), executions_.end()); });
        endpoint_ = rejoinder::listen(hub_, {asio::ip::address_v4::loopback(), port}).local_endpoint();
    }

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return endpoint_; }

    /// Calls `f` when the page is gone.
    void on_page_gone(std::function<void()> f)
    {
        hub_.on_detach([f = std::move(f)](const rejoinder::identity&) { f(); });
    }

private:
    // A command that came as a delivery is acknowledged when it has been taken on; its answer follows as a delivery.
    asio::awaitable<plugin_answer> take(plugin_command command, rejoinder::peer from, rejoinder::incoming about)
    {
        auto& line = executions_.emplace_back(execution{command.request_id});
        if (about.kind() == rejoinder::message_kind::delivery) {
            asio::co_spawn(io_, respond(command, std::move(from), line), asio::detached);
            plugin_answer accepted{command.request_id, true, "accepted", {}};
            co_return accepted;
        }
        co_return co_await execute(std::move(command), std::move(about), line);
    }

    asio::awaitable<plugin_answer> execute(plugin_command command, rejoinder::incoming about, execution& line)
    {
        try {
            if (command.action == "WAIT_FOREVER") {
                co_await pause(std::chrono::hours{1});
            }
            for (int step = 1; command.action == "SYNC" && step < 5; ++step) {
                co_await pause(pace_(100ms));
                about.progress("step " + std::to_string(step) + " of 5");
            }
            co_await pause(work(command));
        } catch (const std::system_error&) {
            line.state = "cancelled";
            timeline_.say("plugin", "cancelled", command.request_id + ": nobody waits for it any more");
            throw;
        }
        line.state = "finished";
        co_return call(command);
    }

    asio::awaitable<void> respond(plugin_command command, rejoinder::peer from, execution& line)
    {
        co_await pause(work(command));
        line.state = "finished";
        const auto answer = call(command);
        std::error_code ec;
        co_await hub_.async_deliver(from, "plugin_response", answer, asio::redirect_error(asio::use_awaitable, ec));
        timeline_.say("plugin", "plugin_response", command.request_id + ": " + (ec ? ec.message() : "acknowledged"));
    }

    // 0.1 to 0.5 s, the same in each run.
    [[nodiscard]] rejoinder::duration work(const plugin_command& command) const
    {
        unsigned mixed = 0;
        for (const char letter : command.request_id) {
            mixed = mixed * 31 + static_cast<unsigned char>(letter);
        }
        return pace_(std::chrono::milliseconds{100 + mixed % 401});
    }

    // Stands for the HTTP call to the shop, which does not accept everything.
    plugin_answer call(const plugin_command& command)
    {
        plugin_answer answer{command.request_id, true, json{{"status", 200}}, {}};
        const auto* path = command.payload.as_object().if_contains("path");
        if (path == nullptr) {
            return answer;
        }
        const std::string item{path->as_string()};
        const int calls = ++calls_[item];
        if (item == "/items/4" && calls == 1) {
            refuse(answer, 503, "HTTP 503: the shop is busy");
        } else if (item == "/items/7") {
            refuse(answer, 422, "HTTP 422: the price is missing");
        } else if (item == "/items/9") {
            refuse(answer, 500, "HTTP 500: the shop fails");
        }
        return answer;
    }

    static void refuse(plugin_answer& answer, int status, std::string_view why)
    {
        answer.success = false;
        answer.data = json{{"status", status}};
        answer.error = why;
    }

    asio::io_context& io_;
    timeline& timeline_;
    pace pace_;
    rejoinder::hub<> hub_;
    asio::ip::tcp::endpoint endpoint_;
    std::list<execution> executions_; // its lines stay where they are
    std::map<std::string, int> calls_;
};

} // namespace relay_example

#endif
