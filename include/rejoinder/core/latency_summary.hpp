// How long things took, in the few numbers that people look at.
#ifndef REJOINDER_CORE_LATENCY_SUMMARY_HPP
#define REJOINDER_CORE_LATENCY_SUMMARY_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/latency.hpp>

#include <cstdint>

namespace rejoinder::inline v0 {

/// The quantiles of a `latency`, each at most an eighth, or 1 µs, above the truth. All zero if nothing was recorded.
struct latency_summary {
    std::uint64_t count = 0;
    duration sum{};
    duration p50{};
    duration p90{};
    duration p99{};
    duration longest{};

    friend bool operator==(const latency_summary&, const latency_summary&) = default;
};

/// The summary of what was recorded so far.
constexpr latency_summary summary_of(const latency& seen) noexcept
{
    return {seen.count(), seen.sum(), seen.quantile(0.5), seen.quantile(0.9), seen.quantile(0.99), seen.longest()};
}

} // namespace rejoinder::inline v0

#endif
