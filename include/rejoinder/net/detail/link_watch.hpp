// Tells and counts how a hub's or client's connections come and go, and begins its snapshots.
#ifndef REJOINDER_NET_DETAIL_LINK_WATCH_HPP
#define REJOINDER_NET_DETAIL_LINK_WATCH_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/disconnect_kind.hpp>
#include <rejoinder/core/disconnect_stats.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/latency_summary.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/net/event.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0::detail {

/// Why a connection ended that nobody on this side closed, as its error says.
inline close_reason reason_of_end(const std::error_code& why) noexcept
{
    if (why == errc::bad_message) {
        return close_reason::bad_messages;
    }
    if (why == errc::too_big) {
        return close_reason::too_big;
    }
    if (why == errc::replaced) {
        return close_reason::replaced;
    }
    if (why == std::errc::not_enough_memory) {
        return close_reason::internal;
    }
    return kind_of(why) ? close_reason::refused : close_reason::link_lost;
}

/// One for each hub and client.
class link_watch {
public:
    explicit link_watch(const disconnect_stats_options& bounds) : disconnects_(bounds) {}

    /// A connection, dialled or accepted at `since`, carries a session now.
    template <class Setting>
    void connected(const Setting& setting, event what, std::string_view how, instant since)
    {
        what.name = "ws_connect";
        what.reason = how;
        what.took = now() - since;
        ++setting.counts->connects;
        setting.report(what);
    }

    /// A connection that began at `since` is gone.
    template <class Setting>
    void disconnected(const Setting& setting, event what, close_reason why, instant since)
    {
        const auto at = now();
        disconnects_.record(what.who, why, at);
        what.name = "ws_disconnect";
        what.code = code_of(why);
        what.reason = name_of(why);
        what.kind = name_of(kind_of(why));
        what.took = at - since;
        setting.report(what);
    }

    /// An attempt to connect, begun at `since`, came to nothing, as the event's error says.
    template <class Setting>
    void unconnected(const Setting& setting, event what, instant since)
    {
        const auto kind = kind_of(what.error);
        what.name = "connect_failed";
        what.reason = kind ? name_of(*kind) : "unreachable";
        what.took = now() - since;
        ++setting.counts->connects_failed;
        setting.report(what);
    }

    /// A snapshot with what this and the setting know; what there is right now is the caller's to add.
    template <class Setting>
    [[nodiscard]] rejoinder::snapshot look(const Setting& setting)
    {
        const auto at = now();
        disconnects_.forget_old(at);
        rejoinder::snapshot taken;
        taken.taken = at;
        taken.uptime = at - began_;
        taken.counts = *setting.counts;
        taken.request_latency = summary_of(setting.answered);
        for (std::size_t i = 0; i != close_reason_count; ++i) {
            taken.all_reasons[i] = disconnects_.of(static_cast<close_reason>(i));
        }
        taken.total_users_tracked = disconnects_.users();
        for (const auto* one : disconnects_.top(disconnects_.options().top_max)) {
            taken.top_disconnects.push_back(*one);
        }
        return taken;
    }

private:
    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    disconnect_stats disconnects_;
    instant began_ = now();
};

} // namespace rejoinder::inline v0::detail

#endif
