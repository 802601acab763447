// What there is right now, in numbers: of one client or of a whole hub, and the names under which exporters show them.
#ifndef REJOINDER_CORE_GAUGES_HPP
#define REJOINDER_CORE_GAUGES_HPP

#include <array>
#include <cstdint>
#include <string_view>

namespace rejoinder::inline v0 {

/// Amounts at one moment. A plain value: distinct objects are independent.
struct gauges {
    std::uint64_t connections = 0;
    std::uint64_t sessions = 0;
    std::uint64_t sessions_attached = 0;
    std::uint64_t sessions_dormant = 0;
    std::uint64_t identities = 0;
    std::uint64_t identities_present = 0;
    std::uint64_t identities_in_grace = 0;
    std::uint64_t identities_cleaning = 0;
    std::uint64_t pending = 0;
    std::uint64_t outbox_depth = 0;
    std::uint64_t parked_calls = 0;
    std::uint64_t parked_bytes = 0;
    std::uint64_t running_handlers = 0;
    std::uint64_t kept_answer_bytes = 0;
    std::uint64_t write_queue_bytes = 0;

    friend bool operator==(const gauges&, const gauges&) = default;
};

/// One gauge: its name, where it is, and what it says.
struct gauge_entry {
    std::string_view name;
    std::uint64_t gauges::* member;
    std::string_view meaning;
};

/// All gauges, in the order of their declaration.
inline constexpr std::array gauge_table{
    gauge_entry{"connections", &gauges::connections, "Connections, those without a session yet included."},
    gauge_entry{"sessions", &gauges::sessions, "Sessions, attached or dormant."},
    gauge_entry{"sessions_attached", &gauges::sessions_attached, "Sessions that a connection carries."},
    gauge_entry{"sessions_dormant", &gauges::sessions_dormant, "Sessions without a connection, in their lease."},
    gauge_entry{"identities", &gauges::identities, "Identities that anything is known of."},
    gauge_entry{"identities_present", &gauges::identities_present, "Identities with an attached session."},
    gauge_entry{"identities_in_grace", &gauges::identities_in_grace,
                "Identities that lost their last link a moment ago."},
    gauge_entry{"identities_cleaning", &gauges::identities_cleaning, "Identities whose clean-up runs."},
    gauge_entry{"pending", &gauges::pending, "Requests and deliveries of this side that are not over."},
    gauge_entry{"outbox_depth", &gauges::outbox_depth, "Those of them that no connection has seen yet."},
    gauge_entry{"parked_calls", &gauges::parked_calls, "Calls that wait for their target to come."},
    gauge_entry{"parked_bytes", &gauges::parked_bytes, "Bytes of the calls that wait for their target to come."},
    gauge_entry{"running_handlers", &gauges::running_handlers, "Handlers that run or wait for their turn."},
    gauge_entry{"kept_answer_bytes", &gauges::kept_answer_bytes, "Bytes of answers kept for repeats."},
    gauge_entry{"write_queue_bytes", &gauges::write_queue_bytes,
                "Bytes written by this side and not yet taken by links."},
};

static_assert(sizeof(gauges) == gauge_table.size() * sizeof(std::uint64_t), "gauge_table must name every gauge once");

} // namespace rejoinder::inline v0

#endif
