// Plain events as a codec: what is spelled how, whose ids are whose, and what is refused.
#include <rejoinder/wire/event_codec.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;

event_codec correlated_codec()
{
    return event_codec{event_fields{.id = "request_id"}};
}

// Tells it the session's capacity, and its side.
template <class Greeting>
void greeted_codec(event_codec& codec, std::uint32_t capacity)
{
    Greeting greeting;
    greeting.capacity = capacity;
    std::string nothing;
    CHECK(codec.encode(greeting, nothing) == encoding::text);
    CHECK(nothing.empty());
}

std::string event_of(event_codec& codec, const message& out)
{
    std::string frame;
    CHECK(codec.encode(out, frame) == encoding::text);
    return frame;
}

message event_in(event_codec& codec, std::string_view frame)
{
    message in;
    REQUIRE(codec.decode({frame}, in) == decoded::message);
    return in;
}

} // namespace

TEST_CASE("a notification is an event of two members, or of one")
{
    event_codec codec;
    CHECK(event_of(codec, {.kind = message_kind::notification, .name = "progress", .payload = {R"({"percent":5})"}}) ==
          R"({"type":"progress","data":{"percent":5}})");
    CHECK(event_of(codec, {.kind = message_kind::notification, .name = "a\"b"}) == R"({"type":"a\"b"})");

    auto in = event_in(codec, R"( {"data" : {"percent":5} , "new":[1], "type":"pro\u0067ress", "request_id":7} )");
    CHECK(in.kind == message_kind::notification);
    CHECK(in.name == "progress");
    CHECK(in.payload.bytes == R"({"percent":5})");
    CHECK(in.id == 0);
    in = event_in(codec, R"({"type":"a","data":null})");
    CHECK(in.payload.bytes.empty());
}

TEST_CASE("a program names the members of its events as it likes")
{
    event_codec codec{event_fields{.type = "event", .data = "payload", .id = "ref", .reply_type = "ok"}};
    CHECK(event_of(codec, {.kind = message_kind::notification, .name = "a", .payload = {"1"}}) == R"({"event":"a","payload":1})");
    const auto in = event_in(codec, R"({"event":"a","payload":1,"ref":"x"})");
    CHECK(in.kind == message_kind::request);
    CHECK(event_of(codec, {.kind = message_kind::reply, .id = in.id, .payload = {"2"}}) == R"({"event":"ok","ref":"x","payload":2})");
}

TEST_CASE("requests go out with ids of this side, and an event with such an id is the answer whatever its type")
{
    auto codec = correlated_codec();
    greeted_codec<hello>(codec, 16);
    CHECK(event_of(codec, {.kind = message_kind::request, .id = 17, .name = "sync", .payload = {"{}"}}) ==
          R"({"type":"sync","request_id":"c17","data":{}})");
    CHECK(event_of(codec, {.kind = message_kind::delivery, .id = 18, .name = "done"}) == R"({"type":"done","request_id":"c18"})");

    auto in = event_in(codec, R"({"type":"sync_finished","request_id":"c17","data":{"ok":true}})");
    CHECK(in.kind == message_kind::reply);
    CHECK(in.id == 17);
    CHECK(in.name.empty());
    CHECK(in.payload.bytes == R"({"ok":true})");
    in = event_in(codec, R"({"type":"progress","request_id":"c17","data":1})");
    CHECK(in.kind == message_kind::progress);
    in = event_in(codec, R"({"type":"error","request_id":"c17","data":{"code":"no_handler","message":"n\u006f","data":[1]}})");
    CHECK(in.kind == message_kind::error);
    CHECK(in.name == "no_handler");
    CHECK(in.text == "no");
    CHECK(in.payload.bytes == "[1]");
    for (const auto data : {R"("what")", "{}", R"({"code":5})", R"({"message":"m"})"}) {
        const auto frame = std::string{R"({"type":"error","request_id":"c17","data":)"} + data + "}";
        in = event_in(codec, frame);
        CHECK(in.name == "remote_error");
        CHECK(in.payload.bytes == data);
    }
    CHECK(event_in(codec, R"({"type":"sync","request_id":"h17"})").kind == message_kind::request);

    greeted_codec<welcome>(codec, 16);
    CHECK(event_of(codec, {.kind = message_kind::request, .id = 17, .name = "sync"}) == R"({"type":"sync","request_id":"h17"})");
    CHECK(event_in(codec, R"({"type":"sync","request_id":"h17"})").kind == message_kind::reply);
}

TEST_CASE("a peer's ids come back in its answers as it spelled them, and hold a slot until then")
{
    auto codec = correlated_codec();
    greeted_codec<welcome>(codec, 2);
    const auto first = event_in(codec, R"({"type":"a","request_id":7})");
    CHECK(first.kind == message_kind::request);
    CHECK(first.key == "7");
    const auto id = first.id;
    CHECK(event_in(codec, R"({"type":"a","request_id":7})").id == id);
    const auto second = event_in(codec, R"({"type":"a","request_id":"u\u00fc-1"})").id;
    CHECK(second % 2 != id % 2);
    message in;
    CHECK(codec.decode({R"({"type":"a","request_id":8})"}, in) == decoded::bad);

    CHECK(event_of(codec, {.kind = message_kind::progress, .id = id, .payload = {"1"}}) == R"({"type":"progress","request_id":7,"data":1})");
    CHECK(event_of(codec, {.kind = message_kind::reply, .id = id}) == R"({"type":"reply","request_id":7})");
    CHECK(event_of(codec, {.kind = message_kind::error, .id = id, .name = "answer_lost"}) ==
          R"({"type":"error","request_id":7,"data":{"code":"answer_lost","message":""}})");
    CHECK(event_of(codec, {.kind = message_kind::ack, .id = second}) == R"({"type":"reply","request_id":"u\u00fc-1"})");
    CHECK(event_of(codec, {.kind = message_kind::reply, .id = id}).empty());
    const auto third = event_in(codec, R"({"type":"a","request_id":8})").id;
    CHECK(third > second);
    CHECK(event_of(codec, {.kind = message_kind::progress, .id = id}).empty());
}

TEST_CASE("a refusal is an event, and what no event says is not written")
{
    auto codec = correlated_codec();
    CHECK(event_of(codec, {.kind = message_kind::refusal, .name = "auth_refused", .text = "who?"}) ==
          R"({"type":"error","data":{"code":"auth_refused","message":"who?"}})");
    for (const auto kind : {message_kind::ready, message_kind::bye, message_kind::ping, message_kind::pong, message_kind::cancel}) {
        CHECK(event_of(codec, {.kind = kind, .id = 1, .name = "normal"}).empty());
    }
}

TEST_CASE("the greetings that nobody says give a session of this side's capacity")
{
    auto codec = correlated_codec();
    hello asked;
    REQUIRE(codec.decode({}, asked));
    CHECK(asked.capacity == 65536);
    CHECK(asked.version == 1);
    CHECK(asked.token.empty());
    greeted_codec<hello>(codec, 7);
    welcome given;
    REQUIRE(codec.decode({}, given));
    CHECK(given.capacity == 7);
    CHECK_FALSE(given.resumed);
}

TEST_CASE("without a correlating member events have no ids, and the wire carries no calls")
{
    CHECK_FALSE(event_codec{}.features().calls);
    CHECK(correlated_codec().features().calls);
    CHECK_FALSE(correlated_codec().features().greeting);
}

TEST_CASE("what is not an event is refused")
{
    auto codec = correlated_codec();
    message in;
    CHECK(codec.decode({R"({"type":"a"})", encoding::binary}, in) == decoded::bad);
    for (const auto bad : {"", "[]", "{}", R"("a")", R"({"type":""})", R"({"type":5})", R"({"data":1})", R"({"type":"a","type":"b"})",
                           R"({"type":"a","data":1,"data":2})", R"({"type":"a"}x)", R"({"type":"a",})", R"({"type":"\ud800"})",
                           R"({"type":"a","data":tru})", R"({"type":"a","request_id":{}})", R"({"type":"a","request_id":true})",
                           R"({"type":"a","request_id":"h1x"})", R"({"type":"a","request_id":"h99999999999999999999"})"}) {
        INFO(bad);
        CHECK(codec.decode({bad}, in) == decoded::bad);
    }
    CHECK(codec.decode({R"({"type":"a","request_id":")" + std::string(127, '1') + "\"}"}, in) == decoded::bad);
}
