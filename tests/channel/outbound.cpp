// The sending half of a channel, without a socket.
#include <rejoinder/channel/detail/outbound.hpp>

#include <rejoinder/wire/length_prefix.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;
using detail::outbound;

namespace {

template <class Framing>
bool put(outbound<Framing>& out, std::string_view body)
{
    out.begin().append(body);
    return out.commit(encoding::text);
}

} // namespace

TEST_CASE("frames committed before a start are one run of bytes")
{
    outbound<newline_delimited> out{newline_delimited{}};
    CHECK(put(out, "one"));
    CHECK(put(out, "two"));
    CHECK(out.pending() == 8);
    CHECK(out.rest().empty());
    out.start();
    CHECK(out.rest() == "one\ntwo\n");
    CHECK(out.pending() == 8);
}

TEST_CASE("frames committed during a write wait for the next start")
{
    outbound<newline_delimited> out{newline_delimited{}};
    put(out, "one");
    out.start();
    put(out, "two");
    CHECK(out.rest() == "one\n");
    CHECK(out.pending() == 8);
    out.wrote(3);
    CHECK(out.rest() == "\n");
    CHECK(out.pending() == 5);
    out.wrote(1);
    CHECK(out.rest().empty());
    out.start();
    CHECK(out.rest() == "two\n");
}

TEST_CASE("a start after a write that stopped half-way goes on where it stopped")
{
    outbound<newline_delimited> out{newline_delimited{}};
    put(out, "one");
    out.start();
    out.wrote(2);
    put(out, "two");
    out.start();
    CHECK(out.rest() == "e\ntwo\n");
    CHECK(out.pending() == 6);
}

TEST_CASE("a frame that cannot be carried leaves nothing behind")
{
    outbound<newline_delimited> out{newline_delimited{.limit = 5}};
    CHECK(put(out, "one"));
    CHECK_FALSE(put(out, "too long"));
    CHECK_FALSE(put(out, "a\nb"));
    CHECK(out.pending() == 4);
    CHECK(put(out, "two"));
    out.start();
    CHECK(out.rest() == "one\ntwo\n");
}

TEST_CASE("a frame that was begun and not committed is dropped by the next one")
{
    outbound<length_prefix> out{length_prefix{}};
    out.begin().append("abandoned");
    CHECK(out.pending() == 0);
    CHECK(put(out, "kept"));
    CHECK(out.pending() == 8);
    out.begin().append("abandoned too");
    out.start();
    CHECK(out.rest().substr(4) == "kept");
}

TEST_CASE("nothing is held when nothing is to be sent")
{
    outbound<length_prefix> out{length_prefix{}};
    put(out, std::string(100000, 'x'));
    out.start();
    put(out, std::string(100000, 'y'));
    out.wrote(out.rest().size());
    out.start();
    out.wrote(out.rest().size());
    CHECK(out.pending() == 0);
    CHECK(out.held() <= 2 * std::string{}.capacity());
}

TEST_CASE("a framing says which forms it carries")
{
    CHECK(outbound<length_prefix>{length_prefix{}}.carries(encoding::binary));
    CHECK(outbound<newline_delimited>{newline_delimited{}}.carries(encoding::text));
    CHECK_FALSE(outbound<newline_delimited>{newline_delimited{}}.carries(encoding::binary));
}
