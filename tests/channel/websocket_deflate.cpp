// WebSocket channels that agreed on permessage-deflate.
#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/wire/websocket_deflate.hpp>

#include <asio/io_context.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "channel/streams.hpp"
#include "support/websocket_bytes.hpp"

#include "support/catch.hpp"

using namespace channel_tests;
using websocket_bytes::raw_frame;

namespace {

using compressing = websocket<unix_socket, permessage_deflate>;

static_assert(channel<compressing>);

constexpr unsigned compressed_text = 0x80 | 0x40 | 1;

const std::string repeating(5000, 'r');

const texts compressible_bodies{"short",   repeating,        "",      std::string(200000, 'z'),
                                repeating, "\xCE\xBA short", "again", std::string(1 << 20, 'f')};

std::string compressed(websocket_deflater& deflater, std::string message)
{
    REQUIRE(deflater.deflate(message, 0));
    return message;
}

// A server that got these bytes: the messages, then how it ended.
texts received_from(std::string_view bytes, const websocket_options& options)
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    compressing server{std::move(b), websocket_role::server, options};
    receiver receiving{server};
    receiving.go();
    CHECK(asio::write(a, asio::buffer(bytes)) == bytes.size());
    a.close();
    io.run();
    receiving.got.push_back("(" + receiving.ended.value().message() + ")");
    return receiving.got;
}

const std::string the_end = "(" + std::error_code{asio::error::eof}.message() + ")";

} // namespace

TEST_CASE("compressed and plain messages cross together, both ways, and take less of the link")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    const websocket_options options{.deflate = deflate_terms{}};
    compressing client{std::move(a), websocket_role::client, options};
    compressing server{std::move(b), websocket_role::server, options};
    const bool from_client = GENERATE(true, false);
    auto& from = from_client ? client : server;
    auto& to = from_client ? server : client;
    CHECK(exchanged(io, from, to, compressible_bodies) == compressible_bodies);
    CHECK(to.received() < 20000);
}

TEST_CASE("a message that began in an earlier read comes with inflated ones of this read")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    compressing server{std::move(b), websocket_role::server, {.deflate = deflate_terms{}}};
    receiver receiving{server};
    receiving.go();
    const auto first = raw_frame(0x81, "cut in two", true);
    websocket_deflater deflater{websocket_role::client, {}};
    const auto again = compressed(deflater, repeating);
    const auto third = raw_frame(compressed_text, again, true);
    asio::write(a, asio::buffer(first.substr(0, 9)));
    io.poll();
    asio::write(a, asio::buffer(first.substr(9) + raw_frame(0x81, "plain", true) + third + raw_frame(0x81, "plain too", true) +
                                raw_frame(compressed_text, compressed(deflater, repeating), true).substr(0, 8)));
    io.restart();
    io.poll();
    CHECK(receiving.got == texts{"cut in two", "plain", repeating, "plain too"});
    CHECK(receiving.batches == 1);
}

TEST_CASE("many bombs in one read are inflated a few at a time")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    constexpr std::size_t size = 1 << 20;
    compressing server{std::move(b), websocket_role::server, {.message_max = size, .deflate = deflate_terms{}}};
    websocket_deflater deflater{websocket_role::client, {}};
    std::string bytes;
    for (int i = 0; i != 30; ++i) {
        bytes += raw_frame(compressed_text, compressed(deflater, std::string(size, static_cast<char>('A' + i))), true);
    }
    bytes += raw_frame(0x81, "end", true) + raw_frame(0x89, "?", true);
    REQUIRE(bytes.size() < 60000);
    asio::write(a, asio::buffer(bytes));
    receiver receiving{server};
    receiving.go();
    receiving.until(io, 31);
    REQUIRE(receiving.got.size() == 31);
    for (std::size_t i = 0; i != 30; ++i) {
        CHECK(receiving.got[i] == std::string(size, static_cast<char>('A' + i)));
    }
    CHECK(receiving.got[30] == "end");
    CHECK(receiving.batches >= 15);
}

TEST_CASE("what inflates to too much, to no text or to nothing ends the receiving")
{
    const websocket_options options{.message_max = 1000, .deflate = deflate_terms{}};
    const auto fine = raw_frame(0x81, "fine", true);
    websocket_deflater deflater{websocket_role::client, {}};
    const auto all_of = [&](std::string_view payload) {
        return received_from(fine + raw_frame(compressed_text, payload, true) + fine, options);
    };
    CHECK(all_of(compressed(deflater, "inflates")) == texts{"fine", "inflates", "fine", the_end});
    const auto too_big = std::error_code{make_error_code(errc::too_big, certainty::maybe_executed)}.message();
    const auto bad = std::error_code{make_error_code(errc::bad_message)}.message();
    websocket_deflater bombs{websocket_role::client, {}};
    CHECK(all_of(compressed(bombs, std::string(1001, 'x'))) == texts{"fine", "(" + too_big + ")"});
    websocket_deflater binary{websocket_role::client, {}};
    CHECK(all_of(compressed(binary, "\xFF")) == texts{"fine", "(" + bad + ")"});
    CHECK(all_of("\xFF") == texts{"fine", "(" + bad + ")"});
    CHECK(received_from(raw_frame(0x81, std::string(1001, 'x'), true), options) == texts{"(" + too_big + ")"});
    CHECK(received_from(raw_frame(compressed_text, "x", true), {}) == texts{"(" + bad + ")"});
}

TEST_CASE("the longest message that is allowed passes, even if it compresses badly")
{
    std::string body;
    std::uint32_t state = 1;
    for (std::size_t i = 0; i != 100000; ++i) {
        state = state * 1664525 + 1013904223;
        body.push_back(static_cast<char>(state >> 25)); // seven bits: text
    }
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    const websocket_options options{.message_max = body.size(), .deflate = deflate_terms{}};
    compressing client{std::move(a), websocket_role::client, options};
    compressing server{std::move(b), websocket_role::server, options};
    CHECK(exchanged(io, client, server, {body}) == texts{body});
}
