// How long to wait before the n-th try: schedules, and what limits and spreads them.
#ifndef REJOINDER_CORE_BACKOFF_HPP
#define REJOINDER_CORE_BACKOFF_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/random.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

namespace rejoinder::inline v0 {

namespace detail {

template <class S>
concept plain_schedule = requires(const S& schedule, unsigned n) {
    { schedule.delay(n) } -> std::convertible_to<std::optional<duration>>;
};

template <class S, class G>
concept random_schedule = requires(const S& schedule, unsigned n, G& generator) {
    { schedule.delay(n, generator) } -> std::convertible_to<std::optional<duration>>;
};

} // namespace detail

/// A schedule of delays. A value without memory: asked twice for one number it gives the same delay, or one of the same
/// distribution.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `s.delay(n)` (const) | `duration` or `std::optional<duration>` | the wait before try n + 1: n counts the failures so far, from 1 (0 counts as 1); nothing: no more tries |
/// | `s.delay(n, generator)` (const) | the same | instead, for a schedule that draws lots; `generator` is any `random_generator` |
///
/// It has one of the two; `delay_of` asks whichever it is.
template <class S>
concept backoff_schedule = std::copyable<S> && (detail::plain_schedule<S> || detail::random_schedule<S, random_source>);

/// The n-th delay of any schedule, n from 1; nothing: no more tries. Never negative.
template <backoff_schedule S, random_generator G>
[[nodiscard]] constexpr std::optional<duration> delay_of(const S& schedule, unsigned n, G& generator)
{
    std::optional<duration> delay;
    if constexpr (detail::random_schedule<S, G>) {
        delay = schedule.delay(std::max(n, 1U), generator);
    } else {
        delay = schedule.delay(std::max(n, 1U));
    }
    return delay ? std::optional{std::max(*delay, duration::zero())} : std::nullopt;
}

/// The same delay each time.
struct constant_backoff {
    duration every = std::chrono::seconds{1};

    [[nodiscard]] constexpr duration delay(unsigned /*n*/) const noexcept { return every; }
};

/// `first`, and each next one `factor` times as long, up to `cap`. A factor of 1 or less repeats `first`. O(log n).
struct exponential_backoff {
    duration first = std::chrono::seconds{1};
    double factor = 2;
    duration cap = std::chrono::seconds{30};

    [[nodiscard]] constexpr duration delay(unsigned n) const noexcept
    {
        if (!(factor > 1) || n <= 1 || first <= duration::zero()) {
            return std::min(first, cap);
        }
        // Beyond every duration the power becomes infinite, which is above the cap as it should be.
        const double grown = static_cast<double>(first.count()) * power(n - 1);
        return grown < static_cast<double>(cap.count()) ? duration{static_cast<duration::rep>(grown)} : cap;
    }

private:
    [[nodiscard]] constexpr double power(unsigned exponent) const noexcept
    {
        constexpr double enough = 1e30;
        double result = 1;
        for (double square = factor; exponent != 0; exponent >>= 1) {
            if ((exponent & 1U) != 0) {
                result = std::min(result * square, enough);
            }
            square = std::min(square * square, enough);
        }
        return result;
    }
};

/// Up to 8 delays, one after the other; the last repeats. Without arguments: 1, 2, 4, 8, 16 s.
class sequence_backoff {
public:
    static constexpr std::size_t delays_max = 8;

    constexpr sequence_backoff() noexcept = default;

    /// Any lengths of time, in their order.
    template <std::convertible_to<duration>... Delays>
        requires(sizeof...(Delays) >= 1 && sizeof...(Delays) <= delays_max)
    constexpr sequence_backoff(Delays... delays) noexcept : delays_{duration{delays}...}, count_{sizeof...(Delays)}
    {}

    [[nodiscard]] constexpr duration delay(unsigned n) const noexcept
    {
        return delays_[std::min<std::size_t>(std::max(n, 1U), count_) - 1];
    }

private:
    std::array<duration, delays_max> delays_{std::chrono::seconds{1}, std::chrono::seconds{2}, std::chrono::seconds{4},
                                             std::chrono::seconds{8}, std::chrono::seconds{16}};
    std::size_t count_ = 5;
};

/// How a delay d is spread, so that clients which lost one hub do not return together. After Marc Brooker, "Exponential
/// Backoff And Jitter", AWS Architecture Blog, 2015.
enum class jitter : std::uint8_t {
    full,         ///< anywhere in [0, d]: spreads best
    equal,        ///< anywhere in [d/2, d]: never at once
    decorrelated, ///< in [first, 3 · the delay before], itself drawn so, up to the schedule's last
};

namespace detail {

template <random_generator G>
constexpr duration random_between(duration least, duration most, G& generator)
{
    if (most <= least) {
        return most;
    }
    const auto width = static_cast<std::uint64_t>((most - least).count());
    return least + duration{static_cast<duration::rep>(random_up_to(width, generator))};
}

// The delay before is drawn anew, as is the one before that: each delay then has the distribution of a remembered walk,
// and the schedule needs no memory. After so many steps the walk's start no longer shows.
inline constexpr unsigned walk_steps_max = 32;

template <backoff_schedule S, random_generator G>
constexpr duration decorrelated_delay(const S& schedule, unsigned n, duration usual, G& generator)
{
    const duration first = delay_of(schedule, 1, generator).value_or(usual);
    const duration last =
        std::max(first, delay_of(schedule, std::numeric_limits<unsigned>::max(), generator).value_or(usual));
    duration drawn = first;
    for (unsigned step = std::min(n, walk_steps_max); step != 0; --step) {
        drawn = random_between(first, drawn > last / 3 ? last : drawn * 3, generator);
    }
    return drawn;
}

template <jitter Kind, backoff_schedule S, random_generator G>
constexpr std::optional<duration> jittered_delay(const S& schedule, unsigned n, G& generator)
{
    const auto usual = delay_of(schedule, n, generator);
    if (!usual) {
        return std::nullopt;
    }
    if constexpr (Kind == jitter::full) {
        return random_between(duration::zero(), *usual, generator);
    } else if constexpr (Kind == jitter::equal) {
        return random_between(*usual / 2, *usual, generator);
    } else {
        return decorrelated_delay(schedule, n, *usual, generator);
    }
}

} // namespace detail

/// A schedule whose delays are spread by lot.
template <backoff_schedule Schedule, jitter Kind = jitter::equal>
struct jittered {
    Schedule schedule{};

    template <random_generator G>
    [[nodiscard]] constexpr std::optional<duration> delay(unsigned n, G& generator) const
    {
        return detail::jittered_delay<Kind>(schedule, n, generator);
    }
};

/// The exponential one has the fields of its schedule, so that options name them: `{.first = 250ms, .cap = 30s}`.
template <jitter Kind>
struct jittered<exponential_backoff, Kind> {
    duration first = exponential_backoff{}.first;
    double factor = exponential_backoff{}.factor;
    duration cap = exponential_backoff{}.cap;

    template <random_generator G>
    [[nodiscard]] constexpr std::optional<duration> delay(unsigned n, G& generator) const
    {
        return detail::jittered_delay<Kind>(exponential_backoff{first, factor, cap}, n, generator);
    }
};

/// A schedule none of whose delays is above `cap`.
template <backoff_schedule Schedule>
struct capped {
    Schedule schedule{};
    duration cap = std::chrono::seconds{30};

    template <random_generator G>
    [[nodiscard]] constexpr std::optional<duration> delay(unsigned n, G& generator) const
    {
        const auto usual = delay_of(schedule, n, generator);
        return usual ? std::optional{std::min(*usual, cap)} : std::nullopt;
    }
};

/// A schedule that ends after `count` delays.
template <backoff_schedule Schedule>
struct limited {
    Schedule schedule{};
    unsigned count = 5;

    template <random_generator G>
    [[nodiscard]] constexpr std::optional<duration> delay(unsigned n, G& generator) const
    {
        return n <= count ? delay_of(schedule, n, generator) : std::nullopt;
    }
};

} // namespace rejoinder::inline v0

#endif
