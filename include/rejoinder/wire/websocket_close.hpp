// How a WebSocket says why it ends: the code and the text of a Close frame (RFC 6455 §5.5.1, §7.4).
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_CLOSE_HPP
#define REJOINDER_WIRE_WEBSOCKET_CLOSE_HPP

#include <rejoinder/wire/is_utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// The codes that WebSocket itself gives a meaning, those that it uses itself; any other of 3000 to 4999 is the program's.
enum class websocket_code : std::uint16_t {
    none = 0,              ///< nothing is wrong
    normal = 1000,         ///< either side was done
    going_away = 1001,     ///< a page unloads, a process ends
    protocol_error = 1002, ///< against the rules of framing
    no_code = 1005,        ///< a Close frame without a code; never sent
    no_close = 1006,       ///< the link ended without a Close frame; never sent
    bad_text = 1007,       ///< text that is not UTF-8, or a message that does not inflate
    policy = 1008,         ///< against the rules of the program
    too_big = 1009,        ///< a message over the limit
};

/// The payload of a Close frame.
struct websocket_close {
    /// A control frame carries 125 bytes, two of them the code.
    static constexpr std::size_t text_max = 123;

    std::uint16_t code = static_cast<std::uint16_t>(websocket_code::no_code);
    std::string_view text{}; ///< borrowed

    /// Whether a peer may send `code`: those that RFC 6455 and IANA's registry define for it, and those of programs.
    static constexpr bool may_carry(std::uint16_t code) noexcept
    {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }

    /// Reads `payload` into `into`, which then borrows from it. The result is what is wrong, or `none`.
    static websocket_code read(std::string_view payload, websocket_close& into) noexcept
    {
        into = {};
        if (payload.empty()) {
            return websocket_code::none;
        }
        if (payload.size() == 1) {
            return websocket_code::protocol_error;
        }
        const auto byte = [payload](std::size_t at) { return static_cast<unsigned char>(payload[at]); };
        const auto code = static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
        if (!may_carry(code)) {
            return websocket_code::protocol_error;
        }
        if (!is_utf8(payload.substr(2))) {
            return websocket_code::bad_text;
        }
        into = {.code = code, .text = payload.substr(2)};
        return websocket_code::none;
    }

    /// Appends the payload that says this; nothing, if a peer may not send the code. A text that is too long is cut.
    void append_to(std::string& out) const
    {
        if (!may_carry(code)) {
            return;
        }
        out.push_back(static_cast<char>(code >> 8));
        out.push_back(static_cast<char>(code & 0xFF));
        auto length = std::min(text.size(), text_max);
        while (length != text.size() && length != 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
            --length; // not in the middle of a character
        }
        out.append(text.substr(0, length));
    }
};

} // namespace rejoinder::inline v0

#endif
