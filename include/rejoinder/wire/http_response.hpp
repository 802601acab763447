// An HTTP response, and its bytes.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_HTTP_RESPONSE_HPP
#define REJOINDER_WIRE_HTTP_RESPONSE_HPP

#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/http_values.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// An answer. `Content-Length` and `Connection` are written by who sends it; a length or transfer coding among the headers is left out.
struct http_response {
    int status = 200;
    http_headers headers{};
    std::string body{};
    /// A body that others have, too: sent in place of `body`, and not copied.
    std::shared_ptr<const std::string> shared{};

    /// The body, whichever it is.
    [[nodiscard]] std::string_view content() const noexcept { return shared == nullptr ? body : *shared; }
};

/// An answer with a body of this type.
inline http_response http_text(int status, std::string body, std::string_view type = "text/plain; charset=utf-8")
{
    http_response made{status, {}, std::move(body)};
    made.headers.add("Content-Type", type);
    return made;
}

/// The usual phrase of a status (RFC 9110 §15); empty for one that has none here.
constexpr std::string_view reason_of(int status) noexcept
{
    constexpr std::array<std::pair<int, std::string_view>, 27> all{{{100, "Continue"},
                                                                    {101, "Switching Protocols"},
                                                                    {200, "OK"},
                                                                    {201, "Created"},
                                                                    {202, "Accepted"},
                                                                    {204, "No Content"},
                                                                    {301, "Moved Permanently"},
                                                                    {302, "Found"},
                                                                    {303, "See Other"},
                                                                    {304, "Not Modified"},
                                                                    {307, "Temporary Redirect"},
                                                                    {308, "Permanent Redirect"},
                                                                    {400, "Bad Request"},
                                                                    {401, "Unauthorized"},
                                                                    {403, "Forbidden"},
                                                                    {404, "Not Found"},
                                                                    {405, "Method Not Allowed"},
                                                                    {408, "Request Timeout"},
                                                                    {409, "Conflict"},
                                                                    {413, "Content Too Large"},
                                                                    {426, "Upgrade Required"},
                                                                    {429, "Too Many Requests"},
                                                                    {431, "Request Header Fields Too Large"},
                                                                    {500, "Internal Server Error"},
                                                                    {501, "Not Implemented"},
                                                                    {503, "Service Unavailable"},
                                                                    {505, "HTTP Version Not Supported"}}};
    for (const auto& [number, phrase] : all) {
        if (number == status) {
            return phrase;
        }
    }
    return {};
}

/// How an answer is sent: as the one to a HEAD request, or as the last one of its connection, if need be.
struct http_sending {
    enum class what : std::uint8_t { all, head } part = what::all;
    enum class then : std::uint8_t { keep, close } after = then::keep;
    std::string_view date{}; ///< when, as `http_date` has it; empty: not said
};

namespace detail {

// Where a message ends is ours to say: of two lengths, a proxy in between may read the other one.
inline bool is_framing(std::string_view header)
{
    return same_but_case{}(header, "Content-Length") || same_but_case{}(header, "Transfer-Encoding");
}

inline bool is_bare(int status) // RFC 9110 §8.6
{
    return status / 100 == 1 || status == 204 || status == 304;
}

} // namespace detail

/// Whether an answer's body goes out with its head.
inline bool sends_body(const http_response& one, const http_sending& how) noexcept
{
    return !detail::is_bare(one.status) && how.part == http_sending::what::all;
}

/// Appends the bytes of an answer's head. A header whose name or value would break it is left out.
inline void append_response_head(std::string& out, const http_response& one, const http_sending& how = {})
{
    const auto line = [&](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    out.append("HTTP/1.1 ").append(std::to_string(one.status)).append(" ").append(reason_of(one.status)).append("\r\n");
    if (!how.date.empty() && !one.headers.contains("Date")) {
        line("Date", how.date);
    }
    for (const auto& [name, value] : one.headers) {
        if (detail::is_token(name) && detail::is_field_value(value) && !detail::is_framing(name)) {
            line(name, value);
        }
    }
    if (!detail::is_bare(one.status)) {
        line("Content-Length", std::to_string(one.content().size()));
    }
    if (how.after == http_sending::then::close) {
        line("Connection", "close");
    }
    out.append("\r\n");
}

/// Appends the answer's bytes.
inline void append_response(std::string& out, const http_response& one, const http_sending& how = {})
{
    append_response_head(out, one, how);
    if (sends_body(one, how)) {
        out.append(one.content());
    }
}

} // namespace rejoinder::inline v0

#endif
