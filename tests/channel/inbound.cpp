// The receiving half of a stream channel, without a socket.
#include <rejoinder/channel/detail/inbound.hpp>

#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/length_prefix.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using detail::inbound;
using detail::turn;

namespace {

template <class Framing>
std::string spelled(const std::vector<std::string>& bodies)
{
    const Framing framing;
    std::string bytes;
    for (const auto& body : bodies) {
        const auto mark = framing.open(bytes);
        bytes.append(body);
        REQUIRE(framing.close(bytes, mark, encoding::text));
    }
    return bytes;
}

void collect(turn& now, std::vector<std::string>& into)
{
    for (const auto& frame : now.frames()) {
        into.emplace_back(frame.bytes);
    }
}

// One readable turn: as many of `bytes` as fit, `piece` at most.
template <class Framing>
std::size_t feed(inbound<Framing>& in, std::string_view bytes, std::size_t piece, std::vector<std::string>& into)
{
    turn now;
    const auto room = in.room(now);
    const auto count = std::min({bytes.size(), piece, room.size()});
    std::memcpy(room.data(), bytes.data(), count);
    in.take(now, count);
    collect(now, into);
    return count;
}

template <class Framing>
std::size_t feed_own(inbound<Framing>& in, std::string_view bytes, std::size_t piece, std::vector<std::string>& into)
{
    const auto room = in.own_room();
    const auto count = std::min({bytes.size(), piece, room.size()});
    std::memcpy(room.data(), bytes.data(), count);
    turn now;
    in.own_take(now, count);
    collect(now, into);
    return count;
}

template <class Framing, class Feed>
std::vector<std::string> received(std::string_view bytes, std::size_t piece, Feed feed_piece)
{
    inbound<Framing> in{Framing{}};
    std::vector<std::string> got;
    while (!bytes.empty()) {
        bytes.remove_prefix(feed_piece(in, bytes, piece, got));
        REQUIRE_FALSE(in.failure());
    }
    return got;
}

std::vector<std::string> some_bodies(unsigned seed, std::size_t count, std::size_t longest)
{
    std::minstd_rand random{seed};
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i != count; ++i) {
        bodies.emplace_back(1 + random() % longest, static_cast<char>('a' + random() % 26));
    }
    return bodies;
}

} // namespace

TEMPLATE_TEST_CASE("frames arrive whole and in order, whatever the size of the pieces", "", length_prefix,
                   newline_delimited, content_length_headers)
{
    const auto bodies = some_bodies(7, 40, 60);
    const auto bytes = spelled<TestType>(bodies);
    for (std::size_t piece = 1; piece <= bytes.size(); piece = piece < 70 ? piece + 1 : piece * 2) {
        CHECK(received<TestType>(bytes, piece, feed<TestType>) == bodies);
        CHECK(received<TestType>(bytes, piece, feed_own<TestType>) == bodies);
    }
}

TEMPLATE_TEST_CASE("frames larger than the turn's buffer arrive among small ones", "", length_prefix, newline_delimited,
                   content_length_headers)
{
    std::vector<std::string> bodies{
        "small", std::string(300000, 'l'), "s", std::string(65536, 'm'), std::string(1 << 20, 'x'), "last"};
    const auto bytes = spelled<TestType>(bodies);
    for (const std::size_t piece : {std::size_t{999}, std::size_t{16384}, std::size_t{65536}, bytes.size()}) {
        CHECK(received<TestType>(bytes, piece, feed<TestType>) == bodies);
        CHECK(received<TestType>(bytes, piece, feed_own<TestType>) == bodies);
    }
}

TEST_CASE("pieces of random size give what was sent")
{
    std::minstd_rand random{42};
    const auto bodies = some_bodies(11, 300, 3000);
    const auto bytes = spelled<length_prefix>(bodies);
    for (int round = 0; round != 5; ++round) {
        inbound<length_prefix> in{length_prefix{}};
        inbound<length_prefix> own{length_prefix{}};
        std::vector<std::string> got;
        std::vector<std::string> got_own;
        for (std::size_t at = 0; at != bytes.size();) {
            at += feed(in, std::string_view{bytes}.substr(at), 1 + random() % 70000, got);
        }
        for (std::size_t at = 0; at != bytes.size();) {
            at += feed_own(own, std::string_view{bytes}.substr(at), 1 + random() % 70000, got_own);
        }
        CHECK(got == bodies);
        CHECK(got_own == bodies);
    }
}

TEST_CASE("nothing is held between whole frames")
{
    inbound<length_prefix> in{length_prefix{}};
    std::vector<std::string> got;
    const auto bytes = spelled<length_prefix>({std::string(200000, 'x'), "y"});
    for (std::string_view rest = bytes; !rest.empty();) {
        rest.remove_prefix(feed(in, rest, rest.size(), got));
    }
    CHECK(got.size() == 2);
    CHECK(in.held() <= std::string{}.capacity());
}

TEST_CASE("a frame over the limit is refused when its header is there, before its body")
{
    inbound<length_prefix> in{length_prefix{.limit = 1000}};
    std::vector<std::string> got;
    std::string bytes = spelled<length_prefix>({"before"});
    bytes.append({'\0', '\0', '\x03', '\xe9'}); // 1001
    feed(in, bytes, bytes.size(), got);
    CHECK(got == std::vector<std::string>{"before"});
    CHECK(in.failure() == errc::too_big);
    CHECK(certainty_of(in.failure()) == certainty::maybe_executed);
    CHECK(in.held() <= std::string{}.capacity());
}

TEST_CASE("what is no frame fails after the frames before it")
{
    inbound<content_length_headers> in{content_length_headers{}};
    std::vector<std::string> got;
    const auto bytes = spelled<content_length_headers>({"one", "two"}) + "nonsense\r\n\r\n";
    feed(in, bytes, bytes.size(), got);
    CHECK(got == std::vector<std::string>{"one", "two"});
    CHECK(in.failure() == errc::bad_message);
}

TEST_CASE("a header that announces much makes nothing large until the bytes come")
{
    inbound<length_prefix> in{length_prefix{.limit = std::size_t{1} << 30}};
    std::vector<std::string> got;
    const std::string header{'\x3f', '\x00', '\x00', '\x00'};
    feed(in, header + "abc", 100, got);
    CHECK(in.held() < 5000);
    const std::string more(60000, 'x');
    for (int i = 0; i != 10; ++i) {
        feed(in, more, more.size(), got);
    }
    CHECK(in.held() >= 600000);
    CHECK(in.held() <= 2 * 700000);
    CHECK(got.empty());
}

TEST_CASE("memory of its own grows with traffic and shrinks after it")
{
    inbound<length_prefix> in{length_prefix{}};
    std::vector<std::string> got;
    const auto small = spelled<length_prefix>({"x"});
    CHECK(in.own_room().size() == 1024);
    in.own_failed();
    const auto large = spelled<length_prefix>({std::string(500000, 'y')});
    std::size_t widest = 0;
    for (std::string_view rest = large; !rest.empty();) {
        widest = std::max(widest, in.own_room().size());
        in.own_failed();
        rest.remove_prefix(feed_own(in, rest, rest.size(), got));
    }
    CHECK(widest == turn::buffer_size);
    feed_own(in, small, small.size(), got);
    CHECK(in.own_room().size() == 1024);
    in.own_failed();
    CHECK(in.held() <= 8192);
    CHECK(got.size() == 2);
}

TEST_CASE("a turn within a turn has memory of its own")
{
    inbound<length_prefix> outer{length_prefix{}};
    inbound<length_prefix> inner{length_prefix{}};
    const auto first = spelled<length_prefix>({"first", "second"});
    turn now;
    std::memcpy(outer.room(now).data(), first.data(), first.size());
    outer.take(now, first.size());
    REQUIRE(now.frames().size() == 2);
    std::vector<std::string> got;
    feed(inner, spelled<length_prefix>({std::string(30, 'z'), "zz", "zzz"}), 1000, got);
    CHECK(got.size() == 3);
    REQUIRE(now.frames().size() == 2);
    CHECK(now.frames()[0].bytes == "first");
    CHECK(now.frames()[1].bytes == "second");
}
