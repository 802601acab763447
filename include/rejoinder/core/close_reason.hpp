// Why a connection ended: one word for logs and statistics, one code for wires that carry codes.
#ifndef REJOINDER_CORE_CLOSE_REASON_HPP
#define REJOINDER_CORE_CLOSE_REASON_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rejoinder::inline v0 {

/// Why a connection ended.
enum class close_reason : std::uint8_t {
    normal,        ///< either side was done
    going_away,    ///< the other side leaves: a page unloads, a process ends
    link_lost,     ///< the socket ended without a word
    silent,        ///< no pong: the link was dropped as dead
    replaced,      ///< the session attached to another connection
    refused,       ///< no session was granted
    bad_messages,  ///< the peer broke the protocol too often
    too_big,       ///< a frame over the limit
    slow_peer,     ///< the peer did not read what was written for it
    flooding,      ///< the peer went on sending far over its rate
    idle,          ///< nothing was asked for longer than the idle timeout
    shutting_down, ///< the hub drains; come back later
    internal,      ///< this side failed
};

namespace detail {

struct close_reason_entry {
    close_reason reason;
    std::string_view name;
    std::uint16_t code;
};

// Codes: RFC 6455 §7.4.1 where it has one that fits, else 4000-4999, which it leaves to applications.
inline constexpr std::array close_reason_table{
    close_reason_entry{close_reason::normal, "normal", 1000},
    close_reason_entry{close_reason::going_away, "going_away", 1001},
    close_reason_entry{close_reason::link_lost, "link_lost", 1006},
    close_reason_entry{close_reason::silent, "silent", 4001},
    close_reason_entry{close_reason::replaced, "replaced", 4002},
    close_reason_entry{close_reason::refused, "refused", 4003},
    close_reason_entry{close_reason::bad_messages, "bad_messages", 1008},
    close_reason_entry{close_reason::too_big, "too_big", 1009},
    close_reason_entry{close_reason::slow_peer, "slow_peer", 4004},
    close_reason_entry{close_reason::flooding, "flooding", 4006},
    close_reason_entry{close_reason::idle, "idle", 4005},
    close_reason_entry{close_reason::shutting_down, "shutting_down", 1012},
    close_reason_entry{close_reason::internal, "internal", 1011},
};

} // namespace detail

inline constexpr std::size_t close_reason_count = detail::close_reason_table.size();

/// The reason's name, in logs and in a `bye`.
constexpr std::string_view name_of(close_reason reason) noexcept
{
    return detail::close_reason_table[static_cast<std::size_t>(reason)].name;
}

/// The reason's close code (RFC 6455 §7.4), for wires that carry one.
constexpr std::uint16_t code_of(close_reason reason) noexcept
{
    return detail::close_reason_table[static_cast<std::size_t>(reason)].code;
}

/// The reason of a name that came over a wire; a name that is not ours says only that the peer was done.
constexpr close_reason close_reason_named(std::string_view name) noexcept
{
    for (const auto& entry : detail::close_reason_table) {
        if (entry.name == name) {
            return entry.reason;
        }
    }
    return close_reason::normal;
}

/// The reason of a close code that came over a wire.
constexpr close_reason close_reason_coded(std::uint16_t code) noexcept
{
    for (const auto& entry : detail::close_reason_table) {
        if (entry.code == code) {
            return entry.reason;
        }
    }
    return code == 1007 || code == 1002 || code == 1003 ? close_reason::bad_messages : close_reason::normal;
}

static_assert(
    [] {
        for (std::size_t i = 0; i != close_reason_count; ++i) {
            if (static_cast<std::size_t>(detail::close_reason_table[i].reason) != i) {
                return false;
            }
        }
        return true;
    }(),
    "close_reason_table must stand in the order of close_reason");

} // namespace rejoinder::inline v0

#endif
