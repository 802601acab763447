// How long things took: a histogram of fixed size, precise to an eighth at every scale.
#ifndef REJOINDER_CORE_LATENCY_HPP
#define REJOINDER_CORE_LATENCY_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace rejoinder::inline v0 {

/// A histogram of durations from 1 µs to an hour, under 1 KiB, in the manner of Gil Tene's HdrHistogram: each doubling
/// of the length is cut into 8 buckets, so that a quantile is at most an eighth, or 1 µs, above the truth. Longer ones
/// count in the last bucket.
///
/// `record` is O(1), `quantile` and `+=` are O(buckets). A bucket that would reach 2^32 halves all of them first: later
/// lengths then weigh more. Distinct objects are independent; one object is used from one thread at a time.
class latency {
public:
    /// How many lengths were recorded.
    [[nodiscard]] constexpr std::uint64_t count() const noexcept { return count_; }

    /// All of them together; a sum too long to add stays the longest that there is.
    [[nodiscard]] constexpr duration sum() const noexcept { return sum_; }

    /// The longest one; zero if there is none.
    [[nodiscard]] constexpr duration longest() const noexcept { return longest_; }

    /// The length that a share `q` of those recorded did not exceed: its bucket's upper end, in whole µs; zero if none
    /// was recorded. `q` is clamped to [0, 1]; one that is no number counts as 0.
    [[nodiscard]] constexpr duration quantile(double q) const noexcept
    {
        std::uint64_t total = 0;
        for (const auto bucket : buckets_) {
            total += bucket;
        }
        if (total == 0) {
            return duration::zero();
        }
        const double share = q > 0 ? std::min(q, 1.0) : 0.0;
        const auto rank = rank_of(share * static_cast<double>(total), total);
        std::uint64_t passed = 0;
        std::size_t index = 0;
        while ((passed += buckets_[index]) < rank) {
            ++index;
        }
        return index + 1 == buckets_max ? longest_ : std::min(upper_end(index), longest_);
    }

    /// Something took this long, as often as said. A negative length counts as zero.
    constexpr void record(duration length, std::uint32_t times = 1) noexcept
    {
        length = std::max(length, duration::zero());
        longest_ = std::max(longest_, length);
        count_ += times;
        const bool fits = times == 0 || length <= (duration::max() - sum_) / times;
        sum_ = fits ? sum_ + length * times : duration::max();
        auto& bucket = buckets_[index_of(length)];
        while (times > bucket_most - bucket) {
            halve();
            times -= times / 2; // this call weighs as much as what it joins
        }
        bucket += times;
    }

    /// Adds what another recorded.
    constexpr latency& operator+=(latency other) noexcept
    {
        while (overflows(other)) {
            halve();
            other.halve();
        }
        for (std::size_t index = 0; index != buckets_max; ++index) {
            buckets_[index] += other.buckets_[index];
        }
        longest_ = std::max(longest_, other.longest_);
        count_ += other.count_;
        sum_ = other.sum_ <= duration::max() - sum_ ? sum_ + other.sum_ : duration::max();
        return *this;
    }

private:
    using microseconds = std::chrono::duration<std::uint64_t, std::micro>;

    static constexpr unsigned cut_bits = 3; // 2^3 buckets a doubling
    static constexpr std::uint64_t cuts = std::uint64_t{1} << cut_bits;
    static constexpr std::size_t buckets_max = 240; // up to 2^32 µs: 71 minutes

    static constexpr std::size_t index_of(duration length) noexcept
    {
        const auto micros = std::chrono::duration_cast<microseconds>(length).count();
        if (micros < cuts) {
            return static_cast<std::size_t>(micros);
        }
        const auto doublings = static_cast<unsigned>(std::bit_width(micros)) - 1 - cut_bits;
        return std::min<std::size_t>(buckets_max - 1,
                                     static_cast<std::size_t>(doublings * cuts + (micros >> doublings)));
    }

    // The first whole microsecond above a bucket.
    static constexpr duration upper_end(std::size_t index) noexcept
    {
        if (index < cuts) {
            return std::chrono::duration_cast<duration>(microseconds{index + 1});
        }
        const auto doublings = index / cuts - 1;
        return std::chrono::duration_cast<duration>(microseconds{(index % cuts + cuts + 1) << doublings});
    }

    static constexpr std::uint64_t rank_of(double exact, std::uint64_t total) noexcept
    {
        const auto whole = static_cast<std::uint64_t>(exact);
        const auto rank = static_cast<double>(whole) < exact ? whole + 1 : whole;
        return std::clamp<std::uint64_t>(rank, 1, total);
    }

    [[nodiscard]] constexpr bool overflows(const latency& other) const noexcept
    {
        bool any = false;
        for (std::size_t index = 0; index != buckets_max; ++index) {
            any = any || other.buckets_[index] > bucket_most - buckets_[index];
        }
        return any;
    }

    constexpr void halve() noexcept
    {
        for (auto& bucket : buckets_) {
            bucket /= 2;
        }
    }

    static constexpr std::uint32_t bucket_most = std::numeric_limits<std::uint32_t>::max();

    std::array<std::uint32_t, buckets_max> buckets_{};
    std::uint64_t count_ = 0;
    duration sum_{};
    duration longest_{};
};

static_assert(sizeof(latency) <= 1024);

} // namespace rejoinder::inline v0

#endif
