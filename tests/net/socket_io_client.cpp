// A client of Socket.IO: over every transport to a hub of this library, and what it makes of refusals, silence and restarts.
#include <rejoinder/channel/engine_io_connector.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/socket_io_server.hpp>
#include <rejoinder/net/web_listener.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include "support/driven.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::engine_io_approach;
using rejoinder::json;

namespace {

constexpr engine_io_approach approaches[]{engine_io_approach::websocket, engine_io_approach::polling, engine_io_approach::upgrade};

struct socket_served {
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    rejoinder::hub<> admins{io.get_executor()};
    rejoinder::socket_io_server_options options{};
    std::optional<rejoinder::web_listener> web;
    std::optional<rejoinder::socket_io_server> server;
    std::uint16_t port = 0;
    int asked = 0;

    socket_served()
    {
        hub.authenticate([this](const rejoinder::handshake& shown) -> rejoinder::authentication {
            ++asked;
            const auto* const token = shown.auth.is_object() ? shown.auth.as_object().if_contains("token") : nullptr;
            if (token == nullptr || *token != json("t")) {
                return rejoinder::refusal{rejoinder::errc::auth_refused, "unauthorized", json{{"code", 4001}}};
            }
            return rejoinder::identity{"42"};
        });
    }
    void open(rejoinder::socket_io_dialect how = {})
    {
        web.emplace(io.get_executor(), asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port});
        port = web->local_endpoint().port();
        server.emplace(*web, options);
        server->serve("/", hub, how);
        server->serve("/admin", admins, how);
    }
    void shut()
    {
        server.reset();
        web.reset();
    }
    std::unique_ptr<rejoinder::client<>> client(engine_io_approach by, std::string name = "/", std::string_view token = "t",
                                                rejoinder::socket_io_dialect how = {})
    {
        rejoinder::client_options<> wanted;
        wanted.auth = R"({"token":")" + std::string{token} + R"("})";
        wanted.backoff = {{10ms, 20ms, 50ms}};
        rejoinder::engine_io_connector to{"http://127.0.0.1:" + std::to_string(port), {.approach = by}};
        return std::make_unique<rejoinder::client<>>(io.get_executor(), std::move(to), std::move(wanted),
                                                     rejoinder::socket_io_codec{std::move(name), std::move(how)});
    }
    template <class Condition>
    bool until(Condition holds)
    {
        return driven::until(io, holds);
    }
};

struct socket_ask {
    std::optional<std::error_code> ended;
    std::string payload;

    auto token()
    {
        return [this](std::error_code ec, const rejoinder::reply& how) {
            CHECK_FALSE(ended);
            ended = ec;
            payload = how.payload().bytes;
        };
    }
};

const rejoinder::user everybody_of_42{rejoinder::identity{"42"}};

} // namespace

TEST_CASE("a client joins a Socket.IO server, asks and is asked, with text and bytes, over every transport")
{
    for (const auto by : approaches) {
        socket_served house;
        house.open();
        house.hub.on("add", [](const json& two) { return json(two.at(0).as_int64() + two.at(1).as_int64()); });
        house.hub.on("echo", [](const json& all) { return all; });
        const auto us = house.client(by);
        std::vector<std::int64_t> heard;
        us->on("double", [](const json& one) { return json(one.as_int64() * 2); });
        us->on("n", [&](const json& one) { heard.push_back(one.as_int64()); });
        socket_ask sum;
        us->async_request("add", json{20, 22}, sum.token()); // waits for the welcome
        REQUIRE(house.until([&] { return sum.ended.has_value(); }));
        CHECK_FALSE(*sum.ended);
        CHECK(sum.payload == "42");
        CHECK(house.asked == 1);

        socket_ask bytes;
        us->async_request("echo", json{{"b", json{{"_base64", "AB4="}}}}, bytes.token());
        socket_ask asked;
        house.hub.async_request(everybody_of_42, "double", json(21), asked.token());
        for (int i = 0; i != 200; ++i) { // across the upgrade, if there is one
            CHECK(house.hub.notify(everybody_of_42, "n", json(i)) == 1);
            driven::settle(house.io);
        }
        REQUIRE(house.until([&] { return bytes.ended && asked.ended && heard.size() == 200; }));
        CHECK(bytes.payload == R"({"b":{"_base64":"AB4="}})");
        CHECK(asked.payload == "42");
        for (std::size_t i = 0; i != heard.size(); ++i) {
            REQUIRE(heard[i] == static_cast<std::int64_t>(i));
        }
        us->disconnect();
        REQUIRE(house.until([&] { return house.server->transports() == 0; }));
    }
}

TEST_CASE("a CONNECT that is refused is final, and asked once")
{
    for (const auto by : approaches) {
        socket_served house;
        house.open();
        const auto us = house.client(by, "/", "wrong");
        socket_ask waits;
        us->async_request("add", json(1), waits.token());
        REQUIRE(house.until([&] { return us->status().state == rejoinder::standing::failed; }));
        CHECK(us->status().verdict == rejoinder::link_verdict::refused);
        REQUIRE(house.until([&] { return waits.ended.has_value(); }));
        CHECK(*waits.ended == rejoinder::errc::auth_refused);
        CHECK(house.asked == 1);
        const auto lost = house.client(by, "/none");
        REQUIRE(house.until([&] { return lost->status().state == rejoinder::standing::failed; }));
        CHECK(lost->status().verdict == rejoinder::link_verdict::refused);
    }
}

TEST_CASE("an attempt that is not acknowledged in time is followed by another one, and late acks are nobody's")
{
    socket_served house;
    house.open({.key_member = ""}); // each attempt is a run
    std::vector<rejoinder::responder> kept;
    house.hub.on("third", [&](rejoinder::responder later) {
        kept.push_back(std::move(later));
        if (kept.size() == 3) {
            for (auto& one : kept) {
                one.answer(json("late or not"));
            }
        }
    });
    const auto us = house.client(engine_io_approach::websocket);
    REQUIRE(house.until([&] { return us->connected(); }));
    socket_ask asked;
    us->async_request("third", json(1), {.timeout = 10s, .repeat = rejoinder::repeatable::idempotent, .ack_timeout = 20ms}, asked.token());
    REQUIRE(house.until([&] { return asked.ended.has_value(); }));
    CHECK_FALSE(*asked.ended);
    CHECK(kept.size() == 3);
    CHECK(us->counts().retries == 2);
    driven::settle(house.io);
    CHECK(us->counts().late_replies == 2);
    socket_ask once; // what may not be repeated is not
    us->async_request("third", json(1), {.timeout = 60ms, .ack_timeout = 10ms}, once.token());
    REQUIRE(house.until([&] { return once.ended.has_value(); }));
    CHECK(*once.ended == rejoinder::errc::timed_out);
    CHECK(kept.size() == 4);
    kept.clear();
}

TEST_CASE("a client comes back to a server that was away, and after a DISCONNECT, as a new session")
{
    for (const auto by : approaches) {
        socket_served house;
        house.open();
        house.hub.on("q", [] { return json("a"); });
        const auto us = house.client(by);
        std::optional<rejoinder::peer> who;
        house.hub.on_attach([&](const rejoinder::peer& came) { who = came; });
        int links = 0;
        us->on_state([&](rejoinder::link_state now, std::error_code) { links += now == rejoinder::link_state::connected ? 1 : 0; });
        REQUIRE(house.until([&] { return links == 1; }));
        house.shut();
        REQUIRE(house.until([&] { return !us->connected(); }));
        socket_ask meanwhile;
        us->async_request("q", json(1), meanwhile.token());
        driven::pass(house.io, 20ms);
        CHECK_FALSE(meanwhile.ended);
        house.open();
        REQUIRE(house.until([&] { return meanwhile.ended.has_value(); }));
        CHECK(meanwhile.payload == R"("a")");
        REQUIRE(house.until([&] { return links == 2; }));
        house.hub.close(*who);
        REQUIRE(house.until([&] { return links == 3; }));
    }
}

TEST_CASE("a client's namespace is its own")
{
    socket_served house;
    house.open();
    house.hub.on("q", [] { return json("main"); });
    house.admins.on("q", [] { return json("admin"); });
    const auto us = house.client(engine_io_approach::websocket, "/admin");
    socket_ask asked;
    us->async_request("q", json(1), asked.token());
    REQUIRE(house.until([&] { return asked.ended.has_value(); }));
    CHECK(asked.payload == R"("admin")");
    CHECK(house.asked == 0);
}

TEST_CASE("no polling when WebSocket is blocked: a server without WebSockets keeps a client that would upgrade on polls, and one that takes none refuses it for good")
{
    socket_served polling;
    polling.options.engine.transports = rejoinder::engine_io_transports::polling;
    polling.open();
    polling.hub.on("q", [] { return json("a"); });
    const auto us = polling.client(engine_io_approach::upgrade);
    socket_ask asked;
    us->async_request("q", json(1), asked.token());
    REQUIRE(polling.until([&] { return asked.ended.has_value(); }));
    CHECK_FALSE(*asked.ended);

    socket_served sockets;
    sockets.options.engine.transports = rejoinder::engine_io_transports::websocket;
    sockets.open();
    const auto them = sockets.client(engine_io_approach::polling);
    REQUIRE(sockets.until([&] { return them->status().state == rejoinder::standing::failed; }));
    CHECK(them->status().verdict == rejoinder::link_verdict::incompatible);
}

TEST_CASE("an upgrade that does not come through, on either side, leaves the session with its polls")
{
    for (const bool by_server : {true, false}) {
        socket_served house;
        house.options.engine.upgrade_timeout = by_server ? 0ms : 60s; // longer than this test waits for anything
        house.open();
        house.hub.on("q", [](const json& one) { return one; });
        rejoinder::engine_io_connector_options how{.approach = engine_io_approach::upgrade};
        how.upgrade_timeout = by_server ? 60s : 0ms;
        rejoinder::client_options<> wanted;
        wanted.auth = R"({"token":"t"})";
        rejoinder::client<> us{house.io.get_executor(), rejoinder::engine_io_connector{"http://127.0.0.1:" + std::to_string(house.port), how},
                               wanted, rejoinder::socket_io_codec{}};
        int links = 0;
        us.on_state([&](rejoinder::link_state now, std::error_code) { links += now == rejoinder::link_state::connected ? 1 : 0; });
        for (int i = 0; i != 100; ++i) {
            socket_ask asked;
            us.async_request("q", json(i), asked.token());
            REQUIRE(house.until([&] { return asked.ended.has_value(); }));
            REQUIRE(asked.payload == std::to_string(i));
        }
        CHECK(links == 1);
        CHECK((by_server || house.server->counts().upgrades == 0));
    }
}
