// A strict scanner of JSON text (RFC 8259) that finds where values begin and end and builds nothing.
#ifndef REJOINDER_WIRE_DETAIL_JSON_SCAN_HPP
#define REJOINDER_WIRE_DETAIL_JSON_SCAN_HPP

#include <rejoinder/wire/detail/utf8.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// One bit of a 64-bit word for each open array or object: deeper text would need memory that a peer decides on.
inline constexpr std::size_t json_scan_depth_max = 64;

// RFC 8259 §6: what every JavaScript number keeps exact.
inline constexpr std::uint64_t json_integer_max = (std::uint64_t{1} << 53) - 1;

constexpr bool is_json_space(char c) noexcept
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
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

// What stands between the quotes, and whether it must be unescaped to be read.
struct json_string {
    std::string_view raw{};
    bool escaped = false;
};

// Walks over JSON text. A function that returns false has met text that is not JSON; the scanner is then of no more use.
class json_scanner {
public:
    explicit json_scanner(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

    // Whether nothing but whitespace is left.
    bool finished() noexcept
    {
        skip_space();
        return at_ == end_;
    }

    // The next character that is not whitespace, which is not taken; NUL at the end.
    char peek() noexcept
    {
        skip_space();
        return at_ == end_ ? '\0' : *at_;
    }

    bool take(char wanted) noexcept
    {
        if (at_ == end_ || *at_ != wanted) {
            if (peek() != wanted || at_ == end_) {
                return false;
            }
        }
        ++at_;
        return true;
    }

    bool string(json_string& out) noexcept
    {
        if (!take('"')) {
            return false;
        }
        const char* const begin = at_;
        out.escaped = false;
        for (;;) {
            at_ = skip_plain(at_, end_);
            if (at_ == end_) {
                return false;
            }
            if (*at_ == '"') {
                out.raw = {begin, static_cast<std::size_t>(at_ - begin)};
                ++at_;
                return true;
            }
            out.escaped = out.escaped || *at_ == '\\';
            if (!skip_special()) {
                return false;
            }
        }
    }

    // An integer 0 … 2^53−1, written with digits alone and no leading zero.
    bool integer(std::uint64_t& out) noexcept
    {
        constexpr std::ptrdiff_t digits_max = 16;
        skip_space();
        const char* const begin = at_;
        std::uint64_t value = 0;
        while (at_ != end_ && is_digit(*at_) && at_ - begin < digits_max) {
            value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
            ++at_;
        }
        const bool continues = at_ != end_ && (is_digit(*at_) || *at_ == '.' || *at_ == 'e' || *at_ == 'E');
        if (at_ == begin || continues || (*begin == '0' && at_ - begin > 1) || value > json_integer_max) {
            return false;
        }
        out = value;
        return true;
    }

    // Any one value; `out` is its text without the whitespace around it.
    bool value(std::string_view& out) noexcept
    {
        skip_space();
        const char* const begin = at_;
        if (!skip_value()) {
            return false;
        }
        out = {begin, static_cast<std::size_t>(at_ - begin)};
        return true;
    }

    bool skip_value() noexcept
    {
        nesting open;
        for (;;) {
            const char first = peek();
            if (first == '{' || first == '[') {
                if (!open.enter(first == '{')) {
                    return false;
                }
                ++at_;
                if (peek() != (first == '{' ? '}' : ']')) {
                    if (first == '{' && !skip_name()) {
                        return false;
                    }
                    continue;
                }
                ++at_;
                open.leave();
            } else if (!skip_scalar(first)) {
                return false;
            }
            bool value_follows = false;
            if (!close_all(open, value_follows)) {
                return false;
            }
            if (!value_follows) {
                return true;
            }
        }
    }

private:
    class nesting {
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

    void skip_space() noexcept
    {
        while (at_ != end_ && is_json_space(*at_)) {
            ++at_;
        }
    }

    // After a value: takes what closes, up to the comma before the next value or the end of the outermost one.
    bool close_all(nesting& open, bool& value_follows) noexcept
    {
        while (!open.empty()) {
            const char next = peek();
            if (next == ',') {
                ++at_;
                value_follows = true;
                return !open.in_object() || skip_name();
            }
            if (next != (open.in_object() ? '}' : ']')) {
                return false;
            }
            ++at_;
            open.leave();
        }
        return true;
    }

    bool skip_name() noexcept
    {
        json_string ignored;
        return string(ignored) && take(':');
    }

    bool skip_scalar(char first) noexcept
    {
        switch (first) {
        case '"': {
            json_string ignored;
            return string(ignored);
        }
        case 't':
            return skip_word("true");
        case 'f':
            return skip_word("false");
        case 'n':
            return skip_word("null");
        default:
            return skip_number();
        }
    }

    bool skip_word(std::string_view word) noexcept
    {
        if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    bool skip_digits() noexcept
    {
        const char* const begin = at_;
        while (at_ != end_ && is_digit(*at_)) {
            ++at_;
        }
        return at_ != begin;
    }

    bool skip_number() noexcept
    {
        if (at_ != end_ && *at_ == '-') {
            ++at_;
        }
        if (at_ != end_ && *at_ == '0') {
            ++at_;
        } else if (!skip_digits()) {
            return false;
        }
        if (at_ != end_ && *at_ == '.') {
            ++at_;
            if (!skip_digits()) {
                return false;
            }
        }
        if (at_ == end_ || (*at_ != 'e' && *at_ != 'E')) {
            return true;
        }
        ++at_;
        if (at_ != end_ && (*at_ == '+' || *at_ == '-')) {
            ++at_;
        }
        return skip_digits();
    }

    // One escape or one sequence above ASCII; a control character is refused.
    bool skip_special() noexcept
    {
        if (*at_ != '\\') {
            const auto length = static_cast<unsigned char>(*at_) < 0x80 ? 0 : utf8_length(at_, end_);
            at_ += length;
            return length != 0;
        }
        ++at_;
        if (at_ == end_) {
            return false;
        }
        const char letter = *at_++;
        if (letter != 'u') {
            return std::string_view{"\"\\/bfnrt"}.find(letter) != std::string_view::npos;
        }
        for (int i = 0; i != 4; ++i, ++at_) {
            if (at_ == end_ || !is_hex(*at_)) {
                return false;
            }
        }
        return true;
    }

    static bool is_hex(char c) noexcept
    {
        return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }

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
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
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

// What a scanned string says: a view of the text itself where nothing is escaped, else of `scratch`, which is overwritten.
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
