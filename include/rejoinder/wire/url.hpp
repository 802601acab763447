// A URL of a server: where it is, and what is asked of it.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_URL_HPP
#define REJOINDER_WIRE_URL_HPP

#include <rejoinder/wire/detail/http_text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

/// The parts of a `ws`, `wss`, `http` or `https` URL.
struct url {
    std::string scheme;     ///< in small letters
    std::string host;       ///< a name or an address, without brackets
    std::uint16_t port = 0; ///< as it is written, or the scheme's
    std::string target;     ///< path and query, encoded as they are written; at least `/`

    [[nodiscard]] bool is_secure() const noexcept { return scheme == "wss" || scheme == "https"; }

    /// The host, and the port unless it is the scheme's: what stands in a `Host` header.
    [[nodiscard]] std::string authority() const
    {
        const bool bracketed = host.find(':') != std::string::npos;
        auto text = bracketed ? '[' + host + ']' : host;
        return port == (is_secure() ? 443 : 80) ? text : text + ':' + std::to_string(port);
    }

    /// The whole without its query, which may hold a secret: for logs.
    [[nodiscard]] std::string description() const
    {
        return scheme + "://" + authority() + target.substr(0, target.find('?'));
    }

    friend bool operator==(const url&, const url&) = default;
};

/// Reads a URL. Nothing for another scheme, a missing host, a user name, a fragment, or a character that a URL does not have.
inline std::optional<url> parse_url(std::string_view text)
{
    const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    const auto colon = text.find("://");
    if (!visible || colon == std::string_view::npos || text.find_first_of("#\\\"<>^`{|}") != std::string_view::npos) {
        return std::nullopt;
    }
    url made;
    std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), std::back_inserter(made.scheme),
                   detail::lower);
    if (made.scheme != "ws" && made.scheme != "wss" && made.scheme != "http" && made.scheme != "https") {
        return std::nullopt;
    }
    text.remove_prefix(colon + 3);
    auto authority = text.substr(0, text.find_first_of("/?"));
    made.target = text.substr(authority.size());
    if (!made.target.starts_with('/')) {
        made.target.insert(0, 1, '/');
    }
    const bool bracketed = authority.starts_with('[');
    const auto end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
    if (end == std::string_view::npos || authority.find('@') != std::string_view::npos) {
        return std::nullopt;
    }
    made.host = authority.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
    authority.remove_prefix(bracketed ? end + 1 : end);
    made.port = made.is_secure() ? 443 : 80;
    if (authority.size() > 1) {
        const auto [stop, wrong] =
            std::from_chars(authority.data() + 1, authority.data() + authority.size(), made.port);
        if (authority.front() != ':' || wrong != std::errc{} || stop != authority.data() + authority.size()) {
            return std::nullopt;
        }
    } else if (!authority.empty() && authority != ":") {
        return std::nullopt;
    }
    return made.host.empty() || made.port == 0 ? std::nullopt : std::optional{made};
}

} // namespace rejoinder::inline v0

#endif
