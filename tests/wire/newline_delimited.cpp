// The framing of one line a frame.
#include <rejoinder/wire/newline_delimited.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;
using state = parsed::state;

TEST_CASE("newline_delimited ends a frame with a newline and refuses what a line cannot hold")
{
    const newline_delimited framing;
    const auto carries = [&](std::string_view body, encoding form = encoding::text) {
        std::string out = "x\n";
        const auto mark = framing.open(out);
        out += body;
        const bool carried = framing.close(out, mark, form);
        CHECK(out == (carried ? "x\n" + std::string{body} + "\n" : "x\n"));
        return carried;
    };
    CHECK(carries("[1]"));
    CHECK(carries("a\rb"));
    CHECK_FALSE(carries(""));
    CHECK_FALSE(carries("a\nb"));
    CHECK_FALSE(carries("a\n"));
    CHECK_FALSE(carries("a\r"));
    CHECK_FALSE(carries("[1]", encoding::binary));
}

TEST_CASE("newline_delimited takes either line end and skips empty lines")
{
    const newline_delimited framing;
    const std::string_view stream = "\n\r\na\r\n\nb\n";
    auto found = framing.parse(stream);
    CHECK(found.what == state::frame);
    CHECK(found.frame == frame_view{"a", encoding::text});
    CHECK(found.used == 6);

    found = framing.parse(stream.substr(6));
    CHECK(found.frame.bytes == "b");
    CHECK(found.used == 3);
}

TEST_CASE("newline_delimited is done with empty lines though no frame follows yet")
{
    const newline_delimited framing;
    auto found = framing.parse("\n\n\nab");
    CHECK(found.what == state::more);
    CHECK(found.used == 3);
    found = framing.parse("abc\n");
    CHECK(found.what == state::frame);
    CHECK(found.frame.bytes == "abc");
}

TEST_CASE("a line end that comes in two pieces is one line end")
{
    const newline_delimited framing;
    CHECK(framing.parse("\r").what == state::more);
    CHECK(framing.parse("\r\n").used == 2);
    CHECK(framing.parse("a\r").what == state::more);
    const auto found = framing.parse("a\r\nb");
    CHECK(found.what == state::frame);
    CHECK(found.frame.bytes == "a");
    CHECK(found.used == 3);
}

TEST_CASE("newline_delimited refuses a long line before its end is there")
{
    const newline_delimited framing{.limit = 3};
    CHECK(newline_delimited{framing}.parse("abc").what == state::more);
    CHECK(newline_delimited{framing}.parse("abc\r").what == state::more);
    CHECK(newline_delimited{framing}.parse("abc\r\n").what == state::frame);
    CHECK(newline_delimited{framing}.parse("abcd").what == state::too_big);
    CHECK(newline_delimited{framing}.parse("abcd\n").what == state::too_big);
}

TEST_CASE("a line of a mebibyte that trickles in is searched once")
{
    const newline_delimited framing;
    const std::string line(framing.limit, 'x');
    for (std::size_t size = 1; size <= line.size(); ++size) {
        if (framing.parse(std::string_view{line}.substr(0, size)).what != state::more) {
            FAIL("a frame without a newline");
        }
        if (framing.searched != size) {
            FAIL("bytes are left to be searched again");
        }
    }
    CHECK(framing.parse(line + "\n").frame.bytes == line);
    CHECK(framing.searched == 0);
}
