// What some channels can tell beyond what all must.
#ifndef REJOINDER_NET_DETAIL_CHANNEL_FACTS_HPP
#define REJOINDER_NET_DETAIL_CHANNEL_FACTS_HPP

#include <cstdint>

namespace rejoinder::inline v0::detail {

/// Whether a channel's link has ended, though nobody has been told so yet: what is not given to it goes out on the next one.
template <class Channel>
bool has_ended(const Channel& channel) noexcept
{
    if constexpr (requires { channel.has_ended(); }) {
        return channel.has_ended();
    } else {
        return false;
    }
}

/// Whether a channel takes any frame that it can carry; otherwise it may refuse one for what waits before it, and not for its size.
template <class Channel>
bool has_room(const Channel& channel) noexcept
{
    if constexpr (requires { channel.has_room(); }) {
        return channel.has_room();
    } else {
        return true;
    }
}

/// Bytes received in all; of a channel that does not count them, none.
template <class Channel>
std::uint64_t received_by(const Channel& channel) noexcept
{
    if constexpr (requires { channel.received(); }) {
        return channel.received();
    } else {
        return 0;
    }
}

/// Bytes that the peer's system has not acknowledged; for a channel that cannot tell they do not exist.
template <class Channel>
std::uint64_t unacknowledged_by(Channel& channel) noexcept
{
    if constexpr (requires { channel.unacknowledged(); }) {
        return channel.unacknowledged();
    } else {
        return 0;
    }
}

} // namespace rejoinder::inline v0::detail

#endif
