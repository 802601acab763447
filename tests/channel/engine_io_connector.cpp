// Connecting to Engine.IO servers, which are played by hand here.
#include <rejoinder/channel/engine_io_connector.hpp>

#include "support/driven.hpp"
#include "support/websocket_bytes.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

const std::string short_terms = R"(0{"sid":"s","upgrades":[],"pingInterval":20,"pingTimeout":10,"maxPayload":1000})";
const std::string long_terms = R"(0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000})";

// Accepts one connection, and speaks the server's frames on it.
class engine_by_hand {
public:
    explicit engine_by_hand(asio::io_context& io) : io_(io), acceptor_(io, {asio::ip::address_v4::loopback(), 0}), socket_(io)
    {
        acceptor_.async_accept(socket_, [](std::error_code) {});
    }

    [[nodiscard]] std::string url(std::string_view target = {}) const
    {
        return "ws://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + std::string{target};
    }
    // Answers the WebSocket's handshake; the request's first line.
    std::string opens()
    {
        wait([this] { return came_.find("\r\n\r\n") != std::string::npos; });
        const auto at = came_.find("Sec-WebSocket-Key: ") + 19;
        write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
              rejoinder::websocket_accept(came_.substr(at, 24)) + "\r\n\r\n");
        auto line = came_.substr(0, came_.find("\r\n"));
        came_.clear();
        return line;
    }
    // A request without a body: its first line.
    std::string asks()
    {
        wait([this] { return came_.find("\r\n\r\n") != std::string::npos; });
        auto line = came_.substr(0, came_.find("\r\n"));
        came_.clear();
        return line;
    }
    void answers(std::string_view status, std::string_view body, std::string_view more = {})
    {
        write("HTTP/1.1 " + std::string{status} + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{more} +
              "\r\n" + std::string{body});
    }
    void write(std::string_view bytes)
    {
        while (!bytes.empty()) {
            std::error_code ec;
            bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), ec));
            if (ec == asio::error::would_block) {
                io_.restart();
                if (io_.run_one_for(1ms) == 0 && ++refused_ > 50) {
                    return; // the client does not read
                }
            } else if (ec) {
                return;
            }
        }
    }
    void say(std::string_view text) { write(websocket_bytes::raw_frame(0x81, text, false)); }
    void say_bytes(std::string_view bytes) { write(websocket_bytes::raw_frame(0x82, bytes, false)); }
    // The client's next message, of up to 125 bytes: its text, "binary ..." or "close CODE"; "end".
    std::string hears()
    {
        const auto size = [this] { return static_cast<std::size_t>(static_cast<unsigned char>(came_[1]) & 0x7F); };
        if (!wait([&] { return came_.size() >= 6 && came_.size() >= 6 + size(); })) {
            return "end";
        }
        std::string payload;
        for (std::size_t i = 0; i != size(); ++i) {
            payload.push_back(static_cast<char>(came_[6 + i] ^ came_[2 + i % 4]));
        }
        const auto first = static_cast<unsigned char>(came_[0]);
        came_.erase(0, 6 + payload.size());
        if (first == 0x88) {
            return "close " + std::to_string(static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]));
        }
        return (first == 0x82 ? "binary " : first == 0x89 ? "ping" : "") + payload;
    }

private:
    template <class Condition>
    bool wait(Condition holds)
    {
        bool held = false;
        driven::until(io_, [&] {
            char piece[2048];
            std::error_code ec;
            if (socket_.is_open()) {
                socket_.non_blocking(true, ec);
                came_.append(piece, socket_.read_some(asio::buffer(piece), ec));
                ended_ = ended_ || (ec && ec != asio::error::would_block);
            }
            held = holds();
            return held || ended_;
        });
        return held;
    }

    asio::io_context& io_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::socket socket_;
    std::string came_;
    int refused_ = 0;
    bool ended_ = false;
};

// A client with its server.
struct engine_call {
    asio::io_context io;
    engine_by_hand server{io};
    asio::cancellation_signal stop;
    std::optional<std::error_code> opened;
    rejoinder::engine_io_channel channel;
    std::vector<std::string> got;
    std::optional<std::error_code> ended;
    std::optional<std::error_code> flushed;

    void dial(std::string_view target = {}, const rejoinder::engine_io_connector_options& options = {})
    {
        const rejoinder::engine_io_connector by{server.url(target), options};
        by.async_connect(io.get_executor(), asio::bind_cancellation_slot(stop.slot(), [this](std::error_code ec, rejoinder::engine_io_channel made) {
                             CHECK_FALSE(opened);
                             opened = ec;
                             channel = std::move(made);
                         }));
        CHECK_FALSE(opened);
    }
    std::error_code result()
    {
        REQUIRE(driven::until(io, [this] { return opened.has_value(); }));
        return *opened;
    }
    void join(std::string_view greeting = long_terms)
    {
        dial();
        server.opens();
        server.say(greeting);
        REQUIRE_FALSE(result());
    }
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
    bool put(std::string_view body, rejoinder::encoding form = rejoinder::encoding::text)
    {
        channel.begin().append(body);
        return channel.commit(form);
    }
    void flush()
    {
        channel.async_flush([this](std::error_code ec) { flushed = ec; });
        CHECK_FALSE(flushed);
    }
    std::error_code end()
    {
        REQUIRE(driven::until(io, [this] { return ended.has_value(); }));
        return *ended;
    }
};

} // namespace

TEST_CASE("an Engine.IO connector asks for a WebSocket where the URL says")
{
    for (const auto& [target, line] : std::vector<std::pair<std::string, std::string>>{
             {"", "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1"},
             {"/", "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1"},
             {"/?token=7", "GET /socket.io/?token=7&EIO=4&transport=websocket HTTP/1.1"},
             {"?token=7", "GET /socket.io/?token=7&EIO=4&transport=websocket HTTP/1.1"},
             {"/engine.io/?a=b", "GET /engine.io/?a=b&EIO=4&transport=websocket HTTP/1.1"}}) {
        engine_call call;
        call.dial(target);
        CHECK(call.server.opens() == line);
    }
    CHECK(rejoinder::engine_io_connector{"ws://shop.example:81?token=secret"}.description() == "ws://shop.example:81/socket.io/");
    CHECK_THROWS_AS(rejoinder::engine_io_connector{"shop.example"}, std::invalid_argument);
}

TEST_CASE("frames come and go over an Engine.IO session, and pings are answered though nobody receives")
{
    engine_call call;
    call.dial();
    call.server.opens();
    call.server.write(websocket_bytes::raw_frame(0x81, long_terms, false) + websocket_bytes::raw_frame(0x81, "4first", false));
    REQUIRE_FALSE(call.result());
    CHECK(call.channel.transport() == rejoinder::engine_io_transport::websocket);
    call.server.say("2");
    CHECK(call.server.hears() == "3");
    call.server.say("2x");
    CHECK(call.server.hears() == "3x");
    call.server.say("6");
    call.server.say_bytes("\x01\x02");
    call.listen();
    REQUIRE(driven::until(call.io, [&] { return call.got.size() == 2; }));
    CHECK(call.got == std::vector<std::string>{"first", "binary \x01\x02"});
    CHECK(call.put("one"));
    CHECK(call.put("\x03", rejoinder::encoding::binary));
    CHECK(call.put(std::string(999, 'x')));
    CHECK_FALSE(call.put(std::string(1000, 'x'))); // the server said so
    CHECK_FALSE(call.put("\xff"));
    call.flush();
    CHECK(call.server.hears() == "4one");
    CHECK(call.server.hears() == "binary \x03");
    REQUIRE(driven::until(call.io, [&] { return call.flushed.has_value(); }));
    CHECK_FALSE(*call.flushed);
    CHECK(call.channel.pending() == 0);
}

TEST_CASE("an attempt fails without the server's handshake")
{
    for (const std::string first : {"4early", "0{}", "0", "x", "6"}) {
        engine_call call;
        call.dial();
        call.server.opens();
        call.server.say(first);
        CHECK(call.result() == rejoinder::errc::bad_message);
    }
    engine_call silent;
    silent.dial({}, {.open_timeout = 40ms});
    silent.server.opens();
    CHECK(silent.result() == rejoinder::errc::handshake_timed_out);
    CHECK(silent.server.hears() == "end");

    engine_call ended;
    ended.dial();
    ended.server.opens();
    ended.server.write(websocket_bytes::raw_frame(0x88, websocket_bytes::close_payload(1000), false));
    CHECK(ended.result() == asio::error::eof);
}

TEST_CASE("an attempt is cancelled at any step")
{
    engine_call dialling;
    dialling.dial();
    dialling.stop.emit(asio::cancellation_type::total);
    CHECK(dialling.result() == asio::error::operation_aborted);
    engine_call waiting;
    waiting.dial();
    waiting.server.opens();
    driven::settle(waiting.io);
    waiting.stop.emit(asio::cancellation_type::terminal);
    CHECK(waiting.result() == asio::error::operation_aborted);
    CHECK(waiting.server.hears() == "end");
}

TEST_CASE("a server that pings no more is given up, whatever else it says")
{
    engine_call call;
    call.join(short_terms);
    call.listen();
    while (!call.ended) {
        call.server.say("4still");
        driven::pass(call.io, 1ms);
    }
    CHECK(*call.ended == asio::error::timed_out);
    CHECK_FALSE(call.put("too late"));

    engine_call deaf; // but not while it is this side that does not read
    deaf.join(short_terms);
    for (int i = 0; i != 200; ++i) {
        deaf.server.say('4' + std::string(900, 'x'));
    }
    driven::pass(deaf.io, 80ms);
    deaf.listen();
    REQUIRE(driven::until(deaf.io, [&] { return deaf.ended || deaf.got.size() >= 100; }));
    CHECK_FALSE(deaf.ended);
}

TEST_CASE("a WebSocket that is silent after something was sent is pinged, and given up if not a byte comes")
{
    engine_call call;
    call.dial({}, {.probe_after = 30ms});
    call.server.opens();
    call.server.say(long_terms);
    REQUIRE_FALSE(call.result());
    call.listen();
    CHECK(call.put("asked"));
    call.flush();
    CHECK(call.server.hears() == "4asked");
    CHECK(call.server.hears() == "ping");
    call.server.write(websocket_bytes::raw_frame(0x8A, {}, false));
    driven::pass(call.io, 100ms); // nothing is asked while nothing is sent
    CHECK_FALSE(call.ended);
    CHECK(call.put("more"));
    call.channel.async_flush([](std::error_code) {});
    CHECK(call.server.hears() == "4more");
    CHECK(call.server.hears() == "ping");
    CHECK(call.end() == asio::error::timed_out);
}

TEST_CASE("a server that goes on pinging is never given up")
{
    engine_call call;
    call.join(R"(0{"sid":"s","upgrades":[],"pingInterval":100,"pingTimeout":100,"maxPayload":1000})");
    call.listen();
    for (int i = 0; i != 40; ++i) {
        call.server.say("2");
        driven::pass(call.io, 10ms);
    }
    CHECK_FALSE(call.ended);
}

TEST_CASE("a server ends an Engine.IO session by a packet or a Close frame, or breaks it")
{
    engine_call packet;
    packet.join();
    packet.listen();
    packet.server.say("4last");
    packet.server.say("1");
    CHECK(packet.end() == asio::error::eof);
    CHECK(packet.got == std::vector<std::string>{"last"});

    engine_call frame;
    frame.join();
    frame.listen();
    frame.server.write(websocket_bytes::raw_frame(0x88, websocket_bytes::close_payload(1001), false));
    CHECK(frame.end() == asio::error::eof);
    CHECK(frame.server.hears() == "close 1001");

    for (const std::string wrong : {"x", "0{}", "3", "5"}) {
        engine_call call;
        call.join();
        call.listen();
        call.server.say(wrong);
        CHECK(call.end() == rejoinder::errc::bad_message);
        CHECK(call.server.hears() == "close 1008");
    }
}

TEST_CASE("a client shuts an Engine.IO session down, or drops it")
{
    engine_call call;
    call.join();
    call.listen();
    CHECK(call.put("last"));
    call.channel.async_shutdown(rejoinder::close_reason::going_away, [&](std::error_code ec) { call.flushed = ec; });
    CHECK(call.server.hears() == "4last");
    CHECK(call.server.hears() == "close 1001");
    call.server.say("4crossed");
    call.server.write(websocket_bytes::raw_frame(0x88, websocket_bytes::close_payload(1001), false));
    CHECK(call.end() == asio::error::eof);
    CHECK(call.got == std::vector<std::string>{"crossed"});
    CHECK((call.flushed && !*call.flushed));

    engine_call dropped;
    dropped.join();
    dropped.listen();
    dropped.channel.close();
    CHECK_FALSE(dropped.ended);
    CHECK(dropped.end() == asio::error::operation_aborted);
    CHECK(dropped.server.hears() == "end");

    engine_call open; // its context goes with everything under way
    open.join();
    open.listen();
    CHECK(open.put("x"));
    open.channel.async_flush([](std::error_code) {});
}

TEST_CASE("by polls, refused, no such protocol, and down are told apart")
{
    const auto failed_with = [](std::string_view status, std::string_view body, std::string_view more = {}) {
        engine_call call;
        call.dial({}, {.approach = rejoinder::engine_io_approach::polling});
        CHECK(call.server.asks() == "GET /socket.io/?EIO=4&transport=polling HTTP/1.1");
        call.server.answers(status, body, more);
        const auto why = call.result();
        CHECK(call.server.asks().empty()); // and that was all
        return why;
    };
    CHECK(failed_with("400 Bad Request", R"({"code":5,"message":"Unsupported protocol version"})") == rejoinder::errc::incompatible);
    CHECK(failed_with("400 Bad Request", R"({"code":0,"message":"Transport unknown"})") == rejoinder::errc::incompatible);
    CHECK(failed_with("403 Forbidden", R"({"code":4,"message":"Forbidden"})") == rejoinder::errc::auth_refused);
    CHECK(failed_with("401 Unauthorized", "") == rejoinder::errc::auth_refused);
    CHECK(failed_with("503 Busy", "", "Retry-After: 7\r\n") == rejoinder::errc::busy);
    CHECK(failed_with("404 Not Found", "<html>") == rejoinder::errc::bad_message);
    CHECK(failed_with("200 OK", "<html>") == rejoinder::errc::bad_message);
    CHECK(failed_with("200 OK", "4early") == rejoinder::errc::bad_message);
}

TEST_CASE("a poll's answer may hold more than the handshake, and a lost session ends the channel")
{
    engine_call call;
    call.dial({}, {.approach = rejoinder::engine_io_approach::polling});
    call.server.asks();
    call.server.answers("200 OK", long_terms + "\x1e" "4one\x1e" "bAAE=");
    REQUIRE_FALSE(call.result());
    CHECK(call.channel.transport() == rejoinder::engine_io_transport::polling);
    call.listen();
    CHECK(call.server.asks() == "GET /socket.io/?EIO=4&transport=polling&sid=s HTTP/1.1");
    REQUIRE(driven::until(call.io, [&] { return call.got.size() == 2; }));
    CHECK(call.got == std::vector<std::string>{"one", "binary " + std::string("\0\x01", 2)});
    CHECK_FALSE(call.put("a\x1e"));
    CHECK_FALSE(call.put(std::string(750, 'x'), rejoinder::encoding::binary)); // as base64 it would be too long
    call.server.answers("400 Bad Request", R"({"code":1,"message":"Session ID unknown"})");
    CHECK(call.end() == asio::error::connection_reset);
}

TEST_CASE("what breaks Engine.IO in a poll ends the channel")
{
    for (const std::string wrong : {"x", "", "0{}", "3", "b*", "4ok\x1e"}) {
        engine_call call;
        call.dial({}, {.approach = rejoinder::engine_io_approach::polling});
        call.server.asks();
        call.server.answers("200 OK", long_terms);
        REQUIRE_FALSE(call.result());
        call.listen();
        call.server.asks();
        call.server.answers("200 OK", wrong);
        CHECK(call.end() == rejoinder::errc::bad_message);
    }
}
