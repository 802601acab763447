// The replay window: the notifications that a session said last, for a peer that comes back and says which of them it has seen.
#ifndef REJOINDER_CORE_REPLAY_WINDOW_HPP
#define REJOINDER_CORE_REPLAY_WINDOW_HPP

#include <rejoinder/core/detail/ring.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Notifications in their order, numbered from 1: those that are to be emitted, and behind them those that were, as far as the bounds allow.
///
/// What a bound drops, and what was not taken, is known to be missing: `covers` then says no, and the peer is to begin anew. So a session that
/// goes on has lost nothing. Operations are O(1) on average, `rewind` O(n); once the entries' buffers have grown nothing is allocated. Distinct
/// objects are independent; one object is used from one thread at a time.
class replay_window {
public:
    /// The bounds of what is kept once it was emitted, or while nobody is there.
    struct options {
        std::size_t count_max = 1024;                 ///< notifications
        std::size_t bytes_max = std::size_t{1} << 20; ///< of their names and payloads
        duration age_max = std::chrono::minutes{2};   ///< since it was said
    };

    /// A notification.
    struct entry {
        std::uint64_t number = 0;
        std::uint64_t behind = 0; ///< the ticket of what had been asked last
        instant said{};
        encoding form = encoding::text;
        std::string name;
        std::string payload;

        [[nodiscard]] std::size_t bytes() const noexcept { return name.size() + payload.size(); }
    };

    explicit replay_window(const options& bounds) : bounds_(bounds) {}

    /// Those that are kept, and the bytes that they take.
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    /// The newest one's number; 0: there was none.
    [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
    /// Those that are to be emitted.
    [[nodiscard]] std::size_t ahead() const noexcept { return ahead_; }
    [[nodiscard]] std::size_t ahead_bytes() const noexcept { return ahead_bytes_; }
    /// The first of them. Precondition: `ahead() != 0`.
    [[nodiscard]] const entry& next() noexcept { return entries_[entries_.size() - ahead_]; }

    /// Takes a notification behind the others, to be emitted; what was emitted gives way to it.
    void add(std::string_view name, const payload_view& payload, std::uint64_t behind, instant now)
    {
        auto made = fresh();
        made.number = last_ + 1;
        made.behind = behind;
        made.said = now;
        made.form = payload.form;
        made.name.assign(name);
        made.payload.assign(payload.bytes);
        const auto size = made.bytes();
        entries_.push_back(std::move(made)); // from here on nothing throws
        ++last_;
        bytes_ += size;
        ++ahead_;
        ahead_bytes_ += size;
        expire(now);
    }

    /// A notification was not taken, as too much waits already: it has a number, and is missing.
    void lose() noexcept { floor_ = ++last_; }

    /// The first of those that were to be emitted was. Precondition: `ahead() != 0`.
    void emitted() noexcept
    {
        ahead_bytes_ -= next().bytes();
        --ahead_;
    }

    /// Nobody is there to emit to: all bounds hold for all that is here.
    void rest(instant now)
    {
        ahead_ = ahead_bytes_ = 0;
        expire(now);
    }

    /// When the oldest is to go for its age; `never`: there is none, or it is to be emitted.
    [[nodiscard]] instant next_expiry() noexcept
    {
        return entries_.size() == ahead_ ? never : later(entries_.front().said, bounds_.age_max);
    }

    /// Drops what the bounds do not allow. What is to be emitted has bounds of its own, its session's, and does not grow old.
    void expire(instant now)
    {
        while (entries_.size() > ahead_ && (is_full() || later(entries_.front().said, bounds_.age_max) <= now)) {
            drop();
        }
    }

    /// Gives back the memory that is only there for the next ones.
    void shrink()
    {
        std::vector<entry>{}.swap(spare_);
        entries_.shrink();
    }

    /// Whether everything behind this number is here; 0: everything.
    [[nodiscard]] bool covers(std::uint64_t seen, instant now)
    {
        expire(now);
        return seen >= floor_ && seen <= last_;
    }

    /// The peer has seen everything up to this number: what is behind it is to be emitted, again or not.
    void rewind(std::uint64_t seen) noexcept
    {
        ahead_ = ahead_bytes_ = 0;
        while (ahead_ != entries_.size() && entries_[entries_.size() - ahead_ - 1].number > seen) {
            ++ahead_;
            ahead_bytes_ += next().bytes();
        }
    }

private:
    static constexpr std::size_t keep_bytes = 4096; // of one spare buffer
    static constexpr std::size_t spare_max = 16;

    [[nodiscard]] bool is_full() const noexcept
    {
        return entries_.size() > bounds_.count_max || bytes_ > bounds_.bytes_max;
    }

    void drop()
    {
        auto gone = entries_.pop_front();
        floor_ = std::max(floor_, gone.number);
        bytes_ -= gone.bytes();
        if (spare_.size() < spare_max && gone.name.capacity() + gone.payload.capacity() <= keep_bytes) {
            spare_.push_back(std::move(gone));
        }
    }

    entry fresh()
    {
        if (spare_.empty()) {
            return {};
        }
        auto one = std::move(spare_.back());
        spare_.pop_back();
        return one;
    }

    options bounds_;
    detail::ring<entry> entries_; // in order; the last `ahead_` are to be emitted
    std::vector<entry> spare_;
    std::size_t bytes_ = 0;
    std::size_t ahead_ = 0;
    std::size_t ahead_bytes_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t floor_ = 0; // the newest number that is missing
};

} // namespace rejoinder::inline v0

#endif
