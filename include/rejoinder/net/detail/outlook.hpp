// What an error of this floor says of a client's next attempt, resolvers' errors included.
#ifndef REJOINDER_NET_DETAIL_OUTLOOK_HPP
#define REJOINDER_NET_DETAIL_OUTLOOK_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/link_verdict.hpp>

#include <asio/error.hpp>

#include <system_error>

namespace rejoinder::inline v0::detail {

/// A resolver that could not ask (`host_not_found_try_again`) says nothing of the name: then something is down.
inline link_verdict verdict_on_attempt(const std::error_code& why) noexcept
{
    const bool nameless =
        why == asio::error::host_not_found || why == asio::error::no_data || why == asio::error::service_not_found;
    return nameless ? link_verdict::unresolvable : verdict_on(why);
}

/// What the loss of a link is that this side closed for that reason.
inline std::error_code error_of_hang_up(close_reason why) noexcept
{
    return why == close_reason::bad_messages ? make_error_code(errc::bad_message)
                                             : std::error_code{asio::error::timed_out};
}

/// The same for one that the other side closed.
inline std::error_code error_of_farewell(close_reason why) noexcept
{
    switch (why) {
    case close_reason::replaced: return make_error_code(errc::replaced);
    case close_reason::going_away:
    case close_reason::shutting_down: return make_error_code(errc::peer_went_away);
    default: return make_error_code(errc::closed_by_peer);
    }
}

} // namespace rejoinder::inline v0::detail

#endif
