// A rate with a burst: how many of something may pass now.
#ifndef REJOINDER_CORE_TOKEN_BUCKET_HPP
#define REJOINDER_CORE_TOKEN_BUCKET_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rejoinder::inline v0 {

/// A token bucket: it holds at most `burst` tokens, is full at first, and `per_second` tokens drop in, evenly.
///
/// Its arithmetic is in whole numbers, so that no rounding adds up. A clock that goes back adds nothing. All operations
/// are O(1). Distinct objects are independent; one object is used from one thread at a time.
class token_bucket {
public:
    /// `per_second`: 0 never refills. `burst`: the tokens it can hold; 0 lets nothing pass.
    constexpr token_bucket(std::uint32_t per_second, std::uint32_t burst) noexcept
        : per_second_{per_second}, full_{burst * token}, credit_{full_}
    {}

    /// How many tokens there are now.
    [[nodiscard]] constexpr std::uint32_t available(instant now) const noexcept
    {
        return static_cast<std::uint32_t>(credit_at(now) / token);
    }

    /// When `count` tokens will be there, if none is taken before; `now` if they are, `never` if they cannot be.
    [[nodiscard]] constexpr instant ready_at(instant now, std::uint32_t count = 1) const noexcept
    {
        const auto credit = credit_at(now);
        const auto wanted = count * token;
        if (credit >= wanted) {
            return now;
        }
        if (wanted > full_ || per_second_ == 0) {
            return never;
        }
        const auto wait = (wanted - credit + per_second_ - 1) / per_second_;
        return later(std::max(now, refilled_at_), std::chrono::duration_cast<duration>(std::chrono::nanoseconds{wait}));
    }

    /// Takes `count` tokens if they are there. All or none.
    constexpr bool take(instant now, std::uint32_t count = 1) noexcept
    {
        credit_ = credit_at(now);
        refilled_at_ = std::max(refilled_at_, now);
        if (credit_ < count * token) {
            return false;
        }
        credit_ -= count * token;
        return true;
    }

    /// Adds hundredths of a token, as far as there is place.
    constexpr void earn(instant now, std::uint32_t hundredths) noexcept
    {
        credit_ = std::min(full_, credit_at(now) + hundredths * (token / 100));
        refilled_at_ = std::max(refilled_at_, now);
    }

private:
    // What one nanosecond adds is `per_second` credit; so a token is as much credit as a second has nanoseconds.
    static constexpr std::uint64_t token = 1'000'000'000;

    [[nodiscard]] constexpr std::uint64_t credit_at(instant now) const noexcept
    {
        if (now <= refilled_at_ || per_second_ == 0) {
            return credit_;
        }
        const auto missing = full_ - credit_;
        const auto elapsed = elapsed_nanoseconds(now);
        return elapsed > missing / per_second_ ? full_ : credit_ + elapsed * per_second_;
    }

    // The subtraction is made on unsigned numbers: the instants may stand at the clock's two ends.
    [[nodiscard]] constexpr std::uint64_t elapsed_nanoseconds(instant now) const noexcept
    {
        static_assert(std::chrono::nanoseconds{1} == duration{1}, "the steady clock counts nanoseconds");
        return static_cast<std::uint64_t>(now.time_since_epoch().count()) -
               static_cast<std::uint64_t>(refilled_at_.time_since_epoch().count());
    }

    std::uint32_t per_second_;
    std::uint64_t full_;
    std::uint64_t credit_;
    instant refilled_at_ = instant::min();
};

} // namespace rejoinder::inline v0

#endif
