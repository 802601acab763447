// permessage-deflate: the examples of RFC 7692, all window sizes, and what a hostile peer may send.
#include <rejoinder/wire/websocket_deflate.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

constexpr auto client_end = websocket_role::client;
constexpr auto server_end = websocket_role::server;
constexpr std::size_t plenty = std::size_t{1} << 24;

std::string inflated(websocket_inflater& inflater, std::string_view payload)
{
    std::string out = "before";
    REQUIRE(inflater.inflate(payload, out, plenty) == websocket_code::none);
    REQUIRE(out.substr(0, 6) == "before");
    return out.substr(6);
}

websocket_code inflation(std::string_view payload, std::size_t most = plenty)
{
    websocket_inflater inflater{server_end, {}};
    std::string out;
    const auto found = inflater.inflate(payload, out, most);
    CHECK(out.size() <= most + 1);
    return found;
}

std::string deflated(websocket_deflater& deflater, std::string_view message)
{
    std::string out = "head";
    out.append(message);
    REQUIRE(deflater.deflate(out, 4));
    REQUIRE(out.substr(0, 4) == "head");
    return out.substr(4);
}

std::string noise(std::size_t size)
{
    std::mt19937 random{1};
    std::string out;
    while (out.size() < size) {
        out.push_back(static_cast<char>(random()));
    }
    return out;
}

const std::string greeting_words{"\xf2\x48\xcd\xc9\xc9\x07\x00", 7};

} // namespace

TEST_CASE("the examples of RFC 7692 §7.2.3 inflate")
{
    websocket_inflater one{server_end, {}};
    CHECK(inflated(one, greeting_words) == "Hello");
    CHECK(inflated(one, std::string{"\xf2\x00\x11\x00\x00", 5}) == "Hello"); // by the window of the first
    websocket_inflater other{client_end, {}};
    CHECK(inflated(other, std::string{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11}) == "Hello"); // stored
    CHECK(inflated(other, std::string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8}) == "Hello");              // final block
    CHECK(inflated(other, std::string{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}) == "Hello");
    CHECK(inflated(other, std::string(1, '\0')).empty());
    CHECK(inflated(other, greeting_words) == "Hello"); // goes on after a final block
}

TEST_CASE("messages survive with every window, with and without context takeover, in both directions")
{
    const std::string again(3000, 'a');
    const std::string bodies[]{"x", "hello hello hello", again, noise(100000), again + noise(40000) + again, noise(40000)};
    for (int bits = 8; bits != 16; ++bits) {
        for (const bool forgets : {false, true}) {
            const deflate_terms terms{forgets, forgets, bits, bits};
            for (const auto sender : {client_end, server_end}) {
                websocket_deflater deflater{sender, terms};
                websocket_inflater inflater{sender == client_end ? server_end : client_end, terms};
                for (const auto& body : bodies) {
                    std::string out = body;
                    if (!deflater.deflate(out, 0)) {
                        CHECK(bits == 8); // zlib writes for no window so small: sent as it is
                        CHECK(out == body);
                        continue;
                    }
                    CHECK(inflated(inflater, out) == body);
                }
            }
        }
    }
}

TEST_CASE("each direction has the window and the takeover of its sender")
{
    const deflate_terms terms{.server_no_context_takeover = true, .client_max_window_bits = 9};
    const auto body = noise(200);
    websocket_deflater server{server_end, terms};
    const auto first = deflated(server, body);
    CHECK(deflated(server, body) == first);
    websocket_deflater client{client_end, terms};
    const auto before = deflated(client, body);
    CHECK(deflated(client, body).size() < before.size() / 4);
    // Its window is of 512 bytes: a thousand bytes ago is forgotten.
    const auto far = noise(1000);
    deflated(client, far);
    CHECK(deflated(client, far).size() > far.size() / 2);
}

TEST_CASE("a message is inflated to the limit and not a byte beyond")
{
    websocket_deflater deflater{client_end, {}};
    const auto bomb = deflated(deflater, std::string(100000, '\0'));
    REQUIRE(bomb.size() < 200);
    CHECK(inflation(bomb, 100000) == websocket_code::none);
    CHECK(inflation(bomb, 99999) == websocket_code::too_big);
    CHECK(inflation(bomb, 0) == websocket_code::too_big);
    CHECK(inflation(std::string(1, '\0'), 0) == websocket_code::none);
}

TEST_CASE("a compressed bomb costs what the limit allows")
{
    websocket_deflater deflater{client_end, {}};
    const auto bomb = deflated(deflater, std::string(std::size_t{64} << 20, '\0'));
    websocket_inflater inflater{server_end, {}};
    std::string out;
    CHECK(inflater.inflate(bomb, out, 1 << 20) == websocket_code::too_big);
    CHECK(out.capacity() <= (std::size_t{4} << 20));
}

TEST_CASE("what is no deflate stream, or less than one, is refused")
{
    CHECK(inflation("\xFF\xFF\xFF") == websocket_code::bad_text);
    CHECK(inflation("\x06") == websocket_code::bad_text);                            // a reserved block type
    CHECK(inflation(std::string{"\x00\x05\x00\xfa\xfa\x48", 6}) == websocket_code::bad_text); // a wrong length
    for (std::size_t cut = 1; cut < greeting_words.size() - 1; ++cut) {
        CHECK(inflation(greeting_words.substr(0, cut)) == websocket_code::bad_text);
    }
    // Backwards beyond the beginning.
    CHECK(inflation(std::string{"\xf2\x00\x11\x00\x00", 5}) == websocket_code::bad_text);
}

TEST_CASE("a message of nothing but ends of deflate streams is refused before it costs time")
{
    std::string ends;
    for (int i = 0; i != 100000; ++i) {
        ends.append("\x03\x00", 2);
    }
    CHECK(inflation(ends) == websocket_code::bad_text);
}
