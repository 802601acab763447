// Finds where JSON values end (RFC 8259, strictly), and builds nothing.
#ifndef REJOINDER_WIRE_DETAIL_JSON_SKIP_HPP
#define REJOINDER_WIRE_DETAIL_JSON_SKIP_HPP

#include <rejoinder/wire/detail/utf8.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// One bit of a 64-bit word for each open array or object: deeper text would need memory that a peer decides on.
inline constexpr std::size_t json_scan_depth_max = 64;

constexpr bool is_json_space(char c) noexcept
{
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

constexpr bool is_plain_in_json_string(char c) noexcept
{
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

// Marks, by the top bit of each byte, the bytes of eight that are not plain. A byte above a marked one may be marked
// wrongly (the subtractions borrow), the lowest mark is exact.
constexpr std::uint64_t not_plain_of_eight(std::uint64_t eight) noexcept
{
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x8080808080808080;
    const std::uint64_t quote = eight ^ (ones * '"');
    const std::uint64_t backslash = eight ^ (ones * '\\');
    const std::uint64_t found =
        ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((eight - ones * 0x20) & ~eight) | eight;
    return found & tops;
}

// The first byte that ends a run of plain string characters: a quote, a backslash, a control, a byte above ASCII.
inline const char* skip_plain(const char* at, const char* end) noexcept
{
    while (end - at >= 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, at, 8);
        const auto found = not_plain_of_eight(eight);
        if (found == 0) {
            at += 8;
            continue;
        }
        if constexpr (std::endian::native == std::endian::little) {
            return at + (std::countr_zero(found) >> 3);
        }
        break;
    }
    while (at != end && is_plain_in_json_string(*at)) {
        ++at;
    }
    return at;
}

constexpr bool is_hex_digit(char c) noexcept
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The functions below take a place in text and its end, and return the place behind what they skipped, or null where it
// is not JSON. The place goes through registers: kept in an object, each step would wait for the store of the one
// before.

inline const char* skip_space(const char* at, const char* end) noexcept
{
    while (at != end && is_json_space(*at)) {
        ++at;
    }
    return at;
}

// One escape or one sequence above ASCII, at `at`; a control character is refused.
inline const char* skip_special(const char* at, const char* end) noexcept
{
    if (*at != '\\') {
        const auto length = static_cast<unsigned char>(*at) < 0x80 ? 0 : utf8_length(at, end);
        return length == 0 ? nullptr : at + length;
    }
    ++at;
    if (at == end) {
        return nullptr;
    }
    const char letter = *at++;
    if (letter != 'u') {
        return std::string_view{"\"\\/bfnrt"}.find(letter) == std::string_view::npos ? nullptr : at;
    }
    for (int i = 0; i != 4; ++i, ++at) {
        if (at == end || !is_hex_digit(*at)) {
            return nullptr;
        }
    }
    return at;
}

// From behind the opening quote to behind the closing one.
inline const char* skip_string(const char* at, const char* end, bool& escaped) noexcept
{
    for (;;) {
        at = skip_plain(at, end);
        if (at == end) {
            return nullptr;
        }
        if (*at == '"') {
            return at + 1;
        }
        escaped = escaped || *at == '\\';
        at = skip_special(at, end);
        if (at == nullptr) {
            return nullptr;
        }
    }
}

inline const char* skip_word(const char* at, const char* end, std::string_view word) noexcept
{
    if (static_cast<std::size_t>(end - at) < word.size() || std::memcmp(at, word.data(), word.size()) != 0) {
        return nullptr;
    }
    return at + word.size();
}

inline const char* skip_digits(const char* at, const char* end) noexcept
{
    const char* const begin = at;
    while (at != end && is_digit(*at)) {
        ++at;
    }
    return at == begin ? nullptr : at;
}

inline const char* skip_fraction_and_exponent(const char* at, const char* end) noexcept
{
    if (at != end && *at == '.') {
        at = skip_digits(at + 1, end);
        if (at == nullptr) {
            return nullptr;
        }
    }
    if (at == end || (*at != 'e' && *at != 'E')) {
        return at;
    }
    ++at;
    if (at != end && (*at == '+' || *at == '-')) {
        ++at;
    }
    return skip_digits(at, end);
}

inline const char* skip_number(const char* at, const char* end) noexcept
{
    if (at != end && *at == '-') {
        ++at;
    }
    if (at != end && *at == '0') {
        return skip_fraction_and_exponent(at + 1, end);
    }
    at = skip_digits(at, end);
    return at == nullptr ? nullptr : skip_fraction_and_exponent(at, end);
}

// A string, number or word at `at`, which is before the end.
inline const char* skip_scalar(const char* at, const char* end) noexcept
{
    bool ignored = false;
    switch (*at) {
    case '"': return skip_string(at + 1, end, ignored);
    case 't': return skip_word(at, end, "true");
    case 'f': return skip_word(at, end, "false");
    case 'n': return skip_word(at, end, "null");
    default: return skip_number(at, end);
    }
}

// A member's name, its colon, and the space around them.
inline const char* skip_name(const char* at, const char* end) noexcept
{
    bool ignored = false;
    at = skip_space(at, end);
    if (at == end || *at != '"') {
        return nullptr;
    }
    at = skip_string(at + 1, end, ignored);
    if (at == nullptr) {
        return nullptr;
    }
    at = skip_space(at, end);
    return at == end || *at != ':' ? nullptr : at + 1;
}

// Which arrays and objects are open.
class json_nesting {
public:
    bool enter(bool object) noexcept
    {
        if (depth_ == json_scan_depth_max) {
            return false;
        }
        ++depth_;
        objects_ = (objects_ << 1) | (object ? 1U : 0U);
        return true;
    }
    void leave() noexcept
    {
        --depth_;
        objects_ >>= 1;
    }
    bool empty() const noexcept { return depth_ == 0; }
    bool in_object() const noexcept { return (objects_ & 1) != 0; }

private:
    std::uint64_t objects_ = 0;
    std::size_t depth_ = 0;
};

// From behind a value, through what closes there, to behind the comma (and name) before the next value, or to behind
// the end of the outermost value: then nothing is open.
inline const char* skip_to_next_value(const char* at, const char* end, json_nesting& open) noexcept
{
    while (!open.empty()) {
        at = skip_space(at, end);
        if (at == end) {
            return nullptr;
        }
        if (*at == ',') {
            return open.in_object() ? skip_name(at + 1, end) : at + 1;
        }
        if (*at != (open.in_object() ? '}' : ']')) {
            return nullptr;
        }
        ++at;
        open.leave();
    }
    return at;
}

// An opening bracket at `at`, to its first value or, if there is none, to behind its end.
inline const char* skip_opening(const char* at, const char* end, json_nesting& open, bool& value_follows) noexcept
{
    const bool object = *at == '{';
    if (!open.enter(object)) {
        return nullptr;
    }
    at = skip_space(at + 1, end);
    value_follows = at == end || *at != (object ? '}' : ']');
    if (!value_follows) {
        open.leave();
        return at + 1;
    }
    return object ? skip_name(at, end) : at;
}

inline const char* skip_value(const char* at, const char* end) noexcept
{
    json_nesting open;
    do {
        at = skip_space(at, end);
        if (at == end) {
            return nullptr;
        }
        bool value_follows = false;
        at = *at == '{' || *at == '[' ? skip_opening(at, end, open, value_follows) : skip_scalar(at, end);
        if (at != nullptr && !value_follows) {
            at = skip_to_next_value(at, end, open);
        }
    } while (at != nullptr && !open.empty());
    return at;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
