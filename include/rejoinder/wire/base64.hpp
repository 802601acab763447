// Base64 (RFC 4648, section 4): bytes as text for wires that carry text only.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_BASE64_HPP
#define REJOINDER_WIRE_BASE64_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// No digit has a bit above the sixth: the values of four characters, or-ed, show whether one of them is foreign.
inline constexpr std::uint8_t base64_foreign = 0x80;

constexpr std::array<std::uint8_t, 256> make_base64_values() noexcept
{
    std::array<std::uint8_t, 256> values{};
    values.fill(base64_foreign);
    for (std::size_t i = 0; i != base64_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

inline constexpr auto base64_values = make_base64_values();

// Three bytes in the low 24 bits to four digits.
inline void put_base64_quad(char* out, std::uint32_t bits) noexcept
{
    for (int i = 0; i != 4; ++i) {
        out[i] = base64_alphabet[(bits >> (18 - 6 * i)) & 0x3F];
    }
}

// Four digits to 24 bits; false if one is foreign.
inline bool take_base64_quad(const char* text, std::uint32_t& bits) noexcept
{
    bits = 0;
    std::uint8_t seen = 0;
    for (int i = 0; i != 4; ++i) {
        const auto value = base64_values[static_cast<unsigned char>(text[i])];
        seen |= value;
        bits = (bits << 6) | value;
    }
    return (seen & base64_foreign) == 0;
}

// The last four characters, of which one or two may be padding.
inline bool append_base64_end(std::string& out, std::string_view quad)
{
    const std::size_t padding = quad[3] != '=' ? 0 : quad[2] != '=' ? 1 : 2;
    char digits[4] = {quad[0], quad[1], quad[2], quad[3]};
    for (std::size_t i = 4 - padding; i != 4; ++i) {
        digits[i] = base64_alphabet[0];
    }
    std::uint32_t bits = 0;
    const std::uint32_t unused = (std::uint32_t{1} << (8 * padding)) - 1;
    if (!take_base64_quad(digits, bits) || (bits & unused) != 0) {
        return false;
    }
    for (std::size_t i = 0; i != 3 - padding; ++i) {
        out.push_back(static_cast<char>((bits >> (16 - 8 * i)) & 0xFF));
    }
    return true;
}

} // namespace detail

/// The length of `size` bytes as base64, its padding included.
constexpr std::size_t base64_length(std::size_t size) noexcept
{
    return (size + 2) / 3 * 4;
}

/// Appends `bytes` as base64 with padding. `bytes` may not lie in `out`. Linear; allocates at most once.
inline void append_base64(std::string& out, std::string_view bytes)
{
    const auto byte = [bytes](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
    auto at = out.size();
    out.resize(at + base64_length(bytes.size()));
    std::size_t i = 0;
    for (; bytes.size() - i >= 3; i += 3, at += 4) {
        detail::put_base64_quad(out.data() + at, byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2));
    }
    const auto left = bytes.size() - i;
    if (left != 0) {
        detail::put_base64_quad(out.data() + at, byte(i) << 16 | (left == 2 ? byte(i + 1) << 8 : 0));
        out.replace(at + 1 + left, 3 - left, 3 - left, '=');
    }
}

/// Appends the bytes that `text` spells. False: it isn't base64, and `out` is as it was.
///
/// Strict, so that no two texts spell the same bytes: nothing but the alphabet (no line breaks either), padding where it is
/// due, and zeros in the bits that the last digit has left over. `text` may not lie in `out`. Linear; allocates at most once.
[[nodiscard]] inline bool decode_base64(std::string_view text, std::string& out)
{
    if (text.size() % 4 != 0) {
        return false;
    }
    if (text.empty()) {
        return true;
    }
    const auto before = out.size();
    const auto whole = text.size() / 4 - 1;
    out.resize(before + whole * 3);
    char* to = out.data() + before;
    for (std::size_t i = 0; i != whole; ++i, to += 3) {
        std::uint32_t bits = 0;
        if (!detail::take_base64_quad(text.data() + 4 * i, bits)) {
            out.resize(before);
            return false;
        }
        to[0] = static_cast<char>(bits >> 16 & 0xFF);
        to[1] = static_cast<char>(bits >> 8 & 0xFF);
        to[2] = static_cast<char>(bits & 0xFF);
    }
    if (!detail::append_base64_end(out, text.substr(4 * whole))) {
        out.resize(before);
        return false;
    }
    return true;
}

} // namespace rejoinder::inline v0

#endif
