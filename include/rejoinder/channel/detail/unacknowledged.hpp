// How much of what was written to a TCP socket has not arrived yet, where the system tells.
#ifndef REJOINDER_CHANNEL_DETAIL_UNACKNOWLEDGED_HPP
#define REJOINDER_CHANNEL_DETAIL_UNACKNOWLEDGED_HPP

#include <cstddef>

#if __has_include(<linux/sockios.h>)
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

namespace rejoinder::inline v0::detail {

/// Bytes that this system keeps because the peer's has not acknowledged them; 0 where nobody can tell.
template <class Stream>
std::size_t unacknowledged(Stream& stream) noexcept
{
    if constexpr (requires { typename Stream::protocol_type::no_delay; }) {
#ifdef SIOCOUTQ
        int bytes = 0;
        if (::ioctl(stream.native_handle(), SIOCOUTQ, &bytes) == 0 && bytes > 0) {
            return static_cast<std::size_t>(bytes);
        }
#endif
        return 0;
    } else if constexpr (requires { typename Stream::lowest_layer_type::protocol_type::no_delay; }) {
        return unacknowledged(stream.lowest_layer());
    } else {
        return 0;
    }
}

} // namespace rejoinder::inline v0::detail

#endif
