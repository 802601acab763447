// What a caller left with a session: its completion, and whom to tell of progress.
#ifndef REJOINDER_NET_DETAIL_PENDING_CALL_HPP
#define REJOINDER_NET_DETAIL_PENDING_CALL_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/reply.hpp>

#include <functional>
#include <memory>
#include <string>
#include <system_error>

namespace rejoinder::inline v0::detail {

using call_completion = completion<void(std::error_code, reply)>;

/// Called with each word about a running request.
using progress_listener = std::function<void(const payload_view&)>;

/// What it takes to ask again, once a session ended under a call that its target's next session may be asked.
struct asked {
    message_kind kind = message_kind::request;
    std::string target;
    outgoing words;
    instant deadline = never;
};

/// The mark that sessions of this floor carry for each call.
struct pending_call {
    call_completion done;
    // Most calls have neither, so that each is worth a place of its own.
    std::unique_ptr<progress_listener> progress{};
    std::unique_ptr<asked> again{};
    instant asked_at = never; ///< of a request: when a session first took it
};

} // namespace rejoinder::inline v0::detail

#endif
