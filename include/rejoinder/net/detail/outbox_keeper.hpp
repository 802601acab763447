// Runs a client's durable outbox: between its callers, its store and its session.
#ifndef REJOINDER_NET_DETAIL_OUTBOX_KEEPER_HPP
#define REJOINDER_NET_DETAIL_OUTBOX_KEEPER_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/durable_outbox.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/store.hpp>
#include <rejoinder/net/detail/any_store.hpp>
#include <rejoinder/net/detail/host.hpp>
#include <rejoinder/net/detail/mailbox.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/detail/outbox_jobs.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/raised.hpp>
#include <rejoinder/net/detail/scribe.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0::detail {

using enqueue_completion = completion<void(std::error_code, std::uint64_t)>;
using outcome_observer = std::function<void(const durable_step::gone&)>;

/// Held by shared pointer: what is on its way to the store or the peer finds it by a weak one. Used on the client's executor.
template <class Policies>
class outbox_keeper : public std::enable_shared_from_this<outbox_keeper<Policies>> {
public:
    using host_type = host<Policies>;
    using after = durable_outbox::after;

    /// `to`: the store's thread; null: there is no durable outbox, and nothing is ever in it.
    outbox_keeper(std::shared_ptr<scribe> to, std::shared_ptr<session_setting<Policies>> setting)
        : scribe_(std::move(to)), setting_(std::move(setting)), mail_(std::make_shared<mailbox>(setting_->executor)),
          outbox_(setting_->options.outbox)
    {}

    [[nodiscard]] const durable_outbox& messages() const noexcept { return outbox_; }
    [[nodiscard]] bool exists() const noexcept { return scribe_ != nullptr; }
    /// Whether what it holds is known.
    [[nodiscard]] bool is_open() const noexcept { return open_ || !exists(); }
    [[nodiscard]] instant next_deadline() const noexcept
    {
        return ended_ ? never : std::min(outbox_.next_deadline(), name_at_);
    }
    /// Calls `hook` whenever `next_deadline` may be earlier than before.
    void on_deadline(std::function<void()> hook) { deadline_ = std::move(hook); }
    void set_observer(outcome_observer observer) { observer_ = std::move(observer); }

    /// Opens the outbox, and calls `opened` with how that went, later.
    void open(std::function<void(const std::error_code&)> opened)
    {
        if (std::exchange(opening_, true)) {
            return;
        }
        if (!exists()) {
            asio::post(setting_->executor, [opened = std::move(opened)] { opened({}); });
            return;
        }
        send(outbox_job::opening{{random_name(), random_name(), 0, 1, {}, {}}, {}},
             [opened = std::move(opened)](outbox_keeper& self, outbox_job::opening& how,
                                          const std::error_code& failure) {
                 self.opening_ = false;
                 if (!failure) {
                     self.open_ = true;
                     self.failed_ = {};
                     self.stored_peer_ = how.found.peer;
                     self.outbox_.opened(std::move(how.found), now(), wall_now());
                     for (auto& one : std::exchange(self.early_, {})) {
                         self.take(one);
                     }
                 } else {
                     self.failed_ = failure;
                     self.tell_all(failure);
                 }
                 opened(failure);
                 self.settle_up();
             });
    }

    // The callers

    /// Completes with the sequence once the message is stored.
    void enqueue(outgoing words, enqueue_completion caller) { begin(std::move(words), waiting{std::move(caller), {}}); }

    /// Completes with the answer once that is settled.
    void deliver(outgoing words, call_completion caller) { begin(std::move(words), waiting{{}, std::move(caller)}); }

    /// Takes a message back: it is not sent any more. False: it has been, or there is none.
    bool withdraw(std::uint64_t sequence)
    {
        const bool in_time = outbox_.withdraw(sequence);
        if (const auto found = calls_.find(sequence); found != calls_.end()) {
            if (const auto session = session_.lock()) {
                session->cancel(found->second);
            }
        }
        settle_up();
        return in_time;
    }

    // The link

    [[nodiscard]] std::optional<outbox_notice> notice() const
    {
        return open_ ? std::optional{outbox_.notice()} : std::nullopt;
    }

    /// Told before the session goes on, or begins anew. What the peer's new session still knows.
    peer_keeps welcomed(const welcome& answer)
    {
        if (!exists()) {
            return peer_keeps::nothing;
        }
        const bool knows = answer.store && answer.store->knows_outbox;
        const std::string before = outbox_.peer();
        outbox_.welcomed(answer.store ? std::string_view{answer.store->name} : std::string_view{},
                         answer.resumed ? after::resuming
                         : knows        ? after::knowing
                                        : after::not_knowing);
        const bool same = outbox_.peer() == before;
        name_peer();
        return same && knows ? peer_keeps::deliveries : peer_keeps::nothing;
    }

    /// A session can carry messages from here on.
    void attach(const std::shared_ptr<host_type>& session)
    {
        session_ = session;
        settle_up();
    }
    void detach() noexcept { session_.reset(); }

    /// Callers are told `why`, as nobody will answer them any more; what is stored stays, for the next start: it may yet be run. Before the
    /// session is given up.
    void give_up(errc why)
    {
        for (const auto& [sequence, which] : std::exchange(calls_, {})) {
            outbox_.unsend(sequence);
        }
        for (auto& [number, one] : std::exchange(callers_, {})) {
            const auto sure = one.sequence == 0 ? certainty::never_sent : certainty::maybe_executed;
            complete(std::move(one), make_error_code(why, sure), reply{{}, {}, setting_->last_words, sure});
        }
        early_.clear();
        caller_of_.clear();
    }

    /// The client is over.
    void end()
    {
        ended_ = true;
        mail_->close();
        tell_all(asio::error::operation_aborted);
    }

    /// So is its execution context: nobody is called any more.
    void drop()
    {
        ended_ = true;
        mail_->close();
        early_.clear();
        const auto callers = std::exchange(callers_, {}); // what they hold may come back here when it is destroyed
    }

    void advance(instant at)
    {
        outbox_.advance(at);
        if (name_at_ <= at) {
            name_at_ = never;
            name_peer();
        }
        settle_up();
    }

    /// Sends what can be sent, and does what the outbox wants done.
    void settle_up()
    {
        if (ended_ || !exists() || busy_) {
            return;
        }
        const auto self = this->shared_from_this();
        const raised busy{busy_};
        pump();
        durable_step::any step;
        while (!ended_ && outbox_.next(step)) {
            std::visit([&](auto& one) { this->carry_out(one); }, step);
            pump();
        }
        if (deadline_ && !ended_) {
            deadline_();
        }
    }

private:
    void tell_all(const std::error_code& why)
    {
        early_.clear();
        caller_of_.clear();
        for (auto& [number, one] : std::exchange(callers_, {})) {
            const auto sure = certainty_of_sending(one.sequence);
            complete(std::move(one), why, reply{{}, {}, {}, sure});
        }
    }

    // One of the two waits.
    struct waiting {
        enqueue_completion stored;
        call_completion answered;
        std::uint64_t sequence = 0; // of its message; 0: the outbox is not open yet
        reply answer{};
    };
    // A message that came before the outbox was open.
    struct newcomer {
        outgoing words;
        std::uint64_t caller;
    };

    static instant now() noexcept { return std::chrono::steady_clock::now(); }
    static wall_time wall_now() noexcept
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }

    template <class Job, class Done>
    void send(Job job, Done done)
    {
        mail_->send(*scribe_, std::move(job),
                    [weak = this->weak_from_this(), done = std::move(done)](Job& run, const std::error_code& failure) {
                        if (const auto self = weak.lock(); self != nullptr && !self->ended_) {
                            done(*self, run, failure);
                        }
                    });
    }

    void begin(outgoing words, waiting caller)
    {
        const bool full = early_.size() >= setting_->options.outbox.messages_max;
        if (ended_ || failed_ || !exists() || (!open_ && full)) {
            const auto why = ended_      ? std::error_code{asio::error::operation_aborted}
                             : failed_   ? failed_
                             : !exists() ? make_error_code(errc::unsupported)
                                         : make_error_code(errc::queue_full);
            complete(std::move(caller), why, reply{{}, {}, {}, certainty::never_sent});
            return;
        }
        const auto number = ++last_caller_;
        if (auto slot = caller.answered ? caller.answered.slot() : caller.stored.slot(); slot.is_connected()) {
            slot.assign(canceller{this->weak_from_this(), number});
        }
        callers_.emplace(number, std::move(caller));
        newcomer one{std::move(words), number};
        if (open_) {
            take(one);
            settle_up();
        } else {
            early_.push_back(std::move(one));
        }
    }

    void take(const newcomer& one)
    {
        const auto caller = callers_.find(one.caller);
        if (caller == callers_.end()) {
            return; // cancelled meanwhile
        }
        const auto ttl =
            setting_->options.lifetime_of(message_kind::delivery, one.words.name(), one.words.how().timeout);
        errc refusal = errc::too_big;
        const bool fits = one.words.size() <= setting_->options.message_bytes_max;
        const auto sequence =
            fits ? outbox_.enqueue(one.words.name(), one.words.payload(), ttl, now(), wall_now(), refusal)
                 : std::nullopt;
        if (sequence) {
            caller->second.sequence = *sequence;
            caller_of_.emplace(*sequence, one.caller);
        } else {
            auto refused = callers_.extract(caller);
            complete(std::move(refused.mapped()), make_error_code(refusal, certainty::never_sent),
                     reply{{}, {}, {}, certainty::never_sent});
        }
    }

    // Put into a caller's cancellation slot. Completing the caller destroys it, so it moves what it needs out of itself first.
    struct canceller {
        std::weak_ptr<outbox_keeper> keeper;
        std::uint64_t caller;

        void operator()(asio::cancellation_type type) const
        {
            const auto one = caller;
            if (const auto self = keeper.lock(); self != nullptr && type != asio::cancellation_type::none) {
                self->abandon(one);
            }
        }
    };

    // The caller waits no more, and its message is taken back.
    void abandon(std::uint64_t caller)
    {
        auto left = callers_.extract(caller);
        if (left.empty()) {
            return;
        }
        const auto sequence = left.mapped().sequence;
        caller_of_.erase(sequence);
        complete(std::move(left.mapped()), asio::error::operation_aborted,
                 reply{{}, {}, {}, certainty_of_sending(sequence)});
        withdraw(sequence);
    }

    [[nodiscard]] certainty certainty_of_sending(std::uint64_t sequence) const noexcept
    {
        const auto* kept = outbox_.find(sequence);
        return kept == nullptr ? certainty::never_sent : kept->sure;
    }

    // The caller of a message, taken out; none if it was told.
    std::optional<waiting> caller_of(std::uint64_t sequence)
    {
        const auto found = caller_of_.extract(sequence);
        if (found.empty()) {
            return std::nullopt;
        }
        return std::move(callers_.extract(found.mapped()).mapped());
    }

    // Which hub's store the outbox sends to is on disk before anything is sent there: else what was sent would count as never sent after a crash.
    void name_peer()
    {
        if (naming_ || outbox_.peer() == stored_peer_) {
            return;
        }
        naming_ = true;
        send(outbox_job::naming{outbox_.peer()},
             [](outbox_keeper& self, outbox_job::naming& job, const std::error_code& failure) {
                 self.naming_ = false;
                 if (!failure) {
                     self.stored_peer_ = job.peer;
                     self.name_peer();
                     self.settle_up();
                 } else { // a full disk may have room again
                     self.name_at_ = now() + std::chrono::seconds{1};
                     if (self.deadline_) {
                         self.deadline_();
                     }
                 }
             });
    }

    // Gives the session what waits, in order, as long as it has room.
    void pump()
    {
        const auto session = session_.lock();
        while (session != nullptr && outbox_.peer() == stored_peer_ && !stored_peer_.empty() &&
               session->connection() != nullptr && session->core().pending() < session->core().capacity()) {
            stamp place;
            const auto at = now();
            const auto* one = outbox_.send_next(at, place);
            if (one == nullptr) {
                return;
            }
            call_options how;
            how.timeout = std::max<duration>(one->expires - at, std::chrono::milliseconds{1});
            auto settled = [weak = this->weak_from_this(), sequence = place.sequence](std::error_code ec,
                                                                                      reply answer) {
                if (const auto self = weak.lock(); self != nullptr && !self->ended_) {
                    self->answered(sequence, ec, std::move(answer));
                }
            };
            const payload_view payload{one->words.payload, one->words.form};
            pending_call mark;
            mark.done = call_completion{std::move(settled), setting_->executor};
            calls_[place.sequence] = session->deliver(one->words.name, payload, how, std::move(mark), at, place);
        }
    }

    void answered(std::uint64_t sequence, const std::error_code& error, reply answer)
    {
        calls_.erase(sequence);
        const auto whose = answer.code().empty() ? durable_outbox::word_of::this_side : durable_outbox::word_of::peer;
        if (const auto found = caller_of_.find(sequence); found != caller_of_.end()) {
            callers_.at(found->second).answer = std::move(answer);
        }
        outbox_.answered(sequence, error, whose, now());
        settle_up();
    }

    void carry_out(const durable_step::put& wanted)
    {
        send(outbox_job::putting{outbox_.find(wanted.sequence)->words},
             [sequence = wanted.sequence](outbox_keeper& self, outbox_job::putting&, const std::error_code& failure) {
                 self.outbox_.stored(sequence, failure);
                 self.settle_up();
             });
    }

    void carry_out(const durable_step::remove& wanted)
    {
        send(outbox_job::removing{wanted.sequence},
             [sequence = wanted.sequence](outbox_keeper& self, outbox_job::removing&, const std::error_code& failure) {
                 self.outbox_.removed(sequence, failure, now());
                 self.settle_up();
             });
    }

    void carry_out(const durable_step::taken& taken)
    {
        const auto found = caller_of_.find(taken.sequence);
        if (found == caller_of_.end() || (!taken.error && callers_.at(found->second).answered)) {
            return; // it waits for more than this
        }
        complete(std::move(*caller_of(taken.sequence)), taken.error, reply{{}, {}, {}, certainty::never_sent});
    }

    void carry_out(const durable_step::gone& gone)
    {
        if (auto caller = caller_of(gone.sequence)) {
            auto answer = std::move(caller->answer);
            complete(std::move(*caller), gone.error, std::move(answer));
        } else if (observer_) {
            // Later: whoever looks on may do anything, even destroy the client.
            asio::post(setting_->executor, [weak = this->weak_from_this(), observer = observer_, gone] {
                if (const auto self = weak.lock(); self != nullptr && !self->ended_) {
                    observer(gone);
                }
            });
        }
    }

    static void complete(waiting caller, const std::error_code& error, reply answer)
    {
        if (caller.stored) {
            caller.stored.post(error, caller.sequence);
        } else if (caller.answered) {
            caller.answered.post(error, std::move(answer));
        }
    }

    std::shared_ptr<scribe> scribe_;
    std::shared_ptr<session_setting<Policies>> setting_;
    std::shared_ptr<mailbox> mail_;
    durable_outbox outbox_;
    std::unordered_map<std::uint64_t, waiting> callers_;         // by a number of their own
    std::unordered_map<std::uint64_t, std::uint64_t> caller_of_; // a message, by sequence
    std::uint64_t last_caller_ = 0;
    std::unordered_map<std::uint64_t, call> calls_; // what the session has
    std::vector<newcomer> early_;                   // came before the store was open
    outcome_observer observer_;
    std::weak_ptr<host_type> session_;
    std::error_code failed_; // why the store could not be opened
    bool open_ = false;
    std::function<void()> deadline_;
    std::string stored_peer_; // as the store knows it
    instant name_at_ = never; // when to try again to write it
    bool naming_ = false;     // it is being written
    bool opening_ = false;
    bool busy_ = false;
    bool ended_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
