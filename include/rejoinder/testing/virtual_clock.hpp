// A clock that stands still until a test moves it.
#ifndef REJOINDER_TESTING_VIRTUAL_CLOCK_HPP
#define REJOINDER_TESTING_VIRTUAL_CLOCK_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rejoinder::inline v0::testing {

/// The one clock of a test. It never goes back; the wall's clock beside it may. One object is used from one thread at a time.
class virtual_clock {
public:
    /// Begins an hour after the epoch, so that a machine that mistakes "no time" for a time is found out.
    explicit virtual_clock(instant start = instant{} + std::chrono::hours{1}) noexcept : now_{start} {}

    [[nodiscard]] instant now() const noexcept { return now_; }

    /// What the wall's clock shows, in milliseconds since 1970: it goes with this one, but for what `turn_wall` did to it.
    [[nodiscard]] std::int64_t wall() const noexcept
    {
        constexpr std::int64_t some_day = 1'700'000'000'000;
        return some_day + std::chrono::duration_cast<std::chrono::milliseconds>(now_ - instant{} + turned_).count();
    }

    void advance(duration length) noexcept { now_ = later(now_, std::max(length, duration::zero())); }
    void advance_to(instant when) noexcept { now_ = std::max(now_, when); }
    /// Somebody, or a time server, sets the wall's clock: by so much, forwards or back.
    void turn_wall(duration by) noexcept { turned_ += by; }

private:
    instant now_;
    duration turned_{};
};

} // namespace rejoinder::inline v0::testing

#endif
