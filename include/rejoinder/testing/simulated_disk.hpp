// A disk that takes its time: what was written and not confirmed when its process dies may be there, or not.
#ifndef REJOINDER_TESTING_SIMULATED_DISK_HPP
#define REJOINDER_TESTING_SIMULATED_DISK_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/memory_store.hpp>
#include <rejoinder/testing/virtual_clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <utility>

namespace rejoinder::inline v0::testing {

/// A store and the transactions on their way to it, one after the other.
///
/// Distinct disks are independent but for their clock; one is used from one thread at a time.
class simulated_disk {
public:
    using job = std::function<void(memory_store&)>;
    using confirmation = std::function<void()>;

    simulated_disk(const virtual_clock& clock, std::string name, duration takes = std::chrono::milliseconds{2})
        : clock_(clock), store_(std::move(name)), takes_(takes)
    {}
    simulated_disk(const simulated_disk&) = delete;
    simulated_disk& operator=(const simulated_disk&) = delete;

    // Getters

    [[nodiscard]] std::string_view name() const noexcept { return store_.name(); }
    /// What is on it.
    [[nodiscard]] const memory_store::contents& contents() const noexcept { return *store_.state(); }
    /// Transactions that are not confirmed.
    [[nodiscard]] std::size_t unconfirmed() const noexcept { return queue_.size(); }
    /// How many were confirmed, ever.
    [[nodiscard]] std::uint64_t writes() const noexcept { return writes_; }
    [[nodiscard]] instant next_deadline() const noexcept { return queue_.empty() ? never : queue_.front().due; }

    // Use

    /// A transaction: done when the disk comes to it, confirmed at once then.
    void write(job what, confirmation done)
    {
        last_ = later(std::max(clock_.now(), last_), takes_);
        queue_.push_back({last_, std::move(what), std::move(done)});
    }

    /// Does what is due. Whether there was anything.
    bool drive()
    {
        bool any = false;
        while (!queue_.empty() && queue_.front().due <= clock_.now()) {
            auto one = std::move(queue_.front());
            queue_.pop_front();
            commit(one.what);
            ++writes_;
            one.done();
            any = true;
        }
        return any;
    }

    // Faults

    void takes(duration length) noexcept { takes_ = length; }

    /// Its process dies. Of the transactions that were not confirmed so many are on the disk, the earliest; the others never were.
    void crash(std::size_t synced)
    {
        for (std::size_t i = 0; i < std::min(synced, queue_.size()); ++i) {
            commit(queue_[i].what);
        }
        queue_.clear();
        last_ = clock_.now();
    }

private:
    struct transaction {
        instant due;
        job what;
        confirmation done;
    };

    void commit(const job& what)
    {
        store_.begin();
        what(store_);
        store_.commit();
    }

    const virtual_clock& clock_;
    memory_store store_;
    duration takes_;
    instant last_{};
    std::deque<transaction> queue_;
    std::uint64_t writes_ = 0;
};

} // namespace rejoinder::inline v0::testing

#endif
