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
    std::uint64_t over_rate = 0;     ///< messages of peers over their inbound limit
    std::uint64_t over_budget = 0;   ///< retries that the budget did not allow
    std::uint64_t probes_sent = 0;   ///< pings
    std::uint64_t links_dropped = 0; ///< dead by silence
    std::uint64_t resumes = 0;       ///< reconnects that found their session
    std::uint64_t sessions_started = 0;
    std::uint64_t sessions_ended = 0;
    std::uint64_t replaced = 0;           ///< connections displaced by a newer one of their session
    std::uint64_t detaches_cancelled = 0; ///< identities that were back within the grace
    std::uint64_t detaches_executed = 0;  ///< identities whose clean-up ran
    std::uint64_t auth_refused = 0;
    std::uint64_t connects = 0;        ///< connections that came to carry a session
    std::uint64_t connects_failed = 0; ///< a client's attempts to connect that came to nothing
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t frames_in = 0;
    std::uint64_t frames_out = 0;
    std::uint64_t unknown_names = 0;    ///< messages for names that have no handler
    std::uint64_t handler_failures = 0; ///< handlers that threw or answered with an error

    constexpr counters& operator+=(const counters& other) noexcept;

    friend constexpr bool operator==(const counters&, const counters&) = default;
};

/// One counter: its name, where it is, and what it says.
struct counter_entry {
    std::string_view name;
    std::uint64_t counters::* member;
    std::string_view meaning{}; ///< a sentence for exporters
};

/// All counters, in the order of their declaration.
inline constexpr std::array counter_table{
    counter_entry{"requests_sent", &counters::requests_sent, "First emissions of requests."},
    counter_entry{"deliveries_sent", &counters::deliveries_sent, "First emissions of deliveries."},
    counter_entry{"notifications_sent", &counters::notifications_sent, "Notifications that a connection took."},
    counter_entry{"notifications_dropped", &counters::notifications_dropped,
                  "Notifications made while offline, or over a bound."},
    counter_entry{"replies_received", &counters::replies_received, "Answers to requests."},
    counter_entry{"errors_received", &counters::errors_received, "Last words that were errors."},
    counter_entry{"acks_received", &counters::acks_received, "Acknowledgements of deliveries."},
    counter_entry{"requests_received", &counters::requests_received, "Requests that were new."},
    counter_entry{"deliveries_received", &counters::deliveries_received, "Deliveries that were new."},
    counter_entry{"notifications_received", &counters::notifications_received, "Notifications that came."},
    counter_entry{"duplicates_suppressed", &counters::duplicates_suppressed, "Repeats that did not run again."},
    counter_entry{"answers_replayed", &counters::answers_replayed, "Repeats that got the recorded answer."},
    counter_entry{"stale_requests", &counters::stale_requests, "Messages under ids of an earlier generation."},
    counter_entry{"late_replies", &counters::late_replies, "Last words that nothing waited for."},
    counter_entry{"bad_messages", &counters::bad_messages, "Frames that broke the protocol."},
    counter_entry{"resent", &counters::resent, "Emissions again, after a link loss."},
    counter_entry{"retries", &counters::retries, "Attempts after the first."},
    counter_entry{"timeouts", &counters::timeouts, "Requests whose deadline passed."},
    counter_entry{"cancelled", &counters::cancelled, "Calls that their caller gave up."},
    counter_entry{"expired", &counters::expired, "Deliveries whose time to live passed."},
    counter_entry{"evicted", &counters::evicted, "Deliveries that gave their place to newer ones."},
    counter_entry{"refused", &counters::refused, "Calls that a bound did not let in."},
    counter_entry{"over_rate", &counters::over_rate, "Messages that came faster than their peer may send."},
    counter_entry{"over_budget", &counters::over_budget, "Retries that the budget did not allow."},
    counter_entry{"probes_sent", &counters::probes_sent, "Pings."},
    counter_entry{"links_dropped", &counters::links_dropped, "Links that were dead by silence."},
    counter_entry{"resumes", &counters::resumes, "Reconnects that found their session."},
    counter_entry{"sessions_started", &counters::sessions_started, "Sessions that began."},
    counter_entry{"sessions_ended", &counters::sessions_ended, "Sessions that are over."},
    counter_entry{"replaced", &counters::replaced, "Connections displaced by a newer one of their session."},
    counter_entry{"detaches_cancelled", &counters::detaches_cancelled, "Identities that were back within the grace."},
    counter_entry{"detaches_executed", &counters::detaches_executed, "Identities whose clean-up ran."},
    counter_entry{"auth_refused", &counters::auth_refused, "Hellos that the authenticator refused."},
    counter_entry{"connects", &counters::connects, "Connections that came to carry a session."},
    counter_entry{"connects_failed", &counters::connects_failed, "Attempts to connect that came to nothing."},
    counter_entry{"bytes_in", &counters::bytes_in, "Bytes of the frames that were read."},
    counter_entry{"bytes_out", &counters::bytes_out, "Bytes of the frames that were written."},
    counter_entry{"frames_in", &counters::frames_in, "Frames that were read."},
    counter_entry{"frames_out", &counters::frames_out, "Frames that were written."},
    counter_entry{"unknown_names", &counters::unknown_names, "Messages for names that have no handler."},
    counter_entry{"handler_failures", &counters::handler_failures, "Handlers that threw or answered with an error."},
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
