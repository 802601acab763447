// What happened to links, sessions and calls, for logs: a name and fields each.
#ifndef REJOINDER_NET_EVENT_HPP
#define REJOINDER_NET_EVENT_HPP

#include <rejoinder/core/instant.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

/// One event. Its views hold during the sink's call only; a field that does not apply is empty or 0. Who may have written `who` and `text` is
/// the other side: a sink escapes them (those in `sink/` do).
struct event {
    /// `ws_connect`, `ws_disconnect`, `user_detach_delay_start`, ...: the list is in docs/contract.md.
    std::string_view name{};
    std::string_view who{};       ///< the identity
    std::uint64_t session = 0;    ///< the hub's number for the session
    std::uint64_t connection = 0; ///< the hub's number for the connection; a client counts its attempts
    std::uint64_t attempt = 0;    ///< which try it was: of a client to connect, of a call
    std::uint16_t code = 0;       ///< the code of a close, as `code_of(close_reason)`
    std::string_view reason{};    ///< of a close: `name_of(close_reason)`; else the kind of the error
    std::string_view kind{};      ///< of a disconnect: `name_of(disconnect_kind)`; of an attempt: at what
    duration took{};              ///< how long what has ended took, or what begins will take
    std::error_code error{};      ///< what the system said; `text` is its message, unless there is more to say
    std::string_view text{};      ///< more, for people
    /// The fields that the client sent when it connected, `connection_id` among them: a JSON object.
    std::string_view metadata{};
};

/// Takes events as they happen, on the executor of what they happen to. It must not call back into that hub or client, nor throw. Without one
/// no text is made and nothing is allocated for it.
using event_sink = std::function<void(const event&)>;

} // namespace rejoinder::inline v0

#endif
