// Values that come one by one and leave together: one delivery per interval in place of many.
#ifndef REJOINDER_CORE_BATCH_HPP
#define REJOINDER_CORE_BATCH_HPP

#include <rejoinder/core/instant.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The bounds of a batch.
struct batch_options {
    duration every = std::chrono::milliseconds{100}; ///< that the first value of a batch waits for others
    std::size_t values_max = 256;                    ///< in one batch, at least 1; a full one goes at once
};

/// A batch: the first value that comes opens it, and it goes `every` later with all that came meanwhile, in their order, or as soon as it is
/// full. Nothing is lost and nothing waits longer than `every`.
///
/// `add` is amortised O(1), all else O(1); the memory of a batch is used again if it is given back. Distinct objects are independent; one is
/// used from one thread at a time.
template <std::movable T>
class batch {
public:
    batch() = default;
    explicit batch(const batch_options& options) : options_(options) {}

    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
    /// When it goes; `never` while it is empty.
    [[nodiscard]] instant next_deadline() const noexcept { return due_; }

    void add(T value, instant now)
    {
        values_.push_back(std::move(value));
        if (values_.size() >= options_.values_max) {
            due_ = now;
        } else if (due_ == never) {
            due_ = later(now, options_.every);
        }
    }

    /// What goes now; empty: nothing yet.
    [[nodiscard]] std::vector<T> release(instant now) { return now >= due_ ? flush() : std::vector<T>{}; }

    /// All that waits, whether its time has come or not.
    [[nodiscard]] std::vector<T> flush()
    {
        due_ = never;
        return std::exchange(values_, {});
    }

    /// Takes a released batch's memory back.
    void give_back(std::vector<T>&& used) noexcept
    {
        if (values_.empty() && used.capacity() > values_.capacity()) {
            used.clear();
            values_ = std::move(used);
        }
    }

private:
    batch_options options_{};
    std::vector<T> values_;
    instant due_ = never;
};

} // namespace rejoinder::inline v0

#endif
