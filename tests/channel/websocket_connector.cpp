// Connecting over WebSockets: what is asked for, what is taken for an answer, and how an attempt ends early.
#include <rejoinder/channel/websocket_connector.hpp>

#include <rejoinder/core/link_verdict.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "support/driven.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

using rejoinder::errc;
using web_channel = rejoinder::websocket_connector::channel_type;

static_assert(rejoinder::connector<rejoinder::websocket_connector>);

// A server by hand: it accepts one connection, reads the request and writes these words.
class hand_server {
public:
    explicit hand_server(asio::io_context& io) : io_(io), acceptor_(io, {asio::ip::address_v4::loopback(), 0}), socket_(io) {}

    std::string url(std::string_view target = "/ws") const
    {
        return "ws://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + std::string{target};
    }

    // The request that comes.
    std::string request()
    {
        if (!socket_.is_open()) {
            acceptor_.async_accept(socket_, [](std::error_code) {});
        }
        std::string head;
        driven::until(io_, [&] {
            char piece[2048];
            std::error_code ec;
            if (socket_.is_open()) {
                socket_.non_blocking(true, ec);
                head.append(piece, ec ? 0 : socket_.read_some(asio::buffer(piece), ec));
            }
            return head.find("\r\n\r\n") != std::string::npos;
        });
        return head;
    }
    void say(std::string_view words) { asio::write(socket_, asio::buffer(words)); }
    void close() { socket_.close(); }

    // The answer that RFC 6455 has to that request.
    static std::string accepting_answer(std::string_view request, std::string_view more = {})
    {
        const auto at = request.find("Sec-WebSocket-Key: ") + 19;
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
               rejoinder::websocket_accept(request.substr(at, 24)) + "\r\n" + std::string{more} + "\r\n";
    }

private:
    asio::io_context& io_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::socket socket_;
};

struct opening {
    std::optional<std::error_code> ended;
    web_channel channel;
    asio::cancellation_signal stop;

    void start(asio::io_context& io, const rejoinder::websocket_connector& by)
    {
        by.async_connect(io.get_executor(), asio::bind_cancellation_slot(stop.slot(), [this](std::error_code ec, web_channel made) {
                             CHECK_FALSE(ended);
                             ended = ec;
                             channel = std::move(made);
                         }));
        CHECK_FALSE(ended);
    }
    std::error_code result(asio::io_context& io)
    {
        CHECK(driven::until(io, [this] { return ended.has_value(); }));
        return ended.value_or(std::error_code{});
    }
};

std::error_code ended_with(std::string_view reply_text)
{
    asio::io_context io;
    hand_server server{io};
    const rejoinder::websocket_connector by{server.url()};
    opening one;
    one.start(io, by);
    server.request();
    server.say(reply_text);
    return one.result(io);
}

} // namespace

TEST_CASE("a connector speaks for the URLs that its layer can reach, and tells no secret of them")
{
    CHECK(rejoinder::websocket_connector{"ws://localhost:81/ws?token=secret"}.description() == "ws://localhost:81/ws");
    CHECK_THROWS_AS(rejoinder::websocket_connector{"wss://localhost/"}, std::invalid_argument);
    CHECK_THROWS_AS(rejoinder::websocket_connector{"localhost:81"}, std::invalid_argument);
}

TEST_CASE("a WebSocket opens, with all that was asked for, and bytes that came with the answer are not lost")
{
    asio::io_context io;
    hand_server server{io};
    rejoinder::websocket_connector_options options;
    options.subprotocols = {"v2", "v1"};
    options.headers = {{"Authorization", "Bearer old"}};
    options.on_request = [](rejoinder::http_headers& headers) { headers.set("Authorization", "Bearer new"); };
    std::string chosen;
    options.on_answer = [&](const rejoinder::http_response& answer) { chosen = answer.headers.value("Sec-WebSocket-Protocol"); };
    const rejoinder::websocket_connector by{server.url("/ws/7?x=1"), options};
    opening one;
    one.start(io, by);
    const auto request = server.request();
    CHECK(request.starts_with("GET /ws/7?x=1 HTTP/1.1\r\n"));
    CHECK(request.find("Sec-WebSocket-Protocol: v2, v1\r\n") != std::string::npos);
    CHECK(request.find("Authorization: Bearer new\r\n") != std::string::npos);
    CHECK(request.find("Bearer old") == std::string::npos);
    server.say(hand_server::accepting_answer(request, "Sec-WebSocket-Protocol: v1\r\n") + "\x81\x05hello");
    REQUIRE_FALSE(one.result(io));
    CHECK(chosen == "v1");
    std::string came;
    one.channel.async_receive([&](std::error_code ec, rejoinder::frame_batch frames) {
        CHECK_FALSE(ec);
        rejoinder::frame_view frame;
        while (frames.next(frame)) {
            came = frame.bytes;
        }
    });
    CHECK(driven::until(io, [&] { return !came.empty(); }));
    CHECK(came == "hello");
}

TEST_CASE("an answer of one byte at a time opens it, too")
{
    asio::io_context io;
    hand_server server{io};
    const rejoinder::websocket_connector by{server.url()};
    opening one;
    one.start(io, by);
    for (const char c : hand_server::accepting_answer(server.request())) {
        server.say({&c, 1});
        driven::settle(io);
    }
    CHECK_FALSE(one.result(io));
}

TEST_CASE("refused, down, and something else than a WebSocket are told apart")
{
    using rejoinder::link_verdict;
    const auto refused = ended_with("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    CHECK(refused == errc::auth_refused);
    CHECK(rejoinder::verdict_on(refused) == link_verdict::refused);
    CHECK(ended_with("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot") == errc::auth_refused);
    CHECK(ended_with("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 14\r\n\r\n") == errc::incompatible);
    CHECK(rejoinder::verdict_on(ended_with("HTTP/1.1 503 Busy\r\n\r\n")) == link_verdict::down);
    CHECK(ended_with("HTTP/1.1 404 Not Found\r\n\r\n") == errc::bad_message);
    CHECK(ended_with("HTTP/1.1 200 OK\r\n\r\n<html>") == errc::bad_message);
    CHECK(ended_with("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") == errc::bad_message); // another one's key
    CHECK(rejoinder::verdict_on(ended_with("SSH-2.0-OpenSSH_9.2\r\n\r\n")) == link_verdict::garbled);
    CHECK(ended_with("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')) == errc::bad_message);
}

TEST_CASE("a server that is too busy says when it wants to be asked again")
{
    asio::io_context io;
    hand_server server{io};
    const rejoinder::websocket_connector by{server.url()};
    opening one;
    one.start(io, by);
    server.request();
    server.say("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n\r\n");
    CHECK(one.result(io) == errc::busy);
    CHECK(by.retry_after() == rejoinder::duration{7s});
}

TEST_CASE("a server that does not answer, or goes, ends the attempt")
{
    asio::io_context io;
    hand_server silent{io};
    rejoinder::websocket_connector_options options;
    options.handshake_timeout = 30ms;
    opening one;
    one.start(io, rejoinder::websocket_connector{silent.url(), options});
    CHECK(one.result(io) == errc::handshake_timed_out);

    hand_server gone{io};
    opening two;
    two.start(io, rejoinder::websocket_connector{gone.url()});
    gone.request();
    gone.close();
    CHECK(two.result(io) == asio::error::eof);

    std::string nobody;
    {
        hand_server closed{io};
        nobody = closed.url();
    }
    opening three;
    three.start(io, rejoinder::websocket_connector{nobody});
    CHECK(three.result(io) == asio::error::connection_refused);
}

TEST_CASE("an attempt is cancelled at each of its steps, and lives on without its connector")
{
    asio::io_context io;
    hand_server server{io};
    const int steps = GENERATE(0, 1, 2);
    opening one;
    one.start(io, rejoinder::websocket_connector{server.url()});
    if (steps > 0) {
        const auto request = server.request();
        if (steps > 1) {
            server.say(hand_server::accepting_answer(request).substr(0, 40));
            driven::settle(io);
        }
    }
    one.stop.emit(asio::cancellation_type::terminal);
    CHECK_FALSE(one.ended);
    CHECK(one.result(io) == asio::error::operation_aborted);
}
