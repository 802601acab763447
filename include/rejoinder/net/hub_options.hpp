// The numbers of a hub.
#ifndef REJOINDER_NET_HUB_OPTIONS_HPP
#define REJOINDER_NET_HUB_OPTIONS_HPP

#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/disconnect_stats.hpp>
#include <rejoinder/core/durable_inbox.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/journal.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace rejoinder::inline v0 {

/// The bounds of the calls that wait for identities which are not here. One too many ends with `queue_full`.
struct parked_options {
    std::size_t each_max = 100; ///< for one identity
    std::uint32_t all_max = 10'000;
    std::size_t bytes_max = std::size_t{64} << 20; ///< of all
};

/// The numbers of a hub.
template <class Policies = default_policies>
struct hub_options {
    duration grace = std::chrono::seconds{5};              ///< from the loss of an identity's last link to its detach
    duration lease = std::chrono::minutes{70};             ///< how long a session without a link is kept
    duration clean_up_limit = std::chrono::minutes{1};     ///< of a detach handler, before those who wait for it go on
    duration handshake_timeout = std::chrono::seconds{10}; ///< for the hello, and again for the authenticator
    std::uint32_t connections_per_identity = 5;
    std::uint32_t sessions_per_identity = 16; ///< attached and dormant; the longest silent dormant one gives way
    crowding on_crowding = crowding::probe_oldest;
    duration probe_wait = std::chrono::seconds{2}; ///< how long who finds all places taken waits for one
    std::uint32_t sessions_max = 100'000;
    std::uint32_t connections_max = 100'000; ///< in all, those without a session yet included
    parked_options parked{};                 ///< of the calls that wait for somebody to come
    rejoinder::journal journal{}; ///< where records of durable deliveries are kept; none: they are not durable here
    durable_inbox_options durable{};
    disconnect_stats_options disconnects{}; ///< of what is remembered of users who lost connections
    session_options<Policies> session{};
    connection_options connection{};

    [[nodiscard]] admission_options admission() const
    {
        return {grace,       lease,       clean_up_limit, probe_wait, connections_per_identity, sessions_per_identity,
                on_crowding, sessions_max};
    }
};

namespace detail {

/// What these options say in a hub's welcome.
template <class Policies>
welcome welcome_by(const hub_options<Policies>& options)
{
    welcome words;
    words.ping_interval = options.session.heartbeat.ping_every;
    words.dead_after = options.session.heartbeat.dead_after;
    return words;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
