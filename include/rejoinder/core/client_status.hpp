// Where a client stands, as one value: for a person's screen, a health check, or a program's decisions.
#ifndef REJOINDER_CORE_CLIENT_STATUS_HPP
#define REJOINDER_CORE_CLIENT_STATUS_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/link_verdict.hpp>
#include <rejoinder/core/reconnector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

/// Where a client stands.
enum class standing : std::uint8_t {
    disconnected, ///< told to stay away, or between two attempts: then `next_try_at` says when
    connecting,   ///< dialling, or waiting for the welcome
    connected,    ///< a session is attached
    polling,      ///< the link is down for so long that the program's poll stands in for it; attempts go on behind it
    failed,       ///< given up for good: `verdict` and `last_error` say why
};

constexpr std::string_view name_of(standing state) noexcept
{
    constexpr std::array<std::string_view, 5> names{"disconnected", "connecting", "connected", "polling", "failed"};
    return names[static_cast<std::size_t>(state)];
}

/// Where a client stands, and since when and why.
struct client_status {
    standing state = standing::disconnected;
    instant since{};                          ///< of the state
    std::optional<instant> connected_since{}; ///< when the newest connection was welcomed, also after its end
    bool resumed = false; ///< whether that connection found the session of the one before it: nothing was lost
    std::optional<instant> disconnected_since{}; ///< when it ended, or the client was started; none while connected
    std::uint32_t attempts = 0;                  ///< rounds of attempts that failed in a row
    link_verdict verdict = link_verdict::none;   ///< on `last_error`
    std::error_code last_error{}; ///< why the last attempt or connection ended; none again once connected
    instant next_try_at = never;  ///< when the next attempt begins, if it is known
    std::string connection_id{};  ///< of the newest attempt, as both sides' events have it
};

/// Where the link alone stands, as a program sees it: between two attempts it is disconnected.
constexpr standing standing_of(link_state link) noexcept
{
    switch (link) {
    case link_state::connecting: return standing::connecting;
    case link_state::connected: return standing::connected;
    case link_state::failed: return standing::failed;
    case link_state::waiting:
    case link_state::disconnected: break;
    }
    return standing::disconnected;
}

} // namespace rejoinder::inline v0

#endif
