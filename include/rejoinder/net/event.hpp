// What happened to links, sessions and calls, for logs: a name and fields each.
#ifndef REJOINDER_NET_EVENT_HPP
#define REJOINDER_NET_EVENT_HPP

#include <cstdint>
#include <functional>
#include <string_view>

namespace rejoinder::inline v0 {

/// One event. Its views hold during the sink's call only; a field that does not apply is empty or 0.
struct event {
    std::string_view
        name{}; ///< `ws_connect`, `ws_disconnect`, `user_detach_delay_start`, ...: the list is in docs/contract.md
    std::string_view who{};       ///< the identity
    std::uint64_t session = 0;    ///< the hub's number for the session
    std::uint64_t connection = 0; ///< the hub's number for the connection
    std::string_view reason{};    ///< the kind: of a close, of an error
    std::string_view text{};      ///< more, for people
};

/// Takes events as they happen, on the executor of what they happen to. It must not call back into that hub or client, nor throw.
using event_sink = std::function<void(const event&)>;

} // namespace rejoinder::inline v0

#endif
