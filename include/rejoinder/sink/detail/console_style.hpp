// How an event looks to people, and what of a peer's text may reach a terminal.
#ifndef REJOINDER_SINK_DETAIL_CONSOLE_STYLE_HPP
#define REJOINDER_SINK_DETAIL_CONSOLE_STYLE_HPP

#include <rejoinder/net/event.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace rejoinder::inline v0::detail {

struct console_style {
    std::string_view event;
    std::string_view symbol; // with colours
    std::string_view plain;  // without
    std::string_view colour;
};

inline constexpr std::string_view console_green = "\033[32m";
inline constexpr std::string_view console_yellow = "\033[33m";
inline constexpr std::string_view console_red = "\033[31m";
inline constexpr std::string_view console_cyan = "\033[36m";
inline constexpr std::string_view console_grey = "\033[90m";

inline constexpr std::array console_styles{
    console_style{"ws_connect", "●", "+", console_green},
    console_style{"ws_disconnect", "○", "-", console_yellow},
    console_style{"connect_failed", "↻", "~", console_yellow},
    console_style{"attempt_failed", "↻", "~", console_yellow},
    console_style{"user_detach_delay_start", "◔", "~", console_yellow},
    console_style{"user_detach_cancelled", "↩", "+", console_green},
    console_style{"user_detach_executing", "◌", "-", console_cyan},
    console_style{"registry_cleanup_start", "▸", ">", console_cyan},
    console_style{"registry_cleanup_success", "✓", "=", console_green},
    console_style{"registry_cleanup_error", "✗", "!", console_red},
    console_style{"registry_cleanup_overdue", "⚠", "!", console_red},
    console_style{"ws_cleanup_complete", "■", "=", console_cyan},
    console_style{"session_end", "□", "x", console_grey},
    console_style{"request_timeout", "⌛", "!", console_red},
    console_style{"delivery_expired", "⌛", "!", console_red},
    console_style{"bad_message", "⚠", "!", console_red},
    console_style{"no_handler", "⚠", "!", console_red},
    console_style{"handler_failed", "✗", "!", console_red},
    console_style{"authenticator_failed", "✗", "!", console_red},
};

/// The look of an event; a name that is not ours has one, too. The end of a connection that is nobody's wish is red.
inline console_style console_style_of(const event& happened) noexcept
{
    const auto found = std::find_if(console_styles.begin(), console_styles.end(),
                                    [&](const console_style& one) { return one.event == happened.name; });
    auto style = found == console_styles.end() ? console_style{happened.name, "·", "*", console_grey} : *found;
    if (happened.name == "ws_disconnect" && (happened.kind == "fault" || happened.kind == "local")) {
        style.colour = console_red;
    }
    return style;
}

/// Appends a text with `?` for each control character: C0, DEL, and C1 whether in UTF-8 or as a byte that stands alone. With one of them a peer
/// could write what it likes to somebody's terminal.
inline void append_printable(std::string& out, std::string_view text)
{
    const auto byte_at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto is_c1 = [](unsigned byte) { return byte >= 0x80 && byte < 0xA0; };
    for (std::size_t i = 0; i != text.size(); ++i) {
        const unsigned byte = byte_at(i);
        const bool pair = byte == 0xC2 && is_c1(byte_at(i + 1));
        const bool alone = is_c1(byte) && (i == 0 || byte_at(i - 1) < 0x80);
        out.push_back(byte < 0x20 || byte == 0x7F || pair || alone ? '?' : text[i]);
        i += pair ? 1 : 0;
    }
}

} // namespace rejoinder::inline v0::detail

#endif
