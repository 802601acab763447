// A WebSocket reader finds the same whatever the pieces are, within its limits, and reads back what is written.
#include <rejoinder/wire/websocket_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/websocket_bytes.hpp"

namespace {

using namespace rejoinder;

void demand(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

// Masks are zero for a byte that says so, so that the fuzzer sees through them to UTF-8 and Close codes.
void check_round_trip(std::string_view payload, std::uint32_t key)
{
    std::string out;
    websocket_frame{.key = key, .is_last = false}.append_to(out, payload.substr(0, payload.size() / 2));
    websocket_frame{.opcode = websocket_opcode::ping, .key = key}.append_to(out, "between");
    websocket_frame{.opcode = websocket_opcode::continuation, .key = key}.append_to(out, payload.substr(payload.size() / 2));
    const auto back = websocket_bytes::events_of(out, 13, websocket_role::server);
    demand(back.size() == 2 && back[0] == "ping between" && back[1] == "binary " + std::string{payload});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (bytes.size() < 2) {
        return 0;
    }
    const auto role = data[0] % 2 == 0 ? websocket_role::client : websocket_role::server;
    const websocket_limits limits{.message_max = 1000, .may_compress = data[0] % 4 >= 2};
    const std::size_t piece = 1 + data[0] / 4 % 32;
    const auto whole = websocket_bytes::events_of(bytes.substr(1), bytes.size(), role, limits);
    demand(whole == websocket_bytes::events_of(bytes.substr(1), 1, role, limits));
    demand(whole == websocket_bytes::events_of(bytes.substr(1), piece, role, limits));
    check_round_trip(bytes, static_cast<std::uint32_t>(data[0]) << 24 | data[1]);
    return 0;
}
