// A Socket.IO client that servers from outside call.
#include <rejoinder/channel/engine_io_connector.hpp>
#include <rejoinder/core/link_verdict.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/json_text.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "interop/support/command_line.hpp"

namespace {

using namespace rejoinder;
using milliseconds = std::chrono::milliseconds;

constexpr const char* usage = R"(socket_io_client URL TOKEN [options]: joins / with auth {token: TOKEN}, by WebSocket
  --transports websocket   the only one that there is
exit code: 0 after `quit`, 3 if the server refuses)";

struct settings {
    std::string url{};
    std::string token{};
};

settings read_settings(int count, char** arguments)
{
    interop::command_line line{count, arguments, usage};
    settings made;
    for (std::string word; line.next(word);) {
        if (word == "--transports") {
            if (line.value() != "websocket") {
                line.wrong();
            }
        } else if (made.url.empty()) {
            made.url = word.starts_with("http") ? "ws" + word.substr(4) : word;
        } else if (made.token.empty()) {
            made.token = word;
        } else {
            line.wrong();
        }
    }
    if (made.url.empty()) {
        line.wrong();
    }
    return made;
}

// A payload is the list of an event's arguments.
json argument(const json& all, std::size_t number)
{
    return all.is_array() && number < all.as_array().size() ? all.as_array()[number] : json{};
}

std::int64_t number_of(const json& value)
{
    return value.is_number() ? value.to_number<std::int64_t>() : 0;
}

json only(json value)
{
    boost::json::array list;
    list.push_back(std::move(value));
    return list;
}

socket_io_dialect as_reference()
{
    socket_io_dialect how;
    how.arguments = socket_io_arguments::listed;
    how.errors = socket_io_errors::silent;
    return how;
}

class played_client {
public:
    played_client(asio::io_context& io, const settings& wanted)
        : io_(io),
          client_(io.get_executor(), engine_io_connector{wanted.url}, options(wanted), socket_io_codec{"/", as_reference()})
    {
        client_.on_state([this](link_state now, std::error_code) { changed(now); });
        client_.on("add", [](const json& two) { return only(json(number_of(argument(two, 0)) + number_of(argument(two, 1)))); });
        client_.on("echo", [](const json_text& all) { return all; });
        client_.on("slow-echo", [this](const json& all, responder later) {
            auto timer = std::make_shared<asio::steady_timer>(io_, milliseconds{number_of(argument(all, 0))});
            auto kept = std::make_shared<responder>(std::move(later));
            timer->async_wait([timer, kept, value = argument(all, 1)](std::error_code) { kept->answer(only(value)); });
        });
        client_.on("never", [](responder) {});
        client_.on("please-call", [this](const json& all) { call(std::make_shared<const json>(all), 0); });
        client_.on("quit", [this] {
            asio::post(io_, [this] { quit(); });
        });
    }

    [[nodiscard]] int code() const noexcept { return code_; }

private:
    static client_options<> options(const settings& wanted)
    {
        client_options<> made;
        made.auth = [&] {
            std::string text;
            static_cast<void>(write_payload(json{{"token", wanted.token}}, text));
            return text;
        }();
        made.backoff.schedule = {milliseconds{100}, milliseconds{200}, milliseconds{400}, milliseconds{1000}};
        return made;
    }

    void changed(link_state now)
    {
        if (now == link_state::connected) {
            client_.notify("hello", only(json{{"n", ++connects_}}));
        } else if (now == link_state::failed) {
            std::fprintf(stderr, "refused: %s\n", client_.last_error().message().c_str());
            code_ = 3;
            io_.stop();
        }
    }

    // please-call: event, arguments, milliseconds for each attempt, how many more attempts.
    void call(const std::shared_ptr<const json>& wanted, std::int64_t attempt)
    {
        call_options how;
        how.timeout = std::max(milliseconds{number_of(argument(*wanted, 2))}, milliseconds{1});
        const auto name = argument(*wanted, 0);
        client_.async_request(name.is_string() ? std::string_view{name.as_string()} : std::string_view{}, argument(*wanted, 1), how,
                              [this, wanted, attempt](std::error_code ec, const reply& answer) { answered(wanted, attempt, ec, answer); });
    }

    void answered(const std::shared_ptr<const json>& wanted, std::int64_t attempt, std::error_code ec, const reply& answer)
    {
        if (ec && attempt < number_of(argument(*wanted, 3))) {
            call(wanted, attempt + 1);
            return;
        }
        json said;
        if (!ec && !read_payload(answer.payload(), said, nullptr)) {
            client_.notify("call-result", only(json{{"ok", true}, {"value", argument(said, 0)}}));
        } else {
            client_.notify("call-result", only(json{{"ok", false}, {"error", ec == errc::timed_out ? "timeout" : ec.message()}}));
        }
    }

    void quit()
    {
        client_.disconnect();
        over_.expires_after(milliseconds{300}); // for the goodbye
        over_.async_wait([this](std::error_code) { io_.stop(); });
    }

    asio::io_context& io_;
    client<> client_;
    asio::steady_timer over_{io_};
    std::int64_t connects_ = 0;
    int code_ = 0;
};

} // namespace

int main(int count, char** arguments)
{
    const auto wanted = read_settings(count, arguments);
    asio::io_context io{1};
    played_client client{io, wanted};
    io.run();
    return client.code();
}
