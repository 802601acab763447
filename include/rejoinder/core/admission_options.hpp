// The numbers of a hub's admission.
#ifndef REJOINDER_CORE_ADMISSION_OPTIONS_HPP
#define REJOINDER_CORE_ADMISSION_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>

#include <chrono>
#include <cstdint>

namespace rejoinder::inline v0 {

/// What a hub does when an identity has all the connections that it may have.
enum class crowding : std::uint8_t {
    probe_oldest, ///< asks the one that was silent longest for a sign of life, and gives its place away without one (rule 19)
    refuse_new,
    drop_oldest, ///< closes the one that was silent longest, unasked; its client, told `replaced`, stays away
};

/// The numbers of a hub's admission.
struct admission_options {
    duration grace = std::chrono::seconds{5}; ///< from the loss of an identity's last link to `absent`
    /// How long a session without a link is kept: the outbox's time to live and 10 min.
    duration lease = std::chrono::minutes{70};
    duration clean_up_limit = std::chrono::minutes{1}; ///< of a clean-up, before those who wait for it go on
    duration probe_wait = std::chrono::seconds{2};     ///< how long who finds all places taken waits for one
    std::uint32_t connections_per_identity = 5;
    /// Attached and dormant; of the dormant ones the longest silent gives way.
    std::uint32_t sessions_per_identity = 16;
    crowding on_crowding = crowding::probe_oldest;
    std::uint32_t sessions_max = 100'000; ///< attached and dormant; the longest dormant one gives way
};

} // namespace rejoinder::inline v0

#endif
