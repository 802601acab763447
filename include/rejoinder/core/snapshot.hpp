// A hub or client at one moment, in numbers: what it has done, what it holds, and how long things take.
#ifndef REJOINDER_CORE_SNAPSHOT_HPP
#define REJOINDER_CORE_SNAPSHOT_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/disconnect_kind.hpp>
#include <rejoinder/core/disconnect_stats.hpp>
#include <rejoinder/core/gauges.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/latency_summary.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rejoinder::inline v0 {

/// A hub or client at one moment. A plain value, which nothing changes any more; its size is bounded by the number of users that are counted
/// one by one. Exporters: `snapshot_json`, `prometheus_text`.
struct snapshot {
    instant taken{};   ///< when
    duration uptime{}; ///< since the hub or client was made
    counters counts{};
    gauges now{};
    /// From the call to its answer, the peer's error or its deadline, of requests that were sent.
    latency_summary request_latency{};
    latency_summary round_trip{}; ///< of the links that are up: one number each, smoothed over its pings
    std::array<std::uint64_t, close_reason_count> all_reasons{}; ///< connections that ended, by `close_reason`
    std::uint64_t total_users_tracked = 0;                       ///< users that are counted one by one
    std::vector<user_disconnects> top_disconnects{}; ///< of these the ones with most disconnects, most first

    /// Connections that ended for this reason; its close code is `code_of(reason)`.
    [[nodiscard]] constexpr std::uint64_t disconnects(close_reason reason) const noexcept
    {
        return all_reasons[static_cast<std::size_t>(reason)];
    }

    /// Connections that ended so.
    [[nodiscard]] constexpr std::uint64_t disconnects(disconnect_kind kind) const noexcept
    {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i != close_reason_count; ++i) {
            all += kind_of(static_cast<close_reason>(i)) == kind ? all_reasons[i] : 0;
        }
        return all;
    }

    /// Connections that ended.
    [[nodiscard]] constexpr std::uint64_t disconnects() const noexcept
    {
        std::uint64_t all = 0;
        for (const auto count : all_reasons) {
            all += count;
        }
        return all;
    }
};

} // namespace rejoinder::inline v0

#endif
