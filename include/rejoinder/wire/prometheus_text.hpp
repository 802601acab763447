// A snapshot as Prometheus reads it: the text format 0.0.4, or OpenMetrics 1.0.
#ifndef REJOINDER_WIRE_PROMETHEUS_TEXT_HPP
#define REJOINDER_WIRE_PROMETHEUS_TEXT_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/disconnect_kind.hpp>
#include <rejoinder/core/gauges.hpp>
#include <rejoinder/core/latency_summary.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/wire/detail/prometheus_writer.hpp>
#include <rejoinder/wire/detail/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Which of the two text formats; an HTTP answer says which by its `content_type_of`.
enum class prometheus_format : std::uint8_t { text_0_0_4, open_metrics };

/// The content type of a page in this format.
constexpr std::string_view content_type_of(prometheus_format format) noexcept
{
    return format == prometheus_format::text_0_0_4 ? "text/plain; version=0.0.4; charset=utf-8"
                                                   : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

/// What an exporter may say about a page.
struct prometheus_options {
    prometheus_format format = prometheus_format::text_0_0_4;
    /// Of each sample: names are `[a-zA-Z_][a-zA-Z0-9_]*`, values any text.
    std::vector<std::pair<std::string, std::string>> labels{};
};

namespace detail {

inline void write_disconnects(prometheus_writer& page, const snapshot& of)
{
    page.family("disconnects", prometheus_type::counter, "Connections that ended, by reason, close code and kind.");
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        const auto reason = static_cast<close_reason>(i);
        const decimal code{code_of(reason)};
        page.sample("_total", {{"reason", name_of(reason)}, {"code", code.view()}, {"kind", name_of(kind_of(reason))}},
                    of.disconnects(reason));
    }
    page.family("disconnect_users_tracked", prometheus_type::gauge, "Users whose disconnects are counted one by one.");
    page.sample({}, {}, of.total_users_tracked);
    page.family("user_disconnects", prometheus_type::gauge,
                "Disconnects of the users who have most, as far as they are remembered.");
    std::vector<std::string> told; // a sample stands once, and names that are not UTF-8 may become alike
    for (const auto& one : of.top_disconnects) {
        auto user = made_utf8(one.user);
        if (std::find(told.begin(), told.end(), user) == told.end()) {
            page.sample({}, {{"user", user}}, one.count);
            told.push_back(std::move(user));
        }
    }
}

inline void write_latency(prometheus_writer& page, std::string_view name, std::string_view meaning,
                          const latency_summary& seen)
{
    page.family(name, prometheus_type::summary, meaning);
    page.sample({}, {{"quantile", "0.5"}}, seen.p50);
    page.sample({}, {{"quantile", "0.9"}}, seen.p90);
    page.sample({}, {{"quantile", "0.99"}}, seen.p99);
    page.sample({}, {{"quantile", "1"}}, seen.longest);
    page.sample("_sum", {}, seen.sum);
    page.sample("_count", {}, seen.count);
}

} // namespace detail

/// The snapshot as a page for Prometheus: each family with its HELP and TYPE, in one order always, all names beginning with `rejoinder_`,
/// counters ending in `_total`, lengths of time in seconds. Label values that are not UTF-8 are made so. Linear in the size of the snapshot.
inline std::string prometheus_text(const snapshot& of, const prometheus_options& options = {})
{
    const bool open = options.format == prometheus_format::open_metrics;
    detail::prometheus_writer page{open ? detail::prometheus_dialect::open_metrics
                                        : detail::prometheus_dialect::text_0_0_4};
    for (const auto& [name, value] : options.labels) {
        page.label_all(name, value);
    }
    page.family("uptime_seconds", detail::prometheus_type::gauge, "Since it was made.");
    page.sample({}, {}, of.uptime);
    for (const auto& entry : counter_table) {
        page.family(entry.name, detail::prometheus_type::counter, entry.meaning);
        page.sample("_total", {}, of.counts.*entry.member);
    }
    for (const auto& entry : gauge_table) {
        page.family(entry.name, detail::prometheus_type::gauge, entry.meaning);
        page.sample({}, {}, of.now.*entry.member);
    }
    detail::write_latency(page, "request_latency_seconds", "From a request's call to its settling.",
                          of.request_latency);
    detail::write_latency(page, "round_trip_seconds", "Of the links that are up, one number each, by their pings.",
                          of.round_trip);
    detail::write_disconnects(page, of);
    return page.finish();
}

} // namespace rejoinder::inline v0

#endif
