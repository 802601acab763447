// When a client dials, how long it waits in between, and when it gives up for good.
#ifndef REJOINDER_CORE_RECONNECTOR_HPP
#define REJOINDER_CORE_RECONNECTOR_HPP

#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/random.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Where a client's link stands.
enum class link_state : std::uint8_t {
    disconnected, ///< not started, or stopped by this side
    connecting,   ///< dialling, or waiting for the welcome
    connected,    ///< a session is attached
    waiting,      ///< between two attempts
    failed,       ///< given up for good: `last_error` says why
};

constexpr std::string_view name_of(link_state state) noexcept
{
    constexpr std::array<std::string_view, 5> names{"disconnected", "connecting", "connected", "waiting", "failed"};
    return names[static_cast<std::size_t>(state)];
}

/// What a reconnector asks its client to do.
enum class dialling : std::uint8_t {
    nothing,
    dial,    ///< open a channel and say hello with `attempt()`; a channel that is still open is closed first
    abandon, ///< this attempt took too long: close it; what comes of it later means nothing (rule 5)
    fail,    ///< give up: settle what is pending
};

/// Whether an error says that trying again cannot help.
inline bool final_for_client(const std::error_code& why) noexcept
{
    return why == errc::auth_refused || why == errc::incompatible || why == errc::replaced || why == errc::too_big;
}

/// A client's connection attempts, as a pure state machine: feed it what happened, call `advance` no later than `next_deadline()`, and do what
/// that says. The first attempt after a connection that worked is immediate; the following wait by the schedule, or as long as a hub asked.
/// All operations are O(1). Distinct objects are independent; one is used from one thread at a time.
template <backoff_schedule Schedule>
class reconnector {
public:
    /// `limit`: of one attempt, from dialling to the welcome. A `limited` schedule that has no further delay means giving up.
    reconnector(Schedule schedule, duration limit, std::uint64_t seed)
        : schedule_(schedule), limit_(limit), random_(seed)
    {}

    // Getters

    [[nodiscard]] link_state state() const noexcept { return state_; }
    /// The number of the attempt that runs or ran last; increasing, for the hello (rule 1).
    [[nodiscard]] std::uint64_t attempt() const noexcept { return attempt_; }
    /// Attempts that failed since the last connection that lasted.
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
    /// Why the last attempt or connection ended; no error before the first end.
    [[nodiscard]] const std::error_code& last_error() const noexcept { return last_error_; }
    /// Since when the state is what it is.
    [[nodiscard]] instant since() const noexcept { return since_; }
    /// When `advance` is due; while waiting, when the next attempt begins.
    [[nodiscard]] instant next_deadline() const noexcept { return due_; }

    // Inputs

    /// Begin, or try at once if an attempt is due later. Also after giving up.
    void start(instant now)
    {
        if (state_ == link_state::connecting || state_ == link_state::connected) {
            return;
        }
        failures_ = 0;
        failing_ = false;
        enter(link_state::waiting, now);
        due_ = now;
    }

    /// The welcome came.
    void connected(instant now)
    {
        worked_ = true;
        enter(link_state::connected, now);
        due_ = never;
    }

    /// The attempt failed, or the connection was lost. `retry_after`: the least delay that the hub asked for.
    void lost(const std::error_code& why, std::optional<duration> retry_after, instant now)
    {
        if (state_ != link_state::connecting && state_ != link_state::connected) {
            return;
        }
        last_error_ = why;
        const bool at_once = sprints(now) && !retry_after;
        failures_ += at_once ? 0U : 1U;
        const auto delay = at_once ? std::optional{duration::zero()} : delay_of(schedule_, failures_, random_);
        if (final_for_client(why) || !delay) {
            enter(link_state::failed, now);
            failing_ = true;
            due_ = now;
            return;
        }
        enter(link_state::waiting, now);
        due_ = later(now, std::max(*delay, retry_after.value_or(duration::zero())));
    }

    /// It cannot work, for a reason of this side's own: gives up.
    void fail(const std::error_code& why, instant now)
    {
        last_error_ = why;
        enter(link_state::failed, now);
        failing_ = true;
        due_ = now;
    }

    /// Stop: no further attempts.
    void stop(instant now)
    {
        enter(link_state::disconnected, now);
        failing_ = false;
        due_ = never;
    }

    /// Time has passed, or something happened: what is to be done now?
    dialling advance(instant now)
    {
        if (std::exchange(failing_, false)) {
            due_ = never;
            return dialling::fail;
        }
        if (now < due_) {
            return dialling::nothing;
        }
        if (state_ == link_state::waiting) {
            enter(link_state::connecting, now);
            due_ = later(now, limit_);
            ++attempt_;
            return dialling::dial;
        }
        if (state_ == link_state::connecting) {
            lost(make_error_code(errc::handshake_timed_out), std::nullopt, now);
            return dialling::abandon;
        }
        return dialling::nothing;
    }

private:
    // Whether the next attempt may be immediate: once after a connection that worked. One that is lost as soon as it is welcomed must not
    // make a loop without delays, so only a connection that lasted earns the next sprint.
    bool sprints(instant now) noexcept
    {
        if (!std::exchange(worked_, false)) {
            return false;
        }
        if (now - since_ >= lasting) {
            failures_ = 0;
            sprinted_ = false;
        }
        return !std::exchange(sprinted_, true);
    }

    void enter(link_state state, instant now) noexcept
    {
        state_ = state;
        since_ = now;
    }

    static constexpr duration lasting = std::chrono::seconds{1};

    Schedule schedule_;
    duration limit_;
    random_source random_;
    link_state state_ = link_state::disconnected;
    bool worked_ = false; // the connection that was lost had been welcomed
    bool sprinted_ = false;
    bool failing_ = false;
    std::uint64_t attempt_ = 0;
    std::uint32_t failures_ = 0;
    std::error_code last_error_;
    instant since_{};
    instant due_ = never;
};

} // namespace rejoinder::inline v0

#endif
