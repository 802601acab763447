// Time as the core sees it: a value handed in, never read from a clock.
#ifndef REJOINDER_CORE_INSTANT_HPP
#define REJOINDER_CORE_INSTANT_HPP

#include <chrono>

namespace rejoinder::inline v0 {

/// A point in time on a clock that never goes back. Whoever drives a machine of the core passes it in.
using instant = std::chrono::steady_clock::time_point;

/// A length of time.
using duration = std::chrono::steady_clock::duration;

/// The instant that no clock reaches: what a machine with nothing to wait for reports.
inline constexpr instant never = instant::max();

/// `now + length` without overflow: a length too long to add is `never`.
constexpr instant later(instant now, duration length) noexcept
{
    return now > instant{} && length >= never - now ? never : now + length;
}

} // namespace rejoinder::inline v0

#endif
