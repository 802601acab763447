// Fuzzes Socket.IO: what a decoder puts together, an encoder takes apart to frames that a decoder puts together to the same.
#include <rejoinder/wire/is_json.hpp>
#include <rejoinder/wire/socket_io_decoder.hpp>
#include <rejoinder/wire/socket_io_encoder.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace rejoinder;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

struct put_together {
    socket_io_type type{};
    std::string name_space, name, payload;
    std::optional<std::uint64_t> id;
    encoding form{};

    friend bool operator==(const put_together&, const put_together&) = default;
};

// The first frame is text, the others are attachments; each in a block of the exact size, gone when the next comes.
std::optional<put_together> decode(const std::vector<std::string>& frames, socket_io_arguments how)
{
    socket_io_decoder decoder{how, {.attachments = 10, .attachment_bytes = std::size_t{1} << 20, .name_space = 100}};
    auto form = encoding::text;
    for (const auto& frame : frames) {
        const auto exact = std::make_unique<char[]>(frame.size());
        frame.copy(exact.get(), frame.size());
        socket_io_packet packet;
        payload_view payload;
        const auto result = decoder.decode({{exact.get(), frame.size()}, form}, packet, payload);
        form = encoding::binary;
        if (result == decoded::bad) {
            return std::nullopt;
        }
        if (result == decoded::incomplete) {
            continue;
        }
        require(payload.form == encoding::binary || payload.bytes.empty() || is_json(payload.bytes));
        require(packet.type != socket_io_type::ack || packet.id);
        if (packet.type != socket_io_type::event && packet.type != socket_io_type::ack) {
            std::string printed;
            append_socket_io_packet(printed, packet);
            std::string scratch;
            socket_io_packet again;
            require(read_socket_io_packet(printed, scratch, again));
            require(again.data.size() == packet.data.size() && again.name_space == packet.name_space);
            return std::nullopt;
        }
        return put_together{packet.type, std::string{packet.name_space}, std::string{packet.name}, std::string{payload.bytes}, packet.id, payload.form};
    }
    return std::nullopt;
}

std::vector<std::string> encode(const put_together& what, socket_io_arguments how)
{
    socket_io_encoder encoder{how};
    std::vector<std::string> frames(1);
    const socket_io_packet head{.type = what.type, .name_space = what.name_space, .id = what.id, .name = what.name};
    encoder.encode(head, {what.payload, what.form}, frames.front());
    for (std::string_view one; encoder.next(one);) {
        frames.emplace_back(one);
    }
    require(frames.size() <= 11);
    return frames;
}

std::vector<std::string> lines_of(std::string_view input)
{
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin <= input.size();) {
        const auto end = std::min(input.find('\n', begin), input.size());
        lines.emplace_back(input.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

void check(const std::vector<std::string>& frames, socket_io_arguments how)
{
    const auto first = decode(frames, how);
    if (!first) {
        return;
    }
    // Written once, the space between tokens and the spelling of base64 are this library's.
    const auto second = decode(encode(*first, how), how);
    require(second && second->name == first->name && second->id == first->id && second->name_space == first->name_space);
    const auto third = decode(encode(*second, how), how);
    require(third && third == second);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto frames = lines_of({reinterpret_cast<const char*>(data), size});
    check(frames, socket_io_arguments::alone);
    check(frames, socket_io_arguments::listed);
    return 0;
}
