// Walks over JSON text element by element, reading what an envelope holds and stepping over the rest.
#ifndef REJOINDER_WIRE_DETAIL_JSON_SCAN_HPP
#define REJOINDER_WIRE_DETAIL_JSON_SCAN_HPP

#include <rejoinder/wire/detail/json_skip.hpp>
#include <rejoinder/wire/detail/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// RFC 8259 §6: what every JavaScript number keeps exact.
inline constexpr std::uint64_t json_integer_max = (std::uint64_t{1} << 53) - 1;

// What stands between the quotes, and whether it must be unescaped to be read.
struct json_string {
    std::string_view raw{};
    bool escaped = false;
};

// Walks over JSON text. A function that returns false has met text that is not JSON; the scanner is then of no more
// use.
class json_scanner {
public:
    explicit json_scanner(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

    // Whether nothing but whitespace is left.
    bool finished() noexcept
    {
        at_ = detail::skip_space(at_, end_);
        return at_ == end_;
    }

    // Whether the next character that is not whitespace is this one; it is not taken.
    bool sees(char wanted) noexcept { return !finished() && *at_ == wanted; }

    bool take(char wanted) noexcept
    {
        if (!sees(wanted)) {
            return false;
        }
        ++at_;
        return true;
    }

    bool string(json_string& out) noexcept
    {
        if (!take('"')) {
            return false;
        }
        out.escaped = false;
        const char* const behind = detail::skip_string(at_, end_, out.escaped);
        if (behind == nullptr) {
            return false;
        }
        out.raw = {at_, static_cast<std::size_t>(behind - 1 - at_)};
        at_ = behind;
        return true;
    }

    // An integer 0 … 2^53−1, written with digits alone and no leading zero.
    bool integer(std::uint64_t& out) noexcept
    {
        constexpr std::ptrdiff_t digits_max = 16;
        const char* const begin = detail::skip_space(at_, end_);
        const char* at = begin;
        std::uint64_t value = 0;
        while (at != end_ && is_digit(*at) && at - begin < digits_max) {
            value = value * 10 + static_cast<std::uint64_t>(*at - '0');
            ++at;
        }
        const bool continues = at != end_ && (is_digit(*at) || *at == '.' || *at == 'e' || *at == 'E');
        if (at == begin || continues || (*begin == '0' && at - begin > 1) || value > json_integer_max) {
            return false;
        }
        out = value;
        at_ = at;
        return true;
    }

    // Any one value; `out` is its text without the whitespace around it.
    bool value(std::string_view& out) noexcept
    {
        const char* const begin = detail::skip_space(at_, end_);
        const char* const behind = detail::skip_value(begin, end_);
        if (behind == nullptr) {
            return false;
        }
        out = {begin, static_cast<std::size_t>(behind - begin)};
        at_ = behind;
        return true;
    }

    bool skip_value() noexcept
    {
        std::string_view ignored;
        return value(ignored);
    }

private:
    const char* at_;
    const char* end_;
};

constexpr std::uint32_t hex_value(char c) noexcept
{
    const int value = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    return static_cast<std::uint32_t>(value);
}

constexpr char unescaped(char letter) noexcept
{
    switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return letter;
    }
}

// The code unit of a scanned `\uXXXX`, of which `digits` are the four.
constexpr std::uint32_t code_unit(const char* digits) noexcept
{
    return hex_value(digits[0]) << 12 | hex_value(digits[1]) << 8 | hex_value(digits[2]) << 4 | hex_value(digits[3]);
}

// Appends the character of the `\u` escapes at `raw[at]`, one or a surrogate pair, and steps behind them.
// False for half a pair: it is JSON by its grammar, but no character (RFC 8259 §8.2).
inline bool append_unicode_escape(std::string& out, std::string_view raw, std::size_t& at)
{
    const auto first = code_unit(raw.data() + at + 2);
    at += 6;
    if (first < 0xD800 || first > 0xDFFF) {
        append_utf8(out, first);
        return true;
    }
    if (first > 0xDBFF || raw.size() - at < 6 || raw[at] != '\\' || raw[at + 1] != 'u') {
        return false;
    }
    const auto second = code_unit(raw.data() + at + 2);
    if (second < 0xDC00 || second > 0xDFFF) {
        return false;
    }
    at += 6;
    append_utf8(out, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
    return true;
}

// Appends what a scanned string says. False if it says no text: half a surrogate pair.
inline bool unescape(std::string_view raw, std::string& out)
{
    std::size_t at = 0;
    while (at != raw.size()) {
        const auto escape = raw.find('\\', at);
        out.append(raw.substr(at, escape - at));
        if (escape == std::string_view::npos) {
            return true;
        }
        at = escape;
        if (raw[at + 1] != 'u') {
            out.push_back(unescaped(raw[at + 1]));
            at += 2;
        } else if (!append_unicode_escape(out, raw, at)) {
            return false;
        }
    }
    return true;
}

// What a scanned string says: a view of the text itself where nothing is escaped, else of `scratch`, which is
// overwritten.
inline bool text_of(const json_string& scanned, std::string& scratch, std::string_view& out)
{
    if (!scanned.escaped) {
        out = scanned.raw;
        return true;
    }
    scratch.clear();
    if (!unescape(scanned.raw, scratch)) {
        return false;
    }
    out = scratch;
    return true;
}

// Reads an object: `member(name)` is called for each member, reads its value from the scanner, and may refuse.
template <class Member>
bool read_object(json_scanner& text, std::string& name_scratch, Member member)
{
    if (!text.take('{')) {
        return false;
    }
    if (text.take('}')) {
        return true;
    }
    do {
        json_string scanned;
        std::string_view name;
        if (!text.string(scanned) || !text_of(scanned, name_scratch, name) || !text.take(':') || !member(name)) {
            return false;
        }
    } while (text.take(','));
    return text.take('}');
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
