// A Socket.IO client that answers and asks what suites and servers from outside want.
#include <rejoinder/channel/engine_io_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/wire/json_value.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "interop/support/command_line.hpp"

namespace {

using namespace rejoinder;
using milliseconds = std::chrono::milliseconds;

constexpr const char* usage = R"(socket_io_client [options] URL TOKEN: joins a namespace of a Socket.IO server with auth {token: TOKEN}
  --transports LIST        websocket (the default), polling, or polling,websocket
  --namespace NAME         (/)
Exit code: 0 after the event `quit`, 3 if the server refuses the CONNECT.)";

struct settings {
    std::string url{};
    std::string token{};
    std::string name_space = "/";
    engine_io_connector_options engine{};
};

engine_io_approach approach_named(std::string_view transports, const interop::command_line& line)
{
    if (transports == "websocket") {
        return engine_io_approach::websocket;
    }
    if (transports == "polling") {
        return engine_io_approach::polling;
    }
    if (transports != "polling,websocket" && transports != "websocket,polling") {
        line.wrong();
    }
    return engine_io_approach::upgrade;
}

settings read_settings(int count, char** arguments)
{
    interop::command_line line{count, arguments, usage};
    settings made;
    int given = 0;
    for (std::string flag; line.next(flag);) {
        if (flag == "--transports") {
            made.engine.approach = approach_named(line.value(), line);
        } else if (flag == "--namespace") {
            made.name_space = line.value();
        } else if (flag.starts_with("--") || given == 2) {
            line.wrong();
        } else {
            (given++ == 0 ? made.url : made.token) = flag;
        }
    }
    if (given != 2) {
        line.wrong();
    }
    made.engine.open_timeout = milliseconds{2000};
    made.engine.upgrade_timeout = milliseconds{2000};
    return made;
}

// A payload is the list of an event's arguments, or of an ack's.
json argument(const json& all, std::size_t number)
{
    return all.is_array() && number < all.as_array().size() ? all.as_array()[number] : json{};
}

json only(json value)
{
    boost::json::array list;
    list.push_back(std::move(value));
    return list;
}

std::int64_t whole(const json& value)
{
    return value.is_number() ? value.to_number<std::int64_t>() : 0;
}

json sum_of(const json& all)
{
    const auto left = argument(all, 0);
    const auto right = argument(all, 1);
    if (left.is_int64() && right.is_int64()) {
        return left.as_int64() + right.as_int64();
    }
    return left.to_number<double>() + right.to_number<double>();
}

class played_client {
public:
    explicit played_client(const settings& wanted)
        : us_(io_.get_executor(), engine_io_connector{wanted.url, wanted.engine}, options(wanted.token),
              socket_io_codec{wanted.name_space, as_reference()})
    {
        us_.on_status([this](const client_status& now) { follow(now); });
        us_.on("add", [](const json& all) { return only(sum_of(all)); });
        us_.on("echo", [](const json& all) { return all; });
        us_.on("never", [](responder) {});
        us_.on("slow-echo", [this](const json& all, responder later) { echo_slowly(all, std::move(later)); });
        // repeat(...all) keeps them, repeated(ack) gives them all.
        us_.on("repeat", [this](const json& all) { repeated_.push_back(all); });
        us_.on("repeated", [this] { return only(repeated_); });
        us_.on("please-call", [this](const json& all) { call(all); });
        us_.on("quit", [this] {
            slow_.clear();
            us_.disconnect();
        });
    }

    int run()
    {
        io_.run();
        return code_;
    }

private:
    static client_options<> options(const std::string& token)
    {
        client_options<> made;
        static_cast<void>(write_payload(json{{"token", token}}, made.auth));
        made.backoff = {{milliseconds{200}, milliseconds{400}, milliseconds{800}}};
        made.connect_timeout = milliseconds{4000};
        made.session.retry.attempts = 1000; // a call says how many by its timeouts
        return made;
    }

    static socket_io_dialect as_reference()
    {
        socket_io_dialect how;
        how.arguments = socket_io_arguments::listed;
        how.errors = socket_io_errors::silent;
        how.key_member.clear();
        return how;
    }

    void follow(const client_status& now)
    {
        if (now.state == standing::connected && std::exchange(known_, now.connected_since) != now.connected_since) {
            us_.notify("hello", only(json{{"n", ++connects_}}));
        }
        if (now.state == standing::failed) {
            std::fprintf(stderr, "given up: %s\n", now.last_error.message().c_str());
            code_ = now.verdict == link_verdict::refused ? 3 : 1;
            io_.stop();
        }
    }

    void echo_slowly(const json& all, responder later)
    {
        const auto at = slow_.emplace(slow_.end(), io_, milliseconds{whole(argument(all, 0))});
        auto kept = std::make_shared<responder>(std::move(later));
        at->async_wait([this, at, kept, value = argument(all, 1)](std::error_code ec) {
            if (!ec) {
                kept->answer(only(value));
                slow_.erase(at);
            }
        });
    }

    void call(const json& all)
    {
        const auto event = argument(all, 0);
        if (!event.is_string()) {
            return;
        }
        const milliseconds each{std::max<std::int64_t>(whole(argument(all, 2)), 1)};
        call_options how;
        how.ack_timeout = each;
        how.timeout = each * (1 + std::max<std::int64_t>(whole(argument(all, 3)), 0));
        how.repeat = repeatable::idempotent;
        const auto given = argument(all, 1);
        us_.async_request(std::string_view{event.as_string()}, given.is_array() ? given : json(boost::json::array{}), how,
                          [this](std::error_code ec, const reply& answer) { tell(ec, answer); });
    }

    void tell(std::error_code ec, const reply& answer)
    {
        json got;
        if (!ec && !read_payload(answer.payload(), got, nullptr)) {
            us_.notify("call-result", only(json{{"ok", true}, {"value", argument(got, 0)}}));
        } else {
            us_.notify("call-result", only(json{{"ok", false}, {"error", ec == errc::timed_out ? "timeout" : ec.message()}}));
        }
    }

    asio::io_context io_{1};
    std::list<asio::steady_timer> slow_{};
    std::int64_t connects_ = 0;
    boost::json::array repeated_{};
    std::optional<instant> known_{};
    int code_ = 0;
    client<> us_;
};

} // namespace

int main(int count, char** arguments)
{
    const auto wanted = read_settings(count, arguments);
    try {
        return played_client{wanted}.run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
