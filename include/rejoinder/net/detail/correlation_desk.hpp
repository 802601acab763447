// The questions of a correlation that wait for their answers.
#ifndef REJOINDER_NET_DETAIL_CORRELATION_DESK_HPP
#define REJOINDER_NET_DETAIL_CORRELATION_DESK_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/recycled_memory.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/keyed_registry.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/context_end.hpp>
#include <rejoinder/net/detail/correlated_end.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What a question is found by: its key, among those of the one who was asked. So nobody else can answer it.
inline std::string key_of_asked(std::string_view who, std::string_view key)
{
    std::string whole = std::to_string(who.size());
    whole.append(1, ':').append(who).append(key);
    return whole;
}

/// A question is a delivery first. When that is over, it waits under its key: for its answer, its repetition or its deadline.
template <class Line, class Answer>
class correlation_desk final : public lives_on_context,
                               public std::enable_shared_from_this<correlation_desk<Line, Answer>> {
public:
    using end_type = correlated_end<Answer>;
    using completion_type = completion<void(std::error_code, end_type)>;
    using target = typename Line::target;

    correlation_desk(const asio::any_io_executor& executor, Line line, std::uint32_t pending_max, duration repeat_after)
        : lives_on_context(executor), executor_(executor), line_(std::move(line)), repeat_after_(repeat_after),
          clock_(executor), waiting_(pending_max)
    {}

    [[nodiscard]] const asio::any_io_executor& executor() const noexcept { return executor_; }
    [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

    void ask(target whom, std::string_view key, outgoing words, completion_type done)
    {
        if (stopped_) {
            done.post(asio::error::operation_aborted, end_type{});
            return;
        }
        const auto one = std::allocate_shared<pending>(
            recycled_allocator<pending>{}, key_of_asked(Line::whose(whom), key), std::move(whom), std::move(words));
        if (const auto as = waiting_.open(one->key, one); as != opened::yes) {
            const auto why = as == opened::full ? errc::queue_full : errc::key_conflict;
            done.post(make_error_code(why, certainty::never_sent), end_type{});
            return;
        }
        one->done = std::move(done);
        one->deadline = deadline_of(*one);
        try {
            obey_caller(one);
            send(one);
        } catch (...) { // out of memory: its caller is told by this, and by nothing else
            waiting_.take(one->key);
            one->done = {};
            throw;
        }
    }

    /// An answer came, which this takes. False: nobody waits for it, and it stays.
    bool settle(std::string_view who, std::string_view key, const std::error_code& ec, end_type& end)
    {
        const auto found = waiting_.find(key_of_asked(who, key));
        if (found == nullptr) {
            if (const auto counts = line_.counts()) {
                ++counts->late_replies;
            }
            return false;
        }
        settle(*std::shared_ptr{*found}, ec, std::move(end));
        return true;
    }

    void tick()
    {
        const auto self = this->shared_from_this();
        while (const auto due = timers_.expire(now())) {
            const auto one = *waiting_.find((*due)->key);
            if (now() < one->deadline) {
                send(one);
                continue;
            }
            if (const auto counts = line_.counts()) {
                ++counts->timeouts;
            }
            settle(*one, make_error_code(errc::timed_out, certainty::maybe_executed), {});
        }
        arm();
    }

    /// Its handler of answers has this name, and was set just now.
    void listens(std::string_view answers) { taker_ = line_.handler_of(answers); }

    /// The correlation is over: so is its handler, unless that has been replaced.
    void leave(std::string_view answers)
    {
        line_.off(answers, taker_);
        stop();
    }

    /// The correlation, or what it goes through, is over.
    void stop()
    {
        if (std::exchange(stopped_, true)) {
            return;
        }
        const auto self = this->shared_from_this();
        clock_.stop();
        while (const auto one = waiting_.drain()) {
            give_up(*one->value);
        }
    }

private:
    struct pending {
        pending(std::string found_by, target to, outgoing what)
            : key(std::move(found_by)), whom(std::move(to)), words(std::move(what))
        {}

        std::string key;
        target whom;
        outgoing words;
        completion_type done;             // until it is settled
        asio::cancellation_signal cancel; // of its delivery
        instant deadline = never;
        timer_id timer{};
        bool taken = false; // somebody may have it
    };
    using shared = std::shared_ptr<pending>;

    void context_ended() override
    {
        const auto self = this->shared_from_this();
        stopped_ = true;
        while (waiting_.drain()) {}
    }

    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    [[nodiscard]] instant deadline_of(const pending& one) const
    {
        const auto said = one.words.how().timeout;
        const auto length = said != duration::zero() ? said : line_.timeout_of(one.words.name());
        const auto from = now();
        return length > never - from ? never : from + length;
    }

    void obey_caller(const shared& one)
    {
        if (auto slot = one->done.slot(); slot.is_connected()) {
            slot.assign([desk = this->weak_from_this(), weak = std::weak_ptr{one}](asio::cancellation_type type) {
                const auto self = desk.lock();
                const auto asked = weak.lock();
                if (self != nullptr && asked != nullptr && type != asio::cancellation_type::none &&
                    self->waiting_.take(asked->key)) {
                    self->give_up(*asked);
                }
            });
        }
    }

    void send(const shared& one)
    {
        auto words = one->words;
        words.set_timeout(std::max<duration>(one->deadline - now(), std::chrono::milliseconds{1}));
        auto over = [desk = this->weak_from_this(), one](std::error_code ec, const reply& said) {
            if (const auto self = desk.lock(); self != nullptr && one->done) {
                self->sent(one, ec, said);
                self->arm();
            }
        };
        line_.deliver(one->whom, std::move(words),
                      {call_completion{asio::bind_cancellation_slot(one->cancel.slot(), std::move(over)), executor_}});
    }

    // The delivery is over. What may have arrived may be answered yet, also by a later session.
    void sent(const shared& one, const std::error_code& ec, const reply& said)
    {
        if (ec == errc::unsupported) { // the wire knows no acknowledgement
            if (!line_.notify(one->whom, one->words) && !one->taken) {
                settle(*one, make_error_code(errc::not_connected), {});
                return;
            }
        } else if (ec && ends(*one, ec, said.certainty())) {
            settle(*one, reason(*one, ec, said.certainty()), end_type::of(ec, said));
            return;
        }
        one->taken = true;
        const auto again = repeat_after_ == duration::zero() ? never : now() + repeat_after_;
        one->timer = timers_.schedule(std::min(one->deadline, again), one.get());
    }

    // Whether no answer can come any more. One whose acknowledgement was too large to be kept has been handled all the same.
    static bool ends(const pending& one, const std::error_code& ec, certainty sure)
    {
        const bool over = ec == asio::error::operation_aborted || ec == errc::closed || ec == errc::replaced ||
                          ec == errc::expired || ec == errc::timed_out;
        const bool refused = sure == certainty::never_sent || sure == certainty::not_executed;
        return over || (sure == certainty::acknowledged && ec != errc::answer_lost) || (refused && !one.taken);
    }

    // What its caller is told: a delivery's time to live is this call's timeout, and an earlier sending may have been taken.
    static std::error_code reason(const pending& one, const std::error_code& ec, certainty sure)
    {
        if (kind_of(ec) == std::nullopt) {
            return ec;
        }
        const auto kind = ec == errc::expired ? errc::timed_out : *kind_of(ec);
        return make_error_code(kind, one.taken && sure != certainty::acknowledged ? certainty::maybe_executed : sure);
    }

    void settle(pending& one, const std::error_code& ec, end_type end)
    {
        const auto kept = waiting_.take(one.key);
        timers_.cancel(one.timer);
        one.done.post(ec, std::move(end));
    }

    // Not waited for any more: whoever has the question is told, if it has not said yet that it has it.
    void give_up(pending& one)
    {
        timers_.cancel(one.timer);
        auto done = std::move(one.done);
        one.cancel.emit(asio::cancellation_type::terminal);
        done.post(asio::error::operation_aborted, end_type{});
    }

    void arm()
    {
        if (!stopped_) {
            clock_.arm(timers_.next_expiry(), this->weak_from_this());
        }
    }

    asio::any_io_executor executor_;
    Line line_;
    duration repeat_after_;
    clockwork clock_;
    timer_wheel<pending*> timers_;
    keyed_registry<shared> waiting_;
    std::weak_ptr<handler> taker_; // of answers
    bool stopped_ = false;
};

/// Starts a question on a desk.
template <class Desk, class Answer>
struct start_correlated {
    std::shared_ptr<Desk> desk;

    using executor_type = asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return desk->executor(); }

    template <class Handler>
    void operator()(Handler&& handler, typename Desk::target whom, const std::string& key, outgoing words) const
    {
        using told = correlated_handler<Answer, std::decay_t<Handler>>;
        desk->ask(std::move(whom), key, std::move(words),
                  typename Desk::completion_type{told{std::forward<Handler>(handler)}, desk->executor()});
    }
};

} // namespace rejoinder::inline v0::detail

#endif
