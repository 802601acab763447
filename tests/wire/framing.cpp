// What counts as a framing, and what holds for all of them.
#include <rejoinder/wire/framing.hpp>

#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/length_prefix.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;
using state = parsed::state;

// The smallest framing: one byte a frame.
struct single_bytes {
    std::size_t open(std::string& out) const { return out.size(); }
    bool close(std::string& out, std::size_t mark, encoding) const { return out.size() == mark + 1; }
    parsed parse(std::string_view buffered) const
    {
        return buffered.empty() ? parsed{} : parsed{.what = state::frame, .used = 1, .frame = {buffered.substr(0, 1)}};
    }
};

struct no_close {
    std::size_t open(std::string& out) const { return out.size(); }
    parsed parse(std::string_view) const { return {}; }
};

struct only_mutable_parse : single_bytes {
    parsed parse(std::string_view) { return {}; }
};

static_assert(framing<single_bytes>);
static_assert(framing<length_prefix>);
static_assert(framing<newline_delimited>);
static_assert(framing<content_length_headers>);
static_assert(!framing<no_close>);
static_assert(!framing<only_mutable_parse>);
static_assert(!framing<int>);

struct owned_frame {
    std::string bytes;
    encoding form = encoding::text;

    friend bool operator==(const owned_frame&, const owned_frame&) = default;
};

// Feeds bytes in pieces as a channel does, and collects the frames. The bytes are copied to a block of their exact size
// for each call, so that a sanitizer sees a read beyond them.
template <class Framing, class Piece>
std::vector<owned_frame> frames_of(const Framing& framing, std::string_view stream, Piece piece, state& end)
{
    std::vector<owned_frame> frames;
    std::string buffered;
    end = state::more;
    while (!stream.empty()) {
        const auto size = std::min<std::size_t>(piece(), stream.size());
        buffered.append(stream.substr(0, size));
        stream.remove_prefix(size);
        for (;;) {
            const std::vector<char> exact(buffered.begin(), buffered.end());
            const auto found = framing.parse({exact.data(), exact.size()});
            REQUIRE(found.used <= buffered.size());
            if (found.what == state::frame) {
                frames.push_back({std::string{found.frame.bytes}, found.frame.form});
            }
            buffered.erase(0, found.used);
            if (found.what == state::more) {
                REQUIRE(found.wanted >= 1);
                break;
            }
            if (found.what != state::frame) {
                end = found.what;
                return frames;
            }
        }
    }
    return frames;
}

template <class Framing>
void check_any_pieces(const Framing& fresh, bool binary)
{
    std::mt19937 random{20};
    for (int round = 0; round != 200; ++round) {
        std::vector<owned_frame> sent;
        std::string stream;
        for (auto count = random() % 8; count != 0; --count) {
            owned_frame frame{std::string(1 + random() % 60, 'x'),
                              binary && random() % 2 == 0 ? encoding::binary : encoding::text};
            const auto mark = fresh.open(stream);
            stream.append(frame.bytes);
            REQUIRE(fresh.close(stream, mark, frame.form));
            sent.push_back(frame);
        }
        state end{};
        const auto framing = fresh;
        CHECK(frames_of(framing, stream, [&] { return 1 + random() % 20; }, end) == sent);
        CHECK(end == state::more);
    }
}

template <class Framing>
void check_any_bytes(std::string_view alphabet)
{
    std::mt19937 random{21};
    for (int round = 0; round != 500; ++round) {
        std::string stream;
        for (auto size = random() % 200; size != 0; --size) {
            stream.push_back(alphabet[random() % alphabet.size()]);
        }
        state at_once{};
        state by_bytes{};
        const Framing first{.limit = 30};
        const Framing second{.limit = 30};
        const auto whole = frames_of(first, stream, [&] { return stream.size(); }, at_once);
        const auto trickled = frames_of(second, stream, [] { return std::size_t{1}; }, by_bytes);
        CHECK(whole == trickled);
        CHECK(at_once == by_bytes);
    }
}

} // namespace

TEST_CASE("frames come out as they went in, whatever pieces the stream is cut into")
{
    check_any_pieces(length_prefix{}, true);
    check_any_pieces(newline_delimited{}, false);
    check_any_pieces(content_length_headers{}, false);
}

TEST_CASE("hostile bytes give the same frames and the same end at once and byte by byte")
{
    using namespace std::string_view_literals;
    check_any_bytes<length_prefix>("\0\0\0\0\1\5\x80"sv);
    check_any_bytes<newline_delimited>("\r\n\na"sv);
    check_any_bytes<content_length_headers>("Content-Length: 3\r\n\r\n"sv);
}

TEST_CASE("a frame goes behind what is in the string already, and a refused one leaves it as it was")
{
    const auto check = [](const auto& framing) {
        std::string out = "before";
        const auto mark = framing.open(out);
        out.append(framing.limit + 1, 'x');
        CHECK_FALSE(framing.close(out, mark, encoding::text));
        CHECK(out == "before");
        const auto second = framing.open(out);
        out.append(framing.limit, 'x');
        CHECK(framing.close(out, second, encoding::text));
        const auto found = framing.parse(std::string_view{out}.substr(6));
        CHECK(found.what == state::frame);
        CHECK(found.frame.bytes == std::string(framing.limit, 'x'));
        CHECK(found.used == out.size() - 6);
    };
    check(length_prefix{.limit = 10});
    check(newline_delimited{.limit = 10});
    check(content_length_headers{.limit = 10});
}
