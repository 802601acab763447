// Socket.IO as a codec: what is which packet, whose ids are whose, which requests are the same, and what is refused.
#include <rejoinder/wire/socket_io_codec.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;

// A codec that has welcomed its client, as a hub's does.
socket_io_codec hosting_codec(socket_io_dialect how = {}, std::uint32_t capacity = 4)
{
    socket_io_codec codec{"/", std::move(how)};
    welcome answer;
    answer.session = "7";
    answer.capacity = capacity;
    std::string ignored;
    codec.encode(answer, ignored);
    return codec;
}

// All frames of a message; those of attachments in angle brackets.
std::vector<std::string> packets_of(socket_io_codec& codec, const message& out)
{
    std::vector<std::string> all;
    std::string frame;
    codec.encode(out, frame);
    if (!frame.empty()) {
        all.push_back(frame);
    }
    for (;;) {
        frame.clear();
        const auto form = codec.encode_rest(frame);
        if (!form) {
            return all;
        }
        all.push_back(*form == encoding::binary ? "<" + frame + ">" : frame);
    }
}

using packets = std::vector<std::string>;

message packet_in(socket_io_codec& codec, std::string_view frame)
{
    message in;
    REQUIRE(codec.decode({frame}, in) == decoded::message);
    return in;
}

decoded verdict_on(socket_io_codec& codec, std::string_view frame, encoding form = encoding::text)
{
    message in;
    return codec.decode({frame, form}, in);
}

} // namespace

TEST_CASE("CONNECT is a hello with its auth, and its answer a welcome with the session's name")
{
    socket_io_codec hub{"/admin"};
    auto in = packet_in(hub, R"(0/admin,{"token":"t"})");
    CHECK(in.kind == message_kind::hello);
    hello greeting;
    REQUIRE(hub.decode(in, greeting));
    CHECK(greeting.auth == R"({"token":"t"})");
    CHECK(greeting.incarnation.empty());
    CHECK(greeting.capacity > 1000);

    std::string frame;
    welcome answer;
    answer.session = "7";
    hub.encode(answer, frame);
    CHECK(frame == R"(0/admin,{"sid":"7"})");

    socket_io_codec client{"/admin"};
    std::string said;
    greeting.capacity = 16;
    client.encode(greeting, said);
    CHECK(said == R"(0/admin,{"token":"t"})");
    in = packet_in(client, frame);
    CHECK(in.kind == message_kind::welcome);
    REQUIRE(client.decode(in, answer));
    CHECK(answer.session == "7");
    CHECK(answer.capacity == 16);
    in = packet_in(client, "0/admin,{}");
    CHECK_FALSE(client.decode(in, answer)); // as servers of the protocol's earlier versions answer
}

TEST_CASE("auth that is no object goes into CONNECT as a token")
{
    socket_io_codec client;
    hello greeting;
    std::string said;
    client.encode(greeting, said);
    CHECK(said == "0");
    said.clear();
    greeting.auth = R"("42")";
    client.encode(greeting, said);
    CHECK(said == R"(0{"token":"42"})");
}

TEST_CASE("a refusal is a CONNECT_ERROR with the program's data, or with its code")
{
    socket_io_codec hub{"/x"};
    message out{.kind = message_kind::refusal, .name = "busy", .text = "later", .time_left = std::chrono::milliseconds{20}};
    CHECK(packets_of(hub, out) == packets{R"(4/x,{"message":"later","data":{"code":"busy","retry_after":20}})"});

    socket_io_codec client{"/x"};
    std::string said;
    client.encode(hello{}, said);
    auto in = packet_in(client, R"(4/x,{"message":"later","data":{"code":"busy","retry_after":20}})");
    CHECK(in.kind == message_kind::refusal);
    CHECK(in.name == "busy");
    CHECK(in.text == "later");
    CHECK(in.time_left == std::chrono::milliseconds{20});

    out = {.kind = message_kind::refusal, .name = "auth_refused", .payload = {R"({"code":4001})"}, .text = "unauthorized"};
    CHECK(packets_of(hub, out) == packets{R"(4/x,{"message":"unauthorized","data":{"code":4001}})"});
    in = packet_in(client, R"(4/x,{"message":"unauthorized","data":{"code":4001}})");
    CHECK(in.name == "auth_refused");
    CHECK(in.payload.bytes == R"({"code":4001})");
    CHECK(packet_in(client, R"(4/x,"no")").text == "no");
    CHECK(verdict_on(hub, R"(4/x,{"message":"no"})") == decoded::bad); // clients refuse nobody
}

TEST_CASE("an event without an id is a notification, and one with an id a request that is acknowledged under it")
{
    auto hub = hosting_codec();
    auto in = packet_in(hub, R"(2["move",{"x":1}])");
    CHECK(in.kind == message_kind::notification);
    CHECK(in.name == "move");
    CHECK(in.payload.bytes == R"({"x":1})");
    in = packet_in(hub, R"(2912["sum",1,2])");
    CHECK(in.kind == message_kind::request);
    CHECK(in.payload.bytes == "[1,2]");
    CHECK(in.key.empty());
    CHECK(packets_of(hub, {.kind = message_kind::reply, .id = in.id, .payload = {"3"}}) == packets{"3912[3]"});
    in = packet_in(hub, R"(20["void"])");
    CHECK(packets_of(hub, {.kind = message_kind::reply, .id = in.id}) == packets{"30[]"});
    CHECK(packets_of(hub, {.kind = message_kind::reply, .id = in.id + 1}).empty()); // nobody has asked that
}

TEST_CASE("requests and deliveries are events with an id, and their ACK is the answer")
{
    auto hub = hosting_codec();
    CHECK(packets_of(hub, {.kind = message_kind::request, .id = 4, .name = "q", .payload = {"1"}}) == packets{R"(24["q",1])"});
    CHECK(packets_of(hub, {.kind = message_kind::delivery, .id = message_id_max, .name = "d"}) == packets{R"(29007199254740991["d"])"});
    auto in = packet_in(hub, "34[5]");
    CHECK(in.kind == message_kind::reply);
    CHECK(in.id == 4);
    CHECK(in.payload.bytes == "5");
    CHECK(verdict_on(hub, "39007199254740992[]") == decoded::bad);
}

TEST_CASE("arguments may be listed, so that one and none are told from each other")
{
    auto hub = hosting_codec({.arguments = socket_io_arguments::listed});
    auto in = packet_in(hub, R"(21["m",1])");
    CHECK(in.payload.bytes == "[1]");
    CHECK(packets_of(hub, {.kind = message_kind::reply, .id = in.id, .payload = {"[1,[2]]"}}) == packets{"31[1,[2]]"});
    CHECK(packets_of(hub, {.kind = message_kind::notification, .name = "n", .payload = {"[]"}}) == packets{R"(2["n"])"});
}

TEST_CASE("attachments follow their packet both ways")
{
    auto hub = hosting_codec();
    message in;
    CHECK(hub.decode({R"(51-7["up",{"_placeholder":true,"num":0}])"}, in) == decoded::incomplete);
    REQUIRE(hub.decode({"bytes", encoding::binary}, in) == decoded::message);
    CHECK(in.kind == message_kind::request);
    CHECK(in.payload == payload_view{"bytes", encoding::binary});
    CHECK(packets_of(hub, {.kind = message_kind::reply, .id = in.id, .payload = {"more", encoding::binary}}) ==
          packets{R"(61-7[{"_placeholder":true,"num":0}])", "<more>"});
}

TEST_CASE("what was encoded before does not come back as the rest of what is encoded next")
{
    auto hub = hosting_codec();
    std::string frame;
    hub.encode({.kind = message_kind::notification, .name = "n", .payload = {"lost", encoding::binary}}, frame); // did not fit
    CHECK(packets_of(hub, {.kind = message_kind::bye, .name = "normal"}) == packets{"1"});
}

TEST_CASE("an error is an ack of one argument, read as an error again, or silence")
{
    auto hub = hosting_codec();
    auto in = packet_in(hub, R"(23["q"])");
    const message failed{.kind = message_kind::error, .id = in.id, .name = "no_handler", .payload = {"[1]"}, .text = "what?"};
    const auto said = packets_of(hub, failed);
    CHECK(said == packets{R"(33[{"error":{"code":"no_handler","message":"what?","data":[1]}}])"});
    in = packet_in(hub, said.front());
    CHECK(in.kind == message_kind::error);
    CHECK(in.id == 3);
    CHECK(in.name == "no_handler");
    CHECK(in.text == "what?");
    CHECK(in.payload.bytes == "[1]");
    CHECK(packet_in(hub, R"(33[{"error":null}])").kind == message_kind::reply);
    CHECK(packet_in(hub, R"(33[{"error":{"code":"x"},"ok":1}])").kind == message_kind::reply);

    auto silent = hosting_codec({.errors = socket_io_errors::silent});
    CHECK_FALSE(silent.features().error_codes);
    in = packet_in(silent, R"(23["q"])");
    CHECK(packets_of(silent, {.kind = message_kind::error, .id = in.id, .name = "no_handler"}).empty());
    CHECK(packet_in(silent, R"(33[{"error":{"code":"x"}}])").kind == message_kind::reply);
}

TEST_CASE("retries of one event are one request by their key, whatever their ack ids")
{
    auto hub = hosting_codec({.unkeyed = {"flaky"}}, 64);
    const auto key_of = [&](std::string_view frame) { return std::string{packet_in(hub, frame).key}; };
    CHECK(key_of(R"(21["order",{"request_id":"a-1","n":2}])") == "order/a-1");
    CHECK(key_of(R"(22["order",{"n":2,"request_id":"a-1"},7])") == "order/a-1");
    CHECK(key_of(R"(23["cancel",{"request_id":17}])") == "cancel/17");
    CHECK(key_of(R"(24["order",{"request_id":null}])").empty());
    CHECK(key_of(R"(25["order",[{"request_id":1}]])").empty());
    CHECK(key_of(R"(26["order",{"inner":{"request_id":1}}])").empty());
    CHECK(key_of(R"(27["flaky",{"request_id":1}])").empty());
    CHECK(key_of(R"(2["order",{"request_id":1}])").empty()); // asks for no answer
    CHECK(key_of(R"(28["order",{"request_id":")" + std::string(300, 'x') + R"("}])").empty());

    auto off = hosting_codec({.key_member = {}});
    CHECK(packet_in(off, R"(21["order",{"request_id":"a-1"}])").key.empty());
    auto own = hosting_codec({.key = [](std::string_view, std::string_view arguments) { return std::string{arguments}; }});
    CHECK(packet_in(own, R"(21["order",5])").key == "order/5");
}

TEST_CASE("more asked at once than there are slots is answered busy, and a flood of it is bad")
{
    auto hub = hosting_codec({}, 2);
    const auto first = packet_in(hub, R"(21["q"])");
    CHECK(packet_in(hub, R"(22["q"])").id != first.id);
    CHECK(verdict_on(hub, R"(23["q"])") == decoded::incomplete);
    CHECK(verdict_on(hub, R"(24["q"])") == decoded::incomplete);
    CHECK(verdict_on(hub, R"(25["q"])") == decoded::bad);
    CHECK(packets_of(hub, {.kind = message_kind::reply, .id = first.id, .payload = {"1"}}) ==
          packets{"31[1]", R"(34[{"error":{"code":"busy","message":""}}])", R"(33[{"error":{"code":"busy","message":""}}])"});
    CHECK(packet_in(hub, R"(26["q"])").kind == message_kind::request);
}

TEST_CASE("who leaves says DISCONNECT, once, and a link that is given up ends without a word")
{
    auto hub = hosting_codec();
    CHECK(packets_of(hub, {.kind = message_kind::bye, .name = "normal"}) == packets{"1"});
    CHECK(packets_of(hub, {.kind = message_kind::bye, .name = "shutting_down"}).empty());
    const auto in = packet_in(hub, "1");
    CHECK(in.kind == message_kind::bye);
    CHECK(in.name == "normal");
    CHECK(packets_of(hub, {.kind = message_kind::bye, .name = "normal"}).empty()); // no answer to it
}

TEST_CASE("what Socket.IO has no word for is not said")
{
    auto hub = hosting_codec();
    for (const auto kind : {message_kind::ready, message_kind::ping, message_kind::pong, message_kind::cancel, message_kind::progress}) {
        CHECK(packets_of(hub, {.kind = kind, .id = 1}).empty());
    }
    CHECK(packets_of(hub, {.kind = message_kind::notification, .name = "disconnect"}).empty());
    CHECK_FALSE(hub.features().probe);
    CHECK_FALSE(hub.features().lenient);
}

TEST_CASE("what isn't Socket.IO, or is another namespace's, is bad")
{
    for (const std::string_view frame : {"", "9", "2[]", "2{}", R"(2["connect"])", "3[1]", R"(2/other,["q"])", R"(2["q")"}) {
        auto hub = hosting_codec();
        CAPTURE(frame);
        CHECK(verdict_on(hub, frame) == decoded::bad);
    }
    auto hub = hosting_codec();
    CHECK(verdict_on(hub, "x", encoding::binary) == decoded::bad);
}
