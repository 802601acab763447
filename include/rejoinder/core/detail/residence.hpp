// What an admission knows of one identity, and of one session of it.
#ifndef REJOINDER_CORE_DETAIL_RESIDENCE_HPP
#define REJOINDER_CORE_DETAIL_RESIDENCE_HPP

#include <rejoinder/core/admission_options.hpp>
#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0::detail {

enum class admission_clock : std::uint8_t { lease, grace, clean_up, crowd };

enum class link_of : std::uint8_t { attached, dormant };

/// An identity: its presence, its sessions, and who of it waits.
template <class Grace>
struct home {
    home(duration grace_length, std::string_view identity) : grace(grace_length), name(identity) {}

    Grace grace;
    std::string name;
    std::vector<session_id> sessions;
    std::uint64_t absence = 0;      // the number of its clean-up, so that one given up does not end a later one
    std::vector<candidate> waiting; // for the clean-up to end, or for a place
    timer_id timer{};               // of the grace, then of the clean-up
    timer_id crowd_timer{};
    session_id probed = 0; // asked for a sign of life, at this time, for those who wait for a place
    instant probed_at{};

    [[nodiscard]] bool crowded(std::uint32_t connections_max) const { return grace.attached() >= connections_max; }
};

/// A deadline of an identity or of a session.
template <class Grace>
struct admission_alarm {
    admission_clock what;
    home<Grace>* at;
    session_id session;
};

/// A session: where it lives, and what it takes to resume it.
template <class Grace>
struct resident {
    home<Grace>* at = nullptr;
    connection_id connection = 0; // 0: dormant
    std::uint64_t attempt = 0;
    std::string incarnation;
    digest token{};
    instant heard{};
    timer_id lease{};
    bool superseded = false; // its page was reloaded: it ends with its link (rule 2)
    bool lasting = true;     // its client can come back to it
    bool marks = false;      // and then for him nothing has happened, which would not be true after the grace

    [[nodiscard]] instant lease_until(const admission_options& options, instant now) const noexcept
    {
        return later(now, marks ? std::min(options.grace, options.lease) : options.lease);
    }
};

/// Of an identity's sessions, with a link or without one, the longest silent; 0: there is none.
template <class Sessions, class Grace>
session_id silent_longest(const Sessions& sessions, const home<Grace>& at, link_of which) noexcept
{
    session_id longest = 0;
    auto since = never;
    for (const auto session : at.sessions) {
        const auto& one = *sessions.find(session);
        if ((one.connection != 0) == (which == link_of::attached) && one.heard < since) {
            longest = session;
            since = one.heard;
        }
    }
    return longest;
}

} // namespace rejoinder::inline v0::detail

#endif
