// The thread that writes to a store: it takes the jobs in order, and commits those that are ready together in one transaction.
#ifndef REJOINDER_NET_DETAIL_SCRIBE_HPP
#define REJOINDER_NET_DETAIL_SCRIBE_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/net/detail/any_store.hpp>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Something to be done with a store.
class store_job {
public:
    store_job() = default;
    store_job(const store_job&) = delete;
    store_job& operator=(const store_job&) = delete;
    virtual ~store_job() = default;

    /// Does it, inside a transaction. May be called again, in a transaction of its own, if that one failed. Throws nothing.
    virtual std::error_code run(any_store& kept) noexcept = 0;
    /// It is on disk; or nothing of it is, for this reason. Throws nothing.
    virtual void done(const std::error_code& failure) noexcept = 0;
};

/// Owns a store and its thread. Its mutex guards the list of jobs and is never held over one. Ending it does what was asked first; no job holds
/// it, so that never happens on its own thread. The list is bounded by what its users have under way, each within its own bounds.
class scribe {
public:
    explicit scribe(any_store kept)
        : kept_(std::move(kept)), name_(kept_.name()), transaction_type_(&kept_.transaction().type()),
          thread_([this] { work(); })
    {}
    scribe(const scribe&) = delete;
    scribe& operator=(const scribe&) = delete;
    ~scribe()
    {
        {
            const std::lock_guard lock{mutex_};
            ending_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::type_info& transaction_type() const noexcept { return *transaction_type_; }

    /// From any thread.
    void take(std::unique_ptr<store_job> job)
    {
        {
            const std::lock_guard lock{mutex_};
            waiting_.push_back(std::move(job));
        }
        wake_.notify_one();
    }

private:
    using jobs = std::vector<std::unique_ptr<store_job>>;

    void work()
    {
        jobs ready;
        while (wait_for(ready)) {
            write(ready);
            ready.clear();
        }
    }

    bool wait_for(jobs& ready)
    {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        ready.swap(waiting_);
        return !ready.empty();
    }

    // All in one transaction. If something is wrong with one, each in its own: nobody's write fails for a neighbour's sake.
    void write(jobs& ready)
    {
        const auto all_together = ready.size() > 1 ? attempt(ready.data(), ready.size()) : std::error_code{};
        for (auto& one : ready) {
            const bool alone = ready.size() == 1 || all_together;
            one->done(alone ? attempt(&one, 1) : all_together);
        }
    }

    std::error_code attempt(const std::unique_ptr<store_job>* first, std::size_t count) noexcept
    {
        auto failure = kept_.begin();
        for (std::size_t i = 0; !failure && i != count; ++i) {
            failure = first[i]->run(kept_);
        }
        failure = failure ? failure : kept_.commit();
        if (failure) {
            static_cast<void>(kept_.rollback());
        }
        return failure;
    }

    any_store kept_;
    std::string name_;
    const std::type_info* transaction_type_;
    std::mutex mutex_;
    std::condition_variable wake_;
    jobs waiting_;
    bool ending_ = false;
    std::thread thread_;
};

} // namespace rejoinder::inline v0::detail

#endif
