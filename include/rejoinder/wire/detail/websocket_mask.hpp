// The masking of WebSocket payloads (RFC 6455 §5.3): the same operation masks and unmasks.
#ifndef REJOINDER_WIRE_DETAIL_WEBSOCKET_MASK_HPP
#define REJOINDER_WIRE_DETAIL_WEBSOCKET_MASK_HPP

#include <rejoinder/wire/detail/big_endian.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace rejoinder::inline v0::detail {

/// Masks `bytes`, which are those of a payload from its byte number `offset` on, with a key in network byte order.
inline void apply_websocket_mask(std::span<char> bytes, std::uint32_t key, std::size_t offset = 0) noexcept
{
    char pattern[8];
    const unsigned turned = 8 * static_cast<unsigned>(offset % 4);
    const auto rotated = turned == 0 ? key : key << turned | key >> (32 - turned);
    store_big_endian(pattern, rotated);
    store_big_endian(pattern + 4, rotated);
    std::uint64_t wide = 0;
    std::memcpy(&wide, pattern, sizeof wide);
    char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= sizeof wide; left -= sizeof wide, at += sizeof wide) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        word ^= wide;
        std::memcpy(at, &word, sizeof word);
    }
    for (std::size_t i = 0; i != left; ++i) {
        at[i] = static_cast<char>(at[i] ^ pattern[i]);
    }
}

} // namespace rejoinder::inline v0::detail

#endif
