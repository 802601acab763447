// The kinds of disconnect: what a reason says about whose doing it was, for logs and statistics.
#ifndef REJOINDER_CORE_DISCONNECT_KIND_HPP
#define REJOINDER_CORE_DISCONNECT_KIND_HPP

#include <rejoinder/core/close_reason.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rejoinder::inline v0 {

/// Whose doing the end of a connection was.
enum class disconnect_kind : std::uint8_t {
    clean,    ///< one side was done with it
    network,  ///< the link broke, or went silent
    replaced, ///< the client itself came back on another connection
    refused,  ///< it never carried a session
    fault,    ///< the peer broke the protocol, or did not read
    local,    ///< this side shut down, or failed
};

inline constexpr std::size_t disconnect_kind_count = 6;

constexpr std::string_view name_of(disconnect_kind kind) noexcept
{
    constexpr std::array<std::string_view, disconnect_kind_count> names{"clean",   "network", "replaced",
                                                                        "refused", "fault",   "local"};
    return names[static_cast<std::size_t>(kind)];
}

/// The kind that a reason belongs to.
constexpr disconnect_kind kind_of(close_reason reason) noexcept
{
    switch (reason) {
    case close_reason::normal:
    case close_reason::going_away:
    case close_reason::idle: break;
    case close_reason::link_lost:
    case close_reason::silent: return disconnect_kind::network;
    case close_reason::replaced: return disconnect_kind::replaced;
    case close_reason::refused: return disconnect_kind::refused;
    case close_reason::bad_messages:
    case close_reason::too_big:
    case close_reason::flooding:
    case close_reason::slow_peer: return disconnect_kind::fault;
    case close_reason::shutting_down:
    case close_reason::internal: return disconnect_kind::local;
    }
    return disconnect_kind::clean;
}

} // namespace rejoinder::inline v0

#endif
