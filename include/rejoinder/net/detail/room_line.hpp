// Calls that found no room in their session, and wait for it in order.
#ifndef REJOINDER_NET_DETAIL_ROOM_LINE_HPP
#define REJOINDER_NET_DETAIL_ROOM_LINE_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace rejoinder::inline v0::detail {

struct room_waiter {
    std::uint64_t number = 0;
    message_kind kind = message_kind::request;
    outgoing words;
    pending_call waiting;
    instant deadline = never;
};

/// The line of one session, bounded in number and bytes. Entering and leaving at the front are O(1), leaving elsewhere is linear.
class room_line {
public:
    room_line(std::size_t waiters_max, std::size_t bytes_max) noexcept
        : waiters_max_(waiters_max), bytes_max_(bytes_max)
    {}

    [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
    [[nodiscard]] bool takes(std::size_t bytes) const noexcept
    {
        return line_.size() < waiters_max_ && bytes <= bytes_max_ && bytes_ <= bytes_max_ - bytes;
    }
    /// Precondition: not empty.
    [[nodiscard]] const room_waiter& front() const noexcept { return line_.front(); }
    /// No later than the earliest deadline of those that wait.
    [[nodiscard]] instant next_deadline() const noexcept { return line_.empty() ? never : earliest_; }

    /// Precondition: `takes(words.size())`. Returns its number.
    std::uint64_t add(message_kind kind, outgoing words, pending_call waiting, instant deadline)
    {
        earliest_ = line_.empty() ? deadline : std::min(earliest_, deadline);
        bytes_ += words.size();
        line_.push_back({++last_, kind, std::move(words), std::move(waiting), deadline});
        return last_;
    }

    /// Precondition: not empty.
    room_waiter take_front() { return take_at(line_.begin()); }

    std::optional<room_waiter> take(std::uint64_t number)
    {
        return take_if([&](const room_waiter& one) { return one.number == number; });
    }

    /// One whose deadline has passed.
    std::optional<room_waiter> take_expired(instant now)
    {
        if (now < next_deadline()) {
            return std::nullopt;
        }
        auto found = take_if([&](const room_waiter& one) { return one.deadline <= now; });
        if (!found) {
            const auto soonest = std::min_element(line_.begin(), line_.end(),
                                                  [](const auto& a, const auto& b) { return a.deadline < b.deadline; });
            earliest_ = soonest == line_.end() ? never : soonest->deadline;
        }
        return found;
    }

private:
    using line = std::deque<room_waiter>;

    template <class Which>
    std::optional<room_waiter> take_if(Which which)
    {
        const auto found = std::find_if(line_.begin(), line_.end(), which);
        return found == line_.end() ? std::nullopt : std::optional{take_at(found)};
    }

    room_waiter take_at(line::iterator found)
    {
        auto taken = std::move(*found);
        line_.erase(found);
        bytes_ -= taken.words.size();
        return taken;
    }

    std::size_t waiters_max_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::uint64_t last_ = 0;
    instant earliest_ = never;
    line line_;
};

} // namespace rejoinder::inline v0::detail

#endif
