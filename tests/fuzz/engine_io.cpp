// Fuzzes Engine.IO: the packets of a body that is read can be written to a body of the same packets; handshakes and errors likewise.
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_payload.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace rejoinder;
using step = engine_io_payload_reader::step;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

// What has been read of a body, written again.
std::string rewritten(std::string_view body)
{
    engine_io_payload_reader reader{body, 64};
    engine_io_packet packet;
    std::string again;
    std::size_t count = 0;
    std::size_t length = 0;
    for (auto found = reader.next(packet); found == step::packet; found = reader.next(packet)) {
        require(++count <= 64 && packet.data.size() <= body.size());
        length += engine_io_payload_length(packet);
        require(append_engine_io_payload(again, packet) && again.size() <= length);
    }
    require(reader.next(packet) == step::end);
    return again;
}

void check_handshake(std::string_view data)
{
    engine_io_handshake first;
    if (!read_engine_io_handshake(data, first)) {
        return;
    }
    std::string written;
    append_engine_io_handshake(written, first);
    engine_io_handshake second;
    if (first.terms.ping_interval < std::chrono::hours{1} && first.terms.ping_timeout < std::chrono::hours{1}) {
        require(read_engine_io_handshake(written, second) && first == second);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto exact = std::make_unique<char[]>(size);
    const std::string_view body{exact.get(), size};
    std::string_view{reinterpret_cast<const char*>(data), size}.copy(exact.get(), size);
    const auto again = rewritten(body);
    require(again.empty() || rewritten(again) == again);
    require(body.starts_with(again) || body.find('b') != body.npos);
    check_handshake(body);
    if (const auto error = read_engine_io_error(body)) {
        std::string written;
        append_engine_io_error(written, *error);
        require(read_engine_io_error(written) == error);
    }
    return 0;
}
