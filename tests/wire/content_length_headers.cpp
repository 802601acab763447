// The framing of the Language Server Protocol.
#include <rejoinder/wire/content_length_headers.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;
using state = parsed::state;

namespace {

state state_of(std::string_view bytes, std::size_t limit = 100)
{
    return content_length_headers{.limit = limit}.parse(bytes).what;
}

} // namespace

TEST_CASE("content_length_headers writes the length and carries no binary")
{
    const content_length_headers framing;
    std::string out;
    auto mark = framing.open(out);
    out += "{\"a\":1}";
    REQUIRE(framing.close(out, mark, encoding::text));
    mark = framing.open(out);
    REQUIRE(framing.close(out, mark, encoding::text));
    CHECK(out == "Content-Length: 7\r\n\r\n{\"a\":1}Content-Length: 0\r\n\r\n");
    mark = framing.open(out);
    out += "b";
    CHECK_FALSE(framing.close(out, mark, encoding::binary));
    CHECK(out.ends_with("Content-Length: 0\r\n\r\n"));
}

TEST_CASE("content_length_headers reads names in any case and ignores other headers")
{
    const content_length_headers framing;
    const std::string_view bytes =
        "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-LENGTH:\t 2 \r\nX:\r\n\r\nhi!";
    const auto found = framing.parse(bytes);
    CHECK(found.what == state::frame);
    CHECK(found.frame == frame_view{"hi", encoding::text});
    CHECK(found.used == bytes.size() - 1);
}

TEST_CASE("content_length_headers refuses headers that do not say one length")
{
    CHECK(state_of("\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Type: x\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length:\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length: -1\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length: 0x1\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length: 1 1\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length: 1\r\nContent-Length: 1\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length: 1\r\n: x\r\n\r\n") == state::bad);
    CHECK(state_of("Content-Length: 99999999999999999999999999\r\n\r\n") == state::bad);
}

TEST_CASE("content_length_headers refuses a long body by its header alone")
{
    CHECK(state_of("Content-Length: 100\r\n\r\n") == state::more);
    CHECK(state_of("Content-Length: 101\r\n\r\n") == state::too_big);
    CHECK(state_of("Content-Length: 999999999999999999\r\n\r\n") == state::too_big);
}

TEST_CASE("content_length_headers refuses a header block without end")
{
    const content_length_headers framing{.header_limit = 64};
    CHECK(framing.parse(std::string(63, 'a')).what == state::more);
    CHECK(framing.parse(std::string(64, 'a')).what == state::bad);
}

TEST_CASE("a header block of exactly the limit is read")
{
    const std::string bytes = "Content-Length: 1\r\nX: " + std::string(38, 'x') + "\r\n\r\nb";
    REQUIRE(bytes.size() == 65);
    CHECK(content_length_headers{.header_limit = 64}.parse(bytes).what == state::frame);
    CHECK(content_length_headers{.header_limit = 63}.parse(bytes).what == state::bad);
}

TEST_CASE("the headers of a body that trickles in are read once")
{
    const content_length_headers framing;
    std::string bytes = "Content-Length: 1000\r\n\r\n";
    auto found = framing.parse(bytes);
    CHECK(found.what == state::more);
    CHECK(found.wanted == 1000);
    CHECK(framing.header_size == bytes.size());
    bytes += std::string(999, 'x');
    CHECK(framing.parse(bytes).wanted == 1);
    bytes += "y";
    found = framing.parse(bytes);
    CHECK(found.what == state::frame);
    CHECK(found.frame.bytes.size() == 1000);
    CHECK(framing.header_size == 0);
}
