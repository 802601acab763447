// The asking half of a session: every request and delivery of this side, from the call to its one settling.
#ifndef REJOINDER_CORE_ASKER_HPP
#define REJOINDER_CORE_ASKER_HPP

#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/detail/delivery_pool.hpp>
#include <rejoinder/core/detail/second_tries.hpp>
#include <rejoinder/core/detail/without_bound.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/finished_ids.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/outbox.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The asking half of a session. Used through `session`; the driver never sees it.
///
/// A message waits in the outbox without an id, gets its id at its first emission (rule 3), and holds its slot until the peer's last word for
/// that id (rule 8), which may come long after the caller was settled. Every caller is settled once, by an output.
template <class Completion, class Policies>
class asker {
public:
    asker(const session_options<Policies>& options, agenda<Completion>& todo, counters& counts, std::uint64_t seed)
        : options_(options), todo_(todo), counts_(counts), tries_(options, counts, seed), sent_(options.capacity),
          outbox_(detail::without_bound(options.outbox)), finished_(options.capacity)
    {}
    asker(const asker&) = delete;
    asker& operator=(const asker&) = delete;

    // Getters

    /// Slots.
    [[nodiscard]] std::uint32_t capacity() const noexcept { return sent_.capacity(); }
    /// Messages that are not over: waiting, sent, resting, or holding a slot for a last word.
    [[nodiscard]] std::size_t pending() const noexcept { return pool_.size(); }
    /// Messages that no connection has seen yet.
    [[nodiscard]] std::size_t waiting() const noexcept { return outbox_.size(); }
    [[nodiscard]] std::size_t waiting_bytes() const noexcept { return outbox_.bytes(); }
    /// Ids whose last word is awaited.
    [[nodiscard]] std::size_t unanswered() const noexcept { return sent_.size(); }
    [[nodiscard]] instant next_deadline() const noexcept { return timers_.next_expiry(); }
    /// The oldest message that waits, if one does; and the newest that ever did.
    [[nodiscard]] std::optional<ticket> first_ticket() const noexcept
    {
        const auto* first = outbox_.front();
        return first == nullptr ? std::nullopt : std::optional{first->id};
    }
    [[nodiscard]] ticket last_ticket() const noexcept { return last_ticket_; }

    /// What the caller of a message left with it; null once the caller is settled.
    [[nodiscard]] Completion* completion(call which) noexcept
    {
        auto* place = pool_.find(which);
        return place != nullptr && place->completion ? &*place->completion : nullptr;
    }

    // The connection

    /// A connection is there: what has an id goes out again in its order, a cancel in place of what nobody awaits; then what waited.
    /// `seen`: the last notification that a peer with marks has seen.
    void attach(const capabilities& features, std::uint64_t seen = 0)
    {
        linked_ = true;
        features_ = features;
        finished_.lost();
        for (auto index = pool_.first(); index != 0;) {
            auto& place = pool_[index];
            const auto next = place.next;
            place.position = 0;
            if (place.at != stage::abandoned && place.goes_again(features, seen)) {
                todo_.urgent.push_back({place.kind, place.id, 0, place.after});
            } else if (place.at == stage::abandoned && features_.cancel) {
                todo_.urgent.push_back({message_kind::cancel, place.id, 0});
            } else if (place.at == stage::abandoned) {
                close(index); // its last word may have been lost, and this wire cannot ask for it
            }
            index = next;
        }
    }

    /// The connection is gone.
    void detach() noexcept { linked_ = false; }

    /// The peer has another session for us: ids begin anew. What it may have run ends with `session_lost` (contract, point 6).
    void restart(std::uint32_t capacity, peer_keeps what = peer_keeps::nothing)
    {
        while (const auto index = pool_.first()) {
            pool_.unlink(index);
            auto& place = pool_[index];
            const bool kept = place.stamp && what == peer_keeps::deliveries;
            if (place.at == stage::sent && (kept || place.repeat == repeatable::idempotent)) {
                wait_again(index);
                continue;
            }
            if (place.at == stage::sent) {
                settle(index, make_error_code(errc::session_lost));
            }
            pool_.release(index);
        }
        sent_ = typename Policies::template registry<std::uint32_t>(capacity);
        finished_ = finished_ids(capacity);
    }

    /// Nothing can be asked any more: all that is pending ends with `why`.
    void end(errc why)
    {
        for (std::uint32_t index = 1; index <= pool_.last_index(); ++index) {
            auto& place = pool_[index];
            if (place.at == stage::none) {
                continue;
            }
            if (place.at == stage::waiting) {
                outbox_.take(place.ticket, departure::removed);
            } else if (place.at != stage::resting) {
                sent_.take(place.id);
                pool_.unlink(index);
            }
            settle(index, make_error_code(why, place.sure));
            pool_.release(index);
        }
    }

    // Commands

    /// Opens a request or delivery; whatever is wrong with it is told by its settling.
    call open(message_kind kind, std::string_view name, const payload_view& payload, const call_options& how,
              Completion completion, instant now, const stamp& durable = {})
    {
        if (const auto refusal = refuses(name.size() + payload.bytes.size() + how.key.size())) {
            todo_.outputs.push_back(settled<Completion>{std::move(completion), make_error_code(*refusal), {}, {}, {}});
            ++counts_.refused;
            return {};
        }
        tries_.called(now);
        const auto index = pool_.take();
        auto& place = pool_[index];
        place.kind = kind;
        place.repeat = how.repeat;
        place.ack_timeout = how.ack_timeout;
        place.stamp = durable;
        place.form = payload.form;
        place.name.assign(name);
        place.payload.assign(payload.bytes);
        place.key.assign(how.key);
        place.deadline = later(now, options_.lifetime_of(kind, name, how.timeout));
        place.completion.emplace(std::move(completion));
        place.timer = timers_.schedule(place.deadline, index);
        enqueue(index, now);
        return pool_.handle(index);
    }

    /// The caller does not wait any more: it is settled with `cancelled`, and the peer is told if it may have the message.
    void cancel(call which)
    {
        auto* place = pool_.find(which);
        if (place == nullptr || !place->completion) {
            return;
        }
        ++counts_.cancelled;
        give_up(which.index, errc::cancelled);
    }

    /// The connection did not write the message of this id.
    void undeliverable(message_id id, errc why = errc::too_big)
    {
        const auto* found = sent_.find(id);
        if (found == nullptr) {
            return;
        }
        const auto index = *found;
        const auto& place = pool_[index];
        const bool first_time = place.position != 0; // else an earlier connection has had it
        settle(index, make_error_code(why, first_time ? place.earlier : certainty::maybe_executed));
        close(index);
    }

    // Inputs

    /// `reply`, `ack` or `error`: the last word for an id.
    void last_word(const message& word, heartbeat& beat, instant now)
    {
        const auto* found = sent_.find(word.id);
        if (found == nullptr) {
            ++counts_.late_replies;
            return;
        }
        const auto index = *found;
        beat.proven(pool_[index].position, now);
        sent_.take(word.id);
        pool_.unlink(index);
        finished_.add(word.id);
        detail::count_last_word(counts_, word.kind);
        if (pool_[index].at == stage::abandoned) {
            pool_.release(index);
        } else if (word.kind == message_kind::error) {
            failed(index, word, now);
        } else {
            settle(index, {}, word.payload);
            pool_.release(index);
        }
        beat.awaiting(sent_.size());
    }

    /// A word about a request that still runs.
    void progress(const message& word, heartbeat& beat, instant now)
    {
        const auto* found = sent_.find(word.id);
        if (found == nullptr) {
            ++counts_.late_replies;
            return;
        }
        const auto& place = pool_[*found];
        beat.proven(place.position, now);
        if (place.completion) {
            todo_.outputs.push_back(progressed{pool_.handle(*found), word.payload});
        }
    }

    /// Whether a message of this kind is a fitting last word for the id, as far as the id is known.
    [[nodiscard]] bool fits(const message& word) const noexcept
    {
        const auto* found = sent_.find(word.id);
        if (found == nullptr || word.kind == message_kind::error || !features_.deliveries) {
            return true;
        }
        return (pool_[*found].kind == message_kind::delivery) == (word.kind == message_kind::ack);
    }

    /// Deadlines that have passed, retries that are due.
    void expire(instant now)
    {
        while (const auto index = timers_.expire(now)) {
            auto& place = pool_[*index];
            place.timer = {};
            if (now < place.deadline) {
                place.timer = timers_.schedule(place.deadline, *index);
                go_on(*index, now);
                continue;
            }
            const bool delivers = place.kind == message_kind::delivery;
            ++(delivers ? counts_.expired : counts_.timeouts);
            give_up(*index, delivers ? errc::expired : errc::timed_out);
        }
    }

    /// Ids for a ping to name.
    std::span<const message_id> name_finished() { return finished_.name(); }
    /// The pong of the last ping came.
    void names_arrived() noexcept { finished_.arrived(); }

    // Emission

    /// Spells the first message of the outbox: it gets its id here, and may have been executed from here on (rule 13). Precondition: there is one.
    spelling spell_first(message& out, heartbeat& beat, instant now)
    {
        const auto [place_in_line, index] = std::pair{outbox_.front()->id, outbox_.front()->value};
        auto& place = pool_[index];
        const bool unacknowledged =
            place.kind == message_kind::delivery && !place.stamp && options_.ack.when(place.name) == ack_when::none;
        if ((place.form == encoding::binary && !features_.binary) || (!features_.calls && !unacknowledged)) {
            outbox_.take(place_in_line, departure::refused);
            settle(index, make_error_code(errc::unsupported));
            pool_.release(index);
            return spelling::moot;
        }
        if (unacknowledged) {
            return spell_unacknowledged(index, out);
        }
        const auto id = sent_.open(index);
        if (!id) {
            return spelling::blocked;
        }
        outbox_.take(place_in_line, departure::sent);
        place.id = *id;
        place.at = stage::sent;
        finished_.reuse(*id);
        pool_.link(index);
        ++(place.kind == message_kind::request ? counts_.requests_sent : counts_.deliveries_sent);
        place.position = emitted(place, out, beat, now);
        if (place.ack_timeout != duration::zero() && !features_.probe && !features_.records) {
            timers_.cancel(place.timer);
            place.timer = timers_.schedule(std::min(place.deadline, later(now, place.ack_timeout)), index);
        }
        return spelling::done;
    }

    /// Spells an errand of the urgent list: a message once more after a link loss, or a cancel.
    spelling spell_urgent(const errand& one, message& out, heartbeat& beat, instant now)
    {
        const auto* found = sent_.find(one.id);
        if (found == nullptr) {
            return spelling::moot;
        }
        auto& place = pool_[*found];
        if (one.kind == message_kind::cancel) {
            out = {.kind = message_kind::cancel, .id = one.id};
            beat.sent(now);
            beat.awaiting(sent_.size());
            return spelling::done;
        }
        if (place.at == stage::abandoned) {
            return spelling::moot; // its cancel follows
        }
        ++counts_.resent;
        emitted(place, out, beat, now); // its position stays 0: an answer may be to an older sending, and prove nothing
        return spelling::done;
    }

    /// Gives memory back after a burst, if nothing is pending.
    void shrink()
    {
        if (pending() != 0) {
            return;
        }
        pool_.shrink();
        timers_.shrink();
        sent_.shrink();
        outbox_.shrink();
        finished_.shrink();
    }

private:
    // Why a message of this size is not taken. While the link is down, room may be made by evicting the oldest.
    std::optional<errc> refuses(std::size_t bytes)
    {
        if (bytes > options_.message_bytes_max) {
            return errc::too_big;
        }
        if (pending() >= options_.capacity || !outbox_.fits(bytes)) {
            return errc::queue_full;
        }
        if (linked_ || outbox_.size() < options_.outbox.messages_max) {
            return std::nullopt;
        }
        if (options_.outbox.on_overflow == overflow::reject_newest || outbox_.empty()) {
            return errc::queue_full;
        }
        ++counts_.evicted;
        give_up(outbox_.front()->value, errc::evicted);
        return std::nullopt;
    }

    void enqueue(std::uint32_t index, instant now)
    {
        auto& place = pool_[index];
        const auto place_in_line = outbox_.push(index, place.bytes(), now, place.deadline - now);
        if (!place_in_line) {
            settle(index, make_error_code(errc::queue_full, place.sure));
            pool_.release(index);
            return;
        }
        place.at = stage::waiting;
        place.ticket = last_ticket_ = *place_in_line;
    }

    // A message that was sent in a session that is no more keeps its age: it goes before whatever was asked later.
    void wait_again(std::uint32_t index)
    {
        auto& place = pool_[index];
        place.at = stage::waiting;
        place.id = 0;
        place.earlier = certainty::maybe_executed;
        outbox_.restore(place.ticket, index, place.bytes(), place.deadline);
    }

    // Returns its position on the connection.
    std::uint64_t emitted(delivery<Completion>& place, message& out, heartbeat& beat, instant now)
    {
        place.sure = certainty::maybe_executed;
        place.after = todo_.noticed;
        out = place.spelled(now, features_);
        beat.awaiting(sent_.size());
        return beat.sent(now);
    }

    // Forgets a message whose id nobody will speak of any more.
    void close(std::uint32_t index)
    {
        sent_.take(pool_[index].id);
        pool_.unlink(index);
        pool_.release(index);
    }

    spelling spell_unacknowledged(std::uint32_t index, message& out)
    {
        outbox_.take(pool_[index].ticket, departure::sent);
        const auto& kept = todo_.lend(todo_.keep(pool_[index].name, {pool_[index].payload, pool_[index].form}));
        settle(index, {});
        pool_.release(index);
        todo_.noticed_before_it = todo_.noticed; // it is not said again: who has it has seen what went before it
        out = {.kind = message_kind::notification, .id = todo_.noticed, .name = kept.name};
        out.payload = {kept.payload, kept.form};
        ++counts_.deliveries_sent;
        return spelling::done;
    }

    void failed(std::uint32_t index, const message& word, instant now)
    {
        auto& place = pool_[index];
        const auto kind = errc_named(word.name);
        place.fail(certainty_of(make_error_code(kind)));
        const auto error = make_error_code(kind, place.sure);
        const auto rest = tries_.after_error(place, error, now);
        if (!rest) {
            settle(index, error, word.payload, word.name, word.text);
            pool_.release(index);
            return;
        }
        place.at = stage::resting;
        todo_.outputs.push_back(attempt_failed{pool_.handle(index), place.kind, error, place.attempts, *rest});
        timers_.cancel(place.timer);
        place.timer = timers_.schedule(later(now, *rest), index);
    }

    // What is due before the deadline: a try after its rest, or after one that was not answered in time. Else the deadline decides.
    void go_on(std::uint32_t index, instant now)
    {
        auto& place = pool_[index];
        if (place.at == stage::sent && linked_ && tries_.after_silence(place, now)) {
            sent_.take(place.id);
            pool_.unlink(index);
            place.fail(certainty::maybe_executed);
            const auto error = make_error_code(errc::timed_out, place.sure);
            todo_.outputs.push_back(attempt_failed{pool_.handle(index), place.kind, error, place.attempts, {}});
        } else if (place.at != stage::resting) {
            return;
        }
        ++counts_.retries;
        enqueue(index, now);
    }

    // Ends the caller's wait, wherever the message stands.
    void give_up(std::uint32_t index, errc why)
    {
        auto& place = pool_[index];
        settle(index, make_error_code(why, place.sure));
        if (place.at == stage::sent && !features_.records) {
            return close(index);
        }
        if (place.at == stage::sent) {
            place.at = stage::abandoned;
            if (linked_ && features_.cancel) {
                todo_.urgent.push_back({message_kind::cancel, place.id, 0});
            }
            return;
        }
        if (place.at == stage::waiting) {
            outbox_.take(place.ticket, departure::removed);
        }
        pool_.release(index);
    }

    void settle(std::uint32_t index, std::error_code error, const payload_view& payload = {},
                std::string_view code = {}, std::string_view text = {})
    {
        auto& place = pool_[index];
        timers_.cancel(place.timer);
        place.timer = {};
        if (!place.completion) {
            return;
        }
        todo_.outputs.push_back(settled<Completion>{std::move(*place.completion), error, payload, code, text});
        place.completion.reset();
    }

    const session_options<Policies>& options_;
    agenda<Completion>& todo_;
    counters& counts_;
    detail::second_tries<Policies> tries_;
    bool linked_ = false;
    capabilities features_{};
    detail::delivery_pool<Completion> pool_;
    typename Policies::template registry<std::uint32_t> sent_;
    outbox<std::uint32_t> outbox_;
    ticket last_ticket_ = 0;
    timer_wheel<std::uint32_t> timers_;
    finished_ids finished_;
};

} // namespace rejoinder::inline v0

#endif
