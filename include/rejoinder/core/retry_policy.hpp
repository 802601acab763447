// Which failed attempts are tried again, and when.
#ifndef REJOINDER_CORE_RETRY_POLICY_HPP
#define REJOINDER_CORE_RETRY_POLICY_HPP

#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/random.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <system_error>

namespace rejoinder::inline v0 {

/// A policy on retries: of deliveries, and of calls marked idempotent (rule 15). What goes out again after a lost link
/// is no retry, and is not asked about here.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `p.retryable(ec)` (const) | `bool` | whether another attempt could end better than with this error |
/// | `p.next(made, ec, left, generator)` (const) | `std::optional<duration>` | the wait before the next attempt, when `made` attempts (from 1) have been made, the last of which ended with `ec`, and `left` is the time until the call's deadline (`duration::max()`: none); nothing: give up. Less than `left`. `generator` is any `random_generator` |
template <class P>
concept retry_policy = std::copyable<P> && requires(const P& policy, unsigned made, const std::error_code& ec,
                                                    duration left, random_source& generator) {
    { policy.retryable(ec) } -> std::same_as<bool>;
    { policy.next(made, ec, left, generator) } -> std::same_as<std::optional<duration>>;
};

namespace detail {

// Whatever says that the same message would meet the same fate is final, as is what somebody wanted and what ended the
// session.
inline bool may_pass(const std::error_code& ec) noexcept
{
    const auto kind = kind_of(ec);
    return kind == errc::handler_error || kind == errc::busy || kind == errc::timed_out || kind == errc::interrupted;
}

template <backoff_schedule Schedule, random_generator G>
std::optional<duration> delay_within(const Schedule& schedule, unsigned made, duration left, G& generator)
{
    const auto delay = delay_of(schedule, made, generator);
    return delay && *delay < left ? delay : std::nullopt;
}

} // namespace detail

/// The default: 3 attempts, spread around 1, 2, 4, 5, 5, ... s apart, for what may pass: a handler that failed, a peer
/// that is busy or was interrupted, an attempt that took too long. All else is final: `no_handler`, `bad_payload`,
/// `auth_refused`, `cancelled`, an error of the application, a foreign code. O(log attempts). Distinct objects are
/// independent; one that nobody changes serves any thread.
struct standard_retry {
    unsigned attempts = 3; ///< of one message, the first included; 0 counts as 1
    jittered<exponential_backoff> backoff{.first = std::chrono::seconds{1}, .cap = std::chrono::seconds{5}};

    [[nodiscard]] bool retryable(const std::error_code& ec) const noexcept { return detail::may_pass(ec); }

    template <random_generator G>
    [[nodiscard]] std::optional<duration> next(unsigned made, const std::error_code& ec, duration left,
                                               G& generator) const
    {
        return made < attempts && retryable(ec) ? detail::delay_within(backoff, made, left, generator) : std::nullopt;
    }
};

/// The same with any schedule.
template <backoff_schedule Schedule>
struct scheduled_retry {
    unsigned attempts = 3;
    Schedule backoff{};

    [[nodiscard]] bool retryable(const std::error_code& ec) const noexcept { return detail::may_pass(ec); }

    template <random_generator G>
    [[nodiscard]] std::optional<duration> next(unsigned made, const std::error_code& ec, duration left,
                                               G& generator) const
    {
        return made < attempts && retryable(ec) ? detail::delay_within(backoff, made, left, generator) : std::nullopt;
    }
};

/// One attempt, whatever comes.
struct no_retry {
    [[nodiscard]] bool retryable(const std::error_code& /*ec*/) const noexcept { return false; }

    template <random_generator G>
    [[nodiscard]] std::optional<duration> next(unsigned /*made*/, const std::error_code& /*ec*/, duration /*left*/,
                                               G& /*generator*/) const
    {
        return std::nullopt;
    }
};

} // namespace rejoinder::inline v0

#endif
