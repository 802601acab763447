// Socket.IO v5: packets as text, attachments, and how arguments and payloads are each other.
#include <rejoinder/wire/socket_io_decoder.hpp>
#include <rejoinder/wire/socket_io_encoder.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;
using namespace std::literals;
using enum socket_io_arguments;

// What a decoder makes of a text and its attachments.
struct heard_packet {
    decoded how = decoded::incomplete;
    std::string name{}, payload{};
    encoding form = encoding::text;
    std::optional<std::uint64_t> id{};

    friend bool operator==(const heard_packet&, const heard_packet&) = default;
};

heard_packet heard(std::string_view text, const std::vector<std::string>& attachments = {}, socket_io_arguments how = alone,
                   const socket_io_limits& limits = {})
{
    socket_io_decoder decoder{how, limits};
    socket_io_packet packet;
    payload_view payload;
    auto first = std::make_unique<std::string>(text);
    auto result = decoder.decode({*first}, packet, payload);
    if (result == decoded::incomplete) {
        first.reset(); // what is due of the text must not be borrowed from a frame that is gone
    }
    for (const auto& one : attachments) {
        if (result != decoded::incomplete) {
            return {.how = decoded::bad};
        }
        result = decoder.decode({one, encoding::binary}, packet, payload);
    }
    if (result != decoded::message) {
        return {.how = result};
    }
    CHECK_FALSE(decoder.amid());
    return {result, std::string{packet.name}, std::string{payload.bytes}, payload.form, packet.id};
}

heard_packet payload_heard(std::string payload, encoding form = encoding::text)
{
    return {decoded::message, "a", std::move(payload), form, {}};
}

// The text and the attachments that an event "a" with this payload becomes.
std::vector<std::string> frames_of(const payload_view& payload, socket_io_arguments how = alone, std::size_t attachments_max = 10)
{
    socket_io_encoder encoder{how, attachments_max};
    std::vector<std::string> frames(1);
    encoder.encode({.name = "a"}, payload, frames.front());
    for (std::string_view one; encoder.next(one);) {
        frames.emplace_back(one);
    }
    return frames;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("each Socket.IO packet is printed and read as the protocol spells it")
{
    const std::pair<socket_io_packet, std::string_view> packets[] = {
        {{.type = socket_io_type::connect}, "0"},
        {{.type = socket_io_type::connect, .data = R"({"token":"123"})"}, R"(0{"token":"123"})"},
        {{.type = socket_io_type::connect, .name_space = "/admin", .data = R"({"sid":"x"})"}, R"(0/admin,{"sid":"x"})"},
        {{.type = socket_io_type::disconnect}, "1"},
        {{.type = socket_io_type::disconnect, .name_space = "/admin"}, "1/admin,"},
        {{.name = "foo"}, R"(2["foo"])"},
        {{.id = 12, .name = "foo", .data = R"(1,{"b":[2]})", .arguments = 2}, R"(212["foo",1,{"b":[2]}])"},
        {{.name_space = "/admin", .id = 0, .name = "a\"b"}, R"(2/admin,0["a\"b"])"},
        {{.type = socket_io_type::ack, .id = 9007199254740991}, "39007199254740991[]"},
        {{.type = socket_io_type::ack, .name_space = "/admin", .id = 13, .data = R"("bar")", .arguments = 1}, R"(3/admin,13["bar"])"},
        {{.type = socket_io_type::connect_error, .data = R"({"message":"Not authorized"})"}, R"(4{"message":"Not authorized"})"},
        {{.type = socket_io_type::connect_error, .name_space = "/x", .data = R"("old")"}, R"(4/x,"old")"},
        {{.name = "baz", .data = R"({"_placeholder":true,"num":0})", .arguments = 1, .attachments = 1},
         R"(51-["baz",{"_placeholder":true,"num":0}])"},
        {{.type = socket_io_type::ack, .name_space = "/admin", .id = 15, .data = R"({"_placeholder":true,"num":0})", .arguments = 1, .attachments = 1},
         R"(61-/admin,15[{"_placeholder":true,"num":0}])"},
    };
    for (const auto& [packet, text] : packets) {
        INFO(text);
        std::string printed;
        append_socket_io_packet(printed, packet);
        CHECK(printed == text);
        std::string scratch;
        socket_io_packet read;
        REQUIRE(read_socket_io_packet(text, scratch, read));
        CHECK(read == packet);
    }
}

TEST_CASE("Socket.IO packets are read in spellings that are not printed")
{
    std::string scratch;
    socket_io_packet read;
    REQUIRE(read_socket_io_packet("0/custom", scratch, read));
    CHECK(read.name_space == "/custom");
    REQUIRE(read_socket_io_packet("2/,[ \"f\\u006fo\" , 1 , 2 ] ", scratch, read));
    CHECK(read == socket_io_packet{.name = "foo", .data = "1 , 2", .arguments = 2});
    REQUIRE(read_socket_io_packet("2[5.5,1]", scratch, read));
    CHECK(read == socket_io_packet{.name = "5.5", .data = "1", .arguments = 1});
    REQUIRE(read_socket_io_packet("50-[\"foo\"]", scratch, read));
    CHECK(read == socket_io_packet{.name = "foo"});
    REQUIRE(read_socket_io_packet("31[ ]", scratch, read));
    CHECK(read.arguments == 0);
}

TEST_CASE("what is not a Socket.IO packet is refused")
{
    const auto deep = [](int depth) { return "2[\"a\"," + std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']') + "]"; };
    std::string scratch;
    socket_io_packet read;
    CHECK(read_socket_io_packet(deep(64), scratch, read));
    for (const auto& bad : {""s, "7"s, "a"s, "2"s, "2[]"s, "2{}"s, "2\"foo\""s, "2[{}]"s, "2[null]"s, "2[true]"s, "2[\"a\""s, "2[\"a\",]"s,
                            "2[\"a\"]x"s, "2[\"a\" 1]"s, "2[\"a\",nul]"s, "2[\"\\ud800\"]"s, "2[\"\xff\"]"s, "2/x[\"a\"]"s, "2/x"s, "21"s,
                            "2x[\"a\"]"s, "2-1[\"a\"]"s, "201[\"a\"]"s, "29007199254740992[\"a\"]"s, "2123456789012345678901[\"a\"]"s,
                            "2[\"connect\"]"s, "2[\"connect_error\"]"s, "2[\"disconnect\"]"s, "2[\"disconnecting\"]"s, "2[\"newListener\"]"s,
                            "2[\"removeListener\"]"s, "2[\"c\\u006fnnect\"]"s, "3[]"s, "3"s, "31"s, "31{}"s, "31[1,]"s, "3/x,[1]"s, "0[]"s,
                            "0\"a\""s, "0null"s, "01{}"s, "0{}{}"s, "0/x,1{}"s, "0/\xff,"s, "1{}"s, "11"s, "4"s, "4[]"s, "45"s, "5[\"a\"]"s,
                            "5-[\"a\"]"s, "51[\"a\"]"s, "511-[\"a\"]"s, "501-[\"a\"]"s, "599999999999999999999-[\"a\"]"s, "0/"s + std::string(256, 'x'),
                            deep(65)}) {
        INFO(bad);
        CHECK_FALSE(read_socket_io_packet(bad, scratch, read));
    }
}

TEST_CASE("one argument is the payload, none is none, several are an array; listed, they are an array always")
{
    CHECK(heard(R"(2["a"])") == payload_heard(""));
    CHECK(heard(R"(2["a",{"b":1}])") == payload_heard(R"({"b":1})"));
    CHECK(heard(R"(2["a",[1]])") == payload_heard("[1]"));
    CHECK(heard(R"(2["a",1,2])") == payload_heard("[1,2]"));
    CHECK(heard(R"(2["a"])", {}, listed) == payload_heard("[]"));
    CHECK(heard(R"(2["a",[1]])", {}, listed) == payload_heard("[[1]]"));
    CHECK(heard(R"(2["a",1,2])", {}, listed) == payload_heard("[1,2]"));

    CHECK(frames_of({}) == texts{R"(2["a"])"});
    CHECK(frames_of({R"({"b":1})"}) == texts{R"(2["a",{"b":1}])"});
    CHECK(frames_of({"[1,2]"}) == texts{R"(2["a",[1,2]])"});
    CHECK(frames_of({"[1,2]"}, listed) == texts{R"(2["a",1,2])"});
    CHECK(frames_of({" [ ] "}, listed) == texts{R"(2["a"])"});
    CHECK(frames_of({}, listed) == texts{R"(2["a"])"});
    CHECK(frames_of({"5"}, listed) == texts{R"(2["a",5])"});
}

TEST_CASE("an argument that is an attachment is a binary payload, both ways")
{
    const auto bytes = "\x01\x00\xff"s;
    CHECK(heard(R"(51-["a",{"num":0,"_placeholder":true}])", {bytes}) == payload_heard(bytes, encoding::binary));
    CHECK(frames_of({bytes, encoding::binary}) == texts{R"(51-["a",{"_placeholder":true,"num":0}])", bytes});
    CHECK(frames_of({"", encoding::binary}, listed) == texts{R"(51-["a",{"_placeholder":true,"num":0}])", ""});
    CHECK(heard(R"(51-["a",{"num":0,"_placeholder":true}])", {bytes}, listed) == payload_heard(R"([{"_base64":"AQD/"}])"));
}

TEST_CASE("attachments inside of other data stand there as base64, both ways")
{
    const auto text = R"(52-["a",{"x":[{"_placeholder":true,"num":1},1],"y":{"_placeholder":true,"num":0}},"z"])"s;
    const auto payload = R"([{"x":[{"_base64":"Yg=="},1],"y":{"_base64":"YQ=="}},"z"])"s;
    CHECK(heard(text, {"a", "b"}) == payload_heard(payload));
    CHECK(heard(text, {"a", "b"}, listed) == payload_heard(payload));
    CHECK(frames_of({payload}, listed) ==
          texts{R"(52-["a",{"x":[{"_placeholder":true,"num":0},1],"y":{"_placeholder":true,"num":1}},"z"])", "b", "a"});
    CHECK(frames_of({R"({"_base64":"AQD\/"})"}) == texts{R"(51-["a",{"_placeholder":true,"num":0}])", "\x01\x00\xff"s});
}

TEST_CASE("data that only looks like binary is sent as it is")
{
    for (const auto text : {R"({"_base64":"AQI"})", R"({"_base64":1})", R"({"_base64":"AQID","b":1})", R"({"b":{},"_base64":"AQID"})",
                            R"(["_base64"])", R"([{"_base64":"AQID"},{"_placeholder":true,"num":7}])"}) {
        CHECK(frames_of({text}) == texts{R"(2["a",)" + std::string{text} + "]"});
    }
    const auto three = R"([{"_base64":""},{"_base64":""},{"_base64":""}])"s;
    CHECK(frames_of({three}, alone, 2) == texts{R"(2["a",)" + three + "]"});
    CHECK(frames_of({three}, alone, 3).size() == 4);
    CHECK(heard(R"(2["a",{"_placeholder":true,"num":0}])") == payload_heard(R"({"_placeholder":true,"num":0})"));
}

TEST_CASE("attachments that do not fit their packet are refused")
{
    const heard_packet bad{.how = decoded::bad};
    const auto mark = [](std::string_view number) { return R"({"_placeholder":true,"num":)" + std::string{number} + "}"; };
    CHECK(heard(R"(51-["a",)" + mark("1") + "]", {"x"}) == bad);
    CHECK(heard(R"(51-["a",)" + mark("-1") + "]", {"x"}) == bad);
    CHECK(heard(R"(51-["a",)" + mark("0.5") + "]", {"x"}) == bad);
    CHECK(heard(R"(51-["a",)" + mark("\"0\"") + "]", {"x"}) == bad);
    CHECK(heard(R"(51-["a",{"_placeholder":true}])", {"x"}) == bad);
    CHECK(heard(R"(51-["a",5])", {"x"}) == bad);
    CHECK(heard(R"(51-["a"])", {"x"}) == bad);
    CHECK(heard(R"(52-["a",)" + mark("0") + "," + mark("0") + "]", {"x", "y"}) == bad);
    CHECK(heard(R"(511-["a",)" + mark("0") + "]") == bad);
    CHECK(heard(R"(2["a"])", {"x"}) == bad);
    CHECK(heard(R"(51-["a",)" + mark("0") + "," + mark("0") + "]", {"x"}) == bad); // a bomb, if "x" were big
    CHECK(heard(R"(51-["a",)" + mark("0") + "]") == heard_packet{});
    CHECK(heard(R"(51-["a",)" + mark("0") + "]", {"12345"}, alone, {.attachment_bytes = 4}) == bad);

    socket_io_decoder decoder;
    socket_io_packet packet;
    payload_view payload;
    CHECK(decoder.decode({"x", encoding::binary}, packet, payload) == decoded::bad);
    const auto text = R"(51-["a",)" + mark("0") + "]";
    CHECK(decoder.decode({text}, packet, payload) == decoded::incomplete);
    CHECK(decoder.amid());
    CHECK(decoder.decode({R"(2["a"])"}, packet, payload) == decoded::bad);
}

TEST_CASE("a packet whose attachments are large is whole when it comes, and its memory is given back by the next one")
{
    const auto mark = [](std::string_view number) { return R"({"_placeholder":true,"num":)" + std::string{number} + "}"; };
    socket_io_decoder decoder;
    socket_io_packet packet;
    payload_view payload;
    const std::string large(std::size_t{300} << 10, 'x');
    for (const bool inside : {true, false, true}) {
        const auto text = R"(52-["a",)" + (inside ? R"({"in":)" + mark("0") + R"(,"too":)" + mark("1") + "}" : mark("0") + "," + mark("1")) + "]";
        CHECK(decoder.decode({text}, packet, payload) == decoded::incomplete);
        CHECK(decoder.decode({large, encoding::binary}, packet, payload) == decoded::incomplete);
        REQUIRE(decoder.decode({large, encoding::binary}, packet, payload) == decoded::message);
        CHECK(packet.name == "a");
        CHECK(payload.bytes.size() > large.size() * 2);
        const auto* const was_at = payload.bytes.data();
        CHECK(decoder.decode({R"(2["b",1,2])"}, packet, payload) == decoded::message);
        CHECK(payload.bytes == "[1,2]");
        CHECK(payload.bytes.data() != was_at);
    }
}
