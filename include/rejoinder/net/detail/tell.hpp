// Gives an event to a sink, if there is one.
#ifndef REJOINDER_NET_DETAIL_TELL_HPP
#define REJOINDER_NET_DETAIL_TELL_HPP

#include <rejoinder/net/event.hpp>

#include <string>

namespace rejoinder::inline v0::detail {

inline void tell(const event_sink& sink, const event& happened)
{
    if (!sink) {
        return;
    }
    if (!happened.error || !happened.text.empty()) {
        sink(happened);
        return;
    }
    const auto said = happened.error.message(); // made here, where somebody reads it
    auto spoken = happened;
    spoken.text = said;
    sink(spoken);
}

} // namespace rejoinder::inline v0::detail

#endif
