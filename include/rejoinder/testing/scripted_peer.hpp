// One side of a conversation under test: a session whose handlers are functions of the test.
#ifndef REJOINDER_TESTING_SCRIPTED_PEER_HPP
#define REJOINDER_TESTING_SCRIPTED_PEER_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/route_table.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/virtual_clock.hpp>
#include <rejoinder/testing/witness.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0::testing {

/// What a handler does when its asker does not wait any more.
enum class when_stopped : std::uint8_t {
    end_at_once, ///< ends with the error `cancelled`
    carry_on,    ///< takes no notice
};

/// A session, its handlers as functions, and the answers that they give later. Outputs are done as soon as they are
/// taken.
///
/// Distinct peers are independent but for what the test shares between them; one is used from one thread at a time.
template <class Policies = default_policies>
class scripted_peer {
public:
    using session_type = rejoinder::session<question_ptr, Policies>;

    /// A handler's run, in the handler's hands: it may be kept, and answered later. Once it has ended it is a husk.
    class run {
    public:
        run(scripted_peer& owner, const invoke& called)
            : call(called.call), kind(called.kind), name(called.name), payload(called.payload.bytes), key(called.key),
              deadline(called.deadline), handler(called.handler), owner_(&owner)
        {}

        void answer(std::string_view with = {}) const { owner_->finish(call, {{with, encoding::text}, {}, {}}); }
        void fail(std::string_view code, std::string_view text = {}) const { owner_->finish(call, {{}, code, text}); }
        void progress(std::string_view word) const { owner_->session_.progress(call, {word, encoding::text}); }

        void answer_after(duration length, std::string_view with = {}) const
        {
            owner_->finish_later(call, length, {}, with);
        }
        void fail_after(duration length, std::string_view code) const { owner_->finish_later(call, length, code, {}); }
        void when_stopped(testing::when_stopped what) const { owner_->obey(call, what); }

        /// Whether the asker has stopped waiting, or the run has ended.
        [[nodiscard]] bool stopped() const { return owner_->is_stopped(call); }

        invocation call;
        message_kind kind;
        std::string name;
        std::string payload;
        std::string key;
        instant deadline;
        std::uint32_t handler; ///< its number in the peer's table

    private:
        scripted_peer* owner_;
    };

    using handler = std::function<void(run&)>; ///< one that throws ends its run with `handler_error`

    scripted_peer(side which, std::string label, const session_options<Policies>& options, const virtual_clock& clock,
                  std::uint64_t seed, witness* watching = nullptr)
        : label_(std::move(label)), clock_(clock), watching_(watching != nullptr ? watching : &nobody_),
          session_(which, options, routes_, counts_, seed)
    {}
    scripted_peer(const scripted_peer&) = delete;
    scripted_peer& operator=(const scripted_peer&) = delete;

    // Getters

    [[nodiscard]] const std::string& label() const noexcept { return label_; }
    [[nodiscard]] session_type& session() noexcept { return session_; }
    [[nodiscard]] const session_type& session() const noexcept { return session_; }
    [[nodiscard]] const counters& counts() const noexcept { return counts_; }
    /// Runs that have not ended.
    [[nodiscard]] std::size_t live_runs() const noexcept { return live_.size(); }
    /// When `advance` is due.
    [[nodiscard]] instant next_deadline() const noexcept
    {
        auto next = session_.next_deadline();
        for (const auto& [number, one] : live_) {
            next = std::min(next, one.due);
        }
        return next;
    }

    // What the test says

    void on(std::string_view name, handler what, handling mode = handling::overlapping)
    {
        handlers_.push_back(std::move(what));
        routes_.set(name, {static_cast<std::uint32_t>(handlers_.size() - 1), mode});
    }
    void off(std::string_view name) { routes_.remove(name); }

    question_ptr ask(std::string_view name, std::string_view payload = {}, const call_options& how = {})
    {
        return open(message_kind::request, name, payload, how);
    }
    /// `durable`: its place in a durable outbox.
    question_ptr deliver(std::string_view name, std::string_view payload = {}, const call_options& how = {},
                         const stamp& durable = {})
    {
        return open(message_kind::delivery, name, payload, how, durable);
    }
    bool notify(std::string_view name, std::string_view payload = {})
    {
        return session_.notify(name, {payload, encoding::text}, clock_.now());
    }
    void cancel(const question_ptr& which)
    {
        session_.cancel(which->handle);
        take_outputs();
    }

    // Durable deliveries

    /// Who runs deliveries that have a place in a durable outbox, and is told how every run has ended. False: none of its own.
    struct keeper {
        std::function<void(const invoke&)> take;
        std::function<bool(invocation, const outcome&)> ended;
    };
    void durable(keeper who) { keeper_ = std::move(who); }
    /// The records allow it: calls the handler, for this call.
    void run_durable(invocation which, const run& asked)
    {
        invoke called;
        called.call = which;
        called.kind = asked.kind;
        called.name = asked.name;
        called.payload = {asked.payload, encoding::text};
        called.key = asked.key;
        called.deadline = asked.deadline;
        called.handler = asked.handler;
        start(called);
    }
    /// The answer is settled.
    void settle_durable(invocation which, const outcome& how)
    {
        session_.finish(which, how);
        take_outputs();
    }

    // What the driver does

    /// Gives the answers that are due, tells the session the time, and does what comes of it.
    void advance()
    {
        const auto now = clock_.now();
        std::vector<late_answer> due;
        for (const auto& [number, one] : live_) {
            if (one.due <= now) {
                due.push_back({{number}, one.code, one.answer});
            }
        }
        for (const auto& one : due) {
            finish(one.which, {{one.answer, encoding::text}, one.code, {}});
        }
        if (session_.next_deadline() <= now) {
            session_.advance(now);
        }
        take_outputs();
    }

    void receive(const message& came)
    {
        session_.receive(came, clock_.now());
        take_outputs();
    }

    void take_outputs()
    {
        if (!session_.has_outputs()) {
            return;
        }
        output<question_ptr> out;
        while (session_.next(out)) {
            std::visit([this](auto& what) { this->perform(what); }, out);
        }
    }

    /// Why the session wants its connection closed, once.
    std::optional<close_reason> take_hang_up() noexcept { return std::exchange(hang_up_, std::nullopt); }
    /// Whether the other side gave the sign of life that was asked for, once.
    bool take_alive() noexcept { return std::exchange(alive_, false); }
    /// What the other side said when it left, once.
    std::optional<farewell> take_farewell() noexcept { return std::exchange(farewell_, std::nullopt); }

private:
    struct live_run {
        instant due = never;
        std::string code;
        std::string answer;
        when_stopped then = when_stopped::end_at_once;
        bool stopped = false;
    };

    struct late_answer {
        invocation which;
        std::string code;
        std::string answer;
    };

    question_ptr open(message_kind kind, std::string_view name, std::string_view payload, const call_options& how,
                      const stamp& durable = {})
    {
        auto asked = std::make_shared<question>();
        asked->name = name;
        asked->payload = payload;
        asked->asked_at = clock_.now();
        asked->timeout = how.timeout;
        watching_->asked(label_, kind, asked);
        const payload_view bytes{payload, encoding::text};
        asked->handle = kind == message_kind::request
                            ? session_.request(name, bytes, how, asked, clock_.now())
                            : session_.deliver(name, bytes, how, asked, clock_.now(), durable);
        take_outputs();
        return asked;
    }

    void finish(invocation which, const outcome& how)
    {
        if (live_.erase(which.number) != 0) {
            watching_->ended(label_, which);
        }
        if (!keeper_.ended || !keeper_.ended(which, how)) {
            settle_durable(which, how);
        }
    }

    void finish_later(invocation which, duration length, std::string_view code, std::string_view answer)
    {
        if (const auto found = live_.find(which.number); found != live_.end()) {
            found->second.due = later(clock_.now(), length);
            found->second.code = code;
            found->second.answer = answer;
        }
    }

    void obey(invocation which, when_stopped what)
    {
        if (const auto found = live_.find(which.number); found != live_.end()) {
            found->second.then = what;
        }
    }

    bool is_stopped(invocation which) const
    {
        const auto found = live_.find(which.number);
        return found == live_.end() || found->second.stopped;
    }

    void perform(std::monostate) {}
    void perform(const attempt_failed&) {}

    void perform(const settled<question_ptr>& done)
    {
        auto& which = *done.completion;
        ++which.completions;
        which.error = done.error;
        which.answer = done.payload.bytes;
        which.code = done.code;
        which.text = done.text;
        which.settled_at = clock_.now();
        watching_->settled(label_, done.completion);
    }

    void perform(const progressed& word)
    {
        if (const auto* which = session_.completion(word.which)) {
            (*which)->progress.emplace_back(word.payload.bytes);
        }
    }

    void perform(const invoke& called)
    {
        if (called.stamp && keeper_.take) {
            keeper_.take(called);
        } else {
            start(called);
        }
    }

    void start(const invoke& called)
    {
        run mine{*this, called};
        live_[called.call.number];
        watching_->started(label_, called);
        const auto what = handlers_[called.handler]; // a copy: a handler may register others
        try {
            what(mine);
        } catch (const std::exception& thrown) {
            mine.fail(name_of(errc::handler_error), thrown.what());
        }
        if (mine.kind == message_kind::notification && live_.contains(mine.call.number) &&
            live_[mine.call.number].due == never) {
            mine.answer();
        }
    }

    void perform(const stop& order)
    {
        watching_->stopped(label_, order.call);
        const auto found = live_.find(order.call.number);
        if (found == live_.end()) {
            return;
        }
        found->second.stopped = true;
        if (found->second.then == when_stopped::end_at_once) {
            finish(order.call, {{}, name_of(errc::cancelled), {}});
        }
    }

    void perform(const hang_up& wish) { hang_up_ = wish.reason; }
    void perform(const farewell& words) { farewell_ = words; }
    void perform(const alive&) { alive_ = true; }

    std::string label_;
    const virtual_clock& clock_;
    witness nobody_;
    witness* watching_;
    counters counts_;
    route_table routes_;
    std::vector<handler> handlers_;
    keeper keeper_;
    std::map<message_id, live_run> live_;
    std::optional<close_reason> hang_up_;
    std::optional<farewell> farewell_;
    bool alive_ = false;
    session_type session_;
};

} // namespace rejoinder::inline v0::testing

#endif
