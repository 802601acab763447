// A Socket.IO server with the events that suites and clients from outside call.
#include <rejoinder/net/correlation.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/socket_io_server.hpp>
#include <rejoinder/net/web_listener.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "interop/support/command_line.hpp"

namespace {

using namespace rejoinder;
using milliseconds = std::chrono::milliseconds;

constexpr const char* usage = R"(socket_io_server [options]: a Socket.IO server under /socket.io/, namespaces /, /custom, /admin and /plugin
  --port PORT              listen on PORT of localhost; 0, the default, takes a free one
  --ping-interval MS       (300)
  --ping-timeout MS        (200)
  --max-payload BYTES      (1000000)
  --connect-timeout MS     how long a client may join no namespace (1000)
  --transports LIST        polling,websocket or one of them
  --recovery               clients that lost their link get their session back, with what they have missed
  --grace MS               for so long (5000)
  --keys-of-users          a request_id means the same in all connections of who says so in auth.user)";

struct settings {
    std::uint16_t port = 0;
    socket_io_server_options io{};
    socket_io_recovery recovery = socket_io_recovery::off;
    milliseconds grace{5000};
    key_scope keys_of = key_scope::session;
};

engine_io_transports transports_named(std::string_view names, const interop::command_line& line)
{
    if (names == "polling") {
        return engine_io_transports::polling;
    }
    if (names == "websocket") {
        return engine_io_transports::websocket;
    }
    if (names != "polling,websocket" && names != "websocket,polling") {
        line.wrong();
    }
    return engine_io_transports::both;
}

settings read_settings(int count, char** arguments)
{
    interop::command_line line{count, arguments, usage};
    settings made;
    made.io.engine.terms.ping_interval = milliseconds{300};
    made.io.engine.terms.ping_timeout = milliseconds{200};
    made.io.engine.origins.allowed = {"*"};
    made.io.bounds.connect_timeout = milliseconds{1000};
    for (std::string flag; line.next(flag);) {
        if (flag == "--port") {
            made.port = line.number<std::uint16_t>();
        } else if (flag == "--ping-interval") {
            made.io.engine.terms.ping_interval = milliseconds{line.number<int>()};
        } else if (flag == "--ping-timeout") {
            made.io.engine.terms.ping_timeout = milliseconds{line.number<int>()};
        } else if (flag == "--max-payload") {
            made.io.engine.terms.max_payload = line.number<std::size_t>();
        } else if (flag == "--connect-timeout") {
            made.io.bounds.connect_timeout = milliseconds{line.number<int>()};
        } else if (flag == "--transports") {
            made.io.engine.transports = transports_named(line.value(), line);
        } else if (flag == "--recovery") {
            made.recovery = socket_io_recovery::on;
        } else if (flag == "--keys-of-users") {
            made.keys_of = key_scope::identity;
        } else if (flag == "--grace") {
            made.grace = milliseconds{line.number<int>()};
        } else {
            line.wrong();
        }
    }
    return made;
}

// What all namespaces share.
struct shared_state {
    asio::io_context io{1};
    std::map<std::string, std::int64_t> calls{}; // of `flaky`, by key
    std::function<json()> stats;
};

// A payload is the list of an event's arguments.
json argument(const json& all, std::size_t number)
{
    return all.is_array() && number < all.as_array().size() ? all.as_array()[number] : json{};
}

std::string text_of(const json& value)
{
    std::string text;
    static_cast<void>(write_payload(value, text));
    return text;
}

milliseconds time_of(const json& value)
{
    return milliseconds{value.is_number() ? value.to_number<std::int64_t>() : 0};
}

const boost::json::object* argument_object(const json& all)
{
    return all.is_array() && !all.as_array().empty() ? all.as_array()[0].if_object() : nullptr;
}

json only(json value)
{
    boost::json::array list;
    list.push_back(std::move(value));
    return list;
}

// One namespace with all its events.
class played_namespace {
public:
    played_namespace(shared_state& all, const settings& wanted, std::function<bool(const json&)> lets_in)
        : all_(all), hub_(all.io.get_executor(), options_of(wanted))
    {
        hub_.authenticate([this, lets_in = std::move(lets_in)](const handshake& shown) -> authentication {
            if (!lets_in(shown.auth)) {
                return refusal{errc::auth_refused, "unauthorized", json{{"code", 4001}}};
            }
            const auto who = identity_of(shown);
            said_[who.name()] = shown.auth.is_null() ? json(boost::json::object{}) : shown.auth;
            return who;
        });
        hub_.on_attach([this](const peer& who) { greet(who); });
        hub_.on_event([this](const event& one) {
            if (one.name == "ws_connect" && one.reason == "resumed") {
                asio::post(all_.io, [this, who = peer{identity{std::string{one.who}}, one.session}] { greet(who); });
            }
        });
        hub_.on_session_end([this](const peer& who) { said_.erase(who.who().name()); });
        answer_messages();
        answer_slowly();
        call_back();
        keep_rooms();
        break_off();
    }

    hub<>& at() noexcept { return hub_; }

private:
    static hub_options<> options_of(const settings& wanted)
    {
        hub_options<> options;
        options.session.keys_of = wanted.keys_of;
        options.connections_per_identity = 1000;
        options.grace = wanted.recovery == socket_io_recovery::on ? wanted.grace : milliseconds{1};
        return options;
    }

    identity identity_of(const handshake& shown)
    {
        const auto* const user = shown.auth.is_object() ? shown.auth.as_object().if_contains("user") : nullptr;
        if (user != nullptr && user->is_string()) {
            return identity{"user " + std::string{user->as_string()}};
        }
        return identity{shown.known.empty() ? std::to_string(++clients_) : shown.known};
    }

    void greet(const peer& who) { hub_.notify(who, "auth", only(said_[who.who().name()])); }

    template <class F>
    void after(milliseconds wait, F then)
    {
        auto timer = std::make_shared<asio::steady_timer>(all_.io, wait);
        timer->async_wait([timer, then = std::move(then)](std::error_code ec) mutable {
            if (!ec) {
                then();
            }
        });
    }

    void answer_messages()
    {
        hub_.on("message", [this](const peer& from, const json_text& all) { hub_.notify(from, "message-back", all); });
        hub_.on("message-with-ack", [](const json_text& all) { return all; });
        hub_.on("stats", [this] { return only(all_.stats()); });
    }

    void answer_slowly()
    {
        hub_.on("no-ack", [](responder) {});
        hub_.on("slow-ack", [this](const json& all, responder later) {
            const auto wait = argument(all, 0);
            after(time_of(wait), [wait, kept = std::make_shared<responder>(std::move(later))] { kept->answer(only(wait)); });
        });
        // slow-job({request_id, ms}, ack): how often it ran for that id.
        hub_.on("slow-job", [this](const json& all, responder later) {
            const auto* job = argument_object(all);
            const auto* wait = job == nullptr ? nullptr : job->if_contains("ms");
            const auto runs = ++all_.calls[text_of(argument(all, 0))];
            after(wait == nullptr ? milliseconds{} : time_of(*wait), [runs, kept = std::make_shared<responder>(std::move(later))] {
                kept->answer(only(json{{"runs", runs}}));
            });
        });
        hub_.on("flaky", [this](const json& all, responder later) {
            auto& count = all_.calls[text_of(argument(all, 0))];
            const auto unanswered = argument(all, 1);
            if (++count > (unanswered.is_number() ? unanswered.to_number<std::int64_t>() : 0)) {
                later.answer(only(json{{"attempts", count}, {"payload", argument(all, 2)}}));
            }
        });
        hub_.on("attempts", [this](const json& all) {
            return only(json(all_.calls[text_of(argument(all, 0))]));
        });
    }

    void call_back()
    {
        hub_.on("ask-me", [this](const peer& from, const json& all, responder later) {
            call_options how;
            how.timeout = std::max(time_of(argument(all, 1)), milliseconds{1});
            auto told = [kept = std::make_shared<responder>(std::move(later))](std::error_code ec, const reply& answer) {
                json said;
                if (!ec && !read_payload(answer.payload(), said, nullptr)) {
                    kept->answer(only(json{{"ok", true}, {"answer", said}}));
                } else {
                    kept->answer(only(json{{"ok", false}, {"error", ec == errc::timed_out ? "timeout" : ec.message()}}));
                }
            };
            hub_.async_request(from, "server-request", only(argument(all, 0)), how, std::move(told));
        });
        hub_.on("push-later", [this](const peer& from, const json& all) {
            const auto count = argument(all, 1);
            after(time_of(argument(all, 0)), [this, from, count] {
                for (std::int64_t i = 0; count.is_int64() && i != count.as_int64(); ++i) {
                    hub_.notify(from, "pushed", only(json(i)));
                }
            });
        });
    }

    static room room_of(const json& all)
    {
        return room{text_of(argument(all, 0))};
    }

    void keep_rooms()
    {
        hub_.on("join", [this](const peer& from, const json& all) {
            hub_.join(from, room_of(all));
            return only(json(true));
        });
        hub_.on("leave", [this](const peer& from, const json& all) {
            hub_.leave(from, room_of(all));
            return only(json(true));
        });
        hub_.on("to-room", [this](const peer& from, const json& all) {
            hub_.notify(except(room_of(all), from), "room-msg", only(argument(all, 1)));
            return only(json(true));
        });
    }

    void break_off()
    {
        hub_.on("kill-tcp", [this](const peer& from) { hub_.close(from, close_reason::silent); });
        hub_.on("server-disconnect", [this](const peer& from) { hub_.close(from); });
    }

    shared_state& all_;
    std::uint64_t clients_ = 0;
    std::map<std::string, json> said_{}; // each client's auth
    hub<> hub_;
};

struct plugin_command {
    std::string request_id;
    std::string action;
    json payload;
};
BOOST_DESCRIBE_STRUCT(plugin_command, (), (request_id, action, payload))

struct plugin_response {
    std::string request_id;
    bool success = false;
    json data;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(plugin_response, (), (request_id, success, data, error))

struct plugin_call : correlated<plugin_command, plugin_response> {
    static constexpr std::string_view name = "plugin_command";
    static constexpr std::string_view answer_name = "plugin_response";
};

// Users' pages with a plugin each, that answers its commands by an event of its own.
class plugin_namespace {
public:
    explicit plugin_namespace(asio::io_context& io) : hub_(io.get_executor())
    {
        hub_.authenticate([](const handshake& shown) -> authentication {
            const auto* name = shown.auth.is_object() ? shown.auth.as_object().if_contains("user") : nullptr;
            return name != nullptr && name->is_string() ? identity{std::string{name->as_string()}} : identity{"nobody"};
        });
        // plugin({user, request_id, ms}): what that user's plugin says.
        hub_.on("plugin", [this](const json& asked, responder later) {
            const call_options how{.timeout = time_of(asked.at("ms")), .when_absent = absent::wait};
            const plugin_command command{std::string{asked.at("request_id").as_string()}, "publish", asked};
            plugin_.async_request(user{std::string{asked.at("user").as_string()}}, command, how,
                                  [kept = std::make_shared<responder>(std::move(later))](std::error_code ec, const plugin_response& said) {
                                      kept->answer(json{{"ok", !ec}, {"words", ec ? ec.message() : ""}, {"data", said.data}});
                                  });
        });
        hub_.on("late", [this] { return hub_.counts().late_replies; });
    }

    hub<>& at() noexcept { return hub_; }

private:
    hub<> hub_;
    correlation<plugin_call> plugin_{hub_};
};

socket_io_dialect as_reference(const settings& wanted)
{
    socket_io_dialect how;
    how.recovery = wanted.recovery;
    how.arguments = socket_io_arguments::listed;
    how.errors = socket_io_errors::silent;
    how.unkeyed = {"flaky", "attempts"};
    return how;
}

bool is_secret(const json& auth)
{
    const auto* token = auth.is_object() ? auth.as_object().if_contains("token") : nullptr;
    return token != nullptr && *token == json("secret");
}

} // namespace

int main(int count, char** arguments)
{
    const auto wanted = read_settings(count, arguments);
    shared_state all;
    played_namespace main_one{all, wanted, [](const json&) { return true; }};
    played_namespace custom{all, wanted, [](const json&) { return true; }};
    played_namespace admin{all, wanted, is_secret};
    plugin_namespace plugin{all.io};
    web_options options;
    options.body_max = wanted.io.engine.terms.max_payload;
    web_listener web{all.io.get_executor(), {asio::ip::address_v4::loopback(), wanted.port}, options};
    socket_io_server server{web, wanted.io};
    server.serve("/", main_one.at(), as_reference(wanted));
    server.serve("/custom", custom.at(), as_reference(wanted));
    server.serve("/admin", admin.at(), as_reference(wanted));
    server.serve("/plugin", plugin.at());
    all.stats = [&] { return json{{"clients", main_one.at().connections()}, {"engine", server.transports()}}; };
    std::printf("listening on %d\n", static_cast<int>(web.local_endpoint().port()));
    std::fflush(stdout);
    all.io.run();
}
