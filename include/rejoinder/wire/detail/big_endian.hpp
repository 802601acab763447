// Four-byte numbers in network byte order.
#ifndef REJOINDER_WIRE_DETAIL_BIG_ENDIAN_HPP
#define REJOINDER_WIRE_DETAIL_BIG_ENDIAN_HPP

#include <cstdint>

namespace rejoinder::inline v0 {

namespace detail {

constexpr std::uint32_t load_big_endian(const char* four) noexcept
{
    std::uint32_t value = 0;
    for (int i = 0; i != 4; ++i) {
        value = (value << 8) | static_cast<unsigned char>(four[i]);
    }
    return value;
}

constexpr void store_big_endian(char* four, std::uint32_t value) noexcept
{
    for (int i = 0; i != 4; ++i) {
        four[i] = static_cast<char>(value >> (24 - 8 * i));
    }
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
