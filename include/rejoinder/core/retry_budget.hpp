// How many retries a side may make: a share of its calls, so that a peer in trouble is not asked ever more.
#ifndef REJOINDER_CORE_RETRY_BUDGET_HPP
#define REJOINDER_CORE_RETRY_BUDGET_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/token_bucket.hpp>

#include <cstdint>

namespace rejoinder::inline v0 {

/// The numbers of a retry budget. `reserve = UINT32_MAX` is as good as none.
struct retry_budget_options {
    std::uint32_t percent = 20;   ///< a hundred calls earn so many retries
    std::uint32_t reserve = 100;  ///< retries that can be saved up; it is full at first; 0 allows none
    std::uint32_t per_second = 1; ///< retries that time alone earns, for whoever calls seldom
};

/// The budget of one session: each call earns a share of a retry, each retry is paid for. All operations are O(1). Distinct objects are
/// independent; one object is used from one thread at a time.
class retry_budget {
public:
    constexpr explicit retry_budget(const retry_budget_options& options) noexcept
        : percent_{options.percent}, saved_{options.per_second, options.reserve}
    {}

    /// Retries that could be made now.
    [[nodiscard]] constexpr std::uint32_t available(instant now) const noexcept { return saved_.available(now); }
    /// A call is made.
    constexpr void called(instant now) noexcept { saved_.earn(now, percent_); }
    /// Pays for a retry. False: there is nothing left to pay it with.
    constexpr bool take(instant now) noexcept { return saved_.take(now); }

private:
    std::uint32_t percent_;
    token_bucket saved_;
};

} // namespace rejoinder::inline v0

#endif
