// Writes JSON scalars at the end of a string.
#ifndef REJOINDER_WIRE_DETAIL_JSON_WRITE_HPP
#define REJOINDER_WIRE_DETAIL_JSON_WRITE_HPP

#include <rejoinder/wire/detail/json_skip.hpp>
#include <rejoinder/wire/detail/utf8.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// The digits of a number, made without locale or allocation.
class decimal {
public:
    explicit decimal(std::uint64_t value) noexcept
    {
        do {
            digits_[--begin_] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
    }

    std::string_view view() const noexcept { return {digits_.data() + begin_, digits_.size() - begin_}; }

private:
    std::array<char, 20> digits_;
    std::size_t begin_ = digits_.size();
};

inline void append_escape(std::string& out, char c)
{
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
    case '"':
    case '\\': out.append({'\\', c}); return;
    case '\b': out.append("\\b"); return;
    case '\f': out.append("\\f"); return;
    case '\n': out.append("\\n"); return;
    case '\r': out.append("\\r"); return;
    case '\t': out.append("\\t"); return;
    default:
        const auto byte = static_cast<unsigned char>(c);
        out.append({'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]});
    }
}

// Appends `text` as a JSON string. Bytes that are not UTF-8 become U+FFFD: an error's text comes from anywhere, and a
// frame that the peer must refuse would lose the answer that it carries.
inline void append_json_string(std::string& out, std::string_view text)
{
    const char* at = text.data();
    const char* const end = at + text.size();
    out.push_back('"');
    while (at != end) {
        const char* const plain_end = skip_plain(at, end);
        out.append(at, plain_end);
        at = plain_end;
        if (at == end) {
            break;
        }
        if (static_cast<unsigned char>(*at) < 0x80) {
            append_escape(out, *at++);
            continue;
        }
        const auto length = utf8_length(at, end);
        out.append(length != 0 ? std::string_view{at, length} : std::string_view{"\xEF\xBF\xBD"});
        at += length != 0 ? length : 1;
    }
    out.push_back('"');
}

// Appends JSON text with its newlines made spaces: in JSON a raw newline can only stand between tokens, so the text
// says the same, and every framing carries it.
inline void append_json_text(std::string& out, std::string_view text)
{
    auto at = out.size();
    out.append(text);
    while ((at = out.find('\n', at)) != std::string::npos) {
        out[at++] = ' ';
    }
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
