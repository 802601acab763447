// When a client dials, how long it waits in between, and when it gives up for good.
#ifndef REJOINDER_CORE_RECONNECTOR_HPP
#define REJOINDER_CORE_RECONNECTOR_HPP

#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/link_verdict.hpp>
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
    return is_final(verdict_on(why));
}

/// A client's connection attempts, as a pure state machine: feed it what happened, call `advance` no later than `next_deadline()`, and do what
/// that says. The first attempt after a connection that worked is immediate; the following wait by the schedule. A hub that said goodbye, or
/// when to come back, is waited for by all of its clients at once: then there is no immediate attempt, and the wait is spread over a quarter
/// more than the hub asked for.
///
/// With several ways to the other side (`ways`), a failed attempt goes on with the next way at once, and begins with the one that worked last;
/// a round of failures, one each way, counts as one and is followed by the schedule's delay.
///
/// It gives up on what is final (`is_final`), on what is doubtful in `rounds_of_doubt` rounds in a row each way while no connection ever worked,
/// and when a `limited` schedule ends. All operations are O(1). Distinct objects are independent; one is used from one thread at a time.
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
    /// Which way the attempt that runs or comes next takes, from 0.
    [[nodiscard]] std::size_t way() const noexcept { return way_; }
    /// Attempts, or rounds of them, that failed since the last connection that lasted.
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
    /// Why the last attempt or connection ended; none before the first end, and while connected.
    [[nodiscard]] const std::error_code& last_error() const noexcept { return last_error_; }
    /// What that means; none while connected.
    [[nodiscard]] link_verdict verdict() const noexcept { return verdict_; }
    /// When the newest connection was welcomed, also after its end; none: not yet.
    [[nodiscard]] const std::optional<instant>& connected_since() const noexcept { return connected_since_; }
    /// When it ended, or this was started; none while connected, and before the start.
    [[nodiscard]] const std::optional<instant>& disconnected_since() const noexcept { return disconnected_since_; }
    /// When the next attempt begins; `never` if there is none to wait for.
    [[nodiscard]] instant next_try_at() const noexcept { return state_ == link_state::waiting ? due_ : never; }
    /// Since when the state is what it is.
    [[nodiscard]] instant since() const noexcept { return since_; }
    /// When `advance` is due; while waiting, when the next attempt begins.
    [[nodiscard]] instant next_deadline() const noexcept { return due_; }

    // Inputs

    /// How many ways there are to the other side, at least 1. Before the start.
    void ways(std::size_t count) noexcept { ways_ = std::max<std::size_t>(count, 1); }

    /// Begin, or try at once if an attempt is due later. Also after giving up.
    void start(instant now)
    {
        if (state_ == link_state::connecting || state_ == link_state::connected) {
            return;
        }
        failures_ = 0;
        doubts_ = 0;
        new_round();
        failing_ = false;
        disconnected_since_ = disconnected_since_.value_or(now);
        enter(link_state::waiting, now);
        due_ = now;
    }

    /// The welcome came.
    void connected(instant now)
    {
        worked_ = true;
        ever_worked_ = true;
        last_error_ = {};
        verdict_ = link_verdict::none;
        connected_since_ = now;
        disconnected_since_.reset();
        new_round();
        enter(link_state::connected, now);
        due_ = never;
    }

    /// The attempt failed, or the connection was lost. `retry_after`: the least delay that the hub asked for; zero: it said goodbye, and all
    /// its clients are told so at once. `verdict`: what the error means.
    void lost(const std::error_code& why, link_verdict verdict, std::optional<duration> retry_after, instant now)
    {
        if (state_ != link_state::connecting && state_ != link_state::connected) {
            return;
        }
        last_error_ = why;
        verdict_ = verdict;
        disconnected_since_ = disconnected_since_.value_or(now);
        if (is_final(verdict)) {
            give_up(now);
        } else if (const auto delay = delay_after_loss(retry_after, now)) {
            enter(link_state::waiting, now);
            due_ = later(now, *delay);
        } else {
            give_up(now);
        }
    }
    void lost(const std::error_code& why, std::optional<duration> retry_after, instant now)
    {
        lost(why, verdict_on(why), retry_after, now);
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
        disconnected_since_ = disconnected_since_.value_or(now);
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
    // How long until the next attempt; nothing: there is none.
    std::optional<duration> delay_after_loss(std::optional<duration> retry_after, instant now)
    {
        const bool was_up = state_ == link_state::connected;
        if (sprints(now) && !retry_after) {
            return duration::zero();
        }
        asked_ = std::max(asked_, retry_after.value_or(duration::zero()));
        if (!was_up && tries_another_way()) {
            return duration::zero();
        }
        ++failures_;
        doubts_ = doubtful_ == ways_ ? doubts_ + 1 : 0;
        const auto asked = asked_;
        const auto enough = doubts_needed_;
        new_round();
        if (doubts_ >= enough && !ever_worked_) {
            return std::nullopt;
        }
        const auto usual = delay_of(schedule_, failures_, random_);
        return usual ? std::optional{std::max(*usual, spread(asked))} : std::nullopt;
    }

    // The attempt failed. Is there a way that this round has not tried?
    bool tries_another_way() noexcept
    {
        if (is_doubtful(verdict_)) {
            ++doubtful_;
            doubts_needed_ = std::max(doubts_needed_, rounds_of_doubt(verdict_));
        }
        way_ = (way_ + 1) % ways_;
        return ++tried_ < ways_;
    }

    void new_round() noexcept
    {
        tried_ = 0;
        doubtful_ = 0;
        doubts_needed_ = 1;
        asked_ = duration::zero();
    }

    // All clients of a hub are asked for the same delay at the same time.
    duration spread(duration asked)
    {
        const auto width = static_cast<std::uint64_t>(asked.count()) / 4;
        return asked + duration{static_cast<duration::rep>(detail::random_up_to(width, random_))};
    }

    void give_up(instant now)
    {
        enter(link_state::failed, now);
        failing_ = true;
        due_ = now;
    }

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
    link_verdict verdict_ = link_verdict::none;
    bool worked_ = false;      // the connection that was lost had been welcomed
    bool ever_worked_ = false; // some connection had
    bool sprinted_ = false;
    bool failing_ = false;
    std::uint64_t attempt_ = 0;
    std::uint32_t failures_ = 0;
    std::uint32_t doubts_ = 0; // rounds in a row all of whose attempts ended doubtfully
    std::size_t ways_ = 1;
    std::size_t way_ = 0;
    std::size_t tried_ = 0;    // ways in this round
    std::size_t doubtful_ = 0; // of those
    std::uint32_t doubts_needed_ = 1;
    duration asked_{}; // the longest delay that a hub asked for in this round
    std::error_code last_error_;
    std::optional<instant> connected_since_;
    std::optional<instant> disconnected_since_;
    instant since_{};
    instant due_ = never;
};

} // namespace rejoinder::inline v0

#endif
