// How long the way to the peer and back takes, learned from pings, and how long to wait before doubting it.
#ifndef REJOINDER_CORE_ROUND_TRIP_HPP
#define REJOINDER_CORE_ROUND_TRIP_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <chrono>

namespace rejoinder::inline v0 {

/// The estimate of RFC 6298: a smoothed round trip, its mean deviation, and the timeout that follows from them.
///
/// Give it samples of pings only: a ping carries its number, so no sample is ambiguous (Karn's rule), and no handler's
/// time is in it. All operations are O(1). Distinct objects are independent; one object is used from one thread at a
/// time.
class round_trip {
public:
    /// Whether there was a sample.
    [[nodiscard]] constexpr bool known() const noexcept { return known_; }

    /// The smoothed round trip (SRTT); zero while nothing is known.
    [[nodiscard]] constexpr duration smoothed() const noexcept { return smoothed_; }

    /// The smoothed deviation (RTTVAR); zero while nothing is known.
    [[nodiscard]] constexpr duration variation() const noexcept { return variation_; }

    /// How long an answer may take before its absence means something: SRTT + max(1 ms, 4 · RTTVAR), not below `least`,
    /// doubled for each `back_off`, not above `most`. While nothing is known: `most`.
    [[nodiscard]] constexpr duration timeout(duration least, duration most) const noexcept
    {
        if (!known_) {
            return most;
        }
        const duration expected = std::max(least, smoothed_ + std::max(granularity, 4 * variation_));
        const duration::rep doubled = duration::rep{1} << doublings_;
        return expected > most / doubled ? most : expected * doubled;
    }

    /// How long a proof may be waited for before a ping is sent to get one, if `timeout(pong_least, most)` is then waited for its pong:
    /// so long that both together take pong_least + `least` + SRTT / 2, or the second alone if that is longer. So a link that is quick
    /// and steady is doubted only when a proof is overdue, one whose round trip is long or not well known yet in time. Doubled for each
    /// `back_off`, not above `most`. While nothing is known: `most`.
    [[nodiscard]] constexpr duration doubt(duration least, duration pong_least, duration most) const noexcept
    {
        if (!known_ || least >= most) {
            return most;
        }
        const duration expected = smoothed_ + std::max(granularity, 4 * variation_);
        const duration spent = expected > pong_least ? expected - pong_least : duration::zero();
        const duration granted = least + std::min(most - least, smoothed_ / 2);
        const duration left = granted > spent ? granted - spent : duration::zero();
        const duration::rep doubled = duration::rep{1} << doublings_;
        return left > most / doubled ? most : left * doubled;
    }

    /// One ping came back after `length`. A negative length counts as zero.
    constexpr void sample(duration length) noexcept
    {
        const duration measured = std::clamp(length, duration::zero(), longest);
        if (!known_) {
            known_ = true;
            smoothed_ = measured;
            variation_ = measured / 2;
            return;
        }
        const duration error = measured > smoothed_ ? measured - smoothed_ : smoothed_ - measured;
        variation_ += (error - variation_) / 4;  // beta, RFC 6298 §2.3
        smoothed_ += (measured - smoothed_) / 8; // alpha
    }

    /// A timeout made this side give up the link: the next ones are twice as long (RFC 6298 §5.5), at most 2^20 times.
    ///
    /// Without it, a link on which one large message takes longer than the timeout would be given up, and the message
    /// sent again, for ever.
    constexpr void back_off() noexcept { doublings_ = std::min(doublings_ + 1, doublings_max); }

    /// The link answered in time when it was doubted: timeouts are as estimated again.
    constexpr void settle() noexcept { doublings_ = 0; }

    friend constexpr bool operator==(const round_trip&, const round_trip&) = default;

private:
    // The clock's granularity G of RFC 6298 §2.3: timers of ordinary systems are no finer than this.
    static constexpr duration granularity = std::chrono::milliseconds{1};
    // So long that smoothed + 4 · variation cannot overflow.
    static constexpr duration longest = duration::max() / 16;
    static constexpr int doublings_max = 20;

    duration smoothed_{};
    duration variation_{};
    int doublings_ = 0;
    bool known_ = false;
};

} // namespace rejoinder::inline v0

#endif
