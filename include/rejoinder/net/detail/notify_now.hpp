// Gives a notification to a session, or drops it.
#ifndef REJOINDER_NET_DETAIL_NOTIFY_NOW_HPP
#define REJOINDER_NET_DETAIL_NOTIFY_NOW_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/congested.hpp>
#include <rejoinder/net/detail/outgoing.hpp>

namespace rejoinder::inline v0::detail {

/// False: dropped and counted.
template <class Host>
bool notify_now(Host& host, const outgoing& words, congested when, counters& counts, instant now)
{
    const auto& link = host.connection();
    if (when == congested::drop && (link == nullptr || link->congested())) {
        ++counts.notifications_dropped;
        return false;
    }
    const bool taken = host.core().notify(words.name(), words.payload(), now);
    host.settle_up();
    return taken;
}

} // namespace rejoinder::inline v0::detail

#endif
