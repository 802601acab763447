// Which web pages may use a server: browsers name the page's origin, and leave it to the server to refuse.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ORIGIN_POLICY_HPP
#define REJOINDER_WIRE_ORIGIN_POLICY_HPP

#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0 {

/// The pages that may use a server, by origin: `https://shop.example`. A page that was served from the same host and port as it asks may
/// always; so may a program that names no origin, as only browsers guard their users so. `"*"` in the list lets every page.
///
/// A WebSocket is not under the browser's same-origin rule, and carries the user's cookies: without this check any page that a user opens
/// could speak in that user's name.
///
/// A page of the same host is not of the same origin if it came by plain HTTP and asks by TLS: anybody on its way could have written it. The
/// other way round it is taken, as a proxy in front may have taken the TLS off.
///
/// Which host is its own a server knows by `Host`, which is the client's word: a page whose name was made to point to this server (DNS
/// rebinding) passes for its own. `hosts` ends that, if it is not empty.
struct origin_policy {
    std::vector<std::string> allowed{};
    /// The server's own, as `Host` has them (`shop.example`, `shop.example:8080`); empty: any.
    std::vector<std::string> hosts{};

    [[nodiscard]] bool allows(const http_request& request) const
    {
        const auto* const origin = request.headers.find("Origin");
        return origin == nullptr || is_listed(*origin) || is_own(*origin, request);
    }

    /// Adds what makes a browser hand an answer to a page of another origin (the Fetch standard's CORS protocol), if its origin is listed.
    /// With credentials: the page's cookies come along; never for a list that lets every page.
    void open_to(const http_request& request, http_response& answer) const
    {
        if (allowed.empty()) {
            return;
        }
        answer.headers.add(
            "Vary", "Origin"); // a cache keeps the answer to one origin from the others, also one that opens nothing
        const auto origin = request.headers.value("Origin");
        if (origin.empty() || !is_listed(origin)) {
            return;
        }
        const bool by_name = std::find(allowed.begin(), allowed.end(), origin) != allowed.end();
        answer.headers.set("Access-Control-Allow-Origin", by_name ? origin : "*");
        if (by_name) {
            answer.headers.set("Access-Control-Allow-Credentials", "true");
        }
    }

    /// The answer to a browser's question (`OPTIONS`, a preflight) whether a page may send a request of this kind.
    [[nodiscard]] http_response preflight(const http_request& request, std::string_view methods = "GET,HEAD,POST") const
    {
        http_response answer{204, {}, {}};
        open_to(request, answer);
        if (answer.headers.contains("Access-Control-Allow-Origin")) {
            answer.headers.add("Access-Control-Allow-Methods", methods);
            if (const auto wanted = request.headers.value("Access-Control-Request-Headers"); !wanted.empty()) {
                answer.headers.add("Access-Control-Allow-Headers", wanted);
            }
            answer.headers.add("Access-Control-Max-Age", "600");
        }
        return answer;
    }

private:
    [[nodiscard]] bool is_listed(std::string_view origin) const
    {
        return std::any_of(allowed.begin(), allowed.end(),
                           [&](const std::string& one) { return one == "*" || detail::same_but_case{}(one, origin); });
    }

    [[nodiscard]] bool is_own(std::string_view origin, const http_request& request) const
    {
        constexpr detail::same_but_case same;
        const auto colon = origin.find("://");
        if (colon == std::string_view::npos) {
            return false;
        }
        const auto scheme = origin.substr(0, colon);
        const bool secure = same(scheme, "https");
        if (!secure && (request.is_secure || !same(scheme, "http"))) {
            return false;
        }
        const auto usual_port = secure ? std::string_view{":443"} : std::string_view{":80"};
        const auto here = without(usual_port, request.headers.value("Host"));
        return same(without(usual_port, origin.substr(colon + 3)), here) &&
               (hosts.empty() || std::any_of(hosts.begin(), hosts.end(), [&](const std::string& one) {
                    return same(without(usual_port, one), here);
                }));
    }

    static std::string_view without(std::string_view port, std::string_view host)
    {
        return host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
    }
};

} // namespace rejoinder::inline v0

#endif
