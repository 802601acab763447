// A message in a client's durable outbox, and how one leaves.
#ifndef REJOINDER_NET_OUTBOX_ITEM_HPP
#define REJOINDER_NET_OUTBOX_ITEM_HPP

#include <rejoinder/core/durable_outbox.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>

#include <cstdint>
#include <string>

namespace rejoinder::inline v0 {

/// A durable message that has not been settled.
struct outbox_item {
    std::uint64_t id = 0;
    std::string name;
    payload_view payload{}; ///< borrowed until the client is used next
    instant expires = never;
    certainty sure = certainty::never_sent; ///< whether its handler may have run
};

/// How a durable message left: its number (`sequence`), its name, the departure, and the error that goes with it.
using outbox_outcome = durable_step::gone;

} // namespace rejoinder::inline v0

#endif
