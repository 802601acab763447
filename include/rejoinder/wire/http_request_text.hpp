// An HTTP request's bytes, as a client sends them.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_HTTP_REQUEST_TEXT_HPP
#define REJOINDER_WIRE_HTTP_REQUEST_TEXT_HPP

#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/http_values.hpp>
#include <rejoinder/wire/url.hpp>

#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// The bytes of a GET. A header that would break the head is left out.
inline std::string http_get(const url& where, const http_headers& headers)
{
    std::string text = "GET " + where.target + " HTTP/1.1\r\nHost: " + where.authority() + "\r\n";
    for (const auto& [name, value] : headers) {
        if (detail::is_token(name) && detail::is_field_value(value)) {
            text.append(name).append(": ").append(value).append("\r\n");
        }
    }
    return text.append("\r\n");
}

/// The bytes of a POST whose body is text of this type.
inline std::string http_post(const url& where, const http_headers& headers, std::string_view body,
                             std::string_view type = "text/plain;charset=UTF-8")
{
    auto text = http_get(where, headers);
    text.replace(0, 3, "POST");
    text.resize(text.size() - 2);
    text.append("Content-Type: ").append(type).append("\r\nContent-Length: ").append(std::to_string(body.size()));
    return text.append("\r\n\r\n").append(body);
}

/// Appends text to a query, with everything encoded that has a meaning there (RFC 3986 §2).
inline void append_query_text(std::string& out, std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'%', digits[byte >> 4U], digits[byte & 0xFU]});
        }
    }
}

} // namespace rejoinder::inline v0

#endif
