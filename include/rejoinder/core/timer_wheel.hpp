// The hierarchical timing wheel: any number of deadlines under one timer, each set and cancelled in constant time.
#ifndef REJOINDER_CORE_TIMER_WHEEL_HPP
#define REJOINDER_CORE_TIMER_WHEEL_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Names one scheduled timer. Default-constructed it names none. An id whose timer is gone is harmless: it names none
/// either (until its place in the wheel has been used 2^32 − 1 times more).
struct timer_id {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    friend bool operator==(const timer_id&, const timer_id&) = default;
};

/// A timing wheel (Varghese & Lauck 1987, scheme 7): deadlines with a resolution of one millisecond, over the whole range
/// of `instant`.
///
/// Whoever owns the clock loops over `expire(now)`, then sleeps until `next_expiry()`.
///
/// A timer never fires early: its deadline is rounded up to a whole millisecond of the clock, and it fires in the first
/// `expire(now)` whose `now` has reached that. Scheduling and cancelling take constant time; a timer that lives is moved at
/// most once per level (a factor of 64 in time) before it fires. 32 bytes a timer (for a T of 8 bytes), and 4 KiB for the
/// wheel once more than 16 are pending: fewer stand in a line, so that thousands of wheels with few timers each stay
/// small. No allocation once as many have been pending as ever will be. Unbounded in itself: whoever schedules has a bound.
///
/// Distinct objects are independent; one object is used from one thread at a time. A moved-from wheel may only be
/// destroyed or assigned to.
template <class T = std::uint64_t>
class timer_wheel {
    static_assert(std::is_trivially_copyable_v<T>, "a timer carries a small value, an id or a pointer");

public:
    /// A wheel whose clock stands at `origin`: what is due before that counts as due at it.
    explicit timer_wheel(instant origin = instant{}) noexcept : origin_(floor_of(origin)) {}

    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;
    timer_wheel(timer_wheel&&) noexcept = default;
    timer_wheel& operator=(timer_wheel&&) noexcept = default;
    ~timer_wheel() = default;

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    /// Whether that timer has neither fired nor been cancelled.
    bool active(timer_id timer) const noexcept
    {
        return timer.generation != 0 && timer.index < nodes_.size() &&
               nodes_[timer.index].generation == timer.generation && nodes_[timer.index].bucket != no_bucket;
    }

    /// When to call `expire` next; `never` when empty. Never later than the earliest deadline (rounded up to its
    /// millisecond; one that has passed counts as the last `now`). Exact while few timers are pending, so that an idle
    /// program sleeps through; otherwise it may be earlier, for a far timer to be moved to a finer level.
    instant next_expiry() const noexcept
    {
        if (few_.head != none) {
            return instant_of(nodes_[few_.head].tick);
        }
        if (levels_ == 0) {
            return never;
        }
        const auto level = static_cast<unsigned>(std::countr_zero(levels_));
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        if (level == 0 || size_ > few_max) {
            return instant_of(start_of(level, slot));
        }
        std::uint64_t earliest = ~std::uint64_t{0};
        for (auto index = buckets_[level * slots + slot].head; index != none; index = nodes_[index].next) {
            earliest = std::min(earliest, nodes_[index].tick);
        }
        return instant_of(earliest);
    }

    /// Sets a timer that `expire` gives back, as `value`, once `when` has come. One that has come already fires in the
    /// next `expire`, or in the same loop.
    timer_id schedule(instant when, T value)
    {
        if (buckets_.empty() && size_ == few_max) {
            spread();
        }
        const auto index = acquire(value);
        auto& timer = nodes_[index];
        timer.tick = std::max(tick_due(when), current_);
        buckets_.empty() ? line_up(index) : append(index);
        ++size_;
        return {index, timer.generation};
    }

    /// Takes a timer out; false if it had fired or been cancelled already.
    bool cancel(timer_id timer) noexcept
    {
        if (!active(timer)) {
            return false;
        }
        unlink(timer.index);
        release(timer.index);
        return true;
    }

    /// Takes out the next timer that is due at `now`, in the order of their deadlines, those of one millisecond in the
    /// order they were scheduled in; nothing when none is left. A `now` before the last one counts as the last one.
    /// Timers may be scheduled and cancelled between two calls of the loop.
    std::optional<T> expire(instant now)
    {
        now_ = std::max(now_, tick_reached(now));
        if (few_.head != none && nodes_[few_.head].tick <= now_) {
            current_ = nodes_[few_.head].tick;
            return take(few_.head);
        }
        while (levels_ != 0) {
            const auto here = static_cast<unsigned>(current_ % slots);
            if ((occupied_[0] >> here & 1) != 0) {
                return take(buckets_[here].head);
            }
            if (!turn()) {
                return std::nullopt;
            }
        }
        current_ = now_;
        return std::nullopt;
    }

    /// Cancels every timer and keeps the memory.
    void clear() noexcept
    {
        for (std::uint32_t index = 0; index != nodes_.size() && size_ != 0; ++index) {
            if (nodes_[index].bucket != no_bucket) {
                unlink(index);
                release(index);
            }
        }
    }

    /// Gives all memory back if no timer is pending. Old ids stay harmless.
    void shrink() noexcept
    {
        if (size_ != 0) {
            return;
        }
        for (const auto& timer : nodes_) {
            first_generation_ = std::max(first_generation_, timer.generation);
        }
        nodes_ = std::vector<node>{};
        buckets_ = std::vector<list>{};
        free_ = none;
    }

private:
    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned slots = 1U << digit_bits;
    // 2^48 ms are more than the 2^45 between the two ends of a 64-bit count of nanoseconds: no deadline is out of range.
    static constexpr unsigned levels = 8;
    static constexpr std::size_t few_max = 16;
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint32_t no_bucket = ~std::uint32_t{0};
    static constexpr std::uint32_t in_line = no_bucket - 1;

    struct node {
        T value;
        std::uint64_t tick;
        std::uint32_t next;
        std::uint32_t previous;
        std::uint32_t generation;
        std::uint32_t bucket;
    };

    struct list {
        std::uint32_t head = none;
        std::uint32_t tail = none;
    };

    static std::int64_t floor_of(instant when) noexcept
    {
        return std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch()).count();
    }

    std::uint64_t since_origin(std::int64_t milliseconds) const noexcept
    {
        return milliseconds <= origin_ ? 0 : static_cast<std::uint64_t>(milliseconds - origin_);
    }

    std::uint64_t tick_reached(instant now) const noexcept { return since_origin(floor_of(now)); }

    std::uint64_t tick_due(instant when) const noexcept
    {
        return since_origin(std::chrono::ceil<std::chrono::milliseconds>(when.time_since_epoch()).count());
    }

    instant instant_of(std::uint64_t tick) const noexcept
    {
        const auto milliseconds = origin_ + static_cast<std::int64_t>(tick);
        return milliseconds > floor_of(never) ? never : instant{std::chrono::milliseconds{milliseconds}};
    }

    std::uint32_t acquire(T value)
    {
        if (free_ == none) {
            nodes_.push_back({value, 0, none, none, first_generation_, no_bucket});
            return static_cast<std::uint32_t>(nodes_.size() - 1);
        }
        const auto index = free_;
        free_ = nodes_[index].next;
        nodes_[index].value = value;
        return index;
    }

    void release(std::uint32_t index) noexcept
    {
        auto& timer = nodes_[index];
        timer.bucket = no_bucket;
        if (++timer.generation == 0) {
            timer.generation = 1;
        }
        timer.next = free_;
        free_ = index;
        --size_;
    }

    // The level of a tick is the highest digit in which it differs from the current one. So a slot's timers move down in
    // one go when the wheel enters it, before any other can be filed below, and timers of one tick stay in their order.
    void append(std::uint32_t index) noexcept
    {
        auto& timer = nodes_[index];
        const auto differing = static_cast<unsigned>(std::bit_width((timer.tick ^ current_) | 1)) - 1;
        const auto level = differing / digit_bits;
        const auto slot = static_cast<unsigned>(timer.tick >> (level * digit_bits)) % slots;
        timer.bucket = level * slots + slot;
        auto& bucket = buckets_[timer.bucket];
        timer.next = none;
        timer.previous = bucket.tail;
        bucket.tail = index;
        if (timer.previous == none) {
            bucket.head = index;
            occupied_[level] |= std::uint64_t{1} << slot;
            levels_ |= 1U << level;
            return;
        }
        nodes_[timer.previous].next = index;
    }

    T take(std::uint32_t index) noexcept
    {
        const T value = nodes_[index].value;
        unlink(index);
        release(index);
        return value;
    }

    // Few timers stand in the order of their deadlines. Most come with the same length, hence go to the end.
    void line_up(std::uint32_t index) noexcept
    {
        auto& timer = nodes_[index];
        auto before = few_.tail;
        while (before != none && nodes_[before].tick > timer.tick) {
            before = nodes_[before].previous;
        }
        timer.bucket = in_line;
        timer.previous = before;
        timer.next = before == none ? few_.head : nodes_[before].next;
        (timer.previous == none ? few_.head : nodes_[timer.previous].next) = index;
        (timer.next == none ? few_.tail : nodes_[timer.next].previous) = index;
    }

    // There are many now.
    void spread()
    {
        buckets_.resize(levels * slots);
        auto index = std::exchange(few_, {}).head;
        while (index != none) {
            const auto next = nodes_[index].next;
            append(index);
            index = next;
        }
    }

    void unlink(std::uint32_t index) noexcept
    {
        const auto& timer = nodes_[index];
        auto& bucket = timer.bucket == in_line ? few_ : buckets_[timer.bucket];
        (timer.next == none ? bucket.tail : nodes_[timer.next].previous) = timer.previous;
        (timer.previous == none ? bucket.head : nodes_[timer.previous].next) = timer.next;
        if (bucket.head == none && timer.bucket != in_line) {
            mark_empty(timer.bucket);
        }
    }

    void mark_empty(std::uint32_t bucket) noexcept
    {
        const auto level = bucket / slots;
        occupied_[level] &= ~(std::uint64_t{1} << bucket % slots);
        if (occupied_[level] == 0) {
            levels_ &= ~(1U << level);
        }
    }

    std::uint64_t start_of(unsigned level, unsigned slot) const noexcept
    {
        const auto shift = level * digit_bits;
        const auto block = current_ >> shift >> digit_bits;
        return (block << digit_bits | slot) << shift;
    }

    // Goes to the first occupied slot, which the lowest occupied level has, and files its timers anew; false: it is
    // beyond now.
    bool turn() noexcept
    {
        const auto level = static_cast<unsigned>(std::countr_zero(levels_));
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        const auto start = start_of(level, slot);
        if (start > now_) {
            current_ = now_;
            return false;
        }
        current_ = start;
        if (level == 0) {
            return true;
        }
        const auto bucket = level * slots + slot;
        auto index = buckets_[bucket].head;
        buckets_[bucket] = {};
        mark_empty(bucket);
        while (index != none) {
            const auto next = nodes_[index].next;
            append(index);
            index = next;
        }
        return true;
    }

    std::vector<node> nodes_;
    list few_; // while there are no buckets
    std::vector<list> buckets_;
    std::array<std::uint64_t, levels> occupied_{};
    std::int64_t origin_;       // milliseconds of the clock
    std::uint64_t current_ = 0; // ticks: milliseconds since the origin; behind now_ only within an expire loop
    std::uint64_t now_ = 0;
    std::size_t size_ = 0;
    std::uint32_t levels_ = 0; // those with an occupied slot
    std::uint32_t free_ = none;
    std::uint32_t first_generation_ = 1;
};

} // namespace rejoinder::inline v0

#endif
