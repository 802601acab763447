// The header of a WebSocket frame as it is read, and what of it is against the rules (RFC 6455 §5.2).
#ifndef REJOINDER_WIRE_DETAIL_WEBSOCKET_HEAD_HPP
#define REJOINDER_WIRE_DETAIL_WEBSOCKET_HEAD_HPP

#include <rejoinder/wire/detail/big_endian.hpp>
#include <rejoinder/wire/websocket_frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rejoinder::inline v0::detail {

/// The bytes of a header that has begun. Its first two say how long it is.
struct websocket_head {
    static constexpr std::size_t size_min = 2;

    std::array<char, 14> bytes{};
    std::size_t size = 0; // of `bytes`, so far

    void clear() noexcept { size = 0; }

    std::size_t size_needed() const noexcept { return size_min + length_size() + (is_masked() ? 4 : 0); }

    websocket_opcode opcode() const noexcept { return static_cast<websocket_opcode>(first() & 0x0F); }
    bool is_control() const noexcept { return (first() & 0x08) != 0; }
    bool is_last() const noexcept { return (first() & 0x80) != 0; }
    bool has_rsv1() const noexcept { return (first() & 0x40) != 0; }
    bool is_masked() const noexcept { return (second() & 0x80) != 0; }

    /// What the first two bytes must not say, whatever follows.
    bool is_wrong_at_once() const noexcept
    {
        const unsigned code = first() & 0x0F;
        const bool is_reserved = (code > 2 && code < 8) || code > 10;
        const bool has_rsv23 = (first() & 0x30) != 0;
        return is_reserved || has_rsv23 || (is_control() && (!is_last() || has_rsv1() || short_length() > 125));
    }

    /// Whether the length is written in more bytes than it needs, or has its top bit. Of a whole header.
    bool has_wrong_length() const noexcept
    {
        const auto value = length();
        return (length_size() == 2 && value < 126) || (length_size() == 8 && (value <= 0xFFFF || value >> 63 != 0));
    }

    /// The payload's length; of a whole header.
    std::uint64_t length() const noexcept
    {
        std::uint64_t value = length_size() == 0 ? short_length() : 0;
        for (std::size_t i = 0; i != length_size(); ++i) {
            value = value << 8 | static_cast<unsigned char>(bytes[size_min + i]);
        }
        return value;
    }

    /// The masking key of a masked frame; of a whole header.
    std::uint32_t key() const noexcept { return load_big_endian(bytes.data() + size_min + length_size()); }

private:
    unsigned first() const noexcept { return static_cast<unsigned char>(bytes[0]); }
    unsigned second() const noexcept { return static_cast<unsigned char>(bytes[1]); }
    unsigned short_length() const noexcept { return second() & 0x7F; }

    std::size_t length_size() const noexcept { return short_length() < 126 ? 0 : short_length() == 126 ? 2 : 8; }
};

} // namespace rejoinder::inline v0::detail

#endif
