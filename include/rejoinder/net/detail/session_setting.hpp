// What all sessions of a hub or client share.
#ifndef REJOINDER_NET_DETAIL_SESSION_SETTING_HPP
#define REJOINDER_NET_DETAIL_SESSION_SETTING_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/durable_inbox.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/latency.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/net/detail/inbox_keeper.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/scribe.hpp>
#include <rejoinder/net/detail/tell.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/router.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Outlives the sessions.
template <class Policies>
struct session_setting {
    session_setting(asio::any_io_executor where, session_options<Policies> how)
        : executor(std::move(where)), options(std::move(how))
    {}

    asio::any_io_executor executor;
    session_options<Policies> options;
    rejoinder::router router;
    event_sink events;
    std::shared_ptr<counters> counts = std::make_shared<counters>();
    std::shared_ptr<inbox_keeper> inbox; ///< of durable messages; null: none
    latency answered;                    // how long requests took
    std::string last_words;              ///< of the hub, while its client gives up: for the calls that end with that

    /// Durable messages are recorded by this store's thread; null: by none.
    void record_with(std::shared_ptr<scribe> by, const durable_inbox_options& bounds)
    {
        inbox = by == nullptr ? nullptr : std::make_shared<inbox_keeper>(std::move(by), executor, bounds);
    }

    /// Whether durable messages run, or are being recorded; also those whose session has ended.
    [[nodiscard]] bool records_run() const noexcept { return inbox != nullptr && inbox->running() != 0; }

    /// The hub or client is over.
    void end()
    {
        router.clear(); // a handler may hold a responder, which holds its session, which holds the handlers
        if (inbox != nullptr) {
            inbox->end();
        }
    }

    void report(const event& happened) const { tell(events, happened); }

    /// An event of one session.
    void report(event happened, const peer& with) const
    {
        if (events) {
            happened.who = with.who().name();
            happened.session = with.session();
            report(happened);
        }
    }

    /// A call of a session is over: how long a request took that was sent and not taken back; and who hears of a deadline.
    void watch(const settled<pending_call>& over, instant now, const peer& with)
    {
        const bool late = over.error == errc::timed_out;
        const auto sure = certainty_of(over.error);
        const auto since = over.completion.asked_at;
        const bool counts_as_answered = !over.error || !over.code.empty() || (late && sure != certainty::never_sent);
        if (since != never && counts_as_answered) {
            answered.record(now - since);
        }
        if (late || over.error == errc::expired) {
            report({.name = late ? "request_timeout" : "delivery_expired",
                    .reason = name_of(sure),
                    .took = since == never ? duration::zero() : now - since},
                   with);
        }
    }

    /// A message of a session came; `bad` and `unknown` are the counters of such messages before it.
    void watch(const message& came, std::uint64_t bad, std::uint64_t unknown, const peer& with) const
    {
        if (counts->bad_messages != bad) {
            report({.name = "bad_message"}, with);
        }
        if (counts->unknown_names != unknown) {
            report({.name = "no_handler", .kind = kind_of_call(came.kind), .text = came.name}, with);
        }
    }

    /// An attempt of a session at a call failed, and another one follows.
    void watch(const attempt_failed& one, const peer& with) const
    {
        report({.name = "attempt_failed",
                .attempt = one.attempt,
                .reason = kind_of(one.error) ? name_of(*kind_of(one.error)) : std::string_view{},
                .kind = kind_of_call(one.kind),
                .took = one.rest},
               with);
    }

private:
    static constexpr std::string_view kind_of_call(message_kind kind) noexcept
    {
        return kind == message_kind::request ? "request" : kind == message_kind::delivery ? "delivery" : "notification";
    }
};

} // namespace rejoinder::inline v0::detail

#endif
