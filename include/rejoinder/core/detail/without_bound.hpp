// The options of an outbox whose bound is its user's.
#ifndef REJOINDER_CORE_DETAIL_WITHOUT_BOUND_HPP
#define REJOINDER_CORE_DETAIL_WITHOUT_BOUND_HPP

#include <rejoinder/core/outbox.hpp>

#include <cstdint>

namespace rejoinder::inline v0::detail {

/// The bound of the outbox holds while the link is down; while it is up, only the capacity bounds what is on its way out.
inline outbox_options without_bound(outbox_options options)
{
    options.messages_max = SIZE_MAX;
    options.on_overflow = overflow::reject_newest;
    return options;
}

} // namespace rejoinder::inline v0::detail

#endif
