// What a hub knows of one of its links.
#ifndef REJOINDER_NET_DETAIL_LINK_ENTRY_HPP
#define REJOINDER_NET_DETAIL_LINK_ENTRY_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/detail/link.hpp>

#include <asio/cancellation_signal.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace rejoinder::inline v0::detail {

struct link_entry {
    std::shared_ptr<link> carrier;
    candidate who;
    session_id session = 0;
    std::uint32_t capacity = 0;
    bool greeted = false;
    std::optional<outbox_notice> outbox{}; // its client's
    bool outbox_known = false;
    timer_id patience{};                                 // for the hello, then for the authenticator
    std::shared_ptr<asio::cancellation_signal> asking{}; // ends the authenticator
};

} // namespace rejoinder::inline v0::detail

#endif
