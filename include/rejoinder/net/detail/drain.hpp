// A hub's way down: sees its sessions off as they fall quiet, and ends what is left at the limit.
#ifndef REJOINDER_NET_DETAIL_DRAIN_HPP
#define REJOINDER_NET_DETAIL_DRAIN_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/net/detail/canceller.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/interceptor.hpp>
#include <rejoinder/net/shutdown_options.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

using drained = completion<void(std::error_code)>;

/// Held by the hub's state, which it knows as a friend. A session is seen off once neither side waits for anything of the other; the hub is
/// drained once all are, their connections have closed behind their last words, and no handler and no clean-up runs.
template <class Hub>
class drain : public std::enable_shared_from_this<drain<Hub>> {
public:
    drain(Hub& of, const shutdown_options& how)
        : hub_(of.weak_from_this()), how_(how), timer_(of.setting().executor), random_(random_seed())
    {}

    /// One more who waits for the end.
    void join(drained done)
    {
        const auto number = ++last_;
        if (auto slot = done.slot(); slot.is_connected()) {
            slot.assign(canceller<drain, std::uint64_t>{this->weak_from_this(), number});
        }
        waiting_.emplace_back(number, std::move(done));
    }

    /// Whoever waits under this number waits no more; the hub goes down all the same.
    void cancel(std::uint64_t number)
    {
        const auto found =
            std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) { return one.first == number; });
        if (found != waiting_.end()) {
            auto done = std::move(found->second);
            waiting_.erase(found);
            done.post(asio::error::operation_aborted);
        }
    }

    /// Precondition: the hub lives. Called once.
    void begin(Hub& hub)
    {
        const auto now = std::chrono::steady_clock::now();
        limit_ = later(now, how_.limit);
        wait(std::min(limit_, later(now, how_.refuse_after)));
        hub.feeders_.close();
        for (const auto number : connections(hub, whose::nobodys)) {
            hub.drop(number, errc::busy, "the hub is shutting down", return_time());
        }
        touched_ = connections(hub, whose::sessions);
        look_soon();
    }

    /// Something happened to this session: it may be quiet now.
    void touch(session_id session)
    {
        if (touched_.empty() || touched_.back() != session) {
            touched_.push_back(session);
        }
        look_soon();
    }

    /// The hub is destroyed meanwhile.
    void abort() { finish(asio::error::operation_aborted); }

    /// The execution context is over: those who wait are destroyed uncalled.
    void drop()
    {
        over_ = true;
        waiting_.clear();
    }

private:
    enum class whose : std::uint8_t { nobodys, sessions };

    // Lives as long as a connection that was seen off.
    class witness {
    public:
        explicit witness(std::weak_ptr<drain> of) : of_(std::move(of)) {}
        witness(const witness&) = delete;
        witness& operator=(const witness&) = delete;
        ~witness()
        {
            if (const auto alive = of_.lock()) {
                --alive->closing_;
                alive->look_soon();
            }
        }

    private:
        std::weak_ptr<drain> of_;
    };

    // Numbers of the connections that have no session yet, or of the sessions that have a connection.
    static std::vector<std::uint64_t> connections(const Hub& hub, whose which)
    {
        std::vector<std::uint64_t> all;
        for (const auto& [number, entry] : hub.links_) {
            if ((entry.session != 0) == (which == whose::sessions)) {
                all.push_back(entry.session != 0 ? entry.session : number);
            }
        }
        return all;
    }

    // Later: what leads here stands in the middle of something.
    void look_soon()
    {
        if (over_ || std::exchange(looking_, true)) {
            return;
        }
        asio::post(timer_.get_executor(), [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->looking_ = false;
                self->look();
            }
        });
    }

    void look()
    {
        const auto hub = hub_.lock();
        if (hub == nullptr || over_) {
            return;
        }
        for (const auto session : std::exchange(touched_, {})) {
            if (const auto one = hub->calls().find(session); one != nullptr && one->quiet()) {
                see_off(*hub, session);
            }
        }
        if (closing_ == 0 && hub->links_.empty() && hub->news().cleaning() == 0 && !hub->calls().handlers_run() &&
            !hub->setting().records_run()) {
            finish({});
        }
    }

    // Its client is told when to come back. That is no loss of a link: it starts no grace.
    void see_off(Hub& hub, session_id session)
    {
        const auto one = hub.calls().find(session);
        if (one == nullptr || one->connection() == nullptr) {
            return;
        }
        const auto found = hub.links_.find(one->connection()->number());
        if (found == hub.links_.end()) {
            return;
        }
        const auto left = hub.take_out(found, close_reason::shutting_down, {});
        ++closing_;
        left->keep(std::make_shared<witness>(this->weak_from_this()));
        left->close(close_reason::shutting_down, return_time());
    }

    [[nodiscard]] duration return_time()
    {
        const auto most = std::max<duration>(how_.spread, duration::zero()).count();
        return how_.retry_after +
               duration{static_cast<duration::rep>(random_up_to(static_cast<std::uint64_t>(most), random_))};
    }

    void wait(instant until)
    {
        timer_.expires_at(until);
        timer_.async_wait([weak = this->weak_from_this(), last = until == limit_](std::error_code ec) {
            const auto self = weak.lock();
            const auto hub = self == nullptr ? nullptr : self->hub_.lock();
            if (hub != nullptr && !ec && !self->over_) {
                last ? self->out_of_time(*hub) : self->refuse_more(*hub);
            }
        });
    }

    // Who asks on and on would never fall quiet. A delivery must arrive, and is taken to the end.
    void refuse_more(Hub& hub)
    {
        hub.setting().router.intercept([](intercepted& late) {
            if (late.kind() != message_kind::delivery) {
                late.refuse("the hub is shutting down", errc::busy);
            }
        });
        wait(limit_);
    }

    void out_of_time(Hub& hub)
    {
        for (const auto session : connections(hub, whose::sessions)) {
            see_off(hub, session);
        }
        finish(make_error_code(errc::timed_out));
    }

    void finish(const std::error_code& how)
    {
        if (std::exchange(over_, true)) {
            return;
        }
        timer_.cancel();
        const auto self = this->shared_from_this();
        if (const auto hub = hub_.lock()) {
            hub->stop();
        }
        for (auto& [number, done] : std::exchange(waiting_, {})) {
            done.post(how);
        }
    }

    std::weak_ptr<Hub> hub_;
    shutdown_options how_;
    asio::steady_timer timer_;
    instant limit_ = never;
    random_source random_;
    std::vector<std::pair<std::uint64_t, drained>> waiting_;
    std::uint64_t last_ = 0;
    std::vector<session_id> touched_;
    std::size_t closing_ = 0; // connections that were seen off and still live
    bool looking_ = false;
    bool over_ = false;
};

/// The drain of a hub, once it has one.
template <class Hub>
class way_down {
public:
    [[nodiscard]] bool taken() const noexcept { return drain_ != nullptr; }

    /// Takes it, or goes on; `done` at its end.
    void take(Hub& hub, const shutdown_options& how, drained done)
    {
        if (hub.stopped()) {
            done.post({});
            return;
        }
        const auto before = drain_;
        const auto now = before != nullptr ? before : std::make_shared<drain<Hub>>(hub, how);
        drain_ = now;
        now->join(std::move(done));
        if (before == nullptr) {
            now->begin(hub);
        }
    }

    void touch(session_id session)
    {
        if (drain_ != nullptr) {
            drain_->touch(session);
        }
    }

    void abort()
    {
        if (const auto former = std::exchange(drain_, nullptr)) {
            former->abort();
        }
    }

    void drop()
    {
        if (const auto former = std::exchange(drain_, nullptr)) {
            former->drop();
        }
    }

private:
    std::shared_ptr<drain<Hub>> drain_;
};

} // namespace rejoinder::inline v0::detail

#endif
