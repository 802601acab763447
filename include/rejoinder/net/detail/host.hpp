// Drives one session: feeds it, does what its outputs say, and runs its handlers.
#ifndef REJOINDER_NET_DETAIL_HOST_HPP
#define REJOINDER_NET_DETAIL_HOST_HPP

#include <rejoinder/channel/recycled_memory.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/net/detail/canceller.hpp>
#include <rejoinder/net/detail/guarded.hpp>
#include <rejoinder/net/detail/host_owner.hpp>
#include <rejoinder/net/detail/inbox_keeper.hpp>
#include <rejoinder/net/detail/interception.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/raised.hpp>
#include <rejoinder/net/detail/room_line.hpp>
#include <rejoinder/net/detail/session_setting.hpp>
#include <rejoinder/net/detail/watched_runs.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/interceptor.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <variant>

namespace rejoinder::inline v0::detail {

/// One session with everything that it needs of this floor. Held by shared pointer: its running handlers keep it, beyond its owner if need be.
template <class Policies>
class host final : public durable_site, public session_port, public std::enable_shared_from_this<host<Policies>> {
public:
    using session_type = session<pending_call, Policies>;

    host(side which, std::shared_ptr<session_setting<Policies>> setting, std::weak_ptr<host_owner<Policies>> owner,
         peer from, std::uint64_t seed)
        : setting_(std::move(setting)), owner_(std::move(owner)), from_(std::move(from)),
          session_(which, setting_->options, setting_->router.routes(), *setting_->counts, seed)
    {}

    // For its owner

    [[nodiscard]] session_type& core() noexcept { return session_; }
    [[nodiscard]] const peer& from() const noexcept { return from_; }
    [[nodiscard]] const std::shared_ptr<link>& connection() const noexcept { return link_; }
    session_alarm due;  ///< its owner's for it
    bool heard = false; ///< whether its peer said something since its owner looked
    /// The client of this session has that durable outbox.
    void set_outbox(std::string name) { outbox_ = {std::string{from_.who().name()}, std::move(name)}; }

    void attach(std::shared_ptr<link> to, const heartbeat_options& timing, instant now, std::uint64_t seen = 0)
    {
        link_ = std::move(to);
        link_->carry(this);
        session_.attach(link_->features(), timing, now, seen);
    }

    /// The connection is gone or about to be closed; returns it.
    std::shared_ptr<link> detach(instant now)
    {
        auto left = std::exchange(link_, nullptr);
        if (left != nullptr) {
            left->carry(nullptr);
            session_.detach(now);
        }
        return left;
    }

    /// When `advance` is due at the latest.
    [[nodiscard]] instant next_deadline() const noexcept
    {
        return std::min(session_.next_deadline(), line_ == nullptr ? never : line_->next_deadline());
    }
    /// Whether neither side waits for anything of the other, and everything has gone to the connection.
    [[nodiscard]] bool quiet() const noexcept
    {
        return session_.running() == 0 && session_.pending() == 0 && !session_.has_messages() && nobody_waits();
    }

    void advance(instant now)
    {
        // What is still on its way, as a large answer in front of a pong, is a sign of life, too.
        if (link_ != nullptr && link_->stirs()) {
            session_.stirred(now);
        }
        seen_ = now;
        session_.advance(now);
        while (auto late = nobody_waits() ? std::nullopt : line_->take_expired(now)) {
            const bool asks = late->kind == message_kind::request;
            ++(asks ? setting_->counts->timeouts : setting_->counts->expired);
            leave_line(std::move(*late), asks ? errc::timed_out : errc::expired);
        }
        settle_up(delivering::at_once);
    }

    /// Nothing can be asked until another `begin`: completes what is pending with `why`. The session goes on.
    void give_up(errc why)
    {
        session_.end(why);
        empty_line(why);
        settle_up(delivering::later);
    }

    /// The session is over: completes what is pending with `why`, or with `operation_aborted` if this side closed it, stops the handlers.
    void end(errc why)
    {
        over_ = true;
        outlived_ = why == errc::session_lost;
        session_.end(why);
        empty_line(why);
        drain(delivering::later);
    }

    /// The session's execution context is over: what is pending is destroyed uncalled.
    void drop()
    {
        const auto self = this->shared_from_this();
        over_ = true;
        draining_ = true; // what the destructors lead to here is not carried out any more
        session_.end(errc::closed);
        const auto waited = std::move(line_);
        const auto watched = std::move(watched_);
        runs_.clear();
        output<pending_call> next;
        while (session_.next(next)) {}
    }

    /// Does what the last command led to; what completes does so later, as it may stand inside an initiation.
    void settle_up() { settle_up(delivering::later); }

    /// Opens a call, or lets it wait until there is room for it. The completion's cancellation slot ends it.
    void open(message_kind kind, std::string_view name, const payload_view& payload, const call_options& how,
              pending_call waiting, instant now)
    {
        const auto size = name.size() + payload.bytes.size() + how.key.size();
        if (how.when_full == full::wait && !(nobody_waits() && session_.has_room(size))) {
            line_up(kind, {name, payload, how}, std::move(waiting), now);
        } else {
            start(kind, name, payload, how, std::move(waiting), now);
        }
        settle_up(delivering::later);
    }

    /// Opens a delivery of a durable outbox, which has a line of its own. Returns what it can be cancelled by.
    call deliver(std::string_view name, const payload_view& payload, const call_options& how, pending_call waiting,
                 instant now, const stamp& durable)
    {
        const auto opened = session_.deliver(name, payload, how, std::move(waiting), now, durable);
        settle_up(delivering::later);
        return opened;
    }

    void cancel(call which)
    {
        session_.cancel(which);
        settle_up(delivering::later);
    }

    /// The same for one that waits for room.
    void cancel(std::uint64_t which)
    {
        if (auto one = nobody_waits() ? std::nullopt : line_->take(which)) {
            ++setting_->counts->cancelled;
            leave_line(std::move(*one), errc::cancelled);
        }
    }

    // For its handlers

    [[nodiscard]] asio::any_io_executor get_executor() const override { return setting_->executor; }

    void finish(invocation which, const outcome& how) override
    {
        if (!how.code.empty() && how.code != name_of(errc::cancelled)) {
            report({.name = "handler_failed", .reason = how.code, .text = how.text});
        }
        const auto recorded = durable_.extract(which.number);
        if (!recorded.empty() && setting_->inbox->ended(recorded.mapped().owner, recorded.mapped().place, how)) {
            runs_.erase(which.number);
            return; // `finish_durable` follows, once that is on disk
        }
        finish_durable(which, how);
    }

    void finish_durable(invocation which, const outcome& how) override
    {
        session_.finish(which, how);
        runs_.erase(which.number);
        settle_up(delivering::later);
        if (watched_ != nullptr) {
            const auto self = this->shared_from_this();
            watched_->ended(which, how, std::chrono::steady_clock::now(), [&](const auto& seen, const call_end& end) {
                guarded(setting_->executor, [&] { seen(end); });
            });
        }
    }

    void run_durable(const kept_invoke& asked) override
    {
        const auto wanted = asked.view();
        durable_.emplace(wanted.call.number, durable_run{outbox_, wanted.stamp});
        if (const auto handler = setting_->router.handler_at(wanted.handler)) {
            run(*handler, wanted);
        } else {
            finish(wanted.call, {{}, name_of(errc::no_handler), {}});
        }
    }

    void progress(invocation which, const payload_view& payload) override
    {
        session_.progress(which, payload);
        wake();
    }

    // For its connection

    void receive(const message& came, instant now) override
    {
        heard = true;
        seen_ = now;
        const auto bad = setting_->counts->bad_messages;
        const auto unknown = setting_->counts->unknown_names;
        session_.receive(came, now);
        setting_->watch(came, bad, unknown, from_);
        drain(delivering::at_once);
    }

    void receive_bad(instant now) override
    {
        session_.bad(now);
        report({.name = "bad_message"});
        drain(delivering::at_once);
    }

    bool emit(message& out, instant now) override { return session_.emit(out, now); }

    void undeliverable(const message& out, errc why) override { session_.undeliverable(out, why); }

    void hang_up(close_reason why) override
    {
        if (const auto owner = owner_.lock(); owner != nullptr && !over_) {
            owner->on_hang_up(*this, why);
        }
    }

    void turn_over() override
    {
        if (session_.has_outputs() && !draining_) {
            return settle_up(delivering::later); // what emission settled
        }
        if (const auto owner = owner_.lock(); owner != nullptr && !over_) {
            owner->on_deadline(*this);
        }
    }

private:
    enum class delivering : std::uint8_t { at_once, later };

    void start(message_kind kind, std::string_view name, const payload_view& payload, const call_options& how,
               pending_call waiting, instant now)
    {
        auto slot = waiting.done.slot();
        waiting.asked_at = kind == message_kind::request ? std::min(waiting.asked_at, now) : never;
        const auto opened = kind == message_kind::request
                                ? session_.request(name, payload, how, std::move(waiting), now)
                                : session_.deliver(name, payload, how, std::move(waiting), now);
        if (slot.is_connected() && session_.completion(opened) != nullptr) {
            slot.assign(canceller<host, call>{this->weak_from_this(), opened});
        }
    }

    // The line before a full session

    [[nodiscard]] bool nobody_waits() const noexcept { return line_ == nullptr || line_->empty(); }

    void line_up(message_kind kind, outgoing words, pending_call waiting, instant now)
    {
        if (line_ == nullptr) {
            line_ = std::make_unique<room_line>(setting_->options.room_waiters_max, setting_->options.outbox.bytes_max);
        }
        if (!line_->takes(words.size())) {
            ++setting_->counts->refused;
            leave_line({0, kind, std::move(words), std::move(waiting), now}, errc::queue_full);
            return;
        }
        auto slot = waiting.done.slot();
        const auto deadline = later(now, setting_->options.lifetime_of(kind, words.name(), words.how().timeout));
        const auto number = line_->add(kind, std::move(words), std::move(waiting), deadline);
        if (slot.is_connected()) {
            slot.assign(canceller<host, std::uint64_t>{this->weak_from_this(), number});
        }
    }

    // Whoever is first in the line gets the room that there is now. False: nobody waits, or there is none.
    bool admit_first()
    {
        if (nobody_waits() || over_ || !session_.has_room(line_->front().words.size())) {
            return false;
        }
        auto one = line_->take_front();
        const auto now = std::chrono::steady_clock::now();
        auto how = one.words.how();
        how.timeout = std::max<duration>(one.deadline - now, std::chrono::milliseconds{1});
        start(one.kind, one.words.name(), one.words.payload(), how, std::move(one.waiting), now);
        return true;
    }

    void empty_line(errc why)
    {
        while (!nobody_waits()) {
            leave_line(line_->take_front(), why);
        }
    }

    // A call that no session has seen ends.
    void leave_line(room_waiter one, errc why)
    {
        settled<pending_call> over{std::move(one.waiting), make_error_code(why, certainty::never_sent), {}, {}, {}};
        carry_out(over, delivering::later);
    }

    void settle_up(delivering how)
    {
        drain(how);
        wake();
    }

    void wake()
    {
        if (link_ != nullptr && session_.has_messages()) {
            link_->wake();
        }
        turn_over();
    }

    // Takes the outputs until there are none. What they lead to may come back here: then the outer loop goes on with it.
    void drain(delivering how)
    {
        if (draining_) {
            return;
        }
        const auto self = this->shared_from_this();
        const raised busy{draining_};
        output<pending_call> next;
        do {
            while (session_.next(next)) {
                std::visit([&](auto& one) { carry_out(one, how); }, next);
            }
        } while (admit_first());
    }

    void carry_out(std::monostate&, delivering) noexcept {}

    void carry_out(settled<pending_call>& over, delivering how)
    {
        if (over.completion.again != nullptr && over.error == errc::session_lost && over.code.empty()) {
            if (const auto owner = owner_.lock()) {
                owner->on_orphan(std::move(over.completion), over.error);
                return;
            }
        }
        setting_->watch(over, seen_, from_);
        auto done = std::move(over.completion.done);
        const bool mine = over.code.empty() && (over.error == errc::cancelled || over.error == errc::closed);
        const std::error_code error = mine ? std::error_code{asio::error::operation_aborted} : over.error;
        over.text = over.error && over.code.empty() && over.text.empty() ? setting_->last_words : over.text;
        reply answer{over, certainty_of(over.error)};
        if (how == delivering::later) {
            done.post(error, std::move(answer));
            return;
        }
        guarded(setting_->executor, [&] { done.complete(error, std::move(answer)); });
    }

    void report(const event& happened) const { setting_->report(happened, from_); }

    void carry_out(const attempt_failed& one, delivering) { setting_->watch(one, from_); }

    void carry_out(progressed& word, delivering)
    {
        const auto which = word.which;
        if (auto* waiting = session_.completion(which); waiting != nullptr && waiting->progress != nullptr) {
            auto listener = std::move(waiting->progress); // taken out: it may end its own call
            guarded(setting_->executor, [&] { (*listener)(word.payload); });
            if (auto* still = session_.completion(which)) {
                still->progress = std::move(listener);
            }
        }
    }

    void carry_out(invoke& wanted, delivering)
    {
        const auto handler = setting_->router.handler_at(wanted.handler);
        if (handler == nullptr) {
            session_.finish(wanted.call, {{}, name_of(errc::no_handler), {}});
            return;
        }
        const bool in_transaction = setting_->inbox != nullptr && handler->in_transaction();
        if (in_transaction && setting_->router.chain() != nullptr && !let_in(wanted)) {
            return;
        }
        if (setting_->inbox != nullptr && wanted.stamp && !outbox_.outbox.empty()) {
            setting_->inbox->take(outbox_, wanted, handler, this->shared_from_this(), from_);
        } else if (in_transaction) {
            setting_->inbox->run_once(wanted, handler, this->shared_from_this(), from_);
        } else {
            run(*handler, wanted);
        }
    }

    void run(handler& to, const invoke& wanted)
    {
        const auto number = wanted.call;
        if (setting_->router.chain() != nullptr && !let_in(wanted)) {
            return;
        }
        if (auto begun = to.call(wanted, this->shared_from_this(), from_);
            begun != nullptr && session_.is_running(number)) {
            runs_.emplace(number.number, std::move(begun));
        }
    }

    // Asks the interceptors. False: one of them refused, and so is the call.
    bool let_in(const invoke& wanted)
    {
        intercepted seen{wanted, from_};
        intercept(setting_->router.chain(), seen, wanted.call, watched_);
        if (seen.refused()) {
            finish(wanted.call, {{}, name_of(seen.why()), seen.text()});
        }
        return !seen.refused();
    }

    void carry_out(stop& moot, delivering)
    {
        if (outlived_ && durable_.contains(moot.call.number)) {
            return; // the session ended, but the message's sender will ask another one
        }
        if (const auto found = runs_.find(moot.call.number); found != runs_.end()) {
            const auto one = found->second; // it may finish inside
            guarded(setting_->executor, [&] { one->stop(); });
        }
    }

    void carry_out(const rejoinder::hang_up& wanted, delivering) { hang_up(wanted.reason); }

    void carry_out(const alive&, delivering)
    {
        if (const auto owner = owner_.lock(); owner != nullptr && !over_) {
            owner->on_alive(*this);
        }
    }

    void carry_out(farewell& words, delivering)
    {
        if (const auto owner = owner_.lock(); owner != nullptr && !over_) {
            owner->on_farewell(*this, words);
        }
    }

    std::shared_ptr<session_setting<Policies>> setting_;
    std::weak_ptr<host_owner<Policies>> owner_;
    peer from_;
    session_type session_;
    std::shared_ptr<link> link_;
    std::unordered_map<std::uint64_t, std::shared_ptr<running>, std::hash<std::uint64_t>, std::equal_to<>,
                       recycled_allocator<std::pair<const std::uint64_t, std::shared_ptr<running>>>>
        runs_;                                               // those that go on after their call
    std::unique_ptr<room_line> line_;                        // made when somebody first has to wait
    std::unique_ptr<watched_runs> watched_;                  // made when an interceptor first wants to see an end
    record_owner outbox_;                                    // whose durable messages come here
    std::unordered_map<std::uint64_t, durable_run> durable_; // handler runs that are to be recorded
    instant seen_{};                                         // the time of the last input
    bool draining_ = false;
    bool over_ = false;     // the session has ended: its owner has forgotten it
    bool outlived_ = false; // its owner and what is durable go on
};

} // namespace rejoinder::inline v0::detail

#endif
