// A hub behind a Socket.IO server on a port, and clients of this library that join it: both sides of the codec, end to end.
#include <rejoinder/net/socket_io_server.hpp>

#include <rejoinder/channel/engine_io_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/web_listener.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include "support/driven.hpp"
#include "support/memory_peer.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::errc;
using rejoinder::json;
using rejoinder::link_state;

namespace {

struct socket_port {
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    rejoinder::hub<> admins{io.get_executor()};
    rejoinder::web_listener web{io.get_executor(), {asio::ip::address_v4::loopback(), 0}};
    std::optional<rejoinder::socket_io_server> server;

    explicit socket_port(const rejoinder::socket_io_server_options& options = {})
    {
        server.emplace(web, options);
        hub.on_attach([this](const rejoinder::peer& who) { hub.join(who, rejoinder::room{"all"}); });
        server->serve("/", hub);
        server->serve("/admin", admins);
        admins.authenticate([](const rejoinder::handshake&) { return rejoinder::refusal{errc::auth_refused, "not you", json{{"code", 1}}}; });
    }

    std::unique_ptr<rejoinder::client<>> tab(const std::string& name_space = "/", const std::string& query = {})
    {
        rejoinder::client_options<> options;
        options.auth = R"({"user":"42"})";
        options.backoff.schedule = {1ms, 10ms};
        const auto url = "ws://127.0.0.1:" + std::to_string(web.local_endpoint().port()) + query;
        return std::make_unique<rejoinder::client<>>(io.get_executor(), rejoinder::engine_io_connector{url}, std::move(options),
                                                     rejoinder::socket_io_codec{name_space});
    }
};

struct socket_reply {
    std::error_code ec;
    std::string payload;
    bool ended = false;

    auto token()
    {
        return [this](std::error_code why, const rejoinder::reply& how) {
            ec = why;
            payload = how.payload().bytes;
            ended = true;
        };
    }
};

} // namespace

TEST_CASE("A client joins a hub over Socket.IO, and each side asks the other")
{
    socket_port port;
    std::string query;
    std::string from;
    port.hub.authenticate([&](const rejoinder::handshake& shown) -> rejoinder::authentication {
        REQUIRE(shown.request != nullptr);
        query = shown.request->query.value("v");
        from = shown.from;
        return rejoinder::identity{std::string{shown.auth.at("user").as_string()}};
    });
    port.hub.on("twice", [](const json& x) { return json(2 * x.as_int64()); });
    const auto tab = port.tab("/", "/?v=7");
    tab->on("who", [](const json&) { return rejoinder::payload_view{"me", rejoinder::encoding::binary}; });
    socket_reply theirs;
    socket_reply ours;
    socket_reply nobody;
    tab->async_request("twice", json(21), theirs.token());
    tab->async_request("nobody", json(1), nobody.token());
    CHECK(driven::until(port.io, [&] { return theirs.ended && nobody.ended; }));
    port.hub.async_request(rejoinder::user{rejoinder::identity{"42"}}, "who", json{}, ours.token());
    CHECK(driven::until(port.io, [&] { return ours.ended; }));
    CHECK(theirs.payload == "42");
    CHECK(nobody.ec == errc::no_handler);
    CHECK(ours.payload == "me");
    CHECK(query == "7");
    CHECK(from.starts_with("127.0.0.1"));
}

TEST_CASE("A client that a namespace refuses stays away, and knows why")
{
    socket_port port;
    const auto tab = port.tab("/admin");
    const auto lost = port.tab("/nowhere");
    CHECK(driven::until(port.io, [&] { return tab->state_of_link() == link_state::failed && lost->state_of_link() == link_state::failed; }));
    CHECK(tab->last_error() == errc::auth_refused);
    CHECK(port.hub.connections() == 0);
}

TEST_CASE("When a hub goes, its clients come back to the one in its place, and what waited goes there")
{
    socket_port port;
    const auto tab = port.tab();
    CHECK(driven::until(port.io, [&] { return tab->connected(); }));
    port.hub = rejoinder::hub<>{port.io.get_executor()};
    CHECK(driven::until(port.io, [&] { return !tab->connected(); }));
    socket_reply asked;
    tab->async_request("q", json{}, asked.token());
    CHECK_FALSE(driven::until(port.io, [&] { return asked.ended; }, 50ms)); // it is told to come back
    port.hub.on("q", [] { return json("here"); });
    port.server->serve("/", port.hub);
    CHECK(driven::until(port.io, [&] { return asked.ended; }));
    CHECK_FALSE(asked.ec);
    CHECK(asked.payload == R"("here")");
}

TEST_CASE("a WebSocket of Engine.IO whose session runs out of memory while it reads is closed, and the session hears of it")
{
    struct poor_owner final : rejoinder::detail::engine_io_link_owner {
        std::error_code heard;
        void on_frames(rejoinder::detail::engine_io_link&, std::error_code ec, rejoinder::frame_batch) override
        {
            heard = ec;
            if (!ec) {
                throw std::bad_alloc{};
            }
        }
        void on_written(rejoinder::detail::engine_io_link&, std::error_code) override {}
        void on_farewell(rejoinder::detail::engine_io_link&) override {}
    };
    asio::io_context io;
    auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
    const auto link = std::make_shared<rejoinder::detail::engine_io_websocket<rejoinder::memory>>(std::move(other), 1s);
    const auto owner = std::make_shared<poor_owner>();
    link->belong(owner);
    link->read();
    memory_peer page{io, std::move(mine)};
    CHECK_THROWS_AS(page.say("4x"), std::bad_alloc);
    driven::settle(io);
    CHECK(owner->heard == std::errc::not_enough_memory);
    CHECK(page.ended());
}

TEST_CASE("A client that does not poll holds back what its namespaces want to say, and who finds no room at all is told so, not of a size")
{
    rejoinder::socket_io_server_options few;
    few.engine.queued_messages_max = 2;
    socket_port port{few};
    port.admins.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"admin"}; });
    asio::ip::tcp::socket page{port.io};
    page.connect(port.web.local_endpoint());
    page.non_blocking(true);
    std::string heard;
    const auto ask = [&](const std::string& method, const std::string& query, const std::string& body, std::string_view until) {
        heard.clear();
        asio::write(page, asio::buffer(method + " /socket.io/?EIO=4&transport=polling" + query + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                       std::to_string(body.size()) + "\r\n\r\n" + body));
        CHECK(driven::until(port.io, [&] {
            char piece[4096];
            std::error_code none_now;
            heard.append(piece, page.read_some(asio::buffer(piece), none_now));
            return heard.find(until) != std::string::npos;
        }));
    };
    ask("GET", "", "", "\"sid\":\"");
    const auto at = heard.find("\"sid\":\"") + 7;
    const auto sid = "&sid=" + heard.substr(at, heard.find('"', at) - at);
    ask("POST", sid, "40\x1e" "40/admin,", "ok");
    CHECK(driven::until(port.io, [&] { return port.hub.sessions() == 1 && port.admins.sessions() == 1; }));
    ask("GET", sid, "", "40{");
    ask("GET", sid, "", "40/admin,");

    std::vector<socket_reply> asked(20);
    socket_reply crowded;
    const auto who = port.hub.members(rejoinder::room{"all"});
    REQUIRE(who.size() == 1);
    for (auto& one : asked) {
        port.hub.async_request(who.front(), "q", json(1), one.token());
    }
    driven::settle(port.io);
    port.admins.async_request(rejoinder::user{rejoinder::identity{"admin"}}, "q", json(1), crowded.token());
    CHECK(driven::until(port.io, [&] { return crowded.ended; }));
    CHECK(crowded.ec == errc::queue_full);
    CHECK(rejoinder::certainty_of(crowded.ec) == rejoinder::certainty::never_sent);
    std::size_t said = 0;
    for (int polls = 0; polls != 20 && said != asked.size(); ++polls) {
        ask("GET", sid, "", R"("q",1])");
        for (auto found = heard.find(R"(["q",1])"); found != std::string::npos; found = heard.find(R"(["q",1])", found + 1)) {
            ++said;
        }
    }
    CHECK(said == asked.size());
    CHECK(std::none_of(asked.begin(), asked.end(), [](const auto& one) { return one.ended; }));
}
