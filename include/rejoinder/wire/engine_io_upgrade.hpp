// How an Engine.IO v4 session moves from polling to a WebSocket without losing a packet.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ENGINE_IO_UPGRADE_HPP
#define REJOINDER_WIRE_ENGINE_IO_UPGRADE_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>

#include <chrono>
#include <cstdint>

namespace rejoinder::inline v0 {

/// What an upgrade asks of whoever drives it.
enum class upgrade_step : std::uint8_t {
    nothing, ///< wait
    probe,   ///< client: send `ping` with `probe` on the WebSocket
    answer,  ///< server: send `pong` with `probe` on the WebSocket, and end the poll that waits with a `noop`
    pause,   ///< client: poll no more; when the last request is answered, call `paused`
    commit,  ///< client: send `upgrade` on the WebSocket; it carries the session from here on, both ways
    moved,   ///< server: the WebSocket carries the session from here on, both ways
    failed,  ///< close the WebSocket; the session stays with polling
};

/// How long an upgrade may take.
inline constexpr duration engine_io_upgrade_timeout = std::chrono::seconds{10};

/// The server's side of one attempt. Make one when the WebSocket of a polling session opens; after `moved` or `failed`
/// it has nothing more to say. While it lasts, messages go by polling. O(1), allocates nothing.
class engine_io_server_upgrade {
public:
    constexpr explicit engine_io_server_upgrade(instant now, duration timeout = engine_io_upgrade_timeout) noexcept
        : until_{later(now, timeout)}
    {}

    /// A packet came on the WebSocket.
    constexpr upgrade_step receive(const engine_io_packet& packet) noexcept
    {
        if (state_ == state::opened && packet.type == engine_io_type::ping && packet.data == engine_io_probe) {
            state_ = state::answered;
            return upgrade_step::answer;
        }
        if (state_ == state::answered && packet.type == engine_io_type::upgrade) {
            state_ = state::over;
            return upgrade_step::moved;
        }
        return fail();
    }

    /// Whether the client may be waiting for its poll to end: then a poll that waits or comes is answered at once, with a
    /// `noop` if there is nothing else.
    [[nodiscard]] constexpr bool hurries_polls() const noexcept { return state_ == state::answered; }

    [[nodiscard]] constexpr instant next_deadline() const noexcept { return state_ == state::over ? never : until_; }

    /// Time has passed, or the WebSocket is gone: `failed` if that is the end of it.
    constexpr upgrade_step advance(instant now) noexcept
    {
        return now < next_deadline() ? upgrade_step::nothing : fail();
    }

private:
    enum class state : std::uint8_t { opened, answered, over };

    constexpr upgrade_step fail() noexcept
    {
        const bool first = state_ != state::over;
        state_ = state::over;
        return first ? upgrade_step::failed : upgrade_step::nothing;
    }

    instant until_;
    state state_ = state::opened;
};

/// The client's side of one attempt. Make one when its WebSocket is open, and do what `start` says. After `commit` or
/// `failed` it has nothing more to say. O(1), allocates nothing.
class engine_io_client_upgrade {
public:
    constexpr explicit engine_io_client_upgrade(instant now, duration timeout = engine_io_upgrade_timeout) noexcept
        : until_{later(now, timeout)}
    {}

    constexpr upgrade_step start() const noexcept { return upgrade_step::probe; }

    /// A packet came on the WebSocket.
    constexpr upgrade_step receive(const engine_io_packet& packet) noexcept
    {
        if (state_ == state::probing && packet.type == engine_io_type::pong && packet.data == engine_io_probe) {
            state_ = state::pausing;
            return upgrade_step::pause;
        }
        return fail();
    }

    /// No poll and no POST is under way any more.
    constexpr upgrade_step paused() noexcept
    {
        if (state_ != state::pausing) {
            return upgrade_step::nothing;
        }
        state_ = state::over;
        return upgrade_step::commit;
    }

    [[nodiscard]] constexpr instant next_deadline() const noexcept { return state_ == state::over ? never : until_; }

    /// Time has passed: `failed` if that is the end of it.
    constexpr upgrade_step advance(instant now) noexcept
    {
        return now < next_deadline() ? upgrade_step::nothing : fail();
    }

private:
    enum class state : std::uint8_t { probing, pausing, over };

    constexpr upgrade_step fail() noexcept
    {
        const bool first = state_ != state::over;
        state_ = state::over;
        return first ? upgrade_step::failed : upgrade_step::nothing;
    }

    instant until_;
    state state_ = state::probing;
};

} // namespace rejoinder::inline v0

#endif
