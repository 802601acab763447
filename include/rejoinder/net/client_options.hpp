// The numbers and behaviours of a client.
#ifndef REJOINDER_NET_CLIENT_OPTIONS_HPP
#define REJOINDER_NET_CLIENT_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/journal.hpp>
#include <rejoinder/wire/is_json.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// The numbers and behaviours of a client.
template <class Policies = default_policies>
struct client_options {
    std::string auth{}; ///< JSON text for the hub's authenticator
    /// A JSON object's text: fields for both sides' events, to which each connection's `connection_id` is added.
    std::string metadata{};
    typename Policies::backoff backoff{};                ///< between attempts; a `limited` one makes the client give up
    duration connect_timeout = std::chrono::seconds{10}; ///< of one attempt, from dialling to the welcome
    session_options<Policies> session{.heartbeat = {.ping_every = std::chrono::seconds{30}}};
    connection_options connection{};
    /// Where deliveries are kept until they are settled, across restarts; none: in memory.
    rejoinder::journal journal{};
};

namespace detail {

inline void check_auth(std::string_view auth)
{
    if (!auth.empty() && !is_json(auth)) {
        throw std::invalid_argument("rejoinder: a client's auth is JSON text; a string stands in quotes");
    }
}

/// What these options say in a client's hello.
template <class Policies>
hello hello_of(const client_options<Policies>& options, std::uint64_t attempt)
{
    hello words;
    words.attempt = attempt;
    words.capacity = options.session.capacity;
    words.ping_interval = options.session.heartbeat.ping_every;
    words.dead_after = options.session.heartbeat.dead_after;
    words.auth = options.auth;
    return words;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
