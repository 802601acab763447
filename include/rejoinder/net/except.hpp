// A target: everybody in a room, or every session of a user, but some.
#ifndef REJOINDER_NET_EXCEPT_HPP
#define REJOINDER_NET_EXCEPT_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// A target: all in a room but some. Made by `except`. Distinct objects are independent.
class all_except {
public:
    all_except(room where, std::vector<session_id> without) noexcept
        : where_(std::move(where)), without_(std::move(without))
    {}

    [[nodiscard]] const room& where() const noexcept { return where_; }
    /// Whether a session is left out. Linear in those that are.
    [[nodiscard]] bool leaves_out(session_id session) const noexcept
    {
        return std::find(without_.begin(), without_.end(), session) != without_.end();
    }

private:
    room where_;
    std::vector<session_id> without_;
};

/// All in a room but these peers: `hub.notify(except(room{"editors"}, from), "typing", what)`.
template <std::same_as<peer>... More>
[[nodiscard]] all_except except(room where, const peer& first, const More&... more)
{
    return {std::move(where), std::vector<session_id>{first.session(), more.session()...}};
}
/// The same for any number of them.
[[nodiscard]] inline all_except except(room where, const std::vector<peer>& without)
{
    std::vector<session_id> sessions;
    sessions.reserve(without.size());
    for (const auto& one : without) {
        sessions.push_back(one.session());
    }
    return {std::move(where), std::move(sessions)};
}
/// All sessions of a user but these: its other tabs.
template <std::same_as<peer>... More>
[[nodiscard]] all_except except(const user& whom, const peer& first, const More&... more)
{
    return except(user_room(whom.who()), first, more...);
}

// g++ 12 destroys an aggregate that owns memory twice when it stands in braces inside a co_await expression.
static_assert(!std::is_aggregate_v<all_except>);

} // namespace rejoinder::inline v0

#endif
