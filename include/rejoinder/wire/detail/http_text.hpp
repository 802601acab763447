// The small grammar that HTTP's heads are made of (RFC 9110 §5.6): tokens, lists, percent-encoding.
#ifndef REJOINDER_WIRE_DETAIL_HTTP_TEXT_HPP
#define REJOINDER_WIRE_DETAIL_HTTP_TEXT_HPP

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace rejoinder::inline v0::detail {

constexpr char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// ASCII case makes no difference.
struct same_but_case {
    constexpr bool operator()(std::string_view a, std::string_view b) const noexcept
    {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
    }
};

struct same_bytes {
    constexpr bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
};

constexpr bool is_blank(char c) noexcept
{
    return c == ' ' || c == '\t';
}

constexpr std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

constexpr bool is_token_char(char c) noexcept
{
    const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
    return letter || (c >= '0' && c <= '9') || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

constexpr bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

/// Whether it can stand in a field's value without ending the line.
constexpr bool is_field_value(std::string_view text) noexcept
{
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// Takes what stands before the next `separator` off the front of `rest`, blanks around it left out. Quotes mean nothing here.
constexpr std::string_view take_piece(std::string_view& rest, char separator) noexcept
{
    const auto end = std::min(rest.find(separator), rest.size());
    const auto piece = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return piece;
}

constexpr int digit_of_hex(char c) noexcept
{
    const char l = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

enum class plus { stays, is_space };

/// Appends `text` with its percent-encoding undone. False: a percent sign without two digits, or a zero byte.
inline bool append_decoded(std::string& out, std::string_view text, plus how)
{
    for (std::size_t i = 0; i != text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? digit_of_hex(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? digit_of_hex(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && how == plus::is_space) {
            c = ' ';
        }
        if (c == '\0') {
            return false;
        }
        out.push_back(c);
    }
    return true;
}

} // namespace rejoinder::inline v0::detail

#endif
