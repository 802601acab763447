// What happened, in numbers: one set for a session or for a whole hub, and the names under which exporters show them.
#ifndef REJOINDER_CORE_COUNTERS_HPP
#define REJOINDER_CORE_COUNTERS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rejoinder::inline v0 {

/// Counts since the beginning. They wrap at 2^64. A plain value: distinct objects are independent.
struct counters {
    std::uint64_t requests_sent = 0;   ///< first emissions of requests
    std::uint64_t deliveries_sent = 0; ///< first emissions of deliveries
    std::uint64_t notifications_sent = 0;
    std::uint64_t notifications_dropped = 0; ///< made while offline, or over a bound
    std::uint64_t replies_received = 0;
    std::uint64_t errors_received = 0; ///< last words that were errors
    std::uint64_t acks_received = 0;
    std::uint64_t requests_received = 0;   ///< that were new
    std::uint64_t deliveries_received = 0; ///< that were new
    std::uint64_t notifications_received = 0;
    std::uint64_t duplicates_suppressed = 0; ///< repeats that did not run again
    std::uint64_t answers_replayed = 0;      ///< repeats that got the recorded answer
    std::uint64_t stale_requests = 0;        ///< ids of an earlier generation
    std::uint64_t late_replies = 0;          ///< last words that nothing waited for
    std::uint64_t bad_messages = 0;
    std::uint64_t resent = 0;        ///< emissions again, after a link loss
    std::uint64_t retries = 0;       ///< attempts after the first
    std::uint64_t timeouts = 0;      ///< calls whose deadline passed
    std::uint64_t cancelled = 0;     ///< calls that their caller gave up
    std::uint64_t expired = 0;       ///< deliveries whose time to live passed
    std::uint64_t evicted = 0;       ///< deliveries that gave their place to newer ones
    std::uint64_t refused = 0;       ///< calls that a bound did not let in
    std::uint64_t probes_sent = 0;   ///< pings
    std::uint64_t links_dropped = 0; ///< dead by silence
    std::uint64_t resumes = 0;       ///< reconnects that found their session
    std::uint64_t sessions_started = 0;
    std::uint64_t sessions_ended = 0;
    std::uint64_t replaced = 0;           ///< connections displaced by a newer one of their session
    std::uint64_t detaches_cancelled = 0; ///< identities that were back within the grace
    std::uint64_t detaches_executed = 0;  ///< identities whose clean-up ran
    std::uint64_t auth_refused = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t handler_failures = 0; ///< handlers that threw or answered with an error

    constexpr counters& operator+=(const counters& other) noexcept;

    friend constexpr bool operator==(const counters&, const counters&) = default;
};

/// One counter: its name, and where it is.
struct counter_entry {
    std::string_view name;
    std::uint64_t counters::* member;
};

/// All counters, in the order of their declaration.
inline constexpr std::array counter_table{
    counter_entry{"requests_sent", &counters::requests_sent},
    counter_entry{"deliveries_sent", &counters::deliveries_sent},
    counter_entry{"notifications_sent", &counters::notifications_sent},
    counter_entry{"notifications_dropped", &counters::notifications_dropped},
    counter_entry{"replies_received", &counters::replies_received},
    counter_entry{"errors_received", &counters::errors_received},
    counter_entry{"acks_received", &counters::acks_received},
    counter_entry{"requests_received", &counters::requests_received},
    counter_entry{"deliveries_received", &counters::deliveries_received},
    counter_entry{"notifications_received", &counters::notifications_received},
    counter_entry{"duplicates_suppressed", &counters::duplicates_suppressed},
    counter_entry{"answers_replayed", &counters::answers_replayed},
    counter_entry{"stale_requests", &counters::stale_requests},
    counter_entry{"late_replies", &counters::late_replies},
    counter_entry{"bad_messages", &counters::bad_messages},
    counter_entry{"resent", &counters::resent},
    counter_entry{"retries", &counters::retries},
    counter_entry{"timeouts", &counters::timeouts},
    counter_entry{"cancelled", &counters::cancelled},
    counter_entry{"expired", &counters::expired},
    counter_entry{"evicted", &counters::evicted},
    counter_entry{"refused", &counters::refused},
    counter_entry{"probes_sent", &counters::probes_sent},
    counter_entry{"links_dropped", &counters::links_dropped},
    counter_entry{"resumes", &counters::resumes},
    counter_entry{"sessions_started", &counters::sessions_started},
    counter_entry{"sessions_ended", &counters::sessions_ended},
    counter_entry{"replaced", &counters::replaced},
    counter_entry{"detaches_cancelled", &counters::detaches_cancelled},
    counter_entry{"detaches_executed", &counters::detaches_executed},
    counter_entry{"auth_refused", &counters::auth_refused},
    counter_entry{"bytes_in", &counters::bytes_in},
    counter_entry{"bytes_out", &counters::bytes_out},
    counter_entry{"frames_in", &counters::frames_in},
    counter_entry{"frames_out", &counters::frames_out},
    counter_entry{"handler_failures", &counters::handler_failures},
};

static_assert(sizeof(counters) == counter_table.size() * sizeof(std::uint64_t),
              "counter_table must name every counter once");

constexpr counters& counters::operator+=(const counters& other) noexcept
{
    for (const auto& entry : counter_table) {
        this->*entry.member += other.*entry.member;
    }
    return *this;
}

} // namespace rejoinder::inline v0

#endif
