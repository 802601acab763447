// Raw bytes of WebSocket frames, right and wrong, spelled without the library; and what a reader makes of bytes.
#ifndef REJOINDER_TESTS_SUPPORT_WEBSOCKET_BYTES_HPP
#define REJOINDER_TESTS_SUPPORT_WEBSOCKET_BYTES_HPP

#include <rejoinder/wire/websocket_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace websocket_bytes {

inline constexpr unsigned char last = 0x80;

/// A frame with this first byte, as a client (masked) or a server sends it.
inline std::string raw_frame(unsigned first, std::string_view payload, bool is_masked)
{
    std::string out(1, static_cast<char>(first));
    const auto add_length = [&out, is_masked](std::size_t marker, std::uint64_t length, int bytes) {
        out.push_back(static_cast<char>((is_masked ? 0x80U : 0U) | static_cast<unsigned>(marker)));
        for (int i = bytes; i-- != 0;) {
            out.push_back(static_cast<char>(length >> (8 * i)));
        }
    };
    if (payload.size() < 126) {
        add_length(payload.size(), 0, 0);
    } else if (payload.size() < 65536) {
        add_length(126, payload.size(), 2);
    } else {
        add_length(127, payload.size(), 8);
    }
    const std::string key = is_masked ? std::string{"\x37\xfa\x21\x3d"} : std::string(4, '\0');
    if (is_masked) {
        out += key;
    }
    for (std::size_t i = 0; i != payload.size(); ++i) {
        out.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
    }
    return out;
}

inline std::string close_payload(unsigned code, std::string_view text = {})
{
    std::string out;
    out.push_back(static_cast<char>(code >> 8));
    out.push_back(static_cast<char>(code & 0xFF));
    return out.append(text);
}

/// What a reader finds in `bytes` given `piece` at a time: "text hello", "ping x", ..., "failed 1002" at the end.
inline std::vector<std::string> events_of(std::string_view bytes, std::size_t piece, rejoinder::websocket_role own,
                                          const rejoinder::websocket_limits& limits = {})
{
    using kind = rejoinder::websocket_event::kind;
    rejoinder::websocket_reader reader{own, limits};
    std::string kept;
    std::vector<std::string> found;
    while (!bytes.empty()) {
        const auto size = std::min(piece, bytes.size());
        const auto exact = std::make_unique<char[]>(size); // so that a sanitizer sees a byte too far
        bytes.copy(exact.get(), size);
        bytes.remove_prefix(size);
        std::span<char> rest{exact.get(), size};
        for (;;) {
            const auto event = reader.read(rest, kept);
            if (event.what == kind::more) {
                break;
            }
            if (event.what == kind::failed) {
                found.push_back("failed " + std::to_string(static_cast<int>(reader.failure())));
                return found;
            }
            constexpr std::string_view names[]{"more", "text", "binary", "ping", "pong", "close"};
            found.push_back(std::string{names[static_cast<std::size_t>(event.what)]}
                                .append(event.is_compressed ? " compressed " : " ")
                                .append(event.payload));
        }
        reader.keep(kept);
    }
    return found;
}

} // namespace websocket_bytes

#endif
