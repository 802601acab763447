// RFC 6455 §5 to §7, rule by rule, with the bytes cut at every place.
#include <rejoinder/wire/websocket_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/websocket_bytes.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace websocket_bytes;

namespace {

using found = std::vector<std::string>;

constexpr unsigned text = 1;
constexpr unsigned binary = 2;
constexpr unsigned closing = 8;
constexpr unsigned pinging = 9;
constexpr unsigned ponging = 10;

std::string masked(unsigned first, std::string_view payload)
{
    return raw_frame(first, payload, true);
}

// The same, whatever the pieces: whole, byte by byte, in any two parts, and from either side.
found server_reads(const std::string& bytes, const websocket_limits& limits = {})
{
    const auto whole = events_of(bytes, bytes.size(), websocket_role::server, limits);
    for (std::size_t piece = 1; piece < std::min<std::size_t>(bytes.size(), 300); ++piece) {
        const auto cut = events_of(bytes, piece, websocket_role::server, limits);
        if (cut != whole) {
            CHECK(cut == whole);
            break;
        }
    }
    return whole;
}

std::string with_length(unsigned marker, std::string_view length_bytes)
{
    std::string out{static_cast<char>(last | binary), static_cast<char>(0x80 | marker)};
    return out.append(length_bytes);
}

} // namespace

TEST_CASE("whole messages of every length form come as they were sent, to servers and clients")
{
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U, 70000U}) {
        const std::string body(size, 'x');
        CHECK(server_reads(masked(last | text, body) + masked(last | binary, body)) ==
              found{"text " + body, "binary " + body});
        const auto plain = raw_frame(last | text, body, false);
        CHECK(events_of(plain, 7, websocket_role::client) == found{"text " + body});
    }
}

TEST_CASE("a client masks and a server does not, and the other way round is refused at the second byte")
{
    CHECK(events_of(raw_frame(last | text, "x", false).substr(0, 2), 1, websocket_role::server) ==
          found{"failed 1002"});
    CHECK(events_of(masked(last | text, "x").substr(0, 2), 1, websocket_role::client) == found{"failed 1002"});
}

TEST_CASE("fragments make one message, with control frames between them")
{
    CHECK(server_reads(masked(text, "one ") + masked(last | pinging, "there?") + masked(0, "") + masked(0, "two ") +
                       masked(last | ponging, "") + masked(last, "three") + masked(last | binary, "next")) ==
          found{"ping there?", "pong ", "text one two three", "binary next"});
    CHECK(server_reads(masked(binary, "") + masked(last, "")) == found{"binary "});
}

TEST_CASE("a message of seventy thousand fragments is a message")
{
    std::string bytes = masked(binary, "");
    for (int i = 0; i != 70000; ++i) {
        bytes += masked(0, "x");
    }
    bytes += masked(last, "");
    CHECK(events_of(bytes, 4096, websocket_role::server) == found{"binary " + std::string(70000, 'x')});
}

TEST_CASE("fragments out of order are refused")
{
    CHECK(server_reads(masked(last, "x")) == found{"failed 1002"});
    CHECK(server_reads(masked(0, "x")) == found{"failed 1002"});
    CHECK(server_reads(masked(text, "x") + masked(last | text, "y")) == found{"failed 1002"});
    CHECK(server_reads(masked(text, "x") + masked(binary, "y")) == found{"failed 1002"});
    CHECK(server_reads(masked(last | text, "x") + masked(last, "y")) == found{"text x", "failed 1002"});
}

TEST_CASE("reserved bits and opcodes are refused by the first two bytes")
{
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        CHECK(server_reads(masked(last | opcode, "").substr(0, 2)) == found{"failed 1002"});
    }
    for (const unsigned bits : {0x10U, 0x20U, 0x30U, 0x40U, 0x50U, 0x60U, 0x70U}) {
        CHECK(server_reads(masked(last | bits | text, "x").substr(0, 2)) == found{"failed 1002"});
        CHECK(server_reads(masked(last | bits | pinging, "x").substr(0, 2)) == found{"failed 1002"});
    }
}

TEST_CASE("RSV1 says compressed on the first frame of a message, if that was agreed on, and nowhere else")
{
    const websocket_limits agreed{.may_compress = true};
    CHECK(server_reads(masked(last | 0x40 | text, "\xFF"), agreed) == found{"text compressed \xFF"});
    CHECK(server_reads(masked(0x40 | text, "a") + masked(last, "b"), agreed) == found{"text compressed ab"});
    CHECK(server_reads(masked(last | text, "a"), agreed) == found{"text a"});
    CHECK(server_reads(masked(0x40 | text, "a") + masked(last | 0x40, "b"), agreed) == found{"failed 1002"});
    CHECK(server_reads(masked(text, "a") + masked(last | 0x40, "b"), agreed) == found{"failed 1002"});
    CHECK(server_reads(masked(last | 0x40 | pinging, ""), agreed) == found{"failed 1002"});
    CHECK(server_reads(masked(last | 0x60 | text, ""), agreed) == found{"failed 1002"});
}

TEST_CASE("control frames are short and whole")
{
    const std::string most(125, 'p');
    CHECK(server_reads(masked(last | pinging, most) + masked(last | ponging, most)) ==
          found{"ping " + most, "pong " + most});
    CHECK(server_reads(masked(last | pinging, std::string(126, 'p')).substr(0, 2)) == found{"failed 1002"});
    CHECK(server_reads(masked(last | closing, std::string(126, 'p')).substr(0, 2)) == found{"failed 1002"});
    for (const unsigned opcode : {closing, pinging, ponging}) {
        CHECK(server_reads(masked(opcode, "").substr(0, 2)) == found{"failed 1002"});
    }
}

TEST_CASE("a length is written in as few bytes as it needs, and below the top bit")
{
    const std::string key(4, '\0');
    CHECK(server_reads(with_length(126, std::string{"\0\x7D", 2} + key)) == found{"failed 1002"});
    CHECK(server_reads(with_length(127, std::string{"\0\0\0\0\0\0\xFF\xFF", 8} + key)) == found{"failed 1002"});
    CHECK(server_reads(with_length(127, std::string{"\x80\0\0\0\0\0\0\0", 8} + key)) == found{"failed 1002"});
    CHECK(server_reads(with_length(127, std::string{"\x7F\0\0\0\0\0\0\0", 8} + key)) == found{"failed 1009"});
}

TEST_CASE("a message over the limit fails at its header, over all of its fragments")
{
    const websocket_limits ten{.message_max = 10};
    CHECK(server_reads(masked(last | text, std::string(10, 'x')), ten) == found{"text xxxxxxxxxx"});
    CHECK(server_reads(masked(last | text, std::string(11, 'x')).substr(0, 6), ten) == found{"failed 1009"});
    CHECK(server_reads(masked(text, "12345") + masked(0, "12345") + masked(last, ""), ten) ==
          found{"text 1234512345"});
    CHECK(server_reads(masked(text, "12345") + masked(0, "12345") + masked(last, "1").substr(0, 6), ten) ==
          found{"failed 1009"});
    CHECK(server_reads(masked(text, "12345") + masked(last | pinging, std::string(100, 'p')) + masked(last, "67890"),
                       ten) == found{"ping " + std::string(100, 'p'), "text 1234567890"});
}

TEST_CASE("text is UTF-8, wherever it is cut into fragments and pieces")
{
    const std::string kappa = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5 \xF0\x9F\x8E\xB5 and more text than a word";
    CHECK(server_reads(masked(last | text, kappa)) == found{"text " + kappa});
    for (std::size_t cut = 0; cut != kappa.size(); ++cut) {
        CHECK(server_reads(masked(text, kappa.substr(0, cut)) + masked(last, kappa.substr(cut))) ==
              found{"text " + kappa});
    }
    const std::string bad[]{"\x80",         "\xC0\x80",         "\xC1\xBF",     "\xE0\x80\x80",     "\xE0\x9F\xBF",
                            "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80", "\xF5\x80\x80\x80", "\xCE x",
                            "\xFF",         "\xE1\x80 "};
    for (const auto& each : bad) {
        CHECK(server_reads(masked(last | text, "eight bytes and " + each + " eight bytes")) == found{"failed 1007"});
        CHECK(server_reads(masked(last | binary, each)) == found{"binary " + each});
    }
    CHECK(server_reads(masked(last | text, "cut \xF0\x9F\x8E")) == found{"failed 1007"});
    CHECK(server_reads(masked(text, "\xF0\x9F") + masked(last, "")) == found{"failed 1007"});
}

TEST_CASE("text that is wrong fails before its frame is whole")
{
    const auto frame = masked(text, "good \xFF" + std::string(1000, 'x'));
    CHECK(server_reads(frame.substr(0, 8 + 6)) == found{"failed 1007"});
    CHECK(server_reads(frame.substr(0, 8 + 5)).empty());
    // What cannot become a character fails without its last byte.
    CHECK(server_reads(masked(text, "\xF4\x90")) == found{"failed 1007"});
    CHECK(server_reads(masked(text, "\xED\xA0")) == found{"failed 1007"});
    CHECK(server_reads(masked(text, "\xF4\x8F")).empty());
}

TEST_CASE("a Close frame has no payload, or a code that may be sent and a reason in UTF-8")
{
    const auto close_with = [](const std::string& payload) { return server_reads(masked(last | closing, payload)); };
    CHECK(close_with("") == found{"close "});
    CHECK(close_with("\x03") == found{"failed 1002"});
    for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U, 3000U, 3999U,
                                4000U, 4999U}) {
        CHECK(close_with(close_payload(code, "why")) == found{"close " + close_payload(code, "why")});
    }
    for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U}) {
        CHECK(close_with(close_payload(code)) == found{"failed 1002"});
    }
    CHECK(close_with(close_payload(1000, "\xCE")) == found{"failed 1007"});
    CHECK(close_with(close_payload(1000, std::string(123, 'y'))).size() == 1);
}

TEST_CASE("after a Close frame, and after a failure, nothing is read")
{
    CHECK(server_reads(masked(last | closing, "") + masked(last | text, "x") + "rubbish") == found{"close "});
    websocket_reader reader{websocket_role::server};
    std::string kept;
    std::string bytes = masked(last | 3, "") + masked(last | text, "x");
    std::span<char> rest{bytes};
    CHECK(reader.read(rest, kept).what == websocket_event::kind::failed);
    CHECK(reader.read(rest, kept).what == websocket_event::kind::failed);
    CHECK(reader.failure() == websocket_code::protocol_error);
}

TEST_CASE("messages that came whole stay where they were read, and only what is unfinished is kept")
{
    websocket_reader reader{websocket_role::client};
    std::string kept;
    std::string bytes = raw_frame(last | text, "first", false) + raw_frame(text, "sec", false) +
                        raw_frame(last, "ond", false) + raw_frame(last | text, "third", false).substr(0, 4);
    std::span<char> rest{bytes};
    const auto first = reader.read(rest, kept);
    const auto second = reader.read(rest, kept);
    CHECK(reader.read(rest, kept).what == websocket_event::kind::more);
    CHECK(first.payload == "first");
    CHECK(second.payload == "second");
    CHECK((second.payload.data() > bytes.data() && second.payload.data() < bytes.data() + bytes.size()));
    CHECK(reader.unfinished() == 2);
    CHECK(kept.empty());
    reader.keep(kept);
    CHECK(kept == "th");
    std::string more = "ird";
    rest = more;
    const auto third = reader.read(rest, kept);
    CHECK(third.is_kept);
    CHECK(third.payload == "third");
}
