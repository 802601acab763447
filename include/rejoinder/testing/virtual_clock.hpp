// A clock that stands still until a test moves it.
#ifndef REJOINDER_TESTING_VIRTUAL_CLOCK_HPP
#define REJOINDER_TESTING_VIRTUAL_CLOCK_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <chrono>

namespace rejoinder::inline v0::testing {

/// The one clock of a test. It never goes back. One object is used from one thread at a time.
class virtual_clock {
public:
    /// Begins an hour after the epoch, so that a machine that mistakes "no time" for a time is found out.
    explicit virtual_clock(instant start = instant{} + std::chrono::hours{1}) noexcept : now_{start} {}

    [[nodiscard]] instant now() const noexcept { return now_; }

    void advance(duration length) noexcept { now_ = later(now_, std::max(length, duration::zero())); }
    void advance_to(instant when) noexcept { now_ = std::max(now_, when); }

private:
    instant now_;
};

} // namespace rejoinder::inline v0::testing

#endif
