// What a hub has a deadline for.
#ifndef REJOINDER_NET_DETAIL_HUB_ALARM_HPP
#define REJOINDER_NET_DETAIL_HUB_ALARM_HPP

#include <cstdint>

namespace rejoinder::inline v0::detail {

struct hub_alarm {
    enum class what : std::uint8_t { session, hello };

    what of;
    std::uint64_t number; // of the session, or of the connection whose hello or authentication is due
};

} // namespace rejoinder::inline v0::detail

#endif
