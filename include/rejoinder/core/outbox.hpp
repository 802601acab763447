// What waits to be sent, oldest first, bounded in number, bytes and age.
#ifndef REJOINDER_CORE_OUTBOX_HPP
#define REJOINDER_CORE_OUTBOX_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// What a full outbox does with a new message.
enum class overflow : std::uint8_t {
    reject_newest, ///< does not take it
    drop_oldest,   ///< drops the oldest ones to make room for it
};

/// The bounds of an outbox.
struct outbox_options {
    std::size_t messages_max = 100;
    std::size_t bytes_max = std::size_t{16} << 20;
    duration ttl = std::chrono::hours{1}; ///< of a message that names no other
    overflow on_overflow = overflow::reject_newest;
    unsigned tries = 3; ///< of one message, for whoever sends; the outbox itself does not count them
};

/// How an entry left, or failed to enter, an outbox.
enum class departure : std::uint8_t {
    sent,    ///< it went to a connection
    expired, ///< its time to live passed
    evicted, ///< it gave its place to a newer one
    refused, ///< it was not taken
    removed, ///< somebody took it back
};

constexpr std::string_view name_of(departure how) noexcept
{
    constexpr std::array<std::string_view, 5> names{"sent", "expired", "evicted", "refused", "removed"};
    return names[static_cast<std::size_t>(how)];
}

/// The number of an entry, in the order of pushing: never reused within an outbox, never 0.
using ticket = std::uint64_t;

/// An entry that waits.
template <class T>
struct outbox_entry {
    ticket id;
    T value;
    std::size_t bytes;
    instant pushed;
    instant expires;
};

/// An entry that has left.
template <class T>
struct departed {
    ticket id;
    T value;
    departure how;
    std::size_t bytes;
    instant pushed;
    instant expires;
};

/// A queue of messages that wait for a link. `T` is the caller's value for a message: an index, or the whole of it.
///
/// No entry vanishes silently: each leaves through a function that returns it, one at a time, so that the caller can
/// complete it. To push: first `make_room` until it returns nothing, then `push`. A value that is not taken stays with
/// the caller.
///
/// At most `messages_max` entries and `bytes_max` bytes wait; at the bound `on_overflow` decides. `restore` alone may
/// exceed them, because what is restored was within them when it was pushed.
///
/// `push`, `front` and taking the front are O(1) amortised plus O(log n) for the expiry's order; `find` and `take` are
/// O(log n); `restore` is O(1) at the front and O(n) elsewhere. Memory grows to the largest number that waited, and
/// then nothing is allocated (but by `T` itself). References are valid until the next change. Distinct objects are
/// independent; one object is used from one thread at a time.
template <std::movable T>
class outbox {
public:
    using entry = outbox_entry<T>;

    constexpr outbox() = default;
    constexpr explicit outbox(const outbox_options& options) : options_{options} {}

    [[nodiscard]] constexpr const outbox_options& options() const noexcept { return options_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return live_; }
    [[nodiscard]] constexpr std::size_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return live_ == 0; }

    /// The oldest entry, or null.
    [[nodiscard]] constexpr const entry* front() const noexcept { return live_ == 0 ? nullptr : &*at(0).kept; }

    /// The entry of this ticket, or null.
    [[nodiscard]] constexpr const entry* find(ticket id) const noexcept
    {
        const auto place = lower_bound(id);
        return place != used_ && at(place).id == id && at(place).kept ? &*at(place).kept : nullptr;
    }

    /// Calls `each(const entry&)` for every entry, oldest first. `each` must not change the outbox.
    template <class Each>
    constexpr void for_each(Each each) const
    {
        for (std::size_t place = 0; place != used_; ++place) {
            if (at(place).kept) {
                each(*at(place).kept);
            }
        }
    }

    /// When the first entry expires; `never` if none does.
    [[nodiscard]] constexpr instant next_expiry() const noexcept
    {
        return expiries_.empty() ? never : expiries_.front().at;
    }

    /// Whether a message of so many bytes can be pushed now.
    [[nodiscard]] constexpr bool fits(std::size_t bytes) const noexcept
    {
        return live_ < options_.messages_max && bytes <= options_.bytes_max && bytes_ <= options_.bytes_max - bytes;
    }

    /// Where `drop_oldest` is set: drops the oldest entry if a message of so many bytes does not fit, and would fit an
    /// empty outbox.
    [[nodiscard]] constexpr std::optional<departed<T>> make_room(std::size_t bytes)
    {
        const bool hopeless = bytes > options_.bytes_max || options_.messages_max == 0;
        if (options_.on_overflow == overflow::reject_newest || hopeless || live_ == 0 || fits(bytes)) {
            return std::nullopt;
        }
        return extract(0, departure::evicted);
    }

    /// Appends a message. Returns its ticket, or nothing if it does not fit: then it was refused, and `value` is as it
    /// was. `ttl`: how long it may wait; nothing: the options' length. A length too long to add means for ever.
    constexpr std::optional<ticket> push(T&& value, std::size_t bytes, instant now,
                                         std::optional<duration> ttl = std::nullopt)
    {
        if (!fits(bytes)) {
            return std::nullopt;
        }
        make_cell();
        // Age follows the tickets even if the caller's clock goes back, so that the oldest is always in front.
        const instant pushed = live_ == 0 ? now : std::max(now, at(used_ - 1).kept->pushed);
        const ticket id = next_++;
        fill(used_, entry{id, std::move(value), bytes, pushed, later(now, ttl.value_or(options_.ttl))});
        return id;
    }
    constexpr std::optional<ticket> push(const T& value, std::size_t bytes, instant now,
                                         std::optional<duration> ttl = std::nullopt)
        requires std::copy_constructible<T>
    {
        return push(T(value), bytes, now, ttl);
    }

    /// Puts an entry back in its old place: one that was taken, but is to be sent after all. Bounds are not asked.
    /// Precondition: the ticket is one of this outbox, and does not wait in it.
    constexpr void restore(ticket id, T value, std::size_t bytes, instant expires, instant pushed)
    {
        assert(id != 0 && id < next_ && find(id) == nullptr);
        make_cell();
        const auto place = open_cell(id);
        const entry* older = before(place);
        const entry* newer = behind(place);
        pushed = older != nullptr ? std::max(pushed, older->pushed) : pushed;
        pushed = newer != nullptr ? std::min(pushed, newer->pushed) : pushed;
        fill(place, entry{id, std::move(value), bytes, pushed, expires});
    }
    /// The same for an entry whose age is not at hand: it is reckoned back from its expiry by the options' time to
    /// live, and one that never expires counts as old as its neighbours allow.
    constexpr void restore(ticket id, T value, std::size_t bytes, instant expires)
    {
        const duration ttl = std::max(options_.ttl, duration::zero());
        const bool reckonable = expires != never && expires >= instant::min() + ttl;
        restore(id, std::move(value), bytes, expires, reckonable ? expires - ttl : instant::min());
    }
    constexpr void restore(departed<T> gone)
    {
        restore(gone.id, std::move(gone.value), gone.bytes, gone.expires, gone.pushed);
    }

    /// Takes the entry of this ticket out, if it waits.
    constexpr std::optional<departed<T>> take(ticket id, departure how)
    {
        const auto place = lower_bound(id);
        if (place == used_ || at(place).id != id || !at(place).kept) {
            return std::nullopt;
        }
        return extract(place, how);
    }

    /// `take` for somebody who wants it back.
    constexpr std::optional<departed<T>> remove(ticket id) { return take(id, departure::removed); }

    /// Takes one entry that has expired by now, the first to have done so.
    [[nodiscard]] constexpr std::optional<departed<T>> expire(instant now)
    {
        if (next_expiry() > now || expiries_.empty()) {
            return std::nullopt;
        }
        return extract(lower_bound(expiries_.front().id), departure::expired);
    }

    /// Takes the oldest entry if it was pushed before `limit`.
    [[nodiscard]] constexpr std::optional<departed<T>> drop_older_than(instant limit)
    {
        if (live_ == 0 || front()->pushed >= limit) {
            return std::nullopt;
        }
        return extract(0, departure::removed);
    }

    /// Takes the oldest entry, if there is one: called until it returns nothing, it clears the outbox.
    [[nodiscard]] constexpr std::optional<departed<T>> drain()
    {
        return live_ == 0 ? std::nullopt : std::optional<departed<T>>{extract(0, departure::removed)};
    }

    /// Gives memory back after a burst, if nothing waits.
    constexpr void shrink()
    {
        if (live_ == 0) {
            std::vector<cell>{}.swap(cells_);
            std::vector<expiry>{}.swap(expiries_);
            first_ = 0;
        }
    }

private:
    // A place in the ring. Taken from the middle it stays as a gap that keeps its ticket, so that a binary search still
    // works.
    struct cell {
        ticket id = 0;
        std::optional<entry> kept{};
    };

    // One entry of the heap of expiries. Those of entries that have left stay until they reach the top or are too many.
    struct expiry {
        instant at{};
        ticket id = 0;
    };

    // The standard's heaps have the largest on top: so that it is the first to expire, "less" is "expires later".
    static constexpr bool expires_later(const expiry& left, const expiry& right) noexcept
    {
        return left.at != right.at ? left.at > right.at : left.id > right.id;
    }

    [[nodiscard]] constexpr cell& at(std::size_t place) noexcept
    {
        return cells_[(first_ + place) & (cells_.size() - 1)];
    }
    [[nodiscard]] constexpr const cell& at(std::size_t place) const noexcept
    {
        return cells_[(first_ + place) & (cells_.size() - 1)];
    }

    // The first place whose ticket is not below `id`.
    [[nodiscard]] constexpr std::size_t lower_bound(ticket id) const noexcept
    {
        std::size_t low = 0;
        std::size_t high = used_;
        while (low != high) {
            const auto middle = low + (high - low) / 2;
            if (at(middle).id < id) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    [[nodiscard]] constexpr const entry* before(std::size_t place) const noexcept
    {
        while (place-- != 0) {
            if (at(place).kept) {
                return &*at(place).kept;
            }
        }
        return nullptr;
    }

    [[nodiscard]] constexpr const entry* behind(std::size_t place) const noexcept
    {
        for (++place; place < used_; ++place) {
            if (at(place).kept) {
                return &*at(place).kept;
            }
        }
        return nullptr;
    }

    // Makes sure that one more cell can be used: closes the gaps if they are half of the ring, else doubles it.
    constexpr void make_cell()
    {
        if (used_ != cells_.size()) {
            return;
        }
        if (live_ <= used_ / 2 && used_ != 0) {
            close_gaps();
            return;
        }
        std::vector<cell> larger(std::max<std::size_t>(8, cells_.size() * 2));
        for (std::size_t place = 0; place != used_; ++place) {
            larger[place] = std::move(at(place));
        }
        cells_ = std::move(larger);
        first_ = 0;
    }

    constexpr void close_gaps()
    {
        std::size_t kept = 0;
        for (std::size_t place = 0; place != used_; ++place) {
            if (at(place).kept) {
                if (kept != place) {
                    at(kept) = std::exchange(at(place), cell{});
                }
                ++kept;
            }
        }
        used_ = kept;
    }

    // A free cell at the place of this ticket; there is a spare cell in the ring.
    constexpr std::size_t open_cell(ticket id)
    {
        const auto place = lower_bound(id);
        if (place != used_ && at(place).id == id) {
            return place; // its own gap
        }
        ++used_;
        if (place == 0) {
            first_ = (first_ - 1) & (cells_.size() - 1);
        } else {
            for (std::size_t moved = used_ - 1; moved != place; --moved) {
                at(moved) = std::exchange(at(moved - 1), cell{});
            }
        }
        at(place) = {};
        return place;
    }

    constexpr void fill(std::size_t place, entry&& filled)
    {
        used_ = std::max(used_, place + 1);
        bytes_ += filled.bytes;
        ++live_;
        if (filled.expires != never) {
            expiries_.push_back({filled.expires, filled.id});
            std::push_heap(expiries_.begin(), expiries_.end(), expires_later);
        }
        at(place).id = filled.id;
        at(place).kept.emplace(std::move(filled));
    }

    constexpr departed<T> extract(std::size_t place, departure how)
    {
        auto& kept = at(place).kept;
        departed<T> gone{kept->id, std::move(kept->value), how, kept->bytes, kept->pushed, kept->expires};
        kept.reset();
        --live_;
        bytes_ -= gone.bytes;
        trim();
        settle_expiries();
        return gone;
    }

    // Both ends of the ring are entries, never gaps.
    constexpr void trim()
    {
        while (used_ != 0 && !at(0).kept) {
            first_ = (first_ + 1) & (cells_.size() - 1);
            --used_;
        }
        while (used_ != 0 && !at(used_ - 1).kept) {
            --used_;
        }
    }

    // The top of the heap is an entry that waits; entries that have left are at most as many as those that wait, and a
    // few.
    constexpr void settle_expiries()
    {
        const auto gone = [this](const expiry& due) {
            const entry* kept = find(due.id);
            return kept == nullptr || kept->expires != due.at;
        };
        if (expiries_.size() > 2 * live_ + 16) {
            std::erase_if(expiries_, gone);
            std::make_heap(expiries_.begin(), expiries_.end(), expires_later);
        }
        while (!expiries_.empty() && gone(expiries_.front())) {
            std::pop_heap(expiries_.begin(), expiries_.end(), expires_later);
            expiries_.pop_back();
        }
    }

    outbox_options options_{};
    std::vector<cell> cells_; // a ring; its size is a power of two
    std::vector<expiry> expiries_;
    std::size_t first_ = 0;
    std::size_t used_ = 0; // cells from first_ on, gaps included
    std::size_t live_ = 0;
    std::size_t bytes_ = 0;
    ticket next_ = 1;
};

} // namespace rejoinder::inline v0

#endif
