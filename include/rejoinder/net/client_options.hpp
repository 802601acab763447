// The numbers and behaviours of a client.
#ifndef REJOINDER_NET_CLIENT_OPTIONS_HPP
#define REJOINDER_NET_CLIENT_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/journal.hpp>

#include <chrono>
#include <string>

namespace rejoinder::inline v0 {

/// The numbers and behaviours of a client.
template <class Policies = default_policies>
struct client_options {
    std::string auth{}; ///< JSON text for the hub's authenticator
    std::string
        metadata{}; ///< a JSON object's text: fields for both sides' events, to which each connection's `connection_id` is added
    typename Policies::backoff backoff{};                ///< between attempts; a `limited` one makes the client give up
    duration connect_timeout = std::chrono::seconds{10}; ///< of one attempt, from dialling to the welcome
    session_options<Policies> session{.heartbeat = {.ping_every = std::chrono::seconds{30}}};
    connection_options connection{};
    rejoinder::journal
        journal{}; ///< where deliveries are kept until they are settled, across restarts; none: in memory
};

} // namespace rejoinder::inline v0

#endif
