// One frame of a WebSocket: its header, and how it is written (RFC 6455 §5.2).
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_FRAME_HPP
#define REJOINDER_WIRE_WEBSOCKET_FRAME_HPP

#include <rejoinder/wire/detail/big_endian.hpp>
#include <rejoinder/wire/detail/websocket_mask.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a frame is.
enum class websocket_opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// What a frame's header says beside the length. Writes frames: `open`, append the payload, `close`.
struct websocket_frame {
    websocket_opcode opcode = websocket_opcode::binary;
    std::optional<std::uint32_t>
        key{};                  ///< masks the payload; a client's frames have one, unpredictable and never used again
    bool is_last = true;        ///< of its message
    bool is_compressed = false; ///< RSV1, as permessage-deflate uses it

    /// The longest payload of a control frame, in bytes.
    static constexpr std::size_t control_max = 125;

    /// Begins this frame at the end of `out`; the caller appends the payload. The result is where the frame begins.
    std::size_t open(std::string& out) const
    {
        const auto mark = out.size();
        out.append(payload_offset(), '\0');
        return mark;
    }

    /// Where the payload begins in a frame that is open, counted from its mark. Most frames are short, so there is room
    /// for a short header, and `close` moves the payload of the others.
    std::size_t payload_offset() const noexcept { return short_head + mask_size(); }

    /// Completes the frame that was opened at `mark`: its header has the least size, its payload is masked.
    void close(std::string& out, std::size_t mark) const
    {
        const std::size_t length = out.size() - mark - payload_offset();
        const auto extra = length_size(length);
        if (extra != 0) {
            out.insert(mark + short_head, extra, '\0');
        }
        char* head = out.data() + mark;
        head[0] = static_cast<char>((is_last ? 0x80 : 0) | (is_compressed ? 0x40 : 0) | static_cast<int>(opcode));
        const auto short_length = extra == 0 ? length : extra == 2 ? short_length_16 : short_length_64;
        head[1] = static_cast<char>((key ? 0x80 : 0) | static_cast<int>(short_length));
        for (std::size_t i = 0; i != extra; ++i) {
            head[short_head + i] = static_cast<char>(std::uint64_t{length} >> 8 * (extra - 1 - i));
        }
        if (key) {
            detail::store_big_endian(head + short_head + extra, *key);
            detail::apply_websocket_mask({head + short_head + extra + mask_size(), length}, *key);
        }
    }

    /// Appends this frame with `payload`.
    void append_to(std::string& out, std::string_view payload) const
    {
        const auto mark = open(out);
        out.append(payload);
        close(out, mark);
    }

private:
    static constexpr std::size_t short_head = 2;
    static constexpr std::size_t short_length_16 = 126;
    static constexpr std::size_t short_length_64 = 127;

    std::size_t mask_size() const noexcept { return key ? 4 : 0; }

    static std::size_t length_size(std::size_t length) noexcept
    {
        return length < short_length_16 ? 0 : length <= 0xFFFF ? 2 : 8;
    }
};

} // namespace rejoinder::inline v0

#endif
