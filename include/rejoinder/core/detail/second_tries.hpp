// Whether a try that failed is followed by another one: what may be repeated, the policy, and the budget.
#ifndef REJOINDER_CORE_DETAIL_SECOND_TRIES_HPP
#define REJOINDER_CORE_DETAIL_SECOND_TRIES_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/retry_budget.hpp>

#include <cstdint>
#include <optional>
#include <system_error>

namespace rejoinder::inline v0::detail {

/// Of one session.
template <class Policies>
class second_tries {
public:
    second_tries(const session_options<Policies>& options, counters& counts, std::uint64_t seed)
        : options_(options), counts_(counts), random_(seed), budget_(options.retries)
    {}

    /// A call is made.
    void called(instant now) noexcept { budget_.called(now); }

    /// How long to rest before the next try, when the last one, which is counted, was answered with an error; nothing: there is none.
    template <class Completion>
    std::optional<duration> after_error(const delivery<Completion>& place, const std::error_code& error, instant now)
    {
        if (!may_repeat(place, error)) {
            return std::nullopt;
        }
        return paid(options_.retry.next(place.attempts, error, place.deadline - now, random_), now);
    }

    /// Whether there is a next try when the last one, which is not counted yet, was not answered in time. That wait was rest enough.
    template <class Completion>
    bool after_silence(const delivery<Completion>& place, instant now)
    {
        const auto error = make_error_code(errc::timed_out);
        return may_repeat(place, error) &&
               paid(options_.retry.next(place.attempts + 1, error, duration::max(), random_), now).has_value();
    }

private:
    template <class Completion>
    static bool may_repeat(const delivery<Completion>& place, const std::error_code& error)
    {
        return place.repeat == repeatable::idempotent ||
               (place.kind == message_kind::delivery && error != errc::interrupted);
    }

    std::optional<duration> paid(std::optional<duration> rest, instant now)
    {
        if (rest && !budget_.take(now)) {
            ++counts_.over_budget;
            return std::nullopt;
        }
        return rest;
    }

    const session_options<Policies>& options_;
    counters& counts_;
    random_source random_;
    retry_budget budget_;
};

} // namespace rejoinder::inline v0::detail

#endif
