// Where a handler runs for a peer: what it needs of the session that it answers in, without knowing its type.
#ifndef REJOINDER_NET_DETAIL_CALL_SITE_HPP
#define REJOINDER_NET_DETAIL_CALL_SITE_HPP

#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>

#include <memory>
#include <utility>

namespace rejoinder::inline v0::detail {

/// A session as its running handlers see it. Held by shared pointer: it may outlive the hub or client, and then takes answers without effect.
class call_site {
public:
    virtual ~call_site() = default;

    /// Where handlers run and answers are taken.
    [[nodiscard]] virtual asio::any_io_executor get_executor() const = 0;
    /// The handler has ended. On the executor, also from inside `handler::call` and `running::stop`; a run that is over is no error. What
    /// `how` borrows is copied.
    virtual void finish(invocation which, const outcome& how) = 0;
    /// A word before the last one. On the executor. A run that is over is no error.
    virtual void progress(invocation which, const payload_view& payload) = 0;
};

/// A handler run that goes on after the call: the session keeps it until `call_site::finish`, and stops it when nobody waits any more.
/// Held by shared pointer. It does not hold its session, which holds it.
class running : public std::enable_shared_from_this<running> {
public:
    running() = default;
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    virtual ~running() = default;

    /// Whether somebody said that nobody waits for the run.
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    /// Whether it has ended.
    [[nodiscard]] bool finished() const noexcept { return finished_; }

    /// Where the run hears of `stop`. A run that is stopped already says nothing more.
    [[nodiscard]] asio::cancellation_slot slot() noexcept
    {
        listens_ = false;
        return signal_.slot();
    }

    /// Puts `listener` into the slot until the run ends: what it holds may then hold the run. Calls it at once if the run is stopped already.
    template <class F>
    void listen(F listener)
    {
        if (stopped_) {
            listener();
            return;
        }
        signal_.slot().assign([heard = std::move(listener)](asio::cancellation_type) mutable { heard(); });
        listens_ = true;
    }

    /// Nobody waits any more: says so to the run, which may end inside. What the run throws goes to the caller.
    void stop()
    {
        if (stopped_ || finished_) {
            return;
        }
        const auto kept = shared_from_this();
        stopped_ = true;
        stopping_ = true;
        try {
            signal_.emit(asio::cancellation_type::all);
        } catch (...) {
            told();
            throw;
        }
        told();
    }

    /// Marks the run as ended. False: it was already.
    bool end() noexcept
    {
        if (std::exchange(finished_, true)) {
            return false;
        }
        silence();
        return true;
    }

private:
    void told() noexcept
    {
        stopping_ = false;
        silence(); // it has heard what it listened for; kept, what it holds would keep the run
    }

    // Only a listener of our own is taken out, and never while it runs: an operation that was bound to the slot keeps its state there.
    void silence() noexcept
    {
        if (listens_ && !stopping_) {
            listens_ = false;
            signal_.slot().clear();
        }
    }

    asio::cancellation_signal signal_;
    bool stopped_ = false;
    bool finished_ = false;
    bool stopping_ = false;
    bool listens_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
