// Adds up what sessions hold, for a snapshot.
#ifndef REJOINDER_NET_DETAIL_MEASURING_HPP
#define REJOINDER_NET_DETAIL_MEASURING_HPP

#include <rejoinder/core/latency.hpp>
#include <rejoinder/core/latency_summary.hpp>
#include <rejoinder/core/reconnect_grace.hpp>
#include <rejoinder/core/snapshot.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace rejoinder::inline v0::detail {

class measuring {
public:
    explicit measuring(rejoinder::snapshot begun) : into_(std::move(begun)) {}

    /// A session with what it holds, and its link.
    template <class Host>
    void add(Host& one)
    {
        auto& now = into_.now;
        ++now.sessions;
        now.pending += one.core().pending();
        now.outbox_depth += one.core().waiting();
        now.running_handlers += one.core().running();
        now.kept_answer_bytes += one.core().kept_bytes();
        const auto& link = one.connection();
        if (link == nullptr) {
            ++now.sessions_dormant;
            return;
        }
        ++now.sessions_attached;
        now.write_queue_bytes += link->queued();
        if (one.core().trip().known()) {
            trips_.record(one.core().trip().smoothed());
        }
    }

    /// Connections, and identities by where they stand.
    void add(std::size_t connections, const std::array<std::size_t, 4>& identities)
    {
        into_.now.connections += connections;
        for (const auto count : identities) {
            into_.now.identities += count;
        }
        into_.now.identities_present += identities[static_cast<std::size_t>(presence::present)];
        into_.now.identities_in_grace += identities[static_cast<std::size_t>(presence::grace)];
        into_.now.identities_cleaning += identities[static_cast<std::size_t>(presence::cleaning)];
    }

    /// Calls that wait for their target.
    void add_parked(std::size_t calls, std::size_t bytes)
    {
        into_.now.parked_calls += calls;
        into_.now.parked_bytes += bytes;
    }

    /// All that there is was added. Called once.
    [[nodiscard]] rejoinder::snapshot finish()
    {
        into_.round_trip = summary_of(trips_);
        return std::move(into_);
    }

private:
    rejoinder::snapshot into_;
    latency trips_;
};

} // namespace rejoinder::inline v0::detail

#endif
