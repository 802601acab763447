// A snapshot as a JSON document, for health pages and logs.
#ifndef REJOINDER_WIRE_SNAPSHOT_JSON_HPP
#define REJOINDER_WIRE_SNAPSHOT_JSON_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/disconnect_kind.hpp>
#include <rejoinder/core/disconnect_stats.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/latency_summary.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/wire/detail/json_write.hpp>
#include <rejoinder/wire/detail/utf8.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rejoinder::inline v0 {

namespace detail {

inline double seconds_of(duration length) noexcept
{
    return std::chrono::duration<double>{length}.count();
}

inline json latency_json(const latency_summary& seen)
{
    return boost::json::object{{"count", seen.count},
                               {"sum_seconds", seconds_of(seen.sum)},
                               {"p50_seconds", seconds_of(seen.p50)},
                               {"p90_seconds", seconds_of(seen.p90)},
                               {"p99_seconds", seconds_of(seen.p99)},
                               {"max_seconds", seconds_of(seen.longest)}};
}

// Counts by reason; those of a user name only what happened.
template <class Counts>
boost::json::object reasons_json(const Counts& counts, std::uint64_t least)
{
    boost::json::object all;
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        if (counts[i] >= least) {
            all[name_of(static_cast<close_reason>(i))] = counts[i];
        }
    }
    return all;
}

inline json user_json(const user_disconnects& of, instant taken)
{
    return boost::json::object{{"user", made_utf8(of.user)},
                               {"count", of.count},
                               {"overcount", of.overcount},
                               {"reasons", reasons_json(of.reasons, 1)},
                               {"last_seconds_ago", seconds_of(taken > of.last ? taken - of.last : duration::zero())}};
}

inline boost::json::object disconnects_json(const snapshot& of)
{
    boost::json::object by_code;
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        const auto reason = static_cast<close_reason>(i);
        by_code[decimal{code_of(reason)}.view()] = of.disconnects(reason);
    }
    boost::json::object by_kind;
    for (std::size_t i = 0; i != disconnect_kind_count; ++i) {
        const auto kind = static_cast<disconnect_kind>(i);
        by_kind[name_of(kind)] = of.disconnects(kind);
    }
    return {{"total", of.disconnects()}, {"by_code", std::move(by_code)}, {"by_kind", std::move(by_kind)}};
}

} // namespace detail

/// The snapshot as a JSON object, its members in one order always:
///
/// | member | what it holds |
/// | --- | --- |
/// | `uptime_seconds` | a number |
/// | `counters`, `gauges` | an object: each number under its name in `counters` and `gauges` |
/// | `latency` | `request` and `round_trip`: `count`, `sum_seconds`, `p50_seconds`, `p90_seconds`, `p99_seconds`, `max_seconds` |
/// | `disconnects` | `total`, `by_code`, `by_kind` |
/// | `all_reasons` | how many connections ended for each reason |
/// | `total_users_tracked` | users whose disconnects are counted one by one |
/// | `top_disconnects` | of these the ones with most: `user`, `count`, `overcount`, `reasons`, `last_seconds_ago` |
///
/// Linear in the size of the snapshot.
inline json snapshot_json(const snapshot& of)
{
    boost::json::object counted;
    for (const auto& entry : counter_table) {
        counted[entry.name] = of.counts.*entry.member;
    }
    boost::json::object measured;
    for (const auto& entry : gauge_table) {
        measured[entry.name] = of.now.*entry.member;
    }
    boost::json::array top;
    for (const auto& one : of.top_disconnects) {
        top.push_back(detail::user_json(one, of.taken));
    }
    boost::json::object all;
    all["uptime_seconds"] = detail::seconds_of(of.uptime);
    all["counters"] = std::move(counted);
    all["gauges"] = std::move(measured);
    all["latency"] = boost::json::object{{"request", detail::latency_json(of.request_latency)},
                                         {"round_trip", detail::latency_json(of.round_trip)}};
    all["disconnects"] = detail::disconnects_json(of);
    all["all_reasons"] = detail::reasons_json(of.all_reasons, 0);
    all["total_users_tracked"] = of.total_users_tracked;
    all["top_disconnects"] = std::move(top);
    return all;
}

} // namespace rejoinder::inline v0

#endif
