// Fuzzes recovery over Socket.IO: what a client says of its session, and the offsets behind a server's arguments.
#include <rejoinder/wire/is_json.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace rejoinder;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

// The auth that remains is an object, and a CONNECT made of what was read is read as the same.
void check_connect(const std::string& connect)
{
    socket_io_codec server{"/", {.recovery = socket_io_recovery::on}};
    message in;
    hello said;
    if (server.decode({connect}, in) != decoded::message || in.kind != message_kind::hello || !server.decode(in, said)) {
        return;
    }
    require(said.auth.empty() || (is_json(said.auth) && said.auth.front() == '{'));
    require(said.token.empty() || said.token.size() == 40);
    socket_io_codec client;
    std::string again;
    client.encode(said, again);
    socket_io_codec other{"/", {.recovery = socket_io_recovery::on}};
    hello read;
    require(other.decode({again}, in) == decoded::message && other.decode(in, read) && read.token == said.token);
}

// With an offset an event has one argument less; without, it is what it is without recovery.
void check_event(const std::string& event)
{
    constexpr socket_io_arguments how = socket_io_arguments::listed;
    socket_io_codec client{"/", {.arguments = how}};
    std::string ignored;
    client.encode(hello{}, ignored);
    message in;
    welcome answer;
    require(client.decode({R"(0{"sid":"01234567abc","pid":"p"})"}, in) == decoded::message && client.decode(in, answer));
    socket_io_codec plain{"/", {.arguments = how}};
    message as_is;
    const auto seen = plain.decode({event}, as_is);
    require(client.decode({event}, in) == seen);
    if (seen != decoded::message || as_is.kind != message_kind::notification) {
        return;
    }
    require(is_json(in.payload.bytes));
    require(in.mark.empty() ? in.payload == as_is.payload : in.payload.bytes.size() < as_is.payload.bytes.size());
    require(as_is.mark.empty() && in.name == as_is.name);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text{reinterpret_cast<const char*>(data), size};
    check_connect("0" + text);
    check_connect(R"(0{"pid":"0123456789abcdef0123456789abcdef01234567",)" + text + "}");
    check_event("2" + text);
    check_event(R"(2["e",)" + text + R"(,"01234567-1"])");
    check_event(R"(2["e",1,")" + text + R"("])");
    return 0;
}
