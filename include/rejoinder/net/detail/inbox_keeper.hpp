// Runs a hub's durable inbox: between its sessions, its store and the handlers.
#ifndef REJOINDER_NET_DETAIL_INBOX_KEEPER_HPP
#define REJOINDER_NET_DETAIL_INBOX_KEEPER_HPP

#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/durable_inbox.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/store.hpp>
#include <rejoinder/net/detail/any_store.hpp>
#include <rejoinder/net/detail/call_site.hpp>
#include <rejoinder/net/detail/mailbox.hpp>
#include <rejoinder/net/detail/scribe.hpp>
#include <rejoinder/net/detail/transaction_handler.hpp>
#include <rejoinder/net/peer.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// A message that is to be run, owned: its connection's buffer is another's by the time the store has looked.
struct kept_invoke {
    explicit kept_invoke(const invoke& asked)
        : head(asked), name(asked.name), payload(asked.payload.bytes), key(asked.key)
    {}

    [[nodiscard]] invoke view() const noexcept
    {
        auto whole = head;
        whole.name = name;
        whole.payload = {payload, head.payload.form};
        whole.key = key;
        return whole;
    }

    invoke head;
    std::string name;
    std::string payload;
    std::string key;
};

/// A handler run that is to be recorded: whose, and which.
struct durable_run {
    record_owner owner;
    stamp place;
};

/// A session, for which durable messages are run.
class durable_site : public call_site {
public:
    /// The record allows it: call the handler, and say `inbox_keeper::ended` when it has.
    virtual void run_durable(const kept_invoke& asked) = 0;
    /// The answer is settled.
    virtual void finish_durable(invocation which, const outcome& how) = 0;
};

/// Held by shared pointer: what is on its way to the store finds it by a weak one. Used on the hub's executor.
class inbox_keeper : public std::enable_shared_from_this<inbox_keeper> {
public:
    inbox_keeper(std::shared_ptr<scribe> to, const asio::any_io_executor& executor,
                 const durable_inbox_options& options)
        : scribe_(std::move(to)), mail_(std::make_shared<mailbox>(executor)), options_(options)
    {}

    [[nodiscard]] std::string_view store_name() const noexcept { return scribe_->name(); }

    /// A client announces its outbox: calls `greeted(error, whether it was known)` once the store has it.
    void greet(record_owner owner, outbox_notice notice, std::function<void(const std::error_code&, bool)> greeted)
    {
        mail_->send(*scribe_, greeting{options_, std::move(owner), std::move(notice), {}, false},
                    [greeted = std::move(greeted)](greeting& how, const std::error_code& failure) {
                        greeted(how.refusal ? how.refusal : failure, how.knew);
                    });
    }

    /// A durable message. Its answer comes through the site.
    void take(const record_owner& owner, const invoke& asked, const std::shared_ptr<handler>& to,
              const std::shared_ptr<durable_site>& site, const peer& from)
    {
        const key which{owner, asked.stamp.sequence};
        const auto fingerprint = fingerprint_of(asked);
        auto& one = runs_[which];
        if (!one.waiters.empty() && one.fingerprint != fingerprint) {
            site->finish_durable(asked.call, {{}, name_of(errc::key_conflict), {}});
            return;
        }
        one.waiters.push_back({site, asked.call});
        if (one.waiters.size() > 1) {
            return; // the same message, asked by the session after the one that it runs for (rule 12)
        }
        one.place = asked.stamp;
        one.fingerprint = fingerprint;
        one.to = to;
        judge(which, one, asked, from);
    }

    /// A message without a record whose handler takes a transaction.
    /// Precondition: `to->in_transaction()`.
    void run_once(const invoke& asked, const std::shared_ptr<handler>& to, const std::shared_ptr<durable_site>& site,
                  const peer& from)
    {
        const auto number = ++last_once_;
        const auto held = std::static_pointer_cast<transaction_handler>(to);
        once_.emplace(number, held);
        mail_->send(
            *scribe_, plain_run{kept_invoke{asked}, held, from, {}},
            [weak = this->weak_from_this(), number, there = std::weak_ptr{site}](plain_run& how,
                                                                                 const std::error_code& failure) {
                if (const auto self = weak.lock()) {
                    self->once_.erase(number);
                }
                if (const auto alive = there.lock()) {
                    alive->finish_durable(how.asked.head.call, failure ? store_failure() : how.result.view());
                }
            },
            mailbox::late::dropped);
    }

    /// Handlers that run, or whose end is being recorded.
    [[nodiscard]] std::size_t running() const noexcept { return runs_.size(); }

    /// A handler that `run_durable` called has ended. False: it is none of these.
    bool ended(const record_owner& owner, const stamp& place, const outcome& how)
    {
        const key which{owner, place.sequence};
        if (!runs_.contains(which)) {
            return false;
        }
        settle(which, how);
        return true;
    }

    /// The hub is over, or its context.
    void end()
    {
        mail_->close();
        const auto runs = std::exchange(runs_, {}); // handlers may own anything: they go last
        const auto once = std::exchange(once_, {});
    }

private:
    struct key {
        record_owner owner;
        std::uint64_t sequence;

        friend auto operator<=>(const key&, const key&) = default;
    };
    struct waiter {
        std::weak_ptr<durable_site> site;
        invocation which;
    };
    struct run {
        stamp place;
        std::uint64_t fingerprint = 0;
        std::vector<waiter> waiters;
        std::shared_ptr<handler> to; // held here, so that it ends on the executor
    };

    struct greeting {
        durable_inbox_options options;
        record_owner owner;
        outbox_notice notice;
        std::error_code refusal;
        bool knew;

        std::error_code operator()(any_store& kept) noexcept
        {
            durable_inbox inbox{kept, options};
            const auto digest = digest_of(notice.secret);
            const std::string_view bytes{reinterpret_cast<const char*>(digest.data()), digest.size()};
            const auto ec = inbox.greet(owner, notice, bytes, wall_now(), knew);
            // What the protocol refuses is no failure of the store, and nothing was written for it.
            refusal =
                ec == errc::auth_refused || ec == errc::outdated_attempt || ec == errc::busy ? ec : std::error_code{};
            return refusal ? std::error_code{} : ec;
        }
    };

    // Looks the record up; a handler that takes a transaction is called then and there.
    struct judgement {
        durable_inbox_options options;
        record_owner owner;
        kept_invoke asked;
        std::weak_ptr<transaction_handler> to;
        bool in_transaction; // else the handler is called on the executor
        peer from;
        std::uint64_t fingerprint;
        durable_verdict verdict = durable_verdict::fresh;
        kept_outcome result{};

        std::error_code operator()(any_store& kept) noexcept
        {
            durable_inbox inbox{kept, options};
            const auto place = asked.head.stamp;
            stored_record record;
            if (const auto ec = inbox.open(owner, place, fingerprint, wall_now(), verdict, record)) {
                return ec;
            }
            switch (verdict) {
            case durable_verdict::fresh:
                return in_transaction ? run_now(kept, inbox, place) : inbox.start(owner, place, fingerprint);
            case durable_verdict::done: result.keep({{record.payload, record.form}, record.code, record.text}); break;
            case durable_verdict::interrupted:
                result.keep({{}, name_of(errc::interrupted), "the process ended while the handler ran"});
                return inbox.end(owner, place, {record_state::done, 0, fingerprint, result.code, result.text, {}, {}});
            case durable_verdict::stale: result.keep({{}, name_of(errc::stale_request), {}}); break;
            case durable_verdict::conflict: result.keep({{}, name_of(errc::key_conflict), {}}); break;
            case durable_verdict::too_far: result.keep({{}, name_of(errc::busy), {}}); break;
            }
            return {};
        }

        std::error_code run_now(any_store& kept, durable_inbox<any_store>& inbox, const stamp& place)
        {
            const auto alive = to.lock();
            const auto ec = alive == nullptr ? make_error_code(errc::closed) : kept.mark();
            if (ec) {
                return ec;
            }
            alive->call_in(kept.transaction(), asked.view(), from, result);
            if (result.code.empty()) {
                return inbox.end(owner, place,
                                 {record_state::done, 0, fingerprint, {}, {}, result.payload, result.form});
            }
            if (const auto lost = kept.undo()) {
                return lost; // its effect goes, whatever it was
            }
            if (certainty_of(make_error_code(errc_named(result.code))) == certainty::not_executed) {
                return inbox.give_back(owner, place);
            }
            return inbox.end(
                owner, place,
                {record_state::done, 0, fingerprint, result.code, result.text, result.payload, result.form});
        }
    };

    struct plain_run {
        kept_invoke asked;
        std::weak_ptr<transaction_handler> to;
        peer from;
        kept_outcome result;

        std::error_code operator()(any_store& kept) noexcept
        {
            const auto alive = to.lock();
            const auto ec = alive == nullptr ? make_error_code(errc::closed) : kept.mark();
            if (ec) {
                return ec;
            }
            alive->call_in(kept.transaction(), asked.view(), from, result);
            return result.code.empty() ? std::error_code{} : kept.undo();
        }
    };

    struct ending {
        durable_inbox_options options;
        record_owner owner;
        stamp place;
        stored_record record;
        bool refused; // before the handler: it may come again

        std::error_code operator()(any_store& kept) noexcept
        {
            durable_inbox inbox{kept, options};
            return refused ? inbox.give_back(owner, place) : inbox.end(owner, place, record);
        }
    };

    static wall_time wall_now() noexcept
    {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }

    static outcome store_failure() noexcept
    {
        return {{}, name_of(errc::store_failed), "the receiver could not write its store"};
    }

    static std::uint64_t fingerprint_of(const invoke& asked)
    {
        std::string whole;
        whole.reserve(asked.name.size() + 1 + asked.payload.bytes.size());
        whole.append(asked.name).append(1, '\0').append(asked.payload.bytes);
        const auto digest = digest_of(whole);
        std::uint64_t first = 0;
        for (std::size_t i = 0; i != sizeof first; ++i) {
            first = first << 8 | digest[i];
        }
        return first;
    }

    void judge(const key& which, const run& made, const invoke& asked, const peer& from)
    {
        const bool in_transaction = made.to->in_transaction();
        auto held = in_transaction ? std::static_pointer_cast<transaction_handler>(made.to) : nullptr;
        judgement job{options_,       which.owner, kept_invoke{asked}, std::move(held),
                      in_transaction, from,        made.fingerprint};
        mail_->send(
            *scribe_, std::move(job),
            [weak = this->weak_from_this(), which](judgement& how, const std::error_code& failure) {
                const auto self = weak.lock();
                if (self == nullptr) {
                    return;
                }
                const bool call_it = how.verdict == durable_verdict::fresh && !how.in_transaction;
                if (failure || !call_it) {
                    self->tell(which, failure ? store_failure() : how.result.view());
                } else {
                    self->call(which, how.asked);
                }
            },
            in_transaction ? mailbox::late::dropped : mailbox::late::written);
    }

    // By the first session that is still there. With none the message comes again, and must then run.
    void call(const key& which, kept_invoke& asked)
    {
        for (const auto& one : runs_.at(which).waiters) {
            if (const auto site = one.site.lock()) {
                asked.head.call = one.which;
                site->run_durable(asked);
                return;
            }
        }
        settle(which, {{}, name_of(errc::busy), {}});
    }

    // Records how the handler has ended, then tells.
    void settle(const key& which, const outcome& how)
    {
        const auto& over = runs_.at(which);
        ending job{options_, which.owner, over.place, {}, false};
        job.record.fingerprint = over.fingerprint;
        job.record.code = how.code;
        job.record.text = how.text;
        job.record.payload = how.payload.bytes;
        job.record.form = how.payload.form;
        job.refused =
            !how.code.empty() && certainty_of(make_error_code(errc_named(how.code))) == certainty::not_executed;
        mail_->send(*scribe_, std::move(job),
                    [weak = this->weak_from_this(), which](ending& done, const std::error_code& failure) {
                        if (const auto self = weak.lock()) {
                            const auto& record = done.record;
                            self->tell(which, failure
                                                  ? store_failure()
                                                  : outcome{{record.payload, record.form}, record.code, record.text});
                        }
                    });
    }

    void tell(const key& which, const outcome& how)
    {
        auto over = runs_.extract(which);
        if (over.empty()) {
            return;
        }
        for (const auto& one : over.mapped().waiters) {
            if (const auto site = one.site.lock()) {
                site->finish_durable(one.which, how);
            }
        }
    }

    std::shared_ptr<scribe> scribe_;
    std::shared_ptr<mailbox> mail_;
    durable_inbox_options options_;
    std::map<key, run> runs_; // begun, and not settled
    std::unordered_map<std::uint64_t, std::shared_ptr<transaction_handler>> once_;
    std::uint64_t last_once_ = 0;
};

} // namespace rejoinder::inline v0::detail

#endif
