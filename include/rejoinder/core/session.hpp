// The durable conversation with one remote instance: it outlives its connections, and knows neither clock nor socket.
#ifndef REJOINDER_CORE_SESSION_HPP
#define REJOINDER_CORE_SESSION_HPP

#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/asker.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/notices.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/round_trip.hpp>
#include <rejoinder/core/route_table.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// Which end of the connection a session is: the client confirms the welcome, the hub waits for that (rule 4).
enum class side : std::uint8_t { client, hub };

/// A session: ids, pending requests, records of what ran.
///
/// A pure state machine. Its driver feeds it (`begin`, `attach`, `receive`, `advance`, `detach`, `end` and the commands), and after each of
/// these takes the outputs with `next` until there are none, then the messages with `emit` for as long as the connection has room. It calls
/// `advance` no later than `next_deadline()`. Nothing is ever called out of the middle of a change, so any of it may be done from inside a
/// handler that an output led to.
///
/// What a message or an output borrows holds until the session's next input or command; what an input borrows must hold until the outputs
/// that it caused have been taken.
///
/// Completion: the caller's own mark for a call, moved in by `request` and `deliver` and out by `settled`, once. Default-constructible, movable.
/// Policies: see `default_policies`. Bounds: those of `session_options`, and none is unbounded.
/// Distinct sessions are independent; one is used from one thread at a time.
template <class Completion, class Policies = default_policies>
class session {
public:
    using completion_type = Completion;
    using options_type = session_options<Policies>;

    /// `options`, `routes` and `counts` may be shared by sessions and must outlive them; `seed` is for jitter.
    session(side which, const options_type& options, const route_table& routes, counters& counts, std::uint64_t seed)
        : options_(options), counts_(counts), side_(which), notices_(options, todo_, counts_),
          asker_(options, todo_, counts_, seed), inbox_(options, routes, todo_, counts_)
    {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // Getters

    [[nodiscard]] bool attached() const noexcept { return beat_.has_value(); }
    /// Slots of either side (rule 6).
    [[nodiscard]] std::uint32_t capacity() const noexcept { return asker_.capacity(); }
    /// Messages of this side that are not over.
    [[nodiscard]] std::size_t pending() const noexcept { return asker_.pending(); }
    /// Messages of this side that no connection has seen yet.
    [[nodiscard]] std::size_t waiting() const noexcept { return asker_.waiting(); }
    /// Whether a message of so many bytes would be let in now, without one that waits giving its place away. What no room could help is let
    /// in, too: it gets its error.
    [[nodiscard]] bool has_room(std::size_t bytes) const noexcept
    {
        const auto bytes_max = options_.outbox.bytes_max;
        if (bytes > options_.message_bytes_max || bytes > bytes_max) {
            return true;
        }
        return pending() < options_.capacity && asker_.waiting_bytes() <= bytes_max - bytes &&
               (attached() || waiting() < options_.outbox.messages_max);
    }
    /// Handlers of this side that run or wait for their turn.
    [[nodiscard]] std::size_t running() const noexcept { return inbox_.running(); }
    /// Whether this run of a handler has not ended.
    [[nodiscard]] bool is_running(invocation which) const noexcept { return inbox_.is_running(which); }
    /// Bytes of answers kept for repeats.
    [[nodiscard]] std::size_t kept_bytes() const noexcept { return inbox_.kept_bytes(); }
    [[nodiscard]] const counters& counts() const noexcept { return counts_; }
    /// What pings have shown of the link.
    [[nodiscard]] const round_trip& trip() const noexcept { return beat_ ? beat_->trip() : trip_; }
    /// When `advance` is due at the latest; `never` if there is nothing to wait for.
    [[nodiscard]] instant next_deadline() const noexcept
    {
        const auto own = std::min(asker_.next_deadline(), notices_.next_deadline());
        return !beat_ ? own : std::min(own, ping_due_ ? beat_->next_deadline_but_ping() : beat_->next_deadline());
    }
    /// What the caller of a message left with it; null once it is settled. For `progressed`.
    [[nodiscard]] Completion* completion(call which) noexcept { return asker_.completion(which); }
    /// Whether notifications are kept while the link is down.
    [[nodiscard]] bool keeps_notifications() const noexcept { return notices_.kept(); }
    /// Whether a peer that has seen the notifications up to this one gets all the others.
    [[nodiscard]] bool covers(std::uint64_t seen, instant now) { return notices_.covers(seen, now); }
    /// The mark of the last notification that came; empty: none had one.
    [[nodiscard]] const std::string& mark() const noexcept { return mark_; }

    // The connection

    /// A new session of this many slots, the smaller of what both sides offered: ids and records begin anew. What an earlier session of this
    /// object had sent ends with `session_lost`, or is sent again if it is idempotent or durable at the peer; what it had not sent goes on
    /// (contract, point 6).
    void begin(std::uint32_t capacity, peer_keeps what = peer_keeps::nothing)
    {
        const auto agreed = std::clamp<std::uint32_t>(capacity, 1, options_.capacity);
        asker_.restart(agreed, what);
        inbox_.restart(agreed);
        notices_.restart();
        mark_.clear();
    }

    /// A connection carries this session from now on. Precondition: none does. Where the peer keeps no records, what it had been asked, and has
    /// asked, in an earlier connection is over; where it marks what it has seen (`seen`), it may still answer.
    void attach(const capabilities& features, const heartbeat_options& timing, instant now, std::uint64_t seen = 0)
    {
        probes_ = features.probe;
        const auto may_probe = probes_ ? probing::allowed : probing::unavailable;
        auto beats = timing;
        beats.dead_after =
            probes_ ? timing.dead_after : duration::zero(); // a peer that is asked nothing may be silent for ever
        beat_.emplace(beats, now, may_probe, trip_);
        confirmed_ = side_ == side::client || !features.ready;
        if (!features.records) {
            inbox_.disown();
        }
        if (!features.records && !features.marks) {
            asker_.restart(capacity());
        }
        notices_.attach(features.marks, seen);
        asker_.attach(features, seen);
        inbox_.attach();
        beat_->awaiting(asker_.unanswered());
        ready_due_ = side_ == side::client && features.ready;
        if (confirmed_) {
            meet();
        }
    }

    /// The connection is gone. Precondition: `attached()`.
    void detach(instant now)
    {
        trip_ = beat_->trip();
        beat_.reset();
        asker_.detach();
        inbox_.detach();
        ready_due_ = false;
        sign_wanted_ = false;
        sign_in_ = 0;
        pong_due_ = 0;
        ping_due_ = false;
        todo_.reclaim();
        todo_.clear(todo_.urgent, [](const errand&) {});
        notices_.detach(now);
        rest();
    }

    /// The session is over: everything pending is settled with `why`, every handler is stopped. Precondition: not `attached()`.
    void end(errc why)
    {
        asker_.end(why);
        inbox_.end(why);
    }

    // Inputs

    /// A message from the attached connection.
    void receive(const message& came, instant now)
    {
        if (!attached()) {
            return; // a connection that the session has left says nothing to it (rule 5)
        }
        beat_->received(now);
        if (!take(came, now)) {
            bad(now);
        }
    }

    /// Bytes move on the attached connection, though no whole message has come.
    void stirred(instant now)
    {
        if (attached()) {
            beat_->received(now);
        }
    }

    /// A frame from the attached connection was not the wire's grammar.
    void bad(instant now)
    {
        ++counts_.bad_messages;
        if (now - bad_since_ >= std::chrono::minutes{1}) {
            bad_since_ = now;
            bad_count_ = 0;
        }
        if (++bad_count_ > options_.bad_messages_per_minute) {
            todo_.outputs.push_back(hang_up{close_reason::bad_messages});
        }
    }

    /// Time has passed.
    void advance(instant now)
    {
        asker_.expire(now);
        notices_.expire(now);
        if (!beat_) {
            return;
        }
        beat_->awaiting(asker_.unanswered());
        switch (beat_->advance(now)) {
        case beat::nothing: break;
        case beat::ping: ping_due_ = true; break;
        case beat::dead:
            ++counts_.links_dropped;
            todo_.outputs.push_back(hang_up{close_reason::silent});
            break;
        case beat::idle: idle(now); break;
        }
    }

    // Commands

    /// Asks: `completion` comes back in a `settled` output, with the answer or an error. `name` and `payload` are copied.
    call request(std::string_view name, const payload_view& payload, const call_options& how, Completion completion,
                 instant now)
    {
        touch(now);
        return asker_.open(message_kind::request, name, payload, how, std::move(completion), now);
    }

    /// Sends a message that must arrive: settled when it is acknowledged. Waits in the outbox while the link is down. `durable`: its place in
    /// an outbox that outlives this object.
    call deliver(std::string_view name, const payload_view& payload, const call_options& how, Completion completion,
                 instant now, const stamp& durable = {})
    {
        touch(now);
        return asker_.open(message_kind::delivery, name, payload, how, std::move(completion), now, durable);
    }

    /// Fire and forget. False: dropped and counted, because the link is down, too much waits already, or it is too big. Where a peer that is back
    /// says what it has seen, it is kept while the link is down.
    bool notify(std::string_view name, const payload_view& payload, instant now)
    {
        const bool taken = notices_.add(name, payload, asker_.last_ticket(), attached(), now);
        if (taken) {
            touch(now);
        }
        return taken;
    }

    /// Stops waiting for a call: it is settled with `cancelled`, and the peer is told if it may have it. A call that is over is no error.
    void cancel(call which) { asker_.cancel(which); }

    /// A handler has ended: its answer, or its error. A run that is over already is no error. Notifications end so, too.
    void finish(invocation which, const outcome& how) { inbox_.finish(which, how); }

    /// Keys mean the same in all sessions that share this ledger; what runs for one outlives its session, unless that is disinherited. `self` is
    /// told what the others answer, and says `answered`.
    void share_keys(std::shared_ptr<key_ledger> ledger, std::shared_ptr<key_waiter> self)
    {
        inbox_.share_keys(std::move(ledger), std::move(self));
    }
    void answered(message_id id, const answer_view& word) { inbox_.answered(id, word); }
    void disinherit() noexcept { inbox_.disinherit(); }

    /// A word of a running request to its asker. Dropped while nobody hears it.
    void progress(invocation which, const payload_view& payload) { inbox_.progress(which, payload); }

    /// The connection did not say what was emitted to it last: a call ends with `why`, and was never sent.
    void undeliverable(const message& out, errc why)
    {
        is_call(out.kind) ? asker_.undeliverable(out.id, why) : notices_.unsaid(out.kind);
    }

    /// Asks the link for a sign of life now; without one in time it is dropped.
    void probe()
    {
        if (beat_) {
            beat_->demand();
            sign_wanted_ = true;
        }
    }

    // Outputs

    /// Takes the next output. False: there is none.
    bool next(output<Completion>& out) { return todo_.next(out); }
    /// Whether there is one. Emission makes some, too: what the wire cannot carry is settled there.
    [[nodiscard]] bool has_outputs() const noexcept { return !todo_.outputs.empty(); }

    /// Takes the next message for the connection. False: there is none. From here on the message may have been executed (rule 13), so call it
    /// only when the connection takes the message.
    bool emit(message& out, instant now)
    {
        todo_.reclaim();
        return attached() && (emit_sign(out, now) || (confirmed_ && notices_.spell_missed(out)) ||
                              emit_urgent(out, now) || emit_next(out, now));
    }

    /// Whether `emit` may have a message.
    [[nodiscard]] bool has_messages() const noexcept
    {
        return attached() && (ready_due_ || ping_due_ || pong_due_ != 0 ||
                              (confirmed_ && !(todo_.urgent.empty() && notices_.empty() && asker_.waiting() == 0)));
    }

    /// Gives memory back after a burst: for sessions that have become idle. Keeps what contract and peers rely on.
    void shrink()
    {
        asker_.shrink();
        inbox_.shrink();
        notices_.shrink();
        todo_.shrink();
    }

private:
    bool take(const message& came, instant now)
    {
        switch (came.kind) {
        case message_kind::ready: return confirm();
        case message_kind::request:
        case message_kind::delivery: beat_->touched(now); return confirmed_ && inbox_.receive(came, now);
        case message_kind::notification:
            beat_->touched(now);
            if (confirmed_) {
                mark_.assign(came.mark.empty() ? mark_ : came.mark);
                inbox_.notified(came, now);
            }
            return confirmed_;
        case message_kind::cancel: return confirmed_ && inbox_.cancel(came.id);
        case message_kind::reply:
        case message_kind::ack:
        case message_kind::error:
            if (!asker_.fits(came)) {
                return false;
            }
            beat_->touched(now);
            asker_.last_word(came, *beat_, now);
            return true;
        case message_kind::progress: asker_.progress(came, *beat_, now); return true;
        case message_kind::ping:
            for (const auto id : came.finished) {
                inbox_.forget(id);
            }
            pong_due_ = came.id;
            return true;
        case message_kind::pong:
            beat_->pong(came.id, now);
            if (came.id == sign_in_) {
                sign_in_ = 0;
                todo_.outputs.push_back(alive{});
            }
            if (came.id == names_in_) {
                asker_.names_arrived();
            }
            return true;
        case message_kind::bye:
            todo_.outputs.push_back(farewell{close_reason_named(came.name), came.time_left});
            return true;
        case message_kind::hello:
        case message_kind::welcome:
        case message_kind::refusal: return false; // said once, before there is a session
        }
        return false;
    }

    // A handler that runs for the peer is use of the connection: its answer is to leave on it.
    void idle(instant now)
    {
        if (inbox_.running() != 0) {
            beat_->touched(now);
        } else {
            todo_.outputs.push_back(hang_up{close_reason::idle});
        }
    }

    // A session that is not used keeps no memory for when it was.
    void rest()
    {
        if (asker_.pending() == 0 && inbox_.running() == 0) {
            shrink();
        }
    }

    bool confirm() noexcept
    {
        const bool expected = side_ == side::hub && !confirmed_;
        confirmed_ = true;
        meet();
        return expected;
    }

    // A first ping at once: until the round trip is known, a dead link can only be found by the longest waits.
    void meet() noexcept { ping_due_ |= probes_ && !trip().known(); }

    void touch(instant now) noexcept
    {
        if (beat_) {
            beat_->touched(now);
        }
    }

    // Ready, pong and ping. A pong may overtake an answer that was not emitted yet: it speaks of what was received. A ping goes behind all
    // that was emitted, which is what its pong then proves.
    bool emit_sign(message& out, instant now)
    {
        out = {};
        if (std::exchange(ready_due_, false)) {
            out.kind = message_kind::ready;
            return true;
        }
        if (pong_due_ != 0) {
            out.kind = message_kind::pong;
            out.id = std::exchange(pong_due_, 0);
            return true;
        }
        if (!std::exchange(ping_due_, false)) {
            return false;
        }
        rest();
        out.kind = message_kind::ping;
        out.id = beat_->ping(now);
        out.finished = asker_.name_finished();
        names_in_ = out.id;
        sign_in_ = std::exchange(sign_wanted_, false) ? out.id : sign_in_;
        ++counts_.probes_sent;
        return true;
    }

    bool emit_urgent(message& out, instant now)
    {
        while (confirmed_ && !todo_.urgent.empty()) {
            const auto one = todo_.urgent.pop_front();
            switch (one.kind) {
            case message_kind::request:
            case message_kind::delivery:
            case message_kind::cancel:
                if (asker_.spell_urgent(one, out, *beat_, now) == spelling::done || notices_.spell_missed(out)) {
                    return true;
                }
                break;
            default:
                beat_->touched(now);
                inbox_.spell(one, out);
                return true;
            }
        }
        return false;
    }

    // What the program asks anew, in the order in which it did (contract, point 9).
    bool emit_next(message& out, instant now)
    {
        while (confirmed_) {
            const auto first = asker_.first_ticket();
            if (!notices_.empty() && (!first || *first > notices_.first_ticket())) {
                notices_.spell(out);
                return true;
            }
            if (!first) {
                return false;
            }
            const auto how = asker_.spell_first(out, *beat_, now);
            if (how != spelling::moot) {
                return how == spelling::done;
            }
        }
        return false;
    }

    const options_type& options_;
    counters& counts_;
    side side_;
    bool confirmed_ = false;
    bool probes_ = false;
    bool ready_due_ = false;
    bool ping_due_ = false;
    message_id names_in_ = 0; // the last ping's number
    message_id sign_in_ = 0;  // the number of the ping that somebody asked for; 0: none
    bool sign_wanted_ = false;
    message_id pong_due_ = 0; // the last ping's number; a pong speaks for the earlier ones, too
    std::string mark_;        // of the last notification that came
    agenda<Completion> todo_;
    notices<Completion, Policies> notices_;
    asker<Completion, Policies> asker_;
    inbox<Completion, Policies> inbox_;
    std::optional<heartbeat> beat_; // while attached
    round_trip trip_;
    instant bad_since_{};
    unsigned bad_count_ = 0;
};

} // namespace rejoinder::inline v0

#endif
