// An HTTP request as a program sees it.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_HTTP_REQUEST_HPP
#define REJOINDER_WIRE_HTTP_REQUEST_HPP

#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/http_values.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a client asked for. Bounded by the limits of who read it.
struct http_request {
    std::string method;         ///< as it came: `GET`
    std::string target;         ///< as it came: `/ws/generations/a%20b?from=3`
    std::string path;           ///< of the target, decoded: `/ws/generations/a b`
    http_parameters query;      ///< of the target, decoded
    http_headers headers;       ///< as they came
    http_parameters cookies;    ///< of the headers
    http_parameters parameters; ///< of the route that it took, decoded: `id` of `/ws/generations/{id}`
    std::string body;
    int version = 11;         ///< 10 for HTTP/1.0, 11 for HTTP/1.1
    bool keeps_alive = false; ///< whether the client would send another one over the same connection
    bool is_secure = false;   ///< whether it came by TLS to this process; whoever reads the connection says so
};

namespace detail {

/// `name=value` pairs between `separator`s. False: broken percent-encoding.
inline bool read_query(http_parameters& to, std::string_view text)
{
    while (!text.empty()) {
        auto pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(pair.size() + 1, text.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        std::string name;
        std::string value;
        if (!append_decoded(name, pair.substr(0, equals), plus::is_space) ||
            !append_decoded(value, pair.substr(std::min(equals + 1, pair.size())), plus::is_space)) {
            return false;
        }
        if (!pair.empty()) {
            to.add(name, value);
        }
    }
    return true;
}

// A pair without an equals sign is no cookie, and browsers send such a one only if somebody set it by mistake.
inline void read_cookies(http_parameters& to, std::string_view text)
{
    while (!text.empty()) {
        const auto pair = take_piece(text, ';');
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        auto value = trimmed(pair.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        to.add(trimmed(pair.substr(0, equals)), value);
    }
}

/// Fills in what the target and the headers say. False: the target is none that a server takes (RFC 9112 §3.2), or its encoding is broken,
/// or hides a slash: two readers of such a path would not agree on where it leads.
inline bool interpret(http_request& request)
{
    std::string_view rest{request.target};
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (same_but_case{}(rest.substr(0, scheme.size()), scheme)) {
            rest.remove_prefix(scheme.size());
            const auto end = std::min(rest.find_first_of("/?"), rest.size());
            request.headers.set("Host", rest.substr(0, end));
            rest.remove_prefix(end);
            break;
        }
    }
    if (rest == "*" && request.method == "OPTIONS") {
        request.path = rest;
    } else {
        const auto path = rest.substr(0, rest.find('?'));
        rest.remove_prefix(std::min(path.size() + 1, rest.size()));
        const bool from_root = path.starts_with('/') || (path.empty() && request.target.front() != '?');
        if (!from_root || !append_decoded(request.path, path, plus::stays) ||
            std::count(path.begin(), path.end(), '/') != std::count(request.path.begin(), request.path.end(), '/') ||
            !read_query(request.query, rest)) {
            return false;
        }
        if (request.path.empty()) {
            request.path = "/";
        }
    }
    for (const auto& [name, value] : request.headers) {
        if (same_but_case{}(name, "Cookie")) {
            read_cookies(request.cookies, value);
        }
    }
    return true;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
