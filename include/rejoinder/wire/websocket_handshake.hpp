// The opening handshake of a WebSocket (RFC 6455 §4), both sides, on heads alone.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_HANDSHAKE_HPP
#define REJOINDER_WIRE_WEBSOCKET_HANDSHAKE_HPP

#include <rejoinder/wire/base64.hpp>
#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/detail/sha1.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/origin_policy.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>
#include <rejoinder/wire/websocket_extensions.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// What both sides agreed on.
struct websocket_agreement {
    std::string subprotocol{};              ///< empty: none
    std::optional<deflate_terms> deflate{}; ///< nothing: messages are not compressed
};

/// What a server takes of what clients ask for.
struct websocket_terms {
    origin_policy origins{};
    /// That it speaks; of those that the client names it takes the client's first.
    std::vector<std::string> subprotocols{};
    std::optional<deflate_terms> deflate{}; ///< nothing: it does not compress
    http_headers headers{};                 ///< for its answer
};

/// A server's answer.
struct websocket_upgrade {
    http_response response;          ///< 101, or the refusal: 400, 403, 426
    websocket_agreement agreement{}; ///< with 101

    [[nodiscard]] bool is_accepted() const noexcept { return response.status == 101; }
};

/// What a client asks for.
struct websocket_offer {
    url where{};
    std::string key{};                       ///< of this connection: `websocket_key`
    std::vector<std::string> subprotocols{}; ///< the one it likes best first
    std::optional<deflate_terms> deflate{};  ///< nothing: it does not compress
    http_headers headers{};                  ///< more of them: `Origin`, `Cookie`, `Authorization`
};

/// What a client makes of the answer.
enum class websocket_verdict {
    accepted,
    refused,    ///< it is HTTP, but no 101: its status says why
    not_spoken, ///< it says 101 and something else than RFC 6455 has there
};

namespace detail {

inline std::string in_base64(std::string_view bytes)
{
    std::string text;
    append_base64(text, bytes);
    return text;
}

inline std::string all_values(const http_headers& headers, std::string_view name)
{
    std::string joined;
    for (const auto& [key, value] : headers) {
        if (same_but_case{}(key, name)) {
            joined.append(joined.empty() ? "" : ",").append(value);
        }
    }
    return joined;
}

// The client's first that the server has. Names are compared as they are (RFC 6455 §11.5).
inline std::string pick_subprotocol(std::string_view wanted, const std::vector<std::string>& spoken)
{
    while (!wanted.empty()) {
        const auto one = take_piece(wanted, ',');
        if (std::find(spoken.begin(), spoken.end(), one) != spoken.end()) {
            return std::string{one};
        }
    }
    return {};
}

inline bool is_websocket_key(std::string_view key)
{
    std::string bytes;
    return decode_base64(trimmed(key), bytes) && bytes.size() == 16;
}

} // namespace detail

/// The header `Sec-WebSocket-Key` for 16 random bytes, new for each connection.
inline std::string websocket_key(std::string_view sixteen_random_bytes)
{
    return detail::in_base64(sixteen_random_bytes);
}

/// What a server answers to a key: the proof that it read it.
inline std::string websocket_accept(std::string_view key)
{
    return detail::in_base64(detail::sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

/// Whether a request wants to become a WebSocket, rightly or wrongly.
inline bool asks_for_websocket(const http_request& request)
{
    return lists(request.headers, "Upgrade", "websocket");
}

/// A server's answer to a request that asks for a WebSocket (RFC 6455 §4.2).
inline websocket_upgrade answer_websocket(const http_request& request, const websocket_terms& terms)
{
    const auto& headers = request.headers;
    const auto key = headers.value("Sec-WebSocket-Key");
    if (request.method != "GET" || request.version < 11 || !lists(headers, "Connection", "upgrade") ||
        headers.count("Sec-WebSocket-Key") != 1 || !detail::is_websocket_key(key)) {
        return {http_text(400, "This is no WebSocket handshake.\n")};
    }
    if (headers.count("Sec-WebSocket-Version") != 1 || headers.value("Sec-WebSocket-Version") != "13") {
        auto refused = http_text(426, "WebSocket version 13 is spoken here.\n");
        refused.headers.add("Sec-WebSocket-Version", "13");
        return {std::move(refused)};
    }
    if (!terms.origins.allows(request)) {
        return {http_text(403, "Pages of this origin are not let in.\n")};
    }
    websocket_upgrade made;
    if (terms.deflate) {
        const auto deflate = answer_deflate(detail::all_values(headers, "Sec-WebSocket-Extensions"), *terms.deflate);
        if (deflate.bad) {
            return {http_text(400, "Sec-WebSocket-Extensions cannot be read.\n")};
        }
        made.agreement.deflate = deflate.terms;
        if (deflate.terms) {
            made.response.headers.add("Sec-WebSocket-Extensions", deflate.text);
        }
    }
    made.agreement.subprotocol =
        detail::pick_subprotocol(detail::all_values(headers, "Sec-WebSocket-Protocol"), terms.subprotocols);
    made.response.status = 101;
    made.response.headers.add("Upgrade", "websocket");
    made.response.headers.add("Connection", "Upgrade");
    made.response.headers.add("Sec-WebSocket-Accept", websocket_accept(detail::trimmed(key)));
    if (!made.agreement.subprotocol.empty()) {
        made.response.headers.add("Sec-WebSocket-Protocol", made.agreement.subprotocol);
    }
    for (const auto& [name, value] : terms.headers) {
        made.response.headers.add(name, value);
    }
    return made;
}

/// A client's request (RFC 6455 §4.1). A header that would break the head is left out.
inline std::string websocket_request(const websocket_offer& offer)
{
    std::string head = "GET " + offer.where.target + " HTTP/1.1\r\n";
    const auto line = [&](std::string_view name, std::string_view value) {
        if (detail::is_token(name) && detail::is_field_value(value) && !value.empty()) {
            head.append(name).append(": ").append(value).append("\r\n");
        }
    };
    std::string names;
    for (const auto& one : offer.subprotocols) {
        names.append(names.empty() ? "" : ", ").append(one);
    }
    line("Host", offer.where.authority());
    line("Upgrade", "websocket");
    line("Connection", "Upgrade");
    line("Sec-WebSocket-Key", offer.key);
    line("Sec-WebSocket-Version", "13");
    line("Sec-WebSocket-Protocol", names);
    line("Sec-WebSocket-Extensions", offer.deflate ? offer_deflate(*offer.deflate) : std::string{});
    for (const auto& [name, value] : offer.headers) {
        line(name, value);
    }
    return head.append("\r\n");
}

/// Whether the answer is the one to that offer (RFC 6455 §4.1); then `agreed` is set.
inline websocket_verdict read_websocket_answer(const http_response& answer, const websocket_offer& offer,
                                               websocket_agreement& agreed)
{
    const auto& headers = answer.headers;
    if (answer.status != 101) {
        return websocket_verdict::refused;
    }
    const auto subprotocol = headers.value("Sec-WebSocket-Protocol");
    const bool asked_for =
        std::find(offer.subprotocols.begin(), offer.subprotocols.end(), subprotocol) != offer.subprotocols.end();
    const auto deflate = read_deflate_answer(detail::all_values(headers, "Sec-WebSocket-Extensions"), offer.deflate);
    if (!detail::same_but_case{}(headers.value("Upgrade"), "websocket") || !lists(headers, "Connection", "upgrade") ||
        headers.count("Sec-WebSocket-Accept") != 1 ||
        headers.value("Sec-WebSocket-Accept") != websocket_accept(offer.key) || deflate.bad ||
        headers.count("Sec-WebSocket-Protocol") > 1 || (headers.contains("Sec-WebSocket-Protocol") && !asked_for)) {
        return websocket_verdict::not_spoken;
    }
    agreed = {std::string{subprotocol}, deflate.terms};
    return websocket_verdict::accepted;
}

} // namespace rejoinder::inline v0

#endif
