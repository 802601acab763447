// How the thread of a store tells an executor what is done, for as long as the executor's context lives.
#ifndef REJOINDER_NET_DETAIL_MAILBOX_HPP
#define REJOINDER_NET_DETAIL_MAILBOX_HPP

#include <rejoinder/net/detail/scribe.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Held by shared pointer: the jobs on their way keep it. While one is, the context has work. The mutex is held over a post, never a call.
class mailbox : public std::enable_shared_from_this<mailbox> {
public:
    explicit mailbox(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    /// Nothing arrives any more. Called on the executor, or when its context ends.
    void close() noexcept
    {
        const std::lock_guard lock{mutex_};
        open_ = false;
        work_ = {};
        executor_ = {}; // the last letter may be gone after the context
    }

    /// What becomes of a letter that is still on its way when the mailbox closes.
    enum class late : std::uint8_t {
        written, ///< it is done all the same, though nobody hears of it
        dropped,
    };

    /// Has `run(any_store&)`, which returns an error, done by the thread, then `done(run, failure)` called on the executor. Neither may throw, and
    /// neither may own what needs the context: it may be gone by then.
    template <class Run, class Done>
    void send(scribe& to, Run run, Done done, late when_closed = late::written)
    {
        {
            const std::lock_guard lock{mutex_};
            if (!open_) {
                return;
            }
            if (on_their_way_++ == 0) {
                work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
            }
        }
        to.take(std::make_unique<letter<Run, Done>>(this->shared_from_this(), std::move(run), std::move(done),
                                                    when_closed));
    }

private:
    template <class Run, class Done>
    class letter final : public store_job {
    public:
        letter(std::shared_ptr<mailbox> home, Run run, Done done, late when_closed)
            : home_(std::move(home)), run_(std::move(run)), done_(std::move(done)), late_(when_closed)
        {}

        std::error_code run(any_store& kept) noexcept override
        {
            return late_ == late::dropped && !home_->is_open() ? std::error_code{} : run_(kept);
        }
        void done(const std::error_code& failure) noexcept override
        {
            home_->arrive([run = std::move(run_), done = std::move(done_), failure]() mutable { done(run, failure); });
        }

    private:
        std::shared_ptr<mailbox> home_;
        Run run_;
        Done done_;
        late late_;
    };

    bool is_open()
    {
        const std::lock_guard lock{mutex_};
        return open_;
    }

    template <class F>
    void arrive(F what)
    {
        const std::lock_guard lock{mutex_};
        if (!open_) {
            return;
        }
        asio::post(executor_, std::move(what));
        if (--on_their_way_ == 0) {
            work_ = {};
        }
    }

    asio::any_io_executor executor_;
    asio::any_io_executor work_;
    std::mutex mutex_;
    std::size_t on_their_way_ = 0;
    bool open_ = true;
};

} // namespace rejoinder::inline v0::detail

#endif
