// The framing with a length in front.
#include <rejoinder/wire/length_prefix.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::literals;
using state = parsed::state;

TEST_CASE("length_prefix writes four bytes big-endian, the top bit for binary")
{
    const length_prefix framing;
    std::string out;
    auto mark = framing.open(out);
    out += "abc";
    REQUIRE(framing.close(out, mark, encoding::text));
    mark = framing.open(out);
    out += std::string(258, 'b');
    REQUIRE(framing.close(out, mark, encoding::binary));
    CHECK(out == "\0\0\0\3abc\x80\0\1\2"s + std::string(258, 'b'));
}

TEST_CASE("length_prefix reads text, binary and empty frames, one a call")
{
    const length_prefix framing;
    auto found = framing.parse("\0\0\0\2hi\x80\0\0\1b"sv);
    CHECK(found.what == state::frame);
    CHECK(found.used == 6);
    CHECK(found.frame == frame_view{"hi", encoding::text});

    found = framing.parse("\x80\0\0\1b"sv);
    CHECK(found.what == state::frame);
    CHECK(found.frame == frame_view{"b", encoding::binary});

    found = framing.parse("\0\0\0\0"sv);
    CHECK(found.what == state::frame);
    CHECK(found.used == 4);
    CHECK(found.frame.bytes.empty());
}

TEST_CASE("length_prefix says how many bytes are missing")
{
    const length_prefix framing;
    CHECK(framing.parse("").wanted == 4);
    CHECK(framing.parse("\0\0\0"sv).wanted == 1);
    const auto found = framing.parse("\0\0\1\0abc"sv);
    CHECK(found.what == state::more);
    CHECK(found.used == 0);
    CHECK(found.wanted == 253);
}

TEST_CASE("length_prefix refuses a long frame by its head alone")
{
    const length_prefix framing{.limit = 5};
    CHECK(framing.parse("\0\0\0\5"sv).what == state::more);
    CHECK(framing.parse("\0\0\0\6"sv).what == state::too_big);
    CHECK(framing.parse("\xFF\xFF\xFF\xFF"sv).what == state::too_big);
    CHECK(length_prefix{.limit = ~std::size_t{0}}.parse("\x7F\xFF\xFF\xFF"sv).what == state::more);
}
