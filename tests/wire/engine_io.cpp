// Engine.IO v4: packets, polls, handshake and refusals as text; heartbeat and upgrade under a clock moved by hand.
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_heartbeat.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>
#include <rejoinder/wire/engine_io_payload.hpp>
#include <rejoinder/wire/engine_io_upgrade.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;
using namespace std::literals;
using poll_step = engine_io_payload_reader::step;

constexpr instant open_since{1000s};

// The packets of a body as "<type digit><data>", or "b" and the bytes; "bad" ends the list of a bad body.
std::vector<std::string> packets_in(std::string_view body, std::size_t packets_max = 4096)
{
    std::vector<std::string> all;
    engine_io_payload_reader reader{body, packets_max};
    engine_io_packet packet;
    for (auto step = reader.next(packet); step != poll_step::end; step = reader.next(packet)) {
        std::string said = packet.form == encoding::binary ? "b" : "";
        if (step == poll_step::packet) {
            if (packet.form == encoding::text) {
                append_engine_io_packet(said, packet);
            } else {
                said += packet.data;
            }
        }
        all.push_back(step == poll_step::bad ? "bad" : said);
    }
    return all;
}

std::optional<engine_io_handshake> handshake_in(std::string_view data)
{
    engine_io_handshake read;
    return read_engine_io_handshake(data, read) ? std::optional{read} : std::nullopt;
}

} // namespace

TEST_CASE("an Engine.IO packet in a WebSocket message is a digit and its data, and bytes are only bytes")
{
    std::string out;
    CHECK(append_engine_io_packet(out, {engine_io_type::message, "hello"}) == encoding::text);
    CHECK(out == "4hello");
    out.clear();
    CHECK(append_engine_io_packet(out, {engine_io_type::message, "\x04\x00"sv, encoding::binary}) == encoding::binary);
    CHECK(out == "\x04\x00"sv);

    for (int digit = 0; digit != 7; ++digit) {
        const auto frame = std::to_string(digit) + "x";
        const auto packet = read_engine_io_packet({frame});
        REQUIRE(packet);
        CHECK(*packet == engine_io_packet{static_cast<engine_io_type>(digit), "x"});
    }
    CHECK(read_engine_io_packet({"4\x01"sv, encoding::binary}) ==
          engine_io_packet{engine_io_type::message, "4\x01", encoding::binary});
    CHECK(read_engine_io_packet({"", encoding::binary}) == engine_io_packet{engine_io_type::message, "", encoding::binary});
    for (const auto bad : {"", "7", "a", "b", " 4", "-1"}) {
        CHECK_FALSE(read_engine_io_packet({bad}));
    }
}

TEST_CASE("a poll's body is packets with a separator between them, bytes as base64")
{
    std::string body;
    std::size_t length = 0;
    for (const auto& packet : {engine_io_packet{engine_io_type::message, "hello"}, engine_io_packet{engine_io_type::ping},
                               engine_io_packet{engine_io_type::message, "\x01\x02\x03\x04", encoding::binary}}) {
        CHECK(append_engine_io_payload(body, packet));
        length += engine_io_payload_length(packet);
    }
    CHECK(body == "4hello\x1E"
                  "2\x1E"
                  "bAQIDBA==");
    CHECK(body.size() <= length);
    CHECK(packets_in(body) == std::vector<std::string>{"4hello", "2", "b\x01\x02\x03\x04"});
    CHECK(packets_in("b") == std::vector<std::string>{"b"});
}

TEST_CASE("text with the separator is refused by a poll instead of coming apart")
{
    std::string body = "4a";
    CHECK_FALSE(append_engine_io_payload(body, {engine_io_type::message, "a\x1E" "b"}));
    CHECK(body == "4a");
    CHECK(append_engine_io_payload(body, {engine_io_type::message, "a\x1E" "b", encoding::binary}));
}

TEST_CASE("a poll's body that is not Engine.IO is read up to where it goes wrong")
{
    for (const auto bad : {"", "abc", "9x", "\x1E", "bZg", "bZh==", "b*", "4\xFF", "4\xC3"}) {
        CHECK(packets_in(bad) == std::vector<std::string>{"bad"});
        CHECK(packets_in("4fine\x1E"s + bad + "\x1E" "4never").front() == "4fine");
        CHECK(packets_in("4fine\x1E"s + bad + "\x1E" "4never").at(1) == "bad");
        CHECK(packets_in("4fine\x1E"s + bad + "\x1E" "4never").size() == 2);
    }
    CHECK(packets_in("4a\x1E") == std::vector<std::string>{"4a", "bad"});
}

TEST_CASE("a poll of ever so many packets is stopped at the bound")
{
    std::string body = "2";
    for (int i = 0; i != 9; ++i) {
        body += "\x1E" "2";
    }
    CHECK(packets_in(body, 10).back() == "2");
    CHECK(packets_in(body, 9).size() == 10);
    CHECK(packets_in(body, 9).back() == "bad");
}

TEST_CASE("the handshake has the five members of the protocol and no other")
{
    const engine_io_handshake polling{.sid = "s\"1", .upgrades = engine_io_upgrades::websocket, .terms = {}};
    std::string data;
    append_engine_io_handshake(data, polling);
    CHECK(data == R"({"sid":"s\"1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
    CHECK(handshake_in(data) == polling);

    const engine_io_handshake direct{
        .sid = "x", .upgrades = engine_io_upgrades::none, .terms = {.ping_interval = 300ms, .ping_timeout = 200ms, .max_payload = 7}};
    data.clear();
    append_engine_io_handshake(data, direct);
    CHECK(data == R"({"sid":"x","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":7})");
    CHECK(handshake_in(data) == direct);
}

TEST_CASE("a handshake is read with members and transports of later versions, and without maxPayload of earlier ones")
{
    const auto read = handshake_in(R"( {"new":[1],"sid":"a","upgrades":["webtransport","web\u0073ocket"],"pingInterval":1,"pingTimeout":2} )");
    REQUIRE(read);
    CHECK(read->upgrades == engine_io_upgrades::websocket);
    CHECK(read->terms.max_payload == 1'000'000);
    for (const auto bad : {R"({})", R"([])", "", R"({"sid":"","upgrades":[],"pingInterval":1,"pingTimeout":2})",
                           R"({"sid":"a","upgrades":[],"pingInterval":1})", R"({"sid":"a","upgrades":{},"pingInterval":1,"pingTimeout":2})",
                           R"({"sid":"a","upgrades":[1],"pingInterval":1,"pingTimeout":2})",
                           R"({"sid":"a","upgrades":null,"pingInterval":1,"pingTimeout":2})",
                           R"({"sid":"a","upgrades":[],"pingInterval":-1,"pingTimeout":2})",
                           R"({"sid":"a","sid":"b","upgrades":[],"pingInterval":1,"pingTimeout":2})",
                           R"({"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":2,"maxPayload":0})",
                           R"({"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":2}x)"}) {
        INFO(bad);
        CHECK_FALSE(handshake_in(bad));
    }
}

TEST_CASE("refusals of Engine.IO say code and message as every server does")
{
    const std::string_view bodies[] = {
        R"({"code":0,"message":"Transport unknown"})", R"({"code":1,"message":"Session ID unknown"})",
        R"({"code":2,"message":"Bad handshake method"})", R"({"code":3,"message":"Bad request"})",
        R"({"code":4,"message":"Forbidden"})", R"({"code":5,"message":"Unsupported protocol version"})"};
    for (std::size_t code = 0; code != 6; ++code) {
        const auto error = static_cast<engine_io_error>(code);
        std::string body;
        append_engine_io_error(body, error);
        CHECK(body == bodies[code]);
        CHECK(read_engine_io_error(body) == error);
        CHECK(http_status_of(error) == (error == engine_io_error::forbidden ? 403 : 400));
    }
    CHECK(read_engine_io_error(R"({"message":{"why":1},"code":1})") == engine_io_error::unknown_session);
    for (const auto bad : {"", "{}", R"({"code":6})", R"({"code":"1"})", "<html>", R"({"code":1,"code":1})"}) {
        CHECK_FALSE(read_engine_io_error(bad));
    }
}

TEST_CASE("an Engine.IO server pings an interval after the opening and after each pong, and waits no longer than the timeout")
{
    engine_io_server_heartbeat beating{{}, open_since};
    CHECK(beating.next_deadline() == open_since + 25s);
    CHECK(beating.advance(open_since + 24s) == beat::nothing);
    CHECK(beating.advance(open_since + 25s) == beat::ping);
    CHECK(beating.next_deadline() == open_since + 45s);
    CHECK(beating.advance(open_since + 44s) == beat::nothing);
    beating.pong(open_since + 44s);
    CHECK(beating.next_deadline() == open_since + 69s);
    CHECK(beating.advance(open_since + 69s) == beat::ping);
    CHECK(beating.advance(open_since + 89s) == beat::dead);
    CHECK(beating.advance(open_since + 89s) == beat::dead);
}

TEST_CASE("pongs that no ping asked for do not put off the Engine.IO server's next ping")
{
    engine_io_server_heartbeat beating{{}, open_since};
    beating.pong(open_since + 20s);
    CHECK(beating.advance(open_since + 25s) == beat::ping);
}

TEST_CASE("an Engine.IO server that overslept looks once more before it gives its client up")
{
    engine_io_server_heartbeat beating{{}, open_since};
    CHECK(beating.advance(open_since + 25s) == beat::ping);
    CHECK(beating.advance(open_since + 3600s) == beat::nothing);
    CHECK(beating.next_deadline() == open_since + 3601s);
    CHECK(beating.advance(open_since + 3700s) == beat::dead);
}

TEST_CASE("an Engine.IO client gives its server up when no ping has come for an interval and a timeout")
{
    engine_io_client_heartbeat beating{{}, open_since};
    CHECK(beating.next_deadline() == open_since + 45s);
    CHECK(beating.advance(open_since + 44s) == beat::nothing);
    beating.ping(open_since + 44s);
    CHECK(beating.next_deadline() == open_since + 89s);
    CHECK(beating.advance(open_since + 89s) == beat::dead);

    engine_io_client_heartbeat endless{{.ping_interval = duration::max(), .ping_timeout = duration::max()}, open_since};
    CHECK(endless.next_deadline() == never);
}

TEST_CASE("a server lets its Engine.IO session move when probe and upgrade come in turn")
{
    engine_io_server_upgrade moving{open_since};
    CHECK(moving.next_deadline() == open_since + 10s);
    CHECK_FALSE(moving.hurries_polls());
    CHECK(moving.receive({engine_io_type::ping, "probe"}) == upgrade_step::answer);
    CHECK(moving.hurries_polls());
    CHECK(moving.advance(open_since + 9s) == upgrade_step::nothing);
    CHECK(moving.receive({engine_io_type::upgrade}) == upgrade_step::moved);
    CHECK_FALSE(moving.hurries_polls());
    CHECK(moving.next_deadline() == never);
    CHECK(moving.advance(open_since + 99s) == upgrade_step::nothing);
}

TEST_CASE("an upgrade of an Engine.IO session fails once by a wrong word or by its time, and polling goes on")
{
    engine_io_server_upgrade early{open_since};
    CHECK(early.receive({engine_io_type::upgrade}) == upgrade_step::failed);
    CHECK(early.receive({engine_io_type::ping, "probe"}) == upgrade_step::nothing);
    engine_io_server_upgrade chatty{open_since};
    CHECK(chatty.receive({engine_io_type::message, "hello"}) == upgrade_step::failed);
    engine_io_server_upgrade other{open_since};
    CHECK(other.receive({engine_io_type::ping}) == upgrade_step::failed);
    engine_io_server_upgrade twice{open_since};
    CHECK(twice.receive({engine_io_type::ping, "probe"}) == upgrade_step::answer);
    CHECK(twice.receive({engine_io_type::ping, "probe"}) == upgrade_step::failed);
    engine_io_server_upgrade slow{open_since, 5s};
    CHECK(slow.advance(open_since + 5s) == upgrade_step::failed);
    CHECK(slow.advance(open_since + 6s) == upgrade_step::nothing);
}

TEST_CASE("a client moves its Engine.IO session once the probe is answered and no poll is under way")
{
    engine_io_client_upgrade moving{open_since};
    CHECK(moving.start() == upgrade_step::probe);
    CHECK(moving.paused() == upgrade_step::nothing);
    CHECK(moving.receive({engine_io_type::pong, "probe"}) == upgrade_step::pause);
    CHECK(moving.advance(open_since + 9s) == upgrade_step::nothing);
    CHECK(moving.paused() == upgrade_step::commit);
    CHECK(moving.next_deadline() == never);

    engine_io_client_upgrade refused{open_since};
    CHECK(refused.receive({engine_io_type::pong, "other"}) == upgrade_step::failed);
    CHECK(refused.receive({engine_io_type::pong, "probe"}) == upgrade_step::nothing);
    engine_io_client_upgrade slow{open_since};
    CHECK(slow.receive({engine_io_type::pong, "probe"}) == upgrade_step::pause);
    CHECK(slow.advance(open_since + 10s) == upgrade_step::failed);
    CHECK(slow.paused() == upgrade_step::nothing);
}
