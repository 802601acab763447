// When an Engine.IO v4 server pings, and when either side gives its silent peer up.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ENGINE_IO_HEARTBEAT_HPP
#define REJOINDER_WIRE_ENGINE_IO_HEARTBEAT_HPP

#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace rejoinder::inline v0 {

namespace detail {

// The wait for one word of the peer. A verdict that comes late, because this side was asleep, is put off once: what the
// peer said may lie unread.
class engine_io_wait {
public:
    constexpr engine_io_wait(instant now, duration length) noexcept : until_{later(now, length)}, length_{length} {}

    [[nodiscard]] constexpr instant until() const noexcept { return until_; }

    // Whether it was in vain.
    constexpr bool over(instant now) noexcept
    {
        if (now < until_) {
            return false;
        }
        if (excused_ || now - until_ < length_ / 2) {
            return true;
        }
        excused_ = true;
        until_ = later(now, std::min<duration>(length_, second_look));
        return false;
    }

private:
    static constexpr duration second_look = std::chrono::seconds{1};

    instant until_;
    duration length_;
    bool excused_ = false;
};

} // namespace detail

/// The server's side: it pings `ping_interval` after the opening and after each pong, and waits `ping_timeout` for the
/// pong. Before `advance`, feed what has been read already; call it at `next_deadline`. O(1), allocates nothing.
class engine_io_server_heartbeat {
public:
    /// The heartbeat of a session that opens now.
    constexpr engine_io_server_heartbeat(const engine_io_terms& terms, instant now) noexcept
        : interval_{terms.ping_interval}, timeout_{terms.ping_timeout}, ping_at_{later(now, interval_)}
    {}

    [[nodiscard]] constexpr instant next_deadline() const noexcept { return pong_ ? pong_->until() : ping_at_; }

    /// `beat::ping`: emit a ping packet now; its pong is awaited from here on. `beat::dead`: the session is over.
    constexpr beat advance(instant now) noexcept
    {
        if (pong_) {
            return pong_->over(now) ? beat::dead : beat::nothing;
        }
        if (now < ping_at_) {
            return beat::nothing;
        }
        pong_.emplace(now, timeout_);
        return beat::ping;
    }

    /// A pong came. One that was not asked for changes nothing.
    constexpr void pong(instant now) noexcept
    {
        if (pong_) {
            pong_.reset();
            ping_at_ = later(now, interval_);
        }
    }

private:
    duration interval_;
    duration timeout_;
    instant ping_at_;
    std::optional<detail::engine_io_wait> pong_; // while one is awaited
};

/// The client's side: it answers each ping, and gives the server up when none has come for `ping_interval` and
/// `ping_timeout` together. Whatever else comes says nothing of the session: a proxy may still deliver old packets.
class engine_io_client_heartbeat {
public:
    /// The heartbeat of a session whose handshake has just come.
    constexpr engine_io_client_heartbeat(const engine_io_terms& terms, instant now) noexcept
        : patience_{terms.ping_timeout > duration::max() - terms.ping_interval
                        ? duration::max()
                        : terms.ping_interval + terms.ping_timeout},
          ping_{now, patience_}
    {}

    [[nodiscard]] constexpr instant next_deadline() const noexcept { return ping_.until(); }

    /// `beat::dead`: the session is over; else `beat::nothing`.
    constexpr beat advance(instant now) noexcept { return ping_.over(now) ? beat::dead : beat::nothing; }

    /// A ping came: answer it with a pong of the same data.
    constexpr void ping(instant now) noexcept { ping_ = {now, patience_}; }

private:
    duration patience_;
    detail::engine_io_wait ping_;
};

} // namespace rejoinder::inline v0

#endif
