// Connection state recovery in Socket.IO packets: pid and offset of a server and of a client, and what is no offset.
#include <rejoinder/wire/socket_io_codec.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;

const std::string secret_pid(40, 'a');

std::string spelled_by(socket_io_codec& codec, const auto& out)
{
    std::string frame;
    codec.encode(out, frame);
    return frame;
}

hello greeting_in(socket_io_codec& codec, const std::string& frame)
{
    message in;
    REQUIRE(codec.decode({frame}, in) == decoded::message);
    REQUIRE(in.kind == message_kind::hello);
    hello said;
    REQUIRE(codec.decode(in, said));
    return said;
}

// A server's codec that has welcomed a new client, and the name that it gave.
struct recovering_server {
    socket_io_codec codec{"/", {.recovery = socket_io_recovery::on}};
    std::string sid;

    recovering_server()
    {
        welcome answer;
        answer.session = "7";
        answer.token = secret_pid;
        const auto said = spelled_by(codec, answer);
        REQUIRE(said.starts_with(R"(0{"sid":")"));
        sid = said.substr(9, 20);
        REQUIRE(said == R"(0{"sid":")" + sid + R"(","pid":")" + secret_pid + R"("})");
    }
};

// A client's codec whose server offers recovery.
socket_io_codec recovering_client(std::string_view sid, const hello& said = {})
{
    socket_io_codec codec;
    spelled_by(codec, said);
    message in;
    const auto frame = R"(0{"sid":")" + std::string{sid} + R"(","pid":"p"})";
    REQUIRE(codec.decode({frame}, in) == decoded::message);
    welcome answer;
    REQUIRE(codec.decode(in, answer));
    CHECK(answer.token == "p");
    CHECK(answer.resumed == (said.token == "p"));
    return codec;
}

// What a client's program gets of an event, and its mark: "[1,2] mark".
std::string event_for(socket_io_codec& codec, const std::string& frame)
{
    message in;
    REQUIRE(codec.decode({frame}, in) == decoded::message);
    return std::string{in.payload.bytes} + " " + std::string{in.mark};
}

} // namespace

TEST_CASE("a recovering server says pid and offsets, and nothing of them without recovery")
{
    recovering_server server;
    const auto tag = server.sid.substr(0, 8);
    const message plain{.id = 12, .name = "e", .payload = {R"({"a":1})"}};
    CHECK(spelled_by(server.codec, plain) == R"(2["e",{"a":1},")" + tag + R"(-12"])");
    CHECK(spelled_by(server.codec, message{.id = 13, .name = "e"}) == R"(2["e",")" + tag + R"(-13"])");
    CHECK(spelled_by(server.codec, message{.id = 14, .name = "e", .payload = {"xy", encoding::binary}}) ==
          R"(51-["e",{"_placeholder":true,"num":0},")" + tag + R"(-14"])");
    std::string bytes;
    CHECK(server.codec.encode_rest(bytes) == encoding::binary);
    CHECK(bytes == "xy");
    CHECK(spelled_by(server.codec, message{.id = 15, .name = "e", .payload = {R"({"_base64":"AA=="})"}}) ==
          R"(51-["e",{"_placeholder":true,"num":0},")" + tag + R"(-15"])");
    const auto asked = std::to_string(1024 + std::stoull(server.sid.substr(10), nullptr, 16));
    CHECK(spelled_by(server.codec, message{.kind = message_kind::request, .id = 1024, .name = "q", .payload = {"1"}}) == "2" + asked + R"(["q",1])");
    message answer_to_it;
    REQUIRE(server.codec.decode({"3" + asked + "[7]"}, answer_to_it) == decoded::message);
    CHECK(answer_to_it.id == 1024);
    CHECK(server.codec.features().resume);
    CHECK(server.codec.features().marks);

    socket_io_codec listed{"/", {.arguments = socket_io_arguments::listed, .recovery = socket_io_recovery::on}};
    CHECK(spelled_by(listed, message{.id = 1, .name = "e", .payload = {R"([1,"2"])"}}).starts_with(R"(2["e",1,"2",")"));
    CHECK(spelled_by(listed, message{.id = 1, .name = "e", .payload = {"[]"}}).starts_with(R"(2["e",")"));

    socket_io_codec off;
    welcome answer;
    answer.token = secret_pid;
    CHECK(spelled_by(off, answer) == R"(0{"sid":")" + server.sid + R"("})"); // what is told to everybody is never the token
    CHECK(spelled_by(off, plain) == R"(2["e",{"a":1}])");
    CHECK_FALSE(off.features().marks);
    CHECK(greeting_in(off, R"(0{"pid":")" + secret_pid + R"("})").token.empty());
}

TEST_CASE("a CONNECT with a pid is a resume, and the rest of it the auth")
{
    recovering_server first;
    const auto tag = first.sid.substr(0, 8);
    const auto says = [](const std::string& auth) {
        socket_io_codec codec{"/", {.recovery = socket_io_recovery::on}};
        return greeting_in(codec, "0" + auth);
    };
    const auto pid = R"({"pid":")" + secret_pid + R"(")";
    auto said = says(pid + R"(,"offset":")" + tag + R"(-12","token":"t" , "more":{"pid":[1]}})");
    CHECK(said.token == secret_pid);
    CHECK(said.seen == 12);
    CHECK(said.auth == R"({"token":"t","more":{"pid":[1]}})");
    CHECK(says(pid + "}").seen == 0); // it has seen nothing
    CHECK(says(pid + "}").token == secret_pid);
    CHECK(says(pid + "}").auth.empty());
    CHECK(says(pid + R"(,"offset":"00000000-99"})").seen == 0); // of the session before
    for (const auto* none : {"word", "", "-", "00000000-", "00000000-1x", "0000000g-1", "00000000-99999999999999999999", "0000000-1"}) {
        CAPTURE(none);
        CHECK(says(pid + R"(,"offset":")" + none + R"("})").seen == ~std::uint64_t{0});
    }
    CHECK(says(pid + R"(,"offset":7})").seen == ~std::uint64_t{0});
    // A pid of the program's own stays where it is.
    said = says(R"({"pid":4711,"offset":3})");
    CHECK(said.token.empty());
    CHECK(said.auth == R"({"pid":4711,"offset":3})");
    CHECK(says(R"({"pid":"mine"})").auth == R"({"pid":"mine"})");

    // The same name again, and the pid, which the hub does not know by heart.
    socket_io_codec again{"/", {.recovery = socket_io_recovery::on}};
    greeting_in(again, "0" + pid + "}");
    welcome answer;
    answer.resumed = true;
    CHECK(spelled_by(again, answer) == R"(0{"sid":")" + first.sid + R"(","pid":")" + secret_pid + R"("})");
}

TEST_CASE("a client takes its server's offsets away, and says the last one when it is back")
{
    auto client = recovering_client("0123456789abcdef0123");
    CHECK(event_for(client, R"(2["e",1,"01234567-1"])") == "1 01234567-1");
    CHECK(event_for(client, R"(2["e","01234567-2"])") == " 01234567-2");
    CHECK(event_for(client, R"(2["e",[1 , "x,y"] , "01234567-4" ])") == R"([1 , "x,y"] 01234567-4)");
    CHECK(event_for(client, R"(2["e",1,2,"01234567-5"])") == "[1,2] 01234567-5");
    message in;
    CHECK(client.decode({R"(51-["e",{"_placeholder":true,"num":0},"01234567-6"])"}, in) == decoded::incomplete);
    REQUIRE(client.decode({"bytes", encoding::binary}, in) == decoded::message);
    CHECK(in.mark == "01234567-6");
    CHECK(in.payload == payload_view{"bytes", encoding::binary});

    socket_io_codec again;
    hello said;
    said.token = "p";
    said.mark = "01234567-6";
    said.auth = R"({"token":"t"})";
    CHECK(spelled_by(again, said) == R"(0{"pid":"p","offset":"01234567-6","token":"t"})");
    said.auth = "{ }";
    said.mark.clear();
    CHECK(spelled_by(again, said) == R"(0{"pid":"p"})");
}

TEST_CASE("a client does not take a string for an offset that is none")
{
    auto client = recovering_client("0123456789abcdef0123");
    CHECK(event_for(client, R"(2["e","01234567-5"])") == " 01234567-5");
    for (const auto* none : {"word", "", "01234567-4", "01234567-0", "01234567-x", "76543210-9", "Q2abcde", "1700000000000-0", "a long sentence"}) {
        CAPTURE(none);
        const auto quoted = '"' + std::string{none} + '"';
        CHECK(event_for(client, R"(2["e",1,)" + quoted + "]") == "[1," + quoted + "] ");
    }
    CHECK(event_for(client, R"(23["q","01234567-6"])") == R"("01234567-6" )"); // no request has one

    CHECK(event_for(client, R"(2["e",1,"01234567-5"])") == "1 01234567-5"); // of what is said once, behind the fifth
    auto fresh = recovering_client("0123456789abcdef0123");
    CHECK(event_for(fresh, R"(2["e",1,"01234567-0"])") == "1 01234567-0");

    auto without = socket_io_codec{};
    spelled_by(without, hello{});
    CHECK(event_for(without, R"(2["e",1,"01234567-6"])") == R"([1,"01234567-6"] )");
}

TEST_CASE("a client knows the offsets of the reference's adapters")
{
    auto memory = recovering_client("sid");
    CHECK(event_for(memory, R"(2["e","volatile"])") == R"("volatile" )");
    CHECK(event_for(memory, R"(2["e",1,"Q2abcde"])") == "1 Q2abcde");
    CHECK(event_for(memory, R"(2["e",2,"Q2abcde.0"])") == "2 Q2abcde.0");
    CHECK(event_for(memory, R"(2["e",3,"Q2abcdf"])") == "3 Q2abcdf");
    CHECK(event_for(memory, R"(2["e",4,"SUCCESS"])") == R"([4,"SUCCESS"] )"); // which would be years later
    CHECK(event_for(memory, R"(2["e",5,"Q2abcde"])") == R"([5,"Q2abcde"] )");
    auto redis = recovering_client("sid");
    CHECK(event_for(redis, R"(2["e",1,"1700000000000-0"])") == "1 1700000000000-0");
    CHECK(event_for(redis, R"(2["e",1,"12-0"])") == R"([1,"12-0"] )");
    auto mongo = recovering_client("sid");
    CHECK(event_for(mongo, R"(2["e",1,"0123456789abcdef01234567"])") == "1 0123456789abcdef01234567");

    // In the next connection it knows what it has seen.
    hello back;
    back.token = "p";
    back.mark = "Q2abcdf";
    auto again = recovering_client("sid", back);
    CHECK(event_for(again, R"(2["e","SUCCESS"])") == R"("SUCCESS" )");
    CHECK(event_for(again, R"(2["e","Q2abcdg"])") == " Q2abcdg");
}

TEST_CASE("what comes before the answer to a CONNECT with a pid is early")
{
    socket_io_codec client;
    hello said;
    spelled_by(client, said);
    CHECK_FALSE(client.is_early({R"(2["e"])"}));
    said.token = "p";
    spelled_by(client, said);
    CHECK(client.is_early({R"(2["e"])"}));
    CHECK(client.is_early({"bytes", encoding::binary}));
    CHECK_FALSE(client.is_early({R"(0{"sid":"s","pid":"p"})"}));
    CHECK_FALSE(client.is_early({R"(4{"message":"no"})"}));
    message in;
    REQUIRE(client.decode({R"(0{"sid":"s","pid":"p"})"}, in) == decoded::message);
    welcome answer;
    REQUIRE(client.decode(in, answer));
    CHECK(answer.resumed);
    CHECK_FALSE(client.is_early({R"(2["e"])"}));
}
