// What a WebSocket handshake says of compression: the header Sec-WebSocket-Extensions, read and written.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_EXTENSIONS_HPP
#define REJOINDER_WIRE_WEBSOCKET_EXTENSIONS_HPP

#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

namespace detail {

// One element of the list (RFC 6455 §9.1): a name and its parameters, views into the header.
struct websocket_extension {
    std::string_view name;
    std::vector<std::pair<std::string_view, std::optional<std::string_view>>> parameters;
};

// A quoted value must be a token once its quotes are gone, so that neither comma nor semicolon can stand in it.
inline bool read_extension(websocket_extension& to, std::string_view text)
{
    to.name = take_piece(text, ';');
    bool good = is_token(to.name);
    while (good && !text.empty()) {
        auto value = take_piece(text, ';');
        const bool has_value = value.find('=') != std::string_view::npos;
        const auto name = take_piece(value, '=');
        if (has_value && value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        value = trimmed(value);
        good = is_token(name) && (!has_value || is_token(value));
        to.parameters.emplace_back(name, has_value ? std::optional{value} : std::nullopt);
    }
    return good;
}

// Nothing: it is not what the grammar says.
inline std::optional<std::vector<websocket_extension>> read_extensions(std::string_view header)
{
    std::vector<websocket_extension> all;
    while (!header.empty()) {
        const auto element = take_piece(header, ',');
        if (element.empty()) {
            continue; // RFC 9110 §5.6.1: empty elements of a list do not count
        }
        if (!read_extension(all.emplace_back(), element)) {
            return std::nullopt;
        }
    }
    return all;
}

// The parameters of one permessage-deflate element, as they were said.
struct deflate_words {
    bool server_alone = false;
    bool client_alone = false;
    std::optional<int> server_bits{};
    std::optional<int> client_bits{}; // 0: named, without a value
};

constexpr std::optional<int> window_bits(std::string_view digits) noexcept
{
    if (digits.size() == 1 && (digits == "8" || digits == "9")) {
        return digits[0] - '0';
    }
    if (digits.size() == 2 && digits[0] == '1' && digits[1] >= '0' && digits[1] <= '5') {
        return 10 + (digits[1] - '0');
    }
    return std::nullopt;
}

enum class said_by : std::uint8_t { client, server };

// Nothing: a parameter that is unknown, stands twice, or has a value that it may not have (RFC 7692 §7.1).
inline std::optional<deflate_words> read_deflate(const websocket_extension& one, said_by who)
{
    deflate_words words;
    for (const auto& [name, value] : one.parameters) {
        bool good = false;
        if (name == "server_no_context_takeover") {
            good = !value && !std::exchange(words.server_alone, true);
        } else if (name == "client_no_context_takeover") {
            good = !value && !std::exchange(words.client_alone, true);
        } else if (name == "server_max_window_bits" && !words.server_bits && value) {
            words.server_bits = window_bits(*value);
            good = words.server_bits.has_value();
        } else if (name == "client_max_window_bits" && !words.client_bits) {
            words.client_bits = value ? window_bits(*value) : std::optional{0};
            good = words.client_bits.has_value() && (value || who == said_by::client);
        }
        if (!good) {
            return std::nullopt;
        }
    }
    return words;
}

inline constexpr std::string_view deflate_name = "permessage-deflate";

// zlib cannot make a raw stream with a window of 2^8 bytes: it takes 2^9 and does not say so.
inline constexpr int window_bits_min = 9;

// Which windows an element names; the server's is named whenever it is a small one.
struct deflate_names {
    bool server_bits = false;
    bool client_bits = false;
};

inline void append_deflate(std::string& out, const deflate_terms& terms, deflate_names names)
{
    out.append(deflate_name);
    out.append(terms.server_no_context_takeover ? "; server_no_context_takeover" : "");
    out.append(terms.client_no_context_takeover ? "; client_no_context_takeover" : "");
    if (names.server_bits || terms.server_max_window_bits < 15) {
        out.append("; server_max_window_bits=").append(std::to_string(terms.server_max_window_bits));
    }
    if (names.client_bits) {
        out.append("; client_max_window_bits");
        if (terms.client_max_window_bits < 15) {
            out.append("=").append(std::to_string(terms.client_max_window_bits));
        }
    }
}

} // namespace detail

/// What a server answers to a client's offers.
struct deflate_answer {
    bool bad = false;                     ///< the offers are not what the grammar says: 400
    std::optional<deflate_terms> terms{}; ///< what was agreed on; nothing: messages are not compressed
    std::string text{};                   ///< the header's value; empty: no header
};

/// Takes the first offer of permessage-deflate that can be had within `ours`: its windows are the largest that this side keeps, its "no
/// context takeover" is asked of both sides. `offers`: all values of the header, with commas between.
inline deflate_answer answer_deflate(std::string_view offers, const deflate_terms& ours)
{
    const auto all = detail::read_extensions(offers);
    if (!all) {
        return {true, {}, {}};
    }
    for (const auto& one : *all) {
        const auto words = detail::same_bytes{}(one.name, detail::deflate_name)
                               ? detail::read_deflate(one, detail::said_by::client)
                               : std::nullopt;
        if (!words || words->server_bits.value_or(15) < detail::window_bits_min) {
            continue;
        }
        deflate_terms agreed = ours;
        agreed.server_no_context_takeover |= words->server_alone;
        agreed.client_no_context_takeover |= words->client_alone;
        agreed.server_max_window_bits = std::min(ours.server_max_window_bits, words->server_bits.value_or(15));
        const int hinted = words->client_bits.value_or(0);
        agreed.client_max_window_bits =
            !words->client_bits ? 15 : std::min(ours.client_max_window_bits, hinted == 0 ? 15 : hinted);
        std::string text;
        // RFC 7692 §7.1.2.1: a server accepts a limit to its window by repeating it, the largest one too.
        detail::append_deflate(
            text, agreed, {words->server_bits.has_value(), words->client_bits && agreed.client_max_window_bits < 15});
        return {false, agreed, std::move(text)};
    }
    return {};
}

/// A client's offer within `wanted`.
inline std::string offer_deflate(const deflate_terms& wanted)
{
    std::string text;
    detail::append_deflate(text, wanted, {.client_bits = true});
    return text;
}

/// What a server's answer to `offered` means. `bad`: it is not one to that offer, and the connection is to fail (RFC 7692 §7.1). A client
/// that offered nothing takes no extension at all.
inline deflate_answer read_deflate_answer(std::string_view answer, const std::optional<deflate_terms>& offered)
{
    const auto all = detail::read_extensions(answer);
    if (!all || all->size() > 1) {
        return {true, {}, {}};
    }
    if (all->empty()) {
        return {};
    }
    const auto words = offered && all->front().name == detail::deflate_name
                           ? detail::read_deflate(all->front(), detail::said_by::server)
                           : std::nullopt;
    if (!words || (offered->server_no_context_takeover && !words->server_alone) ||
        words->server_bits.value_or(15) > offered->server_max_window_bits ||
        words->client_bits.value_or(15) < detail::window_bits_min) {
        return {true, {}, {}};
    }
    const int client_bits = std::min(words->client_bits.value_or(15), offered->client_max_window_bits);
    return {false,
            deflate_terms{words->server_alone, words->client_alone || offered->client_no_context_takeover,
                          words->server_bits.value_or(15), client_bits},
            std::string{answer}};
}

} // namespace rejoinder::inline v0

#endif
