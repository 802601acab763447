// Pending calls: ids, deadlines and completions in one part, for programs that bring their own protocol.
#ifndef REJOINDER_CORE_PENDING_CALLS_HPP
#define REJOINDER_CORE_PENDING_CALLS_HPP

#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Calls that wait for their answers, each of which completes exactly once: with its answer, with an error, by cancellation
/// (`std::errc::operation_canceled`), by its deadline (`errc::timed_out`), or with this object's destruction
/// (`std::errc::operation_canceled`).
///
/// A `Completion` is called as an rvalue with `(std::error_code, Values...)`; with an error the values are
/// value-initialized. It is called when the call is no longer pending, so it may call back in: open, settle or cancel others,
/// even destroy this object. A completion that opens a call whose deadline has come keeps `expire` from returning.
///
/// Bounded by its capacity: at it `open` gives nothing. Every operation takes constant time; none allocates at steady state.
/// Distinct objects are independent; one object is used from one thread at a time.
template <class Completion, class... Values>
    requires(std::default_initializable<Values> && ...) && requires(Completion completion, Values... values) {
        std::move(completion)(std::error_code{}, std::move(values)...);
    }
class pending_calls {
public:
    /// For at most `capacity` calls at once.
    explicit pending_calls(std::uint32_t capacity) : calls_(capacity) {}

    pending_calls(const pending_calls&) = delete;
    pending_calls& operator=(const pending_calls&) = delete;

    /// Cancels every call. A call opened meanwhile, by a completion, is refused.
    ~pending_calls()
    {
        closed_ = true;
        while (auto left = calls_.drain()) {
            complete_failed(std::move(left->value), std::make_error_code(std::errc::operation_canceled));
        }
        if (destroyed_ != nullptr) {
            *destroyed_ = true;
        }
    }

    std::size_t size() const noexcept { return calls_.size(); }
    bool empty() const noexcept { return calls_.empty(); }
    bool full() const noexcept { return calls_.full(); }
    std::uint32_t capacity() const noexcept { return calls_.capacity(); }
    bool pending(message_id id) const noexcept { return calls_.find(id) != nullptr; }

    /// When to call `expire` next (`timer_wheel::next_expiry`); `never` without a deadline.
    instant next_deadline() const noexcept { return timers_.next_expiry(); }

    /// Opens a call, which `expire` fails at its deadline (`never`: it waits for ever); gives the id that its answer must
    /// carry. At the bound it gives nothing, and the completion is dropped uncalled.
    std::optional<message_id> open(Completion completion, instant deadline = never)
    {
        if (closed_) {
            return std::nullopt;
        }
        const auto id = calls_.open(call{std::move(completion), timer_id{}});
        if (id && deadline != never) {
            calls_.find(*id)->timer = timers_.schedule(deadline, *id);
        }
        return id;
    }

    /// Completes a call with its answer; false if it is not pending: a late or repeated answer, or a foreign id.
    bool resolve(message_id id, Values... values)
    {
        auto taken = take(id);
        if (!taken) {
            return false;
        }
        std::move(taken->completion)(std::error_code{}, std::move(values)...);
        return true;
    }

    /// Completes a call with an error; false if it is not pending.
    bool fail(message_id id, std::error_code ec)
    {
        auto taken = take(id);
        if (!taken) {
            return false;
        }
        complete_failed(std::move(*taken), ec);
        return true;
    }

    /// Completes a call with `std::errc::operation_canceled`; false if it is not pending.
    bool cancel(message_id id) { return fail(id, std::make_error_code(std::errc::operation_canceled)); }

    /// Fails every call whose deadline has come, in the order of the deadlines, with `errc::timed_out`; gives their number.
    std::size_t expire(instant now)
    {
        std::size_t expired = 0;
        while (const auto id = timers_.expire(now)) {
            auto taken = calls_.take(*id);
            if (!taken) {
                continue;
            }
            ++expired;
            if (!outlives_time_out(std::move(*taken))) {
                break;
            }
        }
        return expired;
    }

    /// Gives the memory back if nothing is pending; no id comes again.
    void shrink() noexcept
    {
        calls_.shrink();
        timers_.shrink();
    }

private:
    struct call {
        Completion completion;
        timer_id timer;
    };

    // Says whether a completion destroyed the object that called it, of which nothing may be touched then, neither by this
    // call of `expire` nor by one around it.
    struct destruction_watch {
        explicit destruction_watch(pending_calls& owner) noexcept
            : watched(&owner), outer(std::exchange(owner.destroyed_, &destroyed))
        {}
        destruction_watch(const destruction_watch&) = delete;
        destruction_watch& operator=(const destruction_watch&) = delete;

        ~destruction_watch()
        {
            if (!destroyed) {
                watched->destroyed_ = outer;
            } else if (outer != nullptr) {
                *outer = true;
            }
        }

        bool destroyed = false;
        pending_calls* watched;
        bool* outer;
    };

    std::optional<call> take(message_id id)
    {
        auto taken = calls_.take(id);
        if (taken) {
            timers_.cancel(taken->timer);
        }
        return taken;
    }

    bool outlives_time_out(call late)
    {
        destruction_watch watch{*this};
        complete_failed(std::move(late), make_error_code(errc::timed_out));
        return !watch.destroyed;
    }

    static void complete_failed(call failed, std::error_code ec) { std::move(failed.completion)(ec, Values{}...); }

    correlation_registry<call> calls_;
    timer_wheel<message_id> timers_;
    bool* destroyed_ = nullptr;
    bool closed_ = false;
};

} // namespace rejoinder::inline v0

#endif
