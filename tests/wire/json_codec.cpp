// The native wire beyond its vectors: borrowing, escaping, bounds, and that nothing is lost between two codecs.
#include <rejoinder/wire/json_codec.hpp>

#include <rejoinder/wire/is_json.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::literals;

static_assert(codec<json_codec>);

namespace {

std::string text_of(const message& m)
{
    std::string frame;
    REQUIRE(json_codec{}.encode(m, frame) == encoding::text);
    return frame;
}

// Reads from a block of the frame's exact size, so that a sanitizer sees a read beyond it.
decoded decode_exact(json_codec& reader, std::string_view frame, encoding form, message& in, std::unique_ptr<char[]>& keep)
{
    keep = std::make_unique<char[]>(frame.size());
    frame.copy(keep.get(), frame.size());
    return reader.decode({{keep.get(), frame.size()}, form}, in);
}

decoded decode(std::string_view frame, encoding form = encoding::text)
{
    json_codec reader;
    message in;
    std::unique_ptr<char[]> keep;
    return decode_exact(reader, frame, form, in, keep);
}

bool lies_in(std::string_view part, std::string_view whole)
{
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

std::string random_text(std::mt19937& random)
{
    constexpr std::string_view pieces[] = {"a", "name", "\"", "\\", "\n", "\t", "\x01", "é", "€", "𝄞", "/", "\x7F", " "};
    std::string text;
    for (auto count = random() % 6; count != 0; --count) {
        text += pieces[random() % std::size(pieces)];
    }
    return text;
}

std::string random_json(std::mt19937& random)
{
    constexpr std::string_view values[] = {"", "1", "true", "\"x\"", "[]", R"({"a":[1,{"b":"]"}]})", "-1.5e3", R"("\ud800")"};
    return std::string{values[random() % std::size(values)]};
}

std::string nested_arrays(std::size_t depth)
{
    return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

TEST_CASE("the native wire carries all of the contract")
{
    CHECK(json_codec{}.features() == capabilities{});
}

TEST_CASE("a decoded message borrows from its frame, and from the codec where it was escaped")
{
    json_codec reader;
    message in;
    const std::string frame = R"(["req",17,"plain",{"a":1},{"ttl":5,"key":"k\n"}])";
    REQUIRE(reader.decode({frame}, in) == decoded::message);
    CHECK(lies_in(in.name, frame));
    CHECK(lies_in(in.payload.bytes, frame));
    CHECK_FALSE(lies_in(in.key, frame));
    CHECK(in.key == "k\n");
}

TEST_CASE("name, text and key may all be escaped in one message")
{
    json_codec reader;
    message in;
    REQUIRE(reader.decode({R"(["err",1,"\u0061","\u0062"])"}, in) == decoded::message);
    CHECK(in.name == "a");
    CHECK(in.text == "b");
    REQUIRE(reader.decode({R"(["\u006dsg",1,"\u0063",0,{"\u006bey":"\u0064"}])"}, in) == decoded::message);
    CHECK(in.name == "c");
    CHECK(in.key == "d");
}

TEST_CASE("a message leaves nothing behind in the next one")
{
    json_codec reader;
    message in;
    REQUIRE(reader.decode({R"(["req",17,"a",1,{"ttl":5,"key":"k"}])"}, in) == decoded::message);
    REQUIRE(reader.decode({R"(["ping",1,[5]])"}, in) == decoded::message);
    CHECK(in.name.empty());
    CHECK(in.payload == payload_view{});
    CHECK(in.key.empty());
    CHECK_FALSE(in.time_left);
    REQUIRE(reader.decode({R"(["ping",2])"}, in) == decoded::message);
    CHECK(in.finished.empty());
}

TEST_CASE("null is no payload, written and read")
{
    CHECK(text_of({.kind = message_kind::reply, .id = 1, .payload = {"null"}}) == R"(["res",1])");
    CHECK(text_of({.kind = message_kind::error, .id = 1, .name = "c", .payload = {"null"}}) == R"(["err",1,"c"])");
}

TEST_CASE("an empty binary payload is a payload")
{
    std::string frame;
    json_codec both;
    const message out{.kind = message_kind::notification, .name = "n", .payload = {"", encoding::binary}};
    CHECK(both.encode(out, frame) == encoding::binary);
    message in;
    REQUIRE(both.decode({frame, encoding::binary}, in) == decoded::message);
    CHECK(in.payload.form == encoding::binary);
    CHECK(in.payload.bytes.empty());
}

TEST_CASE("a frame is appended to what the string holds, binary ones too")
{
    json_codec both;
    std::string frame = "head";
    const message out{.kind = message_kind::reply, .id = 1, .payload = {"\x01\n\x02", encoding::binary}};
    CHECK(both.encode(out, frame) == encoding::binary);
    message in;
    REQUIRE(both.decode({std::string_view{frame}.substr(4), encoding::binary}, in) == decoded::message);
    CHECK(in.payload.bytes == "\x01\n\x02");
}

TEST_CASE("a message of a kind without payload does not become binary")
{
    CHECK(text_of({.kind = message_kind::cancel, .id = 3, .payload = {"x", encoding::binary}}) == R"(["can",3])");
}

TEST_CASE("binary frames that do not hold together are bad")
{
    const auto frame = [](std::uint32_t length, std::string_view rest) {
        std::string bytes{'\0', '\0', static_cast<char>(length >> 8), static_cast<char>(length)};
        return bytes.append(rest);
    };
    constexpr auto envelope = R"(["res",1,null])"sv;
    CHECK(decode(frame(envelope.size(), envelope), encoding::binary) == decoded::message);
    CHECK(decode(frame(envelope.size() + 1, envelope), encoding::binary) == decoded::bad);
    CHECK(decode(frame(envelope.size() - 1, envelope), encoding::binary) == decoded::bad);
    CHECK(decode("\xFF\xFF\xFF\xFF[]"sv, encoding::binary) == decoded::bad);
    CHECK(decode("\0\0\0"sv, encoding::binary) == decoded::bad);
    CHECK(decode("", encoding::binary) == decoded::bad);
    for (const auto other : {R"(["res",1])"sv, R"(["res",1,5])"sv, R"(["can",1])"sv, R"(["ready"])"sv, R"(["ping",1])"sv,
                             R"(["hello",{}])"sv, R"(["bye","x"])"sv}) {
        INFO(other);
        CHECK(decode(frame(static_cast<std::uint32_t>(other.size()), other), encoding::binary) == decoded::bad);
    }
    CHECK(decode(envelope, encoding::binary) == decoded::bad);
}

TEST_CASE("time left is rounded down, is never negative and never overflows")
{
    const auto ttl = [](duration left) {
        return text_of({.kind = message_kind::request, .id = 1, .name = "n", .time_left = left});
    };
    CHECK(ttl(1999us) == R"(["req",1,"n",null,{"ttl":1}])");
    CHECK(ttl(999us) == R"(["req",1,"n",null,{"ttl":0}])");
    CHECK(ttl(-1us) == R"(["req",1,"n",null,{"ttl":0}])");
    CHECK(ttl(duration::min()) == R"(["req",1,"n",null,{"ttl":0}])");

    json_codec reader;
    message in;
    REQUIRE(reader.decode({R"(["req",1,"n",null,{"ttl":9007199254740991}])"}, in) == decoded::message);
    CHECK(in.time_left > std::chrono::hours{24 * 365 * 200});
}

TEST_CASE("text that is not UTF-8 is written as U+FFFD and cannot break its frame")
{
    const auto frame = text_of({.kind = message_kind::error, .id = 1, .name = "c", .text = "caf\xE9 \xE2\x82"});
    CHECK(frame == "[\"err\",1,\"c\",\"caf\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\"]");
    CHECK(decode(frame) == decoded::message);
    CHECK(decode("[\"err\",1,\"caf\xE9\"]") == decoded::bad);
    CHECK(decode("[\"res\",1,\"caf\xE9\"]") == decoded::bad);
}

TEST_CASE("a frame holds no raw newline, whatever payload and strings hold")
{
    const auto frame = text_of({.kind = message_kind::request, .id = 1, .name = "a\nb", .payload = {"{\n\"a\":\r\n1\n}"}});
    CHECK(frame == "[\"req\",1,\"a\\nb\",{ \"a\":\r 1 }]");

    hello greeting;
    greeting.incarnation = "i";
    greeting.auth = "[\n1]";
    std::string line;
    const newline_delimited framing;
    const auto mark = framing.open(line);
    const auto form = json_codec{}.encode(greeting, line);
    CHECK(framing.close(line, mark, form));
}

TEST_CASE("a payload may be json_depth_max deep and no deeper")
{
    CHECK(decode("[\"res\",1," + nested_arrays(json_depth_max) + "]") == decoded::message);
    CHECK(decode("[\"res\",1," + nested_arrays(json_depth_max + 1) + "]") == decoded::bad);
}

TEST_CASE("a ping names 65536 ids and no more")
{
    std::vector<message_id> ids(65536, message_id_max);
    CHECK(decode(text_of({.kind = message_kind::ping, .id = 1, .finished = ids})) == decoded::message);
    ids.push_back(1);
    CHECK(decode(text_of({.kind = message_kind::ping, .id = 1, .finished = ids})) == decoded::bad);
}

TEST_CASE("names in a greeting are at most 256 bytes")
{
    json_codec both;
    const auto accepted = [&](std::size_t size) {
        hello out;
        out.incarnation = "i";
        out.token = std::string(size, 't');
        std::string frame;
        both.encode(out, frame);
        message in;
        REQUIRE(both.decode({frame}, in) == decoded::message);
        hello read;
        return both.decode(in, read);
    };
    CHECK(accepted(256));
    CHECK_FALSE(accepted(257));
}

TEST_CASE("a greeting is read from its own kind only")
{
    json_codec both;
    message in;
    hello greeting;
    welcome answer;
    REQUIRE(both.decode({R"(["welcome",{"v":1,"capacity":8,"incarnation":"i"}])"}, in) == decoded::message);
    CHECK_FALSE(both.decode(in, greeting));
    CHECK(both.decode(in, answer));
    REQUIRE(both.decode({R"(["ready"])"}, in) == decoded::message);
    CHECK_FALSE(both.decode(in, answer));
}

TEST_CASE("a greeting that is read replaces all of the one before")
{
    json_codec both;
    message in;
    hello greeting;
    greeting.token = "old";
    greeting.auth = "1";
    REQUIRE(both.decode({R"(["hello",{"v":1,"incarnation":"i"}])"}, in) == decoded::message);
    REQUIRE(both.decode(in, greeting));
    CHECK(greeting.token.empty());
    CHECK(greeting.auth.empty());
}

TEST_CASE("each message comes out of a second codec as it went into the first")
{
    constexpr message_kind kinds[] = {message_kind::request, message_kind::reply, message_kind::error, message_kind::delivery,
                                      message_kind::ack, message_kind::notification, message_kind::progress};
    std::mt19937 random{11};
    json_codec writer;
    json_codec reader;
    for (int round = 0; round != 20000; ++round) {
        const auto kind = kinds[random() % std::size(kinds)];
        const bool call = kind == message_kind::request || kind == message_kind::delivery;
        const bool named = call || kind == message_kind::error || kind == message_kind::notification;
        const auto form = random() % 4 == 0 ? encoding::binary : encoding::text;
        const auto name = random_text(random);
        const auto text = random_text(random);
        const auto key = random_text(random);
        const auto payload = form == encoding::binary ? random_text(random) : random_json(random);
        const message out{
            .kind = kind,
            .id = kind == message_kind::notification ? 0 : 1 + (std::uint64_t{random()} << 21 | random() % (1U << 21)),
            .name = named ? name : std::string_view{},
            .payload = {payload, form},
            .text = kind == message_kind::error ? text : std::string_view{},
            .key = call ? key : std::string_view{},
            .time_left = call && random() % 2 == 0 ? std::optional<duration>{std::chrono::milliseconds{random()}} : std::nullopt};
        std::string frame;
        const auto frame_form = writer.encode(out, frame);
        CHECK(frame_form == form);
        CHECK((form == encoding::binary || is_json(frame)));
        message in;
        std::unique_ptr<char[]> keep;
        if (decode_exact(reader, frame, frame_form, in, keep) != decoded::message) {
            FAIL(frame);
        }
        const bool same = in.kind == out.kind && in.id == out.id && in.name == out.name && in.payload == out.payload &&
                          in.text == out.text && in.key == out.key && in.time_left == out.time_left;
        if (!same) {
            FAIL(frame);
        }
    }
}

TEST_CASE("no beginning of a frame is a frame")
{
    const std::string frame = R"(["req",1024,"n\u00e9",{"a":[1,"]"]},{"ttl":5,"key":"k"}])";
    REQUIRE(decode(frame) == decoded::message);
    for (std::size_t size = 0; size != frame.size(); ++size) {
        CHECK(decode(frame.substr(0, size)) == decoded::bad);
    }
}
