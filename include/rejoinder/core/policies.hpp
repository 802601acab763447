// The bundle of behaviours that a session is built from, and the numbers that go with them.
#ifndef REJOINDER_CORE_POLICIES_HPP
#define REJOINDER_CORE_POLICIES_HPP

#include <rejoinder/core/ack_policy.hpp>
#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/inbound_limit.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/keyed_window.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/outbox.hpp>
#include <rejoinder/core/reconnect_grace.hpp>
#include <rejoinder/core/replay_window.hpp>
#include <rejoinder/core/retry_budget.hpp>
#include <rejoinder/core/retry_policy.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The behaviours, each replaceable alone: derive from this and name another type.
///
/// | member | concept | what it decides |
/// | --- | --- | --- |
/// | `registry<T>` | `registry_of<T>` | how pending calls are numbered and found |
/// | `ack` | `ack_policy` | when a delivery is acknowledged |
/// | `retry` | `retry_policy` | which failures are tried again, and when |
/// | `backoff` | `backoff_schedule` | how long a client waits between connection attempts |
/// | `grace` | `grace_policy` | when an identity that lost its link counts as gone |
struct default_policies {
    template <class T>
    using registry = correlation_registry<T>;
    using ack = acknowledge_on_handled;
    using retry = standard_retry;
    using backoff = jittered<sequence_backoff>;
    using grace = reconnect_grace;
};

/// The numbers of a session; one object is shared by all sessions of a hub or client.
template <class Policies = default_policies>
struct session_options {
    duration timeout = std::chrono::seconds{60};                ///< of a request, from the call to its answer
    std::vector<std::pair<std::string, duration>> timeouts{};   ///< the same for requests of these names
    std::uint32_t capacity = 1024;                              ///< unfinished requests and deliveries, each direction
    std::size_t message_bytes_max = std::size_t{1} << 20;       ///< of one payload
    std::size_t kept_answer_bytes_max = std::size_t{8} << 20;   ///< of all answers kept for repeats
    std::size_t notification_bytes_max = std::size_t{16} << 20; ///< of notifications that wait to be emitted
    /// Handlers that run after their delivery was acknowledged on receipt (rule 10).
    std::uint32_t receipted_max = 1024;
    std::uint32_t notifications_max = 1024; ///< waiting to be emitted, and handlers of received ones that run
    unsigned bad_messages_per_minute = 16;  ///< more close the connection
    std::uint32_t room_waiters_max = 1024;  ///< calls that wait for room (`full::wait`); as many bytes as the outbox's
    inbound_limit_options inbound{};        ///< of what the peer sends
    retry_budget_options retries{};         ///< of what this side tries again
    keyed_window::options keys{};           ///< of the answers kept for the application's keys
    key_scope keys_of = key_scope::session; ///< within what a key means the same thing, at a hub
    replay_window::options replays{};       ///< of the notifications that a peer may have missed, on wires with marks
    rejoinder::outbox_options outbox{};     ///< of what waits while the link is down
    rejoinder::heartbeat_options heartbeat{};
    typename Policies::ack ack{};
    typename Policies::retry retry{};

    /// How long a request or delivery of this name may take as a whole; `said`: what its caller said, zero for nothing.
    [[nodiscard]] duration lifetime_of(message_kind kind, std::string_view name, duration said) const noexcept
    {
        if (said != duration::zero()) {
            return said;
        }
        return kind == message_kind::delivery ? outbox.ttl : timeout_of(name);
    }

    /// The timeout of a request of this name.
    [[nodiscard]] duration timeout_of(std::string_view name) const noexcept
    {
        for (const auto& [special, length] : timeouts) {
            if (special == name) {
                return length;
            }
        }
        return timeout;
    }
};

} // namespace rejoinder::inline v0

#endif
