// An Engine.IO server over real sockets, by raw bytes: polls, WebSockets, the upgrade, and whoever breaks the protocol.
#include <rejoinder/net/engine_io_server.hpp>

#include <rejoinder/channel/engine_io_connector.hpp>

#include "support/driven.hpp"
#include "support/websocket_bytes.hpp"

#include <asio/associated_cancellation_slot.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

struct http_seen {
    int status = 0; // 0: the connection ended, or nothing came in time
    std::string head;
    std::string body;
};

// A client of Engine.IO without a library. While it waits, it runs the server.
class engine_peer {
public:
    engine_peer(asio::io_context& io, const asio::ip::tcp::endpoint& to) : io_(io), socket_(*own_)
    {
        socket_.connect(to);
        socket_.non_blocking(true);
    }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            std::error_code ec;
            bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), ec));
            if (ec == asio::error::would_block) {
                io_.restart();
                io_.run_one_for(1ms);
            } else if (ec) {
                return;
            }
        }
    }
    void get(std::string_view query, std::string_view more = {})
    {
        send("GET /engine.io/?" + std::string{query} + " HTTP/1.1\r\nHost: a\r\n" + std::string{more} + "\r\n");
    }
    void post(std::string_view query, std::string_view body, std::string_view method = "POST")
    {
        begin(query, body, body.size(), method);
    }
    // The head, and some of the body.
    void begin(std::string_view query, std::string_view some, std::size_t length, std::string_view method = "POST")
    {
        send(std::string{method} + " /engine.io/?" + std::string{query} + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
             std::to_string(length) + "\r\n\r\n" + std::string{some});
    }
    void open_websocket(std::string_view query)
    {
        get(query, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    }
    void say(std::string_view text) { send(websocket_bytes::raw_frame(0x81, text, true)); }
    void say_bytes(std::string_view bytes) { send(websocket_bytes::raw_frame(0x82, bytes, true)); }

    http_seen answer()
    {
        std::size_t length = 0;
        std::size_t body = std::string::npos;
        wait([&] {
            body = came_.find("\r\n\r\n");
            if (body == std::string::npos) {
                return false;
            }
            const auto at = came_.find("Content-Length: ");
            length = at < body ? std::stoul(came_.substr(at + 16)) : 0;
            return came_.size() >= body + 4 + length;
        });
        if (body == std::string::npos || came_.size() < body + 4 + length) {
            return {};
        }
        http_seen made{std::stoi(came_.substr(9)), came_.substr(0, body + 2), came_.substr(body + 4, length)};
        came_.erase(0, body + 4 + length);
        return made;
    }
    // The next message: its text, "binary ..." or "close CODE"; "end": the connection ended before.
    std::string message()
    {
        if (!wait([&] { return came_.size() >= 2 && came_.size() >= 2 + frame_size(); })) {
            return "end";
        }
        const auto size = frame_size();
        const auto first = static_cast<unsigned char>(came_[0]);
        const std::size_t head = static_cast<unsigned char>(came_[1]) == 126 ? 4 : 2;
        const auto payload = came_.substr(head, size + 2 - head);
        came_.erase(0, 2 + size);
        if (first == 0x88) {
            const auto code = payload.size() < 2 ? 1005 : static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
            return "close " + std::to_string(code);
        }
        return (first == 0x82 ? "binary " : "") + payload;
    }
    bool sees_end()
    {
        wait([] { return false; });
        return ended_;
    }
    bool has_something()
    {
        look();
        return !came_.empty() || ended_;
    }
    void close() { socket_.close(); }

private:
    template <class Condition>
    bool wait(Condition holds)
    {
        bool held = false;
        driven::until(io_, [&] {
            look();
            held = holds();
            return held || ended_;
        });
        return held;
    }
    // Of a server's frame behind its first two bytes, of up to 64 KiB.
    [[nodiscard]] std::size_t frame_size() const
    {
        const auto marker = static_cast<unsigned char>(came_[1]);
        if (marker != 126) {
            return marker;
        }
        return came_.size() < 4 ? 4 : 2 + (std::size_t{static_cast<unsigned char>(came_[2])} << 8 | static_cast<unsigned char>(came_[3]));
    }
    void look()
    {
        char piece[4096];
        std::error_code ec;
        while (!ended_) {
            const auto got = socket_.read_some(asio::buffer(piece), ec);
            came_.append(piece, got);
            if (ec == asio::error::would_block) {
                return;
            }
            ended_ = static_cast<bool>(ec);
        }
    }

    asio::io_context& io_;
    std::unique_ptr<asio::io_context> own_ = std::make_unique<asio::io_context>();
    asio::ip::tcp::socket socket_;
    std::string came_;
    bool ended_ = false;
};

// A session as the program has it.
struct engine_guest {
    rejoinder::engine_io_channel channel;
    rejoinder::came_from from;
    std::vector<std::string> got{};
    std::optional<std::error_code> ended{};
    int flushed = 0;
    std::optional<std::error_code> flush_ended{};

    bool put(std::string_view body, rejoinder::encoding form = rejoinder::encoding::text)
    {
        channel.begin().append(body);
        return channel.commit(form);
    }
    // Receives until the end.
    void listen()
    {
        channel.async_receive([this](std::error_code ec, rejoinder::frame_batch batch) {
            for (rejoinder::frame_view frame; batch.next(frame);) {
                got.push_back((frame.form == rejoinder::encoding::binary ? "binary " : "") + std::string{frame.bytes});
            }
            if (ec) {
                ended = ec;
            } else {
                listen();
            }
        });
    }
    void flush()
    {
        channel.async_flush([this](std::error_code ec) {
            ++flushed;
            flush_ended = ec;
        });
    }
    void say(std::string_view text)
    {
        REQUIRE(put(text));
        flush();
    }
    void shut(rejoinder::close_reason why)
    {
        channel.async_shutdown(why, [this](std::error_code ec) {
            ++flushed;
            flush_ended = ec;
        });
    }
};

const std::string by_polls = "EIO=4&transport=polling";
const std::string by_websocket = "EIO=4&transport=websocket";

rejoinder::engine_io_server_options engine_options()
{
    rejoinder::engine_io_server_options made;
    made.path = "/engine.io/";
    return made;
}

struct engine_house {
    asio::io_context io;
    rejoinder::web_listener web{io.get_executor(), {asio::ip::address_v4::loopback(), 0}};
    std::deque<engine_guest> guests; // goes before the server, which may go before it, too
    std::optional<rejoinder::engine_io_server> server;

    explicit engine_house(const rejoinder::engine_io_server_options& options = engine_options())
    {
        server.emplace(io.get_executor(), options, [this](rejoinder::engine_io_channel channel, rejoinder::came_from from) {
            guests.push_back({std::move(channel), std::move(from)});
        });
        server->mount_on(web);
    }

    [[nodiscard]] engine_peer visit() { return {io, web.local_endpoint()}; }
    http_seen ask(std::string_view query, std::string_view more = {})
    {
        auto one = visit();
        one.get(query, more);
        return one.answer();
    }
    http_seen give(std::string_view query, std::string_view body)
    {
        auto one = visit();
        one.post(query, body);
        return one.answer();
    }
    // Opens a session by a poll; the query of its further requests.
    std::string open()
    {
        const auto seen = ask(by_polls);
        REQUIRE(seen.status == 200);
        return by_polls + "&sid=" + sid_of(seen.body);
    }
    static std::string sid_of(std::string_view greeting)
    {
        const auto at = greeting.find("\"sid\":\"") + 7;
        return std::string{greeting.substr(at, greeting.find('"', at) - at)};
    }
    // Moves that session to a WebSocket.
    engine_peer upgraded(const std::string& query)
    {
        auto socket = visit();
        socket.open_websocket(by_websocket + query.substr(by_polls.size()));
        CHECK(socket.answer().status == 101);
        socket.say("2probe");
        CHECK(socket.message() == "3probe");
        socket.say("5");
        CHECK(driven::until(io, [&] { return guests.back().channel.transport() == rejoinder::engine_io_transport::websocket; }));
        return socket;
    }
    bool until(const std::function<bool()>& holds) { return driven::until(io, holds); }
};

struct cancellable_wait {
    using cancellation_slot_type = asio::cancellation_slot;
    asio::cancellation_slot slot;
    std::error_code* ended;

    [[nodiscard]] asio::cancellation_slot get_cancellation_slot() const noexcept { return slot; }
    void operator()(std::error_code ec) const { *ended = ec; }
    void operator()(std::error_code ec, rejoinder::frame_batch) const { *ended = ec; }
};

} // namespace

TEST_CASE("a session opens by a poll or a WebSocket, with exactly the five keys and a secret nobody guesses")
{
    engine_house house;
    const auto polled = house.ask(by_polls + "&auth=7", "Cookie: tab=9\r\n");
    const auto sid = engine_house::sid_of(polled.body);
    CHECK(polled.status == 200);
    CHECK(sid.size() == 40);
    CHECK(polled.body ==
          "0{\"sid\":\"" + sid + R"(","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
    CHECK(polled.head.find("Set-Cookie") == std::string::npos);
    REQUIRE(house.guests.size() == 1);
    CHECK(house.guests[0].from.request->query.value("auth") == "7");
    CHECK(house.guests[0].from.request->cookies.value("tab") == "9");
    CHECK(house.guests[0].from.address.starts_with("127.0.0.1"));
    CHECK(house.guests[0].channel.transport() == rejoinder::engine_io_transport::polling);

    auto socket = house.visit();
    socket.open_websocket(by_websocket);
    CHECK(socket.answer().status == 101);
    const auto greeting = socket.message();
    CHECK(greeting == "0{\"sid\":\"" + engine_house::sid_of(greeting) +
                          R"(","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
    CHECK(engine_house::sid_of(greeting) != sid);
    CHECK(house.server->sessions() == 2);
}

TEST_CASE("each breach of the handshake has its code")
{
    auto options = engine_options();
    options.allow = [](const rejoinder::http_request& request) { return !request.query.contains("banned"); };
    engine_house house{options};
    const auto refusal = [&](const std::string& query, std::string_view method = "GET") {
        auto one = house.visit();
        one.post(query, {}, method);
        const auto seen = one.answer();
        return std::to_string(seen.status) + ' ' + seen.body;
    };
    CHECK(refusal("EIO=4") == R"(400 {"code":0,"message":"Transport unknown"})");
    CHECK(refusal("EIO=4&transport=smoke") == R"(400 {"code":0,"message":"Transport unknown"})");
    CHECK(refusal(by_polls + "&sid=none") == R"(400 {"code":1,"message":"Session ID unknown"})");
    CHECK(refusal(by_polls, "POST") == R"(400 {"code":2,"message":"Bad handshake method"})");
    CHECK(refusal(by_polls, "PUT") == R"(400 {"code":2,"message":"Bad handshake method"})");
    CHECK(refusal(by_websocket) == R"(400 {"code":3,"message":"Bad request"})");
    CHECK(refusal(by_polls + "&banned=1") == R"(403 {"code":4,"message":"Forbidden"})");
    CHECK(refusal("EIO=3&transport=polling") == R"(400 {"code":5,"message":"Unsupported protocol version"})");
    CHECK(refusal("transport=polling") == R"(400 {"code":5,"message":"Unsupported protocol version"})");
    const auto query = house.open();
    CHECK(refusal(query, "DELETE") == R"(400 {"code":3,"message":"Bad request"})");
    CHECK(refusal(by_websocket + query.substr(by_polls.size())) == R"(400 {"code":3,"message":"Bad request"})");
    CHECK(refusal("EIO=3" + query.substr(5)) == R"(400 {"code":3,"message":"Bad request"})");
    for (const auto* const one : {"EIO=3&transport=websocket", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=none"}) {
        auto socket = house.visit();
        socket.open_websocket(one);
        CHECK(socket.answer().status == 400);
    }
    CHECK(house.server->sessions() == 1);
    CHECK(house.server->counts().refused == 15);
}

TEST_CASE("frames come and go by polls, texts and bytes, in order")
{
    engine_house house;
    const auto query = house.open();
    auto& guest = house.guests[0];
    guest.listen();
    const auto said = house.give(query, "4hello\x1e"
                                        "bAQIDBA==\x1e"
                                        "4there");
    CHECK(said.status == 200);
    CHECK(said.body == "ok");
    CHECK(guest.got == std::vector<std::string>{"hello", "binary \x01\x02\x03\x04", "there"});

    auto poll = house.visit();
    poll.get(query);
    driven::settle(house.io);
    CHECK_FALSE(poll.has_something());
    CHECK(guest.put("one"));
    driven::settle(house.io);
    CHECK_FALSE(poll.has_something()); // committed is not flushed
    CHECK(guest.put("\x01\x02", rejoinder::encoding::binary));
    guest.flush();
    CHECK(guest.flushed == 0);
    CHECK(poll.answer().body == "4one\x1e"
                                "bAQI=");
    driven::settle(house.io);
    CHECK(guest.flushed == 1);
    CHECK(guest.channel.pending() == 0);
    guest.say("two");
    driven::settle(house.io);
    CHECK(guest.flushed == 1); // nobody has taken it
    CHECK(house.ask(query).body == "4two");
    CHECK(house.until([&] { return guest.flushed == 2; }));
}

TEST_CASE("a POST is answered when what it brought was received, and meanwhile there is no other")
{
    engine_house house;
    const auto query = house.open();
    auto first = house.visit();
    first.post(query, "4one");
    driven::settle(house.io);
    CHECK_FALSE(first.has_something());
    house.guests[0].listen();
    CHECK(first.answer().body == "ok");

    const auto other = house.open();
    auto held = house.visit();
    held.post(other, "4one");
    driven::settle(house.io);
    CHECK(house.give(other, "4two").status == 400);
    CHECK(held.answer().status == 200);
    house.guests[1].listen();
    REQUIRE(house.until([&] { return house.guests[1].ended.has_value(); }));
    CHECK(house.guests[1].got == std::vector<std::string>{"one"});
    CHECK(*house.guests[1].ended == rejoinder::errc::bad_message);
    CHECK(house.server->sessions() == 1);
}

TEST_CASE("a POST counts from its head on, and a second one is refused without its body")
{
    engine_house house;
    const auto query = house.open();
    house.guests[0].listen();
    auto cut = house.visit();
    cut.begin(query, "4on", 4);
    driven::settle(house.io);
    cut.close();
    auto slow = house.visit();
    driven::settle(house.io);
    slow.begin(query, "4on", 4); // whoever gives up stands in nobody's way
    driven::settle(house.io);
    slow.send("e");
    CHECK(slow.answer().body == "ok");
    CHECK(house.give(query, "4two").body == "ok");

    slow.begin(query, "4th", 6);
    driven::settle(house.io);
    CHECK(house.give(query, "4four").status == 400);
    slow.send("ree");
    CHECK(slow.answer().status == 400);
    REQUIRE(house.until([&] { return house.guests[0].ended.has_value(); }));
    CHECK(house.guests[0].got == std::vector<std::string>{"one", "two"});
    CHECK(*house.guests[0].ended == rejoinder::errc::bad_message);

    const auto other = house.open();
    auto first = house.visit();
    first.begin(other, "4", 4);
    driven::settle(house.io);
    auto second = house.visit();
    second.begin(other, "", 4);
    CHECK(second.answer().status == 400);
    CHECK(house.server->sessions() == 0);
    auto third = house.visit();
    third.begin(other, "", 4);
    CHECK(third.answer().body == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE("a poll that announces a body is refused at its head, too, if another one waits")
{
    engine_house house;
    const auto query = house.open();
    auto first = house.visit();
    first.get(query);
    driven::settle(house.io);
    auto second = house.visit();
    second.begin(query, "", 4, "GET");
    CHECK(second.answer().status == 400);
    CHECK(first.answer().body == "1");
    CHECK(house.server->sessions() == 0);
}

TEST_CASE("two polls at once end the session")
{
    engine_house house;
    const auto query = house.open();
    auto first = house.visit();
    first.get(query);
    driven::settle(house.io);
    CHECK(house.ask(query).status == 400);
    const auto seen = first.answer();
    CHECK(seen.status == 200);
    CHECK(seen.body == "1");
    CHECK(house.ask(query).body == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE("bad payloads end the session, after what was whole before them")
{
    engine_house house;
    for (const std::string body : {"", "abc", "4one\x1e", "4one\x1e\x1e", "4one\x1e"
                                                                          "b!",
                                   "2", "4one\x1e"
                                        "2probe",
                                   "5", "6", "0{}", "4one\x1e"
                                                    "4\xff"}) {
        INFO(body);
        const auto query = house.open();
        auto& guest = house.guests.back();
        guest.listen();
        CHECK(house.give(query, body).status == 400);
        REQUIRE(house.until([&] { return guest.ended.has_value(); }));
        CHECK(*guest.ended == rejoinder::errc::bad_message);
        CHECK(guest.got.size() == (body.starts_with("4one") ? 1 : 0));
        CHECK(house.ask(query).status == 400);
        CHECK_FALSE(guest.put("too late"));
    }
    CHECK(house.server->sessions() == 0);
    CHECK(house.server->counts().bad == 11);
}

TEST_CASE("a payload above the limit gets 413 or the code 1009")
{
    auto options = engine_options();
    options.terms.max_payload = 1000;
    engine_house house{options};
    const auto query = house.open();
    house.guests[0].listen();
    CHECK(house.give(query, '4' + std::string(1000, 'x')).status == 413);
    CHECK(house.give(query, '4' + std::string(999, 'x')).status == 200);
    CHECK_FALSE(house.guests[0].put(std::string(1000, 'x')));
    CHECK(house.guests[0].put(std::string(999, 'x')));

    auto socket = house.visit();
    socket.open_websocket(by_websocket);
    CHECK(socket.answer().status == 101);
    CHECK(socket.message().starts_with("0{"));
    house.guests[1].listen();
    socket.say('4' + std::string(1000, 'x'));
    CHECK(socket.message() == "close 1009");
    REQUIRE(house.until([&] { return house.guests[1].ended.has_value(); }));
    CHECK(*house.guests[1].ended == rejoinder::errc::too_big);
    CHECK(house.server->counts().oversized == 1);
}

TEST_CASE("the server pings, and a session whose pong does not come is over")
{
    auto options = engine_options();
    options.terms.ping_interval = 20ms;
    options.terms.ping_timeout = 200ms;
    engine_house house{options};
    const auto query = house.open();
    house.guests[0].listen();
    for (int i = 0; i != 3; ++i) {
        CHECK(house.ask(query).body == "2");
        CHECK(house.give(query, "3").body == "ok");
    }
    auto socket = house.visit();
    socket.open_websocket(by_websocket);
    CHECK(socket.answer().status == 101);
    CHECK(socket.message().starts_with("0{"));
    house.guests[1].listen();
    for (int i = 0; i != 3; ++i) {
        CHECK(socket.message() == "2");
        socket.say("3");
    }
    CHECK(socket.message() == "2");
    CHECK(socket.message() == "end");
    REQUIRE(house.until([&] { return house.guests[0].ended && house.guests[1].ended; }));
    CHECK(*house.guests[0].ended == asio::error::timed_out);
    CHECK(*house.guests[1].ended == asio::error::timed_out);
    CHECK(house.ask(query).status == 400);
    CHECK(house.server->counts().timed_out == 2);
}

TEST_CASE("a peer that is not read is not silent")
{
    auto options = engine_options();
    options.terms.ping_interval = 5ms;
    options.terms.ping_timeout = 5ms;
    engine_house house{options};
    const auto query = house.open();
    auto held = house.visit();
    held.post(query, "4one");
    driven::pass(house.io, 60ms);
    CHECK(house.server->sessions() == 1);
    house.guests[0].listen();
    CHECK(held.answer().status == 200);
    CHECK(house.until([&] { return house.server->sessions() == 0; }));
}

TEST_CASE("a client says that it is done, by either transport")
{
    engine_house house;
    const auto query = house.open();
    house.guests[0].listen();
    auto poll = house.visit();
    poll.get(query);
    driven::settle(house.io);
    CHECK(house.give(query, "4last\x1e"
                            "1")
              .body == "ok");
    CHECK(poll.answer().body == "6");
    REQUIRE(house.until([&] { return house.guests[0].ended.has_value(); }));
    CHECK(*house.guests[0].ended == asio::error::eof);
    CHECK(house.guests[0].got == std::vector<std::string>{"last"});
    CHECK(house.ask(query).status == 400);

    for (const bool by_packet : {true, false}) {
        auto socket = house.visit();
        socket.open_websocket(by_websocket);
        CHECK(socket.answer().status == 101);
        CHECK(socket.message().starts_with("0{"));
        auto& guest = house.guests.back();
        guest.listen();
        by_packet ? socket.say("1") : socket.send(websocket_bytes::raw_frame(0x88, websocket_bytes::close_payload(1001), true));
        REQUIRE(house.until([&] { return guest.ended.has_value(); }));
        CHECK(*guest.ended == asio::error::eof);
        CHECK(socket.message().starts_with("close"));
    }
    CHECK(house.server->sessions() == 0);
}

TEST_CASE("a session moves to a WebSocket, and its frames keep their order")
{
    engine_house house;
    const auto query = house.open();
    auto& guest = house.guests[0];
    guest.listen();
    CHECK(house.give(query, "4a").status == 200);
    auto poll = house.visit();
    poll.get(query);
    auto socket = house.visit();
    socket.open_websocket(by_websocket + query.substr(by_polls.size()));
    CHECK(socket.answer().status == 101);
    driven::settle(house.io);
    CHECK_FALSE(poll.has_something());
    socket.say("2probe");
    CHECK(socket.message() == "3probe");
    CHECK(poll.answer().body == "6");
    guest.say("1");
    CHECK(house.ask(query).body == "41"); // until the client has moved, it goes by polls
    CHECK(house.ask(query).body == "6");
    CHECK(house.until([&] { return guest.flushed == 1; }));
    guest.say("2");
    CHECK(guest.put("3"));
    CHECK(house.give(query, "4b").status == 200);
    socket.send(websocket_bytes::raw_frame(0x81, "5", true) + websocket_bytes::raw_frame(0x81, "4c", true) +
                websocket_bytes::raw_frame(0x82, "d", true));
    CHECK(socket.message() == "42");
    CHECK(house.until([&] { return guest.flushed == 2 && guest.got.size() == 4; }));
    CHECK(guest.channel.transport() == rejoinder::engine_io_transport::websocket);
    CHECK(guest.put("\x04", rejoinder::encoding::binary));
    guest.flush();
    CHECK(socket.message() == "43");
    CHECK(socket.message() == "binary \x04");
    CHECK(guest.got == std::vector<std::string>{"a", "b", "c", "binary d"});
    CHECK(house.ask(query).body == R"({"code":3,"message":"Bad request"})");
    auto late = house.visit();
    late.open_websocket(by_websocket + query.substr(by_polls.size()));
    CHECK(late.answer().status == 101);
    CHECK(late.message() == "close 1000");
    socket.say("4e");
    CHECK(house.until([&] { return guest.got.size() == 5; }));
    CHECK(house.server->counts().upgrades == 1);
}

TEST_CASE("a poll that still waits when the session moves is answered")
{
    engine_house house;
    const auto query = house.open();
    auto socket = house.visit();
    socket.open_websocket(by_websocket + query.substr(by_polls.size()));
    CHECK(socket.answer().status == 101);
    auto poll = house.visit();
    socket.send(websocket_bytes::raw_frame(0x81, "2probe", true) + websocket_bytes::raw_frame(0x81, "5", true));
    poll.get(query);
    CHECK(socket.message() == "3probe");
    const auto seen = poll.answer();
    CHECK((seen.status == 400 || seen.body == "6"));
    CHECK(house.until([&] { return house.guests[0].channel.transport() == rejoinder::engine_io_transport::websocket; }));
}

TEST_CASE("polling outlives an upgrade that fails, is broken off or takes too long")
{
    auto options = engine_options();
    options.upgrade_timeout = 30ms;
    engine_house house{options};
    const auto query = house.open();
    auto& guest = house.guests[0];
    guest.listen();
    const auto to_websocket = by_websocket + query.substr(by_polls.size());
    for (const std::string first : {"2", "4early", "5", "x", "2probe"}) {
        INFO(first);
        auto socket = house.visit();
        socket.open_websocket(to_websocket);
        CHECK(socket.answer().status == 101);
        socket.say(first);
        if (first == "2probe") {
            CHECK(socket.message() == "3probe"); // and then nothing
        }
        CHECK(socket.message() == "close 1000");
    }
    auto gone = house.visit();
    gone.open_websocket(to_websocket);
    CHECK(gone.answer().status == 101);
    gone.close();
    CHECK(house.until([&] { return house.server->counts().failed_upgrades == 6; }));
    CHECK(guest.got.empty());
    guest.say("still here");
    CHECK(house.ask(query).body == "4still here");
    auto moved = house.upgraded(query);
    moved.say("4at last");
    CHECK(house.until([&] { return guest.got.size() == 1; }));
}

TEST_CASE("only one upgrade is tried at a time")
{
    engine_house house;
    const auto query = house.open();
    const auto to_websocket = by_websocket + query.substr(by_polls.size());
    auto first = house.visit();
    first.open_websocket(to_websocket);
    CHECK(first.answer().status == 101);
    auto second = house.visit();
    second.open_websocket(to_websocket);
    CHECK(second.answer().status == 101);
    CHECK(second.message() == "close 1000");
    first.say("2probe");
    CHECK(first.message() == "3probe");
}

TEST_CASE("what a WebSocket brings against the protocol ends its session")
{
    engine_house house;
    for (const std::string said : {"x", "", "2", "2probe", "5", "0{}"}) {
        INFO(said);
        auto socket = house.visit();
        socket.open_websocket(by_websocket);
        CHECK(socket.answer().status == 101);
        CHECK(socket.message().starts_with("0{"));
        auto& guest = house.guests.back();
        guest.listen();
        socket.say("4one");
        socket.say(said);
        CHECK(socket.message() == "close 1008");
        REQUIRE(house.until([&] { return guest.ended.has_value(); }));
        CHECK(*guest.ended == rejoinder::errc::bad_message);
        CHECK(guest.got == std::vector<std::string>{"one"});
    }
    CHECK(house.server->sessions() == 0);
}

TEST_CASE("a poll or a POST that the client gives up ends the session")
{
    engine_house house;
    const auto query = house.open();
    house.guests[0].listen();
    auto poll = house.visit();
    poll.get(query);
    driven::settle(house.io);
    poll.close();
    REQUIRE(house.until([&] { return house.guests[0].ended.has_value(); }));
    CHECK(*house.guests[0].ended == asio::error::connection_reset);
    CHECK(house.ask(query).status == 400);

    const auto other = house.open();
    auto post = house.visit();
    post.post(other, "4one");
    driven::settle(house.io);
    post.close();
    CHECK(house.until([&] { return house.server->sessions() == 0; }));
    house.guests[1].listen();
    REQUIRE(house.until([&] { return house.guests[1].ended.has_value(); }));
    CHECK(house.guests[1].got == std::vector<std::string>{"one"}); // it had come
}

TEST_CASE("a flood is held back by its socket, and small packets are bounded by number")
{
    engine_house house;
    auto socket = house.visit();
    socket.open_websocket(by_websocket);
    CHECK(socket.answer().status == 101);
    CHECK(socket.message().starts_with("0{"));
    auto& guest = house.guests[0];
    std::string flood;
    for (int i = 0; i != 5000; ++i) {
        flood += websocket_bytes::raw_frame(0x81, "4" + std::string(100, 'x'), true);
    }
    const auto before = guest.channel.received();
    socket.send(flood);
    driven::settle(house.io);
    CHECK(guest.channel.received() - before < 256 << 10); // of half a megabyte
    guest.listen();
    CHECK(house.until([&] { return guest.got.size() == 5000; }));

    const auto query = house.open();
    house.guests[1].listen();
    std::string many{"4"};
    for (int i = 0; i != 5000; ++i) {
        many += "\x1e"
                "4";
    }
    CHECK(house.give(query, many).status == 400);
}

TEST_CASE("what is to be sent is bounded, and a poll's answer is no larger than a payload may be")
{
    auto options = engine_options();
    options.terms.max_payload = 1000;
    options.queued_bytes_max = 3000;
    options.queued_messages_max = 10;
    engine_house house{options};
    const auto query = house.open();
    auto& guest = house.guests[0];
    for (int i = 0; i != 4; ++i) {
        CHECK(guest.put(std::string(700, static_cast<char>('a' + i))));
    }
    CHECK_FALSE(guest.put(std::string(700, 'e')));
    CHECK_FALSE(guest.put("a\x1e"
                          "b"));
    CHECK_FALSE(guest.put("\xff"));
    CHECK(guest.channel.pending() == 4 * 716);
    guest.flush();
    for (int i = 0; i != 4; ++i) {
        CHECK(guest.flushed == 0);
        CHECK(house.ask(query).body == '4' + std::string(700, static_cast<char>('a' + i)));
        driven::settle(house.io);
    }
    CHECK(guest.flushed == 1);
    for (int i = 0; i != 10; ++i) {
        CHECK(guest.put("x"));
    }
    CHECK_FALSE(guest.put("x"));
}

TEST_CASE("there are no more sessions than the bound says")
{
    auto options = engine_options();
    options.sessions_max = 1;
    engine_house house{options};
    const auto query = house.open();
    CHECK(house.ask(by_polls).status == 503);
    auto socket = house.visit();
    socket.open_websocket(by_websocket);
    CHECK(socket.answer().status == 503);
    house.guests[0].channel.close();
    CHECK(house.ask(by_polls).status == 200);
    CHECK(house.server->counts().turned_away == 2);
}

TEST_CASE("a shutdown flushes and says farewell, by either transport")
{
    engine_house house;
    const auto query = house.open();
    auto& polled = house.guests[0];
    polled.listen();
    REQUIRE(polled.put("last"));
    polled.shut(rejoinder::close_reason::going_away);
    driven::settle(house.io);
    CHECK(polled.flushed == 0);
    CHECK(house.ask(query).body == "4last\x1e"
                                   "1");
    REQUIRE(house.until([&] { return polled.flushed == 1 && polled.ended; }));
    CHECK_FALSE(*polled.flush_ended);
    CHECK(*polled.ended == asio::error::eof);
    CHECK(house.ask(query).status == 400);

    auto socket = house.upgraded(house.open());
    auto& guest = house.guests[1];
    guest.listen();
    REQUIRE(guest.put("last"));
    guest.shut(rejoinder::close_reason::going_away);
    CHECK(socket.message() == "4last");
    CHECK(socket.message() == "close 1001");
    CHECK_FALSE(guest.put("too late"));
    socket.say("4crossed");
    socket.send(websocket_bytes::raw_frame(0x88, websocket_bytes::close_payload(1001), true));
    REQUIRE(house.until([&] { return guest.flushed == 1 && guest.ended; }));
    CHECK(*guest.ended == asio::error::eof);
    CHECK(guest.got == std::vector<std::string>{"crossed"});
}

TEST_CASE("what is said last goes with a client that is on its way to a WebSocket")
{
    engine_house house;
    const auto query = house.open();
    auto socket = house.visit();
    socket.open_websocket(by_websocket + query.substr(by_polls.size()));
    CHECK(socket.answer().status == 101);
    socket.say("2probe");
    CHECK(socket.message() == "3probe");
    auto& guest = house.guests[0];
    REQUIRE(guest.put("last"));
    guest.shut(rejoinder::close_reason::going_away);
    driven::settle(house.io);
    socket.say("5"); // it polls no more
    CHECK(socket.message() == "4last");
    CHECK(socket.message() == "close 1001");
}

TEST_CASE("closing or destroying a channel ends its session, and what was under way")
{
    engine_house house;
    const auto query = house.open();
    auto& guest = house.guests[0];
    guest.listen();
    REQUIRE(guest.put("x"));
    guest.flush();
    guest.channel.close();
    guest.channel.close();
    CHECK_FALSE(guest.ended);
    REQUIRE(house.until([&] { return guest.ended && guest.flushed == 1; }));
    CHECK(*guest.ended == asio::error::operation_aborted);
    CHECK(*guest.flush_ended == asio::error::operation_aborted);
    CHECK(house.ask(query).status == 400);

    const auto other = house.open();
    auto poll = house.visit();
    poll.get(other);
    driven::settle(house.io);
    house.guests[1].channel = {};
    CHECK(poll.answer().body == "1");

    auto socket = house.upgraded(house.open());
    house.guests[2].channel = {};
    CHECK(socket.message() == "end");
    CHECK(house.server->sessions() == 0);
}

TEST_CASE("a cancelled receive or flush loses nothing")
{
    engine_house house;
    const auto query = house.open();
    auto& guest = house.guests[0];
    asio::cancellation_signal stop;
    std::error_code received;
    std::error_code flushed;
    guest.channel.async_receive(cancellable_wait{stop.slot(), &received});
    driven::settle(house.io);
    stop.emit(asio::cancellation_type::terminal);
    CHECK(house.until([&] { return received == asio::error::operation_aborted; }));
    REQUIRE(guest.put("one"));
    guest.channel.async_flush(cancellable_wait{stop.slot(), &flushed});
    driven::settle(house.io);
    stop.emit(asio::cancellation_type::total);
    CHECK(house.until([&] { return flushed == asio::error::operation_aborted; }));
    CHECK(guest.channel.pending() != 0);
    guest.say("two");
    CHECK(house.ask(query).body == "4one\x1e"
                                   "4two");
    guest.listen();
    CHECK(house.give(query, "4three").status == 200);
    CHECK(guest.got == std::vector<std::string>{"three"});
}

TEST_CASE("a server goes with polls and sockets open, before its channels")
{
    engine_house house;
    const auto query = house.open();
    house.guests[0].listen();
    auto poll = house.visit();
    poll.get(query);
    auto moved = house.upgraded(house.open());
    house.guests[1].listen();
    const auto third = house.open();
    auto trying = house.visit();
    trying.open_websocket(by_websocket + third.substr(by_polls.size()));
    CHECK(trying.answer().status == 101);
    driven::settle(house.io);
    house.server.reset();
    CHECK(poll.answer().body == "1");
    CHECK(moved.message() == "close 1012");
    CHECK(trying.message() == "close 1000");
    REQUIRE(house.until([&] { return house.guests[0].ended && house.guests[1].ended; }));
    CHECK(*house.guests[0].ended == asio::error::connection_aborted);
    CHECK(*house.guests[1].ended == asio::error::connection_aborted);
    CHECK(house.ask(by_polls).status == 503);
    CHECK_FALSE(house.guests[2].put("too late"));
}

TEST_CASE("a server may be destroyed from inside, and its context with everything open")
{
    {
        asio::io_context io;
        rejoinder::web_listener web{io.get_executor(), {asio::ip::address_v4::loopback(), 0}};
        std::optional<rejoinder::engine_io_server> server;
        server.emplace(io.get_executor(), engine_options(), [&](rejoinder::engine_io_channel, const rejoinder::came_from&) { server.reset(); });
        server->mount_on(web);
        engine_peer one{io, web.local_endpoint()};
        one.get(by_polls);
        CHECK(one.answer().status == 200);
        CHECK_FALSE(server);
    }
    auto house = std::make_unique<engine_house>();
    const auto query = house->open();
    house->guests[0].listen();
    auto poll = house->visit();
    poll.get(query);
    auto socket = house->upgraded(house->open());
    house->guests[1].listen();
    driven::settle(house->io);
    // guests and server go before the context, with operations under way
}

TEST_CASE("pages of other origins are let in by the list, on polls and WebSockets")
{
    auto options = engine_options();
    options.origins.allowed = {"https://shop.example"};
    options.cookie = "io";
    engine_house house{options};
    const auto mine = house.ask(by_polls, "Origin: https://shop.example\r\n");
    CHECK(mine.status == 200);
    CHECK(mine.head.find("Access-Control-Allow-Origin: https://shop.example\r\n") != std::string::npos);
    CHECK(mine.head.find("Set-Cookie: io=" + engine_house::sid_of(mine.body)) != std::string::npos);
    const auto theirs = house.ask(by_polls, "Origin: https://evil.example\r\n");
    CHECK(theirs.status == 403);
    CHECK(theirs.body == R"({"code":4,"message":"Forbidden"})");
    CHECK(theirs.head.find("Access-Control") == std::string::npos);
    auto socket = house.visit();
    socket.get(by_websocket, "Origin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    CHECK(socket.answer().status == 403);
    auto asking = house.visit();
    asking.send("OPTIONS /engine.io/ HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n\r\n");
    const auto preflight = asking.answer();
    CHECK(preflight.status == 204);
    CHECK(preflight.head.find("Access-Control-Allow-Methods: GET,POST\r\n") != std::string::npos);
}

TEST_CASE("a server takes only the transports of its options")
{
    auto options = engine_options();
    options.transports = rejoinder::engine_io_transports::polling;
    engine_house polls{options};
    CHECK(polls.ask(by_polls).body.find("\"upgrades\":[]") != std::string::npos);
    auto socket = polls.visit();
    socket.open_websocket(by_websocket);
    CHECK(socket.answer().body == R"({"code":0,"message":"Transport unknown"})");
    options.transports = rejoinder::engine_io_transports::websocket;
    engine_house sockets{options};
    CHECK(sockets.ask(by_polls).body == R"({"code":0,"message":"Transport unknown"})");
    auto taken = sockets.visit();
    taken.open_websocket(by_websocket);
    CHECK(taken.answer().status == 101);
}

namespace {

// A client of the house, by this library.
struct engine_caller : engine_guest {
    std::optional<std::error_code> opened{};
    asio::cancellation_signal stop{};

    void dial(engine_house& house, rejoinder::engine_io_approach by, std::string_view query = "?who=42")
    {
        rejoinder::engine_io_connector_options options;
        options.approach = by;
        options.web.headers = {{"X-Tab", "first"}, {"X-Broken", "a\r\nb"}};
        const auto port = std::to_string(house.web.local_endpoint().port());
        const rejoinder::engine_io_connector to{"ws://127.0.0.1:" + port + "/engine.io/" + std::string{query}, options};
        to.async_connect(house.io.get_executor(), asio::bind_cancellation_slot(stop.slot(), [this](std::error_code ec, rejoinder::engine_io_channel made) {
                             CHECK_FALSE(opened);
                             opened = ec;
                             channel = std::move(made);
                         }));
        CHECK_FALSE(opened);
    }
    void join(engine_house& house, rejoinder::engine_io_approach by)
    {
        const auto guests = house.guests.size();
        dial(house, by);
        REQUIRE(house.until([&] { return opened && house.guests.size() == guests + 1; }));
        REQUIRE_FALSE(*opened);
        const bool polls = by == rejoinder::engine_io_approach::polling;
        REQUIRE(house.until([&] { return polls == (channel.transport() == rejoinder::engine_io_transport::polling); }));
    }
};

constexpr auto all_approaches = {rejoinder::engine_io_approach::polling, rejoinder::engine_io_approach::upgrade, rejoinder::engine_io_approach::websocket};

} // namespace

TEST_CASE("a connector's channel and a server's are two ends of one link, by every approach")
{
    for (const auto by : all_approaches) {
        INFO(static_cast<int>(by));
        engine_house house;
        engine_caller caller;
        caller.join(house, by);
        auto& guest = house.guests[0];
        CHECK(guest.from.request->query.value("who") == "42");
        CHECK(guest.from.request->headers.value("X-Tab") == "first");
        CHECK_FALSE(guest.from.request->headers.contains("X-Broken"));
        caller.listen();
        guest.listen();
        for (int i = 0; i != 3000; ++i) {
            const auto form = i % 3 == 0 ? rejoinder::encoding::binary : rejoinder::encoding::text;
            REQUIRE(caller.put(std::to_string(i), form));
            REQUIRE(guest.put(std::to_string(i), form));
        }
        caller.flush();
        guest.flush();
        REQUIRE(house.until([&] { return caller.got.size() == 3000 && guest.got.size() == 3000; }));
        for (int i = 0; i != 3000; ++i) {
            const auto said = (i % 3 == 0 ? "binary " : "") + std::to_string(i);
            REQUIRE(caller.got[static_cast<std::size_t>(i)] == said);
            REQUIRE(guest.got[static_cast<std::size_t>(i)] == said);
        }
        REQUIRE(house.until([&] { return caller.flushed == 1 && guest.flushed == 1; }));
        CHECK(caller.channel.pending() == 0);
        REQUIRE(caller.put("last"));
        caller.shut(rejoinder::close_reason::normal);
        REQUIRE(house.until([&] { return caller.ended && guest.ended && caller.flushed == 2; }));
        CHECK_FALSE(*caller.flush_ended);
        CHECK(*caller.ended == asio::error::eof);
        CHECK(*guest.ended == asio::error::eof);
        CHECK(guest.got.back() == "last");
    }
}

TEST_CASE("a client's channel hears its server's end, and the server its client's, by every approach")
{
    for (const auto by : all_approaches) {
        INFO(static_cast<int>(by));
        engine_house house;
        engine_caller told;
        told.join(house, by);
        told.listen();
        house.guests[0].listen();
        REQUIRE(house.guests[0].put("last"));
        house.guests[0].shut(rejoinder::close_reason::going_away);
        REQUIRE(house.until([&] { return told.ended && house.guests[0].ended; }));
        CHECK(*told.ended == asio::error::eof);
        CHECK(told.got == std::vector<std::string>{"last"});

        engine_caller dropping;
        dropping.join(house, by);
        dropping.listen();
        house.guests[1].listen();
        driven::settle(house.io);
        CHECK_FALSE(dropping.ended);
        CHECK_FALSE(house.guests[1].ended);
        dropping.channel.close();
        REQUIRE(house.until([&] { return dropping.ended && house.guests[1].ended; }));
        CHECK(*dropping.ended == asio::error::operation_aborted);

        engine_caller orphan;
        orphan.join(house, by);
        orphan.listen();
        house.server.reset();
        REQUIRE(house.until([&] { return orphan.ended.has_value(); }));
        // A poll that was on its way meets nobody.
        CHECK((*orphan.ended == asio::error::eof || *orphan.ended == asio::error::connection_reset));
        engine_caller late;
        late.dial(house, by);
        REQUIRE(house.until([&] { return late.opened.has_value(); }));
        CHECK(*late.opened == rejoinder::errc::busy);
    }
}

TEST_CASE("a polling client answers pings, is refused with a verdict, and stops at once when cancelled")
{
    auto options = engine_options();
    options.terms.ping_interval = 10ms;
    options.terms.ping_timeout = 500ms;
    options.allow = [](const rejoinder::http_request& request) { return !request.query.contains("banned"); };
    engine_house house{options};
    engine_caller caller;
    caller.join(house, rejoinder::engine_io_approach::polling);
    house.guests[0].listen();
    const auto pongs = [&] { return house.guests[0].channel.received(); };
    REQUIRE(house.until([&] { return pongs() >= 5; })); // though nobody receives at the client
    CHECK_FALSE(house.guests[0].ended);
    CHECK_FALSE(caller.put(std::string(800'000, 'x'))); // as base64 it would be too long
    CHECK_FALSE(caller.put("a\x1e"));

    engine_caller banned;
    banned.dial(house, rejoinder::engine_io_approach::polling, "?banned=1");
    REQUIRE(house.until([&] { return banned.opened.has_value(); }));
    CHECK(*banned.opened == rejoinder::errc::auth_refused);

    engine_caller stopped;
    stopped.dial(house, rejoinder::engine_io_approach::polling);
    stopped.stop.emit(asio::cancellation_type::total);
    REQUIRE(house.until([&] { return stopped.opened.has_value(); }));
    CHECK(*stopped.opened == asio::error::operation_aborted);

    caller.channel = {};
    REQUIRE(house.until([&] { return house.guests[0].ended.has_value(); }));
}
