// What two sides say of their heartbeats when they meet: whether that goes together, and what each of them makes of it.
#ifndef REJOINDER_CORE_HEARTBEAT_TERMS_HPP
#define REJOINDER_CORE_HEARTBEAT_TERMS_HPP

#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace rejoinder::inline v0 {

/// What a side's hello or welcome says of its heartbeat. Zero: it does not say.
struct heartbeat_terms {
    duration ping_interval{}; ///< how often it pings
    duration dead_after{};    ///< how long it stands silence

    friend bool operator==(const heartbeat_terms&, const heartbeat_terms&) = default;
};

/// The terms that a side with these options offers.
constexpr heartbeat_terms terms_of(const heartbeat_options& own) noexcept
{
    return {own.ping_every, own.dead_after};
}

/// The longest silence on a link that works: each ping is heard, and so is its pong. Zero: nobody says that it pings.
constexpr duration longest_silence(const heartbeat_terms& one, const heartbeat_terms& other) noexcept
{
    const bool both = one.ping_interval > duration::zero() && other.ping_interval > duration::zero();
    return both ? std::min(one.ping_interval, other.ping_interval) : std::max(one.ping_interval, other.ping_interval);
}

/// The heartbeat of a side with these options, towards a peer on these terms: it pings at least twice in the silence
/// that the peer stands, unless the peer's own pings see to that.
constexpr heartbeat_options agreed(heartbeat_options own, const heartbeat_terms& peer) noexcept
{
    const duration half = peer.dead_after / 2;
    const bool peer_pings = peer.ping_interval > duration::zero() && peer.ping_interval <= half;
    if (half > duration::zero() && !peer_pings && (own.ping_every <= duration::zero() || own.ping_every > half)) {
        own.ping_every = half;
    }
    return own;
}

namespace detail {

inline std::string spelled(duration length)
{
    const auto whole = std::chrono::round<std::chrono::milliseconds>(length).count();
    return whole % 1000 == 0 ? std::to_string(whole / 1000) + " s" : std::to_string(whole) + " ms";
}

inline std::string conflict(const char* who, const heartbeat_terms& said, duration silence)
{
    if (said.dead_after <= duration::zero() || silence < said.dead_after) {
        return {};
    }
    std::string text{"the "};
    return text.append(who)
        .append(" drops a link that is silent for ")
        .append(spelled(said.dead_after))
        .append(" (dead_after), but pings come only every ")
        .append(spelled(silence))
        .append(" (ping_every)");
}

} // namespace detail

/// Why these terms would drop a healthy link each time that it falls silent, in a sentence with both numbers; empty if
/// they would not. A side that does not say is taken for one that can live with the other.
inline std::string conflict_of(const heartbeat_terms& client, const heartbeat_terms& hub)
{
    const auto silence = longest_silence(client, hub);
    if (silence <= duration::zero()) {
        return {};
    }
    auto text = detail::conflict("client", client, silence);
    return text.empty() ? detail::conflict("hub", hub, silence) : text;
}

} // namespace rejoinder::inline v0

#endif
