// One packet of Engine.IO v4, as it stands in a WebSocket frame.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ENGINE_IO_PACKET_HPP
#define REJOINDER_WIRE_ENGINE_IO_PACKET_HPP

#include <rejoinder/core/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What an Engine.IO packet is for; its number is its digit on the wire.
enum class engine_io_type : std::uint8_t {
    open,    ///< server: the handshake, first of all
    close,   ///< either: this transport ends
    ping,    ///< server: are you there; of a client only `probe`, on a WebSocket that it upgrades to
    pong,    ///< the answer to a ping, with its data
    message, ///< either: data of the layer above
    upgrade, ///< client: from here on the WebSocket carries the session
    noop,    ///< server: nothing, so that a poll comes to its end
};

/// A packet, borrowing its data.
struct engine_io_packet {
    engine_io_type type = engine_io_type::message;
    std::string_view data{};
    encoding form = encoding::text; ///< binary: a `message` of bytes, the only packet that can be

    friend bool operator==(const engine_io_packet&, const engine_io_packet&) = default;
};

/// The data of ping and pong by which a WebSocket is tried before the upgrade to it.
inline constexpr std::string_view engine_io_probe = "probe";

/// Appends the packet as the content of one WebSocket message, and returns that message's form. Binary data stands as it
/// is, without a digit: the message's form says what it is.
inline encoding append_engine_io_packet(std::string& out, const engine_io_packet& packet)
{
    if (packet.form == encoding::text) {
        out.push_back(static_cast<char>('0' + static_cast<int>(packet.type)));
    }
    out.append(packet.data);
    return packet.form;
}

/// Reads the content of one WebSocket message; the packet borrows from it. Nothing: it isn't Engine.IO, and the session
/// is to be closed. Whether text is UTF-8 is the WebSocket's to judge.
[[nodiscard]] constexpr std::optional<engine_io_packet> read_engine_io_packet(const frame_view& frame) noexcept
{
    if (frame.form == encoding::binary) {
        return engine_io_packet{engine_io_type::message, frame.bytes, encoding::binary};
    }
    if (frame.bytes.empty() || frame.bytes[0] < '0' || frame.bytes[0] > '6') {
        return std::nullopt;
    }
    return engine_io_packet{static_cast<engine_io_type>(frame.bytes[0] - '0'), frame.bytes.substr(1), encoding::text};
}

} // namespace rejoinder::inline v0

#endif
