// The answering half of a session: what the peer asked, what runs, and what was answered.
#ifndef REJOINDER_CORE_INBOX_HPP
#define REJOINDER_CORE_INBOX_HPP

#include <rejoinder/core/ack_policy.hpp>
#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/inbound_limit.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/keyed_runs.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/route_table.hpp>
#include <rejoinder/core/serial_lanes.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// What a handler run ends with.
struct outcome {
    payload_view payload{};  ///< the answer, or the error's data
    std::string_view code{}; ///< the error's name; empty: no error
    std::string_view text{}; ///< the error's sentence for people
};

/// The answering half of a session. Used through `session`; the driver never sees it.
///
/// Each id runs once at most: its record says new, running or done (contract, points 2 and 3). A run is named by its own `invocation`, never
/// by the peer's slot, so that a handler that ends late ends nobody else's call (rule 9).
template <class Completion, class Policies>
class inbox {
public:
    inbox(const session_options<Policies>& options, const route_table& routes, agenda<Completion>& todo,
          counters& counts)
        : options_(options), routes_(routes), todo_(todo), counts_(counts),
          records_(options.capacity, options.kept_answer_bytes_max),
          runs_(options.capacity + options.receipted_max + options.notifications_max), keyed_(options.keys),
          limit_(options.inbound)
    {}
    inbox(const inbox&) = delete;
    inbox& operator=(const inbox&) = delete;

    // Getters

    /// Handlers that run or wait for their turn.
    [[nodiscard]] std::size_t running() const noexcept { return runs_.size(); }
    /// Whether this run has not ended.
    [[nodiscard]] bool is_running(invocation which) const noexcept { return runs_.find(which.number) != nullptr; }
    /// Bytes of answers that are kept for repeats.
    [[nodiscard]] std::size_t kept_bytes() const noexcept { return records_.kept_bytes(); }

    // The connection

    void attach() noexcept { linked_ = true; }
    void detach() noexcept { linked_ = false; }

    /// The peer counts its ids anew: the records of the old ones, and who runs for them, mean nothing to it.
    void restart(std::uint32_t capacity)
    {
        end();
        records_ = dedup_window(capacity, options_.kept_answer_bytes_max);
        keyed_.restart(options_.keys);
        run_of_slot_.clear();
    }

    /// The peer counts its ids anew, and the session goes on: what runs goes on, too, and nobody waits for it but by its key.
    void disown()
    {
        runs_.for_each([](message_id, run& one) { one.id = 0; });
        records_ = dedup_window(records_.capacity(), options_.kept_answer_bytes_max);
        keyed_.disown();
        run_of_slot_.clear();
    }

    /// Keys mean the same in all sessions that share this ledger; `self` is told what they answer.
    void share_keys(std::shared_ptr<key_ledger> ledger, std::shared_ptr<key_waiter> self)
    {
        keyed_.share(std::move(ledger), std::move(self));
    }
    void disinherit() noexcept { keyed_.disinherit(); }

    /// Nobody waits for any handler: each is stopped, and what waited for its turn never starts (rule 16). If it is the session alone that
    /// is over (`session_lost`), runs go on whose answers other ones may want.
    void end(errc why = errc::closed)
    {
        std::vector<message_id> never_started;
        keyed_.disown();
        runs_.for_each([&](message_id number, run& one) {
            if (one.id != 0) {
                records_.finish(std::exchange(one.id, 0), {message_kind::error, name_of(errc::cancelled), {}, {}});
            }
            if (one.at == run_state::held) {
                never_started.push_back(number);
            } else if (why == errc::session_lost && keyed_.is_shared(number)) {
                return;
            } else if (one.kind != message_kind::notification) {
                stop_run({number}, one);
            }
        });
        for (const auto number : never_started) {
            const auto dropped = runs_.take(number);
            todo_.release(dropped->note);
            leave(*dropped);
            keyed_.end(number, {message_kind::error, name_of(errc::cancelled), {}, {}});
        }
    }

    // Inputs

    /// `request` or `delivery`. False: the peer broke the protocol.
    bool receive(const message& asked, instant now)
    {
        if (todo_.urgent.size() >= urgent_max()) {
            return false; // a peer that asks on without reading what it is answered
        }
        switch (records_.open(asked.id)) {
        case dedup_window::verdict::fresh: begin(asked, now); return true;
        case dedup_window::verdict::running:
            ++counts_.duplicates_suppressed; // its answer comes when there is one (rule 12)
            return true;
        case dedup_window::verdict::done:
            ++counts_.duplicates_suppressed;
            ++counts_.answers_replayed;
            todo_.urgent.push_back({message_kind::reply, asked.id, 0});
            return true;
        case dedup_window::verdict::stale:
            ++counts_.stale_requests;
            todo_.urgent.push_back({message_kind::error, asked.id, todo_.keep(name_of(errc::stale_request), {})});
            return true;
        case dedup_window::verdict::violation: break;
        }
        return false;
    }

    /// `notification`.
    void notified(const message& said, instant now)
    {
        ++counts_.notifications_received;
        const auto* to = routes_.find(said.name);
        counts_.unknown_names += to == nullptr ? 1 : 0;
        if (!passes(now) || to == nullptr || notified_ >= options_.notifications_max) {
            ++counts_.notifications_dropped;
            return;
        }
        const auto number =
            runs_.open(run{0, to->handler, 0, said.kind, run_state::running, to->run, never, false, {}});
        if (!number) {
            ++counts_.notifications_dropped;
            return;
        }
        ++notified_;
        start({*number}, said, never);
    }

    /// `cancel`: the asker waits no more. Its last word is still due (rule 8). False: the peer broke the protocol.
    bool cancel(message_id id)
    {
        if (todo_.urgent.size() >= urgent_max()) {
            return false;
        }
        if (records_.is_running(id)) {
            cancel_run({run_of_slot_[slot_of(id)]}, id);
            return true;
        }
        const bool unseen = records_.cancel_unseen(id);
        const auto verdict = unseen ? dedup_window::verdict::done : records_.open(id);
        if (verdict == dedup_window::verdict::done) {
            todo_.urgent.push_back({message_kind::reply, id, 0});
        }
        return verdict != dedup_window::verdict::violation;
    }

    /// A ping named an id as finished: nobody will ask for its answer again (rule 11).
    void forget(message_id id) { records_.forget(id); }

    // Commands

    /// What this session waited for has ended in another one.
    void answered(message_id id, const answer_view& word) { answer(id, word); }

    /// A handler has ended. A run that is over already, or that nobody waits for, is no error.
    void finish(invocation which, const outcome& how)
    {
        const auto ended = runs_.take(which.number);
        if (!ended) {
            return;
        }
        counts_.handler_failures += how.code.empty() ? 0 : 1;
        leave(*ended);
        record(which, *ended, how);
        if (ended->mode == handling::serial) {
            start_next(ended->handler);
        }
    }

    /// A word of a running request to its asker; dropped while nobody hears it, or too much waits for the connection.
    void progress(invocation which, const payload_view& payload)
    {
        const auto* one = runs_.find(which.number);
        const bool heard = one != nullptr && one->id != 0 && one->at == run_state::running && linked_;
        if (heard && todo_.urgent.size() < std::size_t{options_.notifications_max} + options_.capacity) {
            todo_.urgent.push_back({message_kind::progress, one->id, todo_.keep({}, payload)});
        }
    }

    // Emission

    /// Spells the recorded answer of an id, or one too large for the record that is on its first way out.
    void spell(const errand& one, message& out)
    {
        out = {};
        out.id = one.id;
        if (one.note != 0) {
            const auto& kept = todo_.lend(one.note);
            out.kind = one.kind;
            out.name = kept.name;
            out.payload = {kept.payload, kept.form};
            out.text = kept.text;
            return;
        }
        const auto answer = records_.answer(one.id);
        out.kind = answer.kind;
        out.name = answer.code;
        out.payload = answer.payload;
        out.text = answer.text;
    }

    /// Gives memory back after a burst, if nothing runs.
    void shrink()
    {
        if (runs_.empty()) {
            runs_.shrink();
            std::vector<message_id>{}.swap(run_of_slot_);
        }
        records_.shrink();
        keyed_.shrink();
    }

private:
    enum class run_state : std::uint8_t { running, held, stopping };

    struct run {
        message_id id = 0; // the peer's id that an answer is owed to; 0: none
        std::uint32_t handler = 0;
        std::uint32_t note = 0; // what it is to be called with, while held
        message_kind kind = message_kind::notification;
        run_state at = run_state::running;
        handling mode = handling::overlapping;
        instant deadline = never;
        bool receipted = false; // acknowledged on receipt
        rejoinder::stamp stamp{};
    };

    // A correct peer, which reuses an id's slot only after its last word, cannot make so many answers wait for the connection.
    [[nodiscard]] std::size_t urgent_max() const noexcept
    {
        return std::size_t{options_.notifications_max} + 8 * std::size_t{options_.capacity};
    }

    [[nodiscard]] std::size_t slot_of(message_id id) const noexcept { return id % records_.capacity(); }

    // Whether the peer's rate allows one more message.
    bool passes(instant now)
    {
        const auto how = limit_.take(now);
        counts_.over_rate += how == passage::open ? 0U : 1U;
        if (how == passage::flood) {
            todo_.outputs.push_back(hang_up{close_reason::flooding});
        }
        return how == passage::open;
    }

    void begin(const message& asked, instant now)
    {
        ++(asked.kind == message_kind::request ? counts_.requests_received : counts_.deliveries_received);
        if (!passes(now)) {
            return refuse(asked.id, errc::busy);
        }
        const auto* to = routes_.find(asked.name);
        if (to == nullptr) {
            return refuse_unknown(asked);
        }
        if (asked.time_left && *asked.time_left <= duration::zero()) {
            return refuse(asked.id, errc::timed_out);
        }
        if (!asked.key.empty() && !first_of_its_key(asked, now)) {
            return;
        }
        const bool on_receipt = asked.kind == message_kind::delivery && !asked.stamp &&
                                receipted_ < options_.receipted_max &&
                                options_.ack.when(asked.name) == ack_when::received;
        const auto deadline = asked.time_left ? later(now, *asked.time_left) : never;
        run one{asked.id, to->handler, 0, asked.kind, run_state::running, to->run, deadline, on_receipt, asked.stamp};
        one.id = on_receipt ? 0 : asked.id; // acknowledged on receipt, the run leaves its slot (rule 10)
        const auto number = runs_.open(one);
        if (!number) {
            keyed_.abandon(asked.key);
            return refuse(asked.id, errc::busy); // handlers of sessions that are over still run
        }
        if (!asked.key.empty()) {
            keyed_.begin(asked.key, *number);
        }
        if (on_receipt) {
            ++receipted_;
            const answer_view receipt{message_kind::ack, {}, {}, {}};
            keyed_.end(*number, receipt);
            answer(asked.id, receipt);
        } else {
            remember(asked.id, *number);
        }
        start({*number}, asked, deadline);
    }

    // False: the message of this key has its run or its answer already, or may have none.
    bool first_of_its_key(const message& asked, instant now)
    {
        switch (keyed_.open(asked, now)) {
        case keyed_verdict::fresh: return true;
        case keyed_verdict::running:
            ++counts_.duplicates_suppressed;
            if (const auto number = keyed_.join(asked.key, asked.id)) {
                remember(asked.id, *number);
            } else {
                refuse(asked.id, errc::busy); // the run is being stopped: once it has ended, the key may run again
            }
            return false;
        case keyed_verdict::done:
            ++counts_.duplicates_suppressed;
            ++counts_.answers_replayed;
            answer(asked.id, keyed_.answer(asked.key));
            return false;
        case keyed_verdict::conflict: refuse(asked.id, errc::key_conflict); return false;
        case keyed_verdict::full: refuse(asked.id, errc::busy); return false;
        }
        return false;
    }

    void refuse(message_id id, errc why, std::string_view text = {})
    {
        answer(id, {message_kind::error, name_of(why), {}, text});
        ++counts_.refused;
    }

    // A name that nobody would read is not said back: the record keeps the text.
    void refuse_unknown(const message& asked)
    {
        constexpr std::size_t name_max = 100;
        ++counts_.unknown_names;
        std::string text{"no handler for "};
        if (asked.name.size() > name_max) {
            text.append("a name of ").append(std::to_string(asked.name.size())).append(" bytes");
        } else {
            text.append(1, '"').append(asked.name).append(1, '"');
        }
        refuse(asked.id, errc::no_handler, text);
    }

    // Records the last word for an id, and sends it if somebody is there: else the asker repeats its id when it is back (contract, point 6).
    void answer(message_id id, const answer_view& word)
    {
        records_.finish(id, word);
        if (!linked_) {
            return;
        }
        const bool kept = records_.answer(id) == word;
        const auto note = kept ? 0 : todo_.keep(word.code, word.payload, word.text);
        todo_.urgent.push_back({word.kind, id, note});
    }

    void remember(message_id id, message_id number)
    {
        const auto slot = slot_of(id);
        if (slot >= run_of_slot_.size()) {
            run_of_slot_.resize(slot + 1);
        }
        run_of_slot_[slot] = number;
    }

    void start(invocation which, const message& asked, instant deadline)
    {
        auto& one = *runs_.find(which.number);
        if (one.mode == handling::serial && !lanes_.enter(one.handler, which)) {
            one.at = run_state::held;
            one.note = todo_.keep(asked.name, asked.payload, asked.key);
            return;
        }
        todo_.outputs.push_back(
            invoke{which, one.handler, one.kind, asked.name, asked.payload, asked.key, 0, deadline, one.stamp});
    }

    void start_next(std::uint32_t handler)
    {
        const auto next = lanes_.leave(handler, [&](invocation which) { return runs_.find(which.number) != nullptr; });
        if (!next) {
            return;
        }
        auto& one = *runs_.find(next->number);
        one.at = run_state::running;
        const auto number = std::exchange(one.note, 0U);
        const auto& kept = todo_.kept(number);
        todo_.outputs.push_back(invoke{*next,
                                       handler,
                                       one.kind,
                                       kept.name,
                                       {kept.payload, kept.form},
                                       kept.text,
                                       number,
                                       one.deadline,
                                       one.stamp});
    }

    // A run is over: it leaves the bound that it counted in.
    void leave(const run& ended) noexcept
    {
        notified_ -= ended.kind == message_kind::notification ? 1U : 0U;
        receipted_ -= ended.receipted ? 1U : 0U;
    }

    void cancel_run(invocation which, message_id id)
    {
        auto* found = runs_.find(which.number);
        if (found == nullptr) {
            return keyed_.leave_other(id) ? refuse(id, errc::cancelled) : void(); // another session runs it
        }
        auto& one = *found;
        const auto heir = one.id == id ? keyed_.inherit(which.number) : std::optional{one.id};
        if (heir || keyed_.is_wanted(which.number)) { // others wait for this run
            keyed_.leave(which.number, id);
            one.id = heir.value_or(0);
            refuse(id, errc::cancelled);
        } else if (one.at == run_state::held) {
            todo_.release(one.note);
            runs_.take(which.number);
            keyed_.end(which.number, {message_kind::error, name_of(errc::cancelled), {}, {}});
            refuse(id, errc::cancelled);
        } else {
            keyed_.stop(which.number);
            stop_run(which, one);
        }
    }

    void stop_run(invocation which, run& one)
    {
        if (one.at == run_state::running) {
            one.at = run_state::stopping;
            todo_.outputs.push_back(stop{which});
        }
    }

    void record(invocation which, const run& ended, const outcome& how)
    {
        const auto word = ended.kind == message_kind::request ? message_kind::reply : message_kind::ack;
        answer_view last{how.code.empty() ? word : message_kind::error, how.code, how.payload, how.text};
        if (ended.at == run_state::stopping) {
            last = {message_kind::error, name_of(errc::cancelled), {}, {}};
        } else if (how.payload.bytes.size() + how.text.size() > options_.message_bytes_max) {
            last = {message_kind::error, name_of(errc::answer_lost), {}, {}};
        }
        if (ended.id != 0) {
            answer(ended.id, last);
        }
        for (const auto id : keyed_.end(which.number, last)) {
            answer(id, last);
        }
    }

    const session_options<Policies>& options_;
    const route_table& routes_;
    agenda<Completion>& todo_;
    counters& counts_;
    bool linked_ = false;
    std::uint32_t receipted_ = 0;
    std::uint32_t notified_ = 0;
    dedup_window records_;
    correlation_registry<run> runs_;
    std::vector<message_id> run_of_slot_; // which run answers the id that holds the slot
    keyed_runs keyed_;
    inbound_limit limit_;
    serial_lanes lanes_;
};

} // namespace rejoinder::inline v0

#endif
