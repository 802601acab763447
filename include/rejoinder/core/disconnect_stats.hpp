// Who loses connections, how often and why, in bounded memory.
#ifndef REJOINDER_CORE_DISCONNECT_STATS_HPP
#define REJOINDER_CORE_DISCONNECT_STATS_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The bounds of the statistics.
struct disconnect_stats_options {
    std::size_t users_max = 100; ///< users that are counted one by one; 0: none
};

/// What is known of one user's disconnects.
struct user_disconnects {
    std::string user;
    std::uint64_t count = 0;     ///< never too low; too high by `overcount` at most
    std::uint64_t overcount = 0; ///< what was inherited from a user whose place this one took
    std::array<std::uint64_t, close_reason_count> reasons{}; ///< since then; their sum is `count - overcount`
    instant last{};

    /// How often for this reason.
    [[nodiscard]] constexpr std::uint64_t of(close_reason reason) const noexcept
    {
        return reasons[static_cast<std::size_t>(reason)];
    }

    /// How often at least.
    [[nodiscard]] constexpr std::uint64_t certainly() const noexcept { return count - overcount; }
};

/// Counts of disconnects: all of them by reason, and the users who have most.
///
/// Users are counted by the Space-Saving algorithm (Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent
/// and Top-k Elements in Data Streams", ICDT 2005): at the bound a new user takes the place of the one with the fewest,
/// and inherits that count. So whoever has more than total / users_max disconnects is surely among them.
///
/// `record` is O(users) and allocates for a new user's name only; queries are O(users), sorted ones O(users · log
/// users). Distinct objects are independent; one object is used from one thread at a time.
class disconnect_stats {
public:
    disconnect_stats() = default;
    explicit disconnect_stats(const disconnect_stats_options& options) : options_{options} {}

    /// All disconnects, whoever's.
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }

    /// All disconnects for this reason.
    [[nodiscard]] std::uint64_t of(close_reason reason) const noexcept
    {
        return reasons_[static_cast<std::size_t>(reason)];
    }

    /// When the last one was; `instant::min()` if there was none.
    [[nodiscard]] instant last() const noexcept { return last_; }

    /// How many users are counted.
    [[nodiscard]] std::size_t users() const noexcept { return users_.size(); }

    /// What is known of a user, or null. Valid until the next change.
    [[nodiscard]] const user_disconnects* find(std::string_view user) const noexcept
    {
        const auto found = std::find_if(users_.begin(), users_.end(),
                                        [user](const user_disconnects& each) { return each.user == user; });
        return found == users_.end() ? nullptr : &*found;
    }

    /// The users with the most disconnects, most first and equal ones by name, at most `count` of them. Valid until the
    /// next change.
    [[nodiscard]] std::vector<const user_disconnects*> top(std::size_t count) const
    {
        auto found = frequent(0);
        found.resize(std::min(count, found.size()));
        return found;
    }

    /// The users who surely have `at_least` disconnects, in the same order. Valid until the next change.
    [[nodiscard]] std::vector<const user_disconnects*> frequent(std::uint64_t at_least) const
    {
        std::vector<const user_disconnects*> found;
        found.reserve(users_.size());
        for (const auto& each : users_) {
            if (each.certainly() >= at_least) {
                found.push_back(&each);
            }
        }
        std::sort(found.begin(), found.end(), [](const user_disconnects* left, const user_disconnects* right) {
            return left->count != right->count ? left->count > right->count : left->user < right->user;
        });
        return found;
    }

    /// A connection of this user ended. An empty name counts in the totals only: nobody was authenticated.
    void record(std::string_view user, close_reason reason, instant now)
    {
        ++total_;
        ++reasons_[static_cast<std::size_t>(reason)];
        last_ = std::max(last_, now);
        if (user.empty() || options_.users_max == 0) {
            return;
        }
        auto& entry = place_of(user);
        ++entry.count;
        ++entry.reasons[static_cast<std::size_t>(reason)];
        entry.last = std::max(entry.last, now);
    }

    /// Forgets the users whose last disconnect was before `limit`; the totals stay. Returns how many there were.
    std::size_t forget_before(instant limit)
    {
        return std::erase_if(users_, [limit](const user_disconnects& each) { return each.last < limit; });
    }

private:
    user_disconnects& place_of(std::string_view user)
    {
        const auto found = std::find_if(users_.begin(), users_.end(),
                                        [user](const user_disconnects& each) { return each.user == user; });
        if (found != users_.end()) {
            return *found;
        }
        if (users_.size() < options_.users_max) {
            auto& fresh = users_.emplace_back();
            fresh.user = user;
            fresh.last = instant::min();
            return fresh;
        }
        // Of equals the one longest quiet gives way.
        const auto least = std::min_element(
            users_.begin(), users_.end(), [](const user_disconnects& left, const user_disconnects& right) {
                return left.count != right.count ? left.count < right.count : left.last < right.last;
            });
        least->user = user;
        least->overcount = least->count;
        least->reasons = {};
        least->last = instant::min();
        return *least;
    }

    disconnect_stats_options options_{};
    std::array<std::uint64_t, close_reason_count> reasons_{};
    std::uint64_t total_ = 0;
    instant last_ = instant::min();
    std::vector<user_disconnects> users_;
};

} // namespace rejoinder::inline v0

#endif
