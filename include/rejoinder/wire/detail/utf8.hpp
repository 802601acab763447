// The shape of one UTF-8 sequence, for scanners that meet a byte above ASCII.
#ifndef REJOINDER_WIRE_DETAIL_UTF8_HPP
#define REJOINDER_WIRE_DETAIL_UTF8_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// The second byte of a sequence is where overlong forms, surrogates and numbers above U+10FFFF show (Unicode, table
// 3-7).
struct utf8_lead {
    std::size_t length = 0; // 0: no sequence begins with this byte
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xBF;
};

constexpr utf8_lead utf8_lead_of(unsigned char lead) noexcept
{
    if (lead < 0x80) {
        return {.length = 1};
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return {};
    }
    if (lead < 0xE0) {
        return {.length = 2};
    }
    if (lead < 0xF0) {
        return {.length = 3,
                .second_min = static_cast<unsigned char>(lead == 0xE0 ? 0xA0 : 0x80),
                .second_max = static_cast<unsigned char>(lead == 0xED ? 0x9F : 0xBF)};
    }
    return {.length = 4,
            .second_min = static_cast<unsigned char>(lead == 0xF0 ? 0x90 : 0x80),
            .second_max = static_cast<unsigned char>(lead == 0xF4 ? 0x8F : 0xBF)};
}

// The length of the well-formed sequence at `at`, or 0. `at` must be before `end`.
constexpr std::size_t utf8_length(const char* at, const char* end) noexcept
{
    const auto lead = utf8_lead_of(static_cast<unsigned char>(*at));
    if (lead.length < 2) {
        return lead.length;
    }
    if (static_cast<std::size_t>(end - at) < lead.length) {
        return 0;
    }
    const auto second = static_cast<unsigned char>(at[1]);
    if (second < lead.second_min || second > lead.second_max) {
        return 0;
    }
    for (std::size_t i = 2; i < lead.length; ++i) {
        if ((static_cast<unsigned char>(at[i]) & 0xC0) != 0x80) {
            return 0;
        }
    }
    return lead.length;
}

// Whether text is well-formed UTF-8.
inline bool is_utf8(std::string_view text) noexcept
{
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const auto length = utf8_length(at, end);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

// Appends a Unicode scalar value, which the caller has checked not to be a surrogate.
inline void append_utf8(std::string& out, std::uint32_t point)
{
    const auto trail = [point](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3F)); };
    if (point < 0x80) {
        out.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
        out.append({static_cast<char>(0xC0 | (point >> 6)), trail(0)});
    } else if (point < 0x10000) {
        out.append({static_cast<char>(0xE0 | (point >> 12)), trail(6), trail(0)});
    } else {
        out.append({static_cast<char>(0xF0 | (point >> 18)), trail(12), trail(6), trail(0)});
    }
}

// The text with U+FFFD in place of each byte that is not UTF-8.
inline std::string made_utf8(std::string_view text)
{
    std::string made;
    made.reserve(text.size());
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        const auto length = utf8_length(at, end);
        made.append(length != 0 ? std::string_view{at, length} : std::string_view{"\xEF\xBF\xBD"});
        at += length != 0 ? length : 1;
    }
    return made;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
