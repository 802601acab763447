// Who loses connections, how often and why, in bounded memory.
#ifndef REJOINDER_CORE_DISCONNECT_STATS_HPP
#define REJOINDER_CORE_DISCONNECT_STATS_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The bounds of the statistics.
struct disconnect_stats_options {
    std::size_t users_max = 100;                ///< users that are counted one by one; 0: none
    std::size_t top_max = 10;                   ///< of these in a snapshot
    duration keep_for = std::chrono::hours{24}; ///< who had no disconnect for so long is forgotten; zero: nobody is
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
/// Whoever had no disconnect for `keep_for` is forgotten, by `record` and `forget_old`, and would be counted anew.
///
/// `record` is O(users) and allocates for a new user's name only; queries are O(users), sorted ones O(users · log
/// users). Distinct objects are independent; one object is used from one thread at a time.
class disconnect_stats {
public:
    disconnect_stats() = default;
    explicit disconnect_stats(const disconnect_stats_options& options) : options_{options} {}

    [[nodiscard]] const disconnect_stats_options& options() const noexcept { return options_; }

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
        const auto* one = seek(user, mark_of(user));
        return one == nullptr ? nullptr : &one->known;
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
            if (each.known.certainly() >= at_least) {
                found.push_back(&each.known);
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
        if (now >= forgetting_at_) {
            forget_old(now);
        }
        if (user.empty() || options_.users_max == 0) {
            return;
        }
        auto& entry = place_of(user);
        ++entry.count;
        ++entry.reasons[static_cast<std::size_t>(reason)];
        entry.last = std::max(entry.last, now);
    }

    /// Forgets the users whose last disconnect is longer ago than they are kept for. Returns how many there were.
    std::size_t forget_old(instant now)
    {
        if (options_.keep_for <= duration::zero()) {
            return 0;
        }
        forgetting_at_ =
            later(now, options_.keep_for / 16); // so seldom that nobody feels it, and so often that nobody stays long
        return now < instant::min() + options_.keep_for ? 0 : forget_before(now - options_.keep_for);
    }

    /// Forgets the users whose last disconnect was before `limit`; the totals stay. Returns how many there were.
    std::size_t forget_before(instant limit)
    {
        return std::erase_if(users_, [limit](const tracked& each) { return each.known.last < limit; });
    }

private:
    struct tracked {
        user_disconnects known;
        std::size_t mark = 0; // of the name, so that a scan compares numbers
    };

    static std::size_t mark_of(std::string_view user) noexcept { return std::hash<std::string_view>{}(user); }

    [[nodiscard]] const tracked* seek(std::string_view user, std::size_t mark) const noexcept
    {
        const tracked* const end = users_.data() + users_.size();
        for (const tracked* one = users_.data(); one != end; ++one) {
            if (one->mark == mark && one->known.user == user) {
                return one;
            }
        }
        return nullptr;
    }

    user_disconnects& place_of(std::string_view user)
    {
        const auto mark = mark_of(user);
        if (const auto* found = seek(user, mark)) {
            return users_[static_cast<std::size_t>(found - users_.data())].known;
        }
        if (users_.size() < options_.users_max) {
            auto& fresh = users_.emplace_back();
            fresh.mark = mark;
            fresh.known.user = user;
            fresh.known.last = instant::min();
            return fresh.known;
        }
        auto& inherited = fewest();
        auto& known = inherited.known;
        inherited.mark = mark;
        known.user = user;
        known.overcount = known.count;
        known.reasons = {};
        known.last = instant::min();
        return known;
    }

    // Of equals the one longest quiet gives way. Precondition: there are users.
    tracked& fewest() noexcept
    {
        tracked* least = users_.data();
        tracked* const end = least + users_.size();
        for (tracked* one = least + 1; one != end; ++one) {
            const auto& known = one->known;
            const bool fewer = known.count < least->known.count;
            if (fewer || (known.count == least->known.count && known.last < least->known.last)) {
                least = one;
            }
        }
        return *least;
    }

    disconnect_stats_options options_{};
    std::array<std::uint64_t, close_reason_count> reasons_{};
    std::uint64_t total_ = 0;
    instant last_ = instant::min();
    instant forgetting_at_ = instant::min();
    std::vector<tracked> users_;
};

} // namespace rejoinder::inline v0

#endif
