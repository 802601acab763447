// The side that is connected to: identities, their sessions, and the calls to and from them.
#ifndef REJOINDER_NET_HUB_HPP
#define REJOINDER_NET_HUB_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/reconnect_grace.hpp>
#include <rejoinder/core/route_table.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/net/ask_all_options.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/congested.hpp>
#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/detail/gate.hpp>
#include <rejoinder/net/detail/hub_state.hpp>
#include <rejoinder/net/detail/listener_of_progress.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/start_call.hpp>
#include <rejoinder/net/detail/start_of_many.hpp>
#include <rejoinder/net/detail/transaction_handler.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/except.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/handshake.hpp>
#include <rejoinder/net/hub_options.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/interceptor.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/peer_outcome.hpp>
#include <rejoinder/net/reply.hpp>
#include <rejoinder/net/shutdown_options.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Whom a hub can call: a `user`, a `peer`, all in a `room`, or all but some (`except`).
template <class T>
concept call_target =
    std::same_as<T, user> || std::same_as<T, peer> || std::same_as<T, room> || std::same_as<T, all_except>;

/// A hub for any number of clients.
///
/// It is given channels (`serve`, or a listener), authenticates each client at its hello, and keeps a session for each client instance beyond
/// its connections. An identity may have several sessions; it is present from its first session's attaching to its detach, which comes when the
/// last one has been without a link for the grace.
///
/// Destroying it says goodbye to all and completes what is pending with `operation_aborted`; it may be destroyed from inside any handler.
/// Distinct hubs are independent; one is used from its executor.
template <class Policies = default_policies>
class hub {
public:
    using options_type = hub_options<Policies>;
    using policies = Policies;

    /// `executor`: its handlers run there; an `io_context` run by one thread, or a strand.
    explicit hub(const asio::any_io_executor& executor, options_type options = {})
        : state_(std::make_shared<state>(executor, std::move(options)))
    {
        state_->begin();
    }
    hub(hub&&) noexcept = default;
    hub& operator=(hub&& other) noexcept
    {
        hub former{std::move(other)};
        std::swap(state_, former.state_);
        return *this;
    }
    ~hub()
    {
        if (state_ != nullptr) {
            state_->stop();
        }
    }

    // Getters

    [[nodiscard]] asio::any_io_executor get_executor() const { return state_->setting().executor; }
    /// Connections, those without a session yet included.
    [[nodiscard]] std::size_t connections() const noexcept { return state_->connections(); }
    /// Sessions, attached or dormant.
    [[nodiscard]] std::size_t sessions() const noexcept { return state_->sessions(); }
    /// Where an identity stands.
    [[nodiscard]] presence presence_of(const identity& who) const { return state_->presence_of(who); }
    [[nodiscard]] const counters& counts() const noexcept { return *state_->setting().counts; }
    /// All that is known in numbers, at this moment. Linear in the sessions and identities.
    [[nodiscard]] rejoinder::snapshot snapshot() const { return state_->snapshot(); }

    // Clients

    /// Decides who a client is: `ask(const handshake&)` returns an `identity`, a `std::optional` of it, a `refusal`, or an `awaitable` of one
    /// of these. A `failure` that it throws is a refusal in its words; anything else that it throws makes the client ask again later. Asked at
    /// each connection, before any session exists. Without it every client instance is an identity of its own.
    template <class F>
    void authenticate(F ask)
    {
        state_->gate().authenticate = detail::make_authenticator(std::move(ask));
    }
    /// Calls `f(const peer&)` when a new session has its first connection.
    void on_attach(std::function<void(const peer&)> f) { state_->news().attached = std::move(f); }
    /// Calls `f(const identity&)`, plain or `awaitable<void>`, once for each absence: the identity's last link was lost a grace ago. Whoever of
    /// it comes back meanwhile waits until `f` has ended; nobody else does.
    template <class F>
    void on_detach(F f)
    {
        state_->news().detached = detail::make_clean_up(std::move(f));
    }
    /// Calls `f(const peer&)` once for each session that is over.
    void on_session_end(std::function<void(const peer&)> f) { state_->news().session_ended = std::move(f); }
    /// Gives events to `sink`. Without one, none are made.
    void on_event(event_sink sink) { state_->setting().events = std::move(sink); }

    /// Serves a channel. False: the hub has as many connections as it may have, and the channel is closed.
    template <channel Channel, codec Codec = json_codec>
    bool serve(Channel carrier, Codec spelling = {}, came_from from = {})
    {
        return state_->serve(std::move(carrier), std::move(spelling), std::move(from));
    }
    /// Closes the connection of a session, which the client may resume; over Socket.IO a disconnected client gets a new one.
    void close(const peer& whom, close_reason why = close_reason::normal) { state_->close(whom.session(), why); }

    /// Goes down in good order. From now on no connection is accepted. What runs goes on: handlers, calls of either side, clean-ups. Each peer
    /// is told to come back later (`how.retry_after`, spread over `how.spread`) as soon as neither side waits for anything of the other; its
    /// connection closes behind what was written. A session that has not been quiet by `how.refuse_after` has its further requests answered
    /// `busy` (`not_executed`) and its notifications dropped. What is left at `how.limit` ends as it does when a hub is destroyed; so do calls
    /// that wait for who is not here.
    ///
    /// Completes with `void(std::error_code)` once nothing is left, and the hub is then as good as destroyed: no error; `timed_out` if the
    /// limit had to end something; `operation_aborted` if the hub was destroyed meanwhile, or the wait was cancelled, which does not stop the
    /// shutdown. Said twice, the second joins the first. Nobody's detach is told for it.
    template <ASIO_COMPLETION_TOKEN_FOR(void(std::error_code)) Token>
    auto async_shutdown(const shutdown_options& how, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(detail::start_shutdown<state>{state_, how}, token);
    }
    /// The same with a limit and defaults.
    template <ASIO_COMPLETION_TOKEN_FOR(void(std::error_code)) Token>
    auto async_shutdown(duration limit, Token&& token)
    {
        shutdown_options how;
        how.limit = limit;
        return async_shutdown(how, std::forward<Token>(token));
    }

    // Rooms

    void join(const peer& who, const room& where) { state_->calls().groups().join(where.name(), who.session()); }
    void leave(const peer& who, const room& where) { state_->calls().groups().leave(where.name(), who.session()); }
    /// The sessions in a room, in the order in which they joined. The room of an identity (`user_room`) holds its attached sessions.
    [[nodiscard]] std::vector<peer> members(const room& where) const
    {
        std::vector<peer> all;
        for (const auto session : state_->calls().inside(where)) {
            all.push_back(state_->calls().peer_of(session));
        }
        return all;
    }

    /// The rooms that a session has joined, in that order.
    [[nodiscard]] std::vector<room> rooms_of(const peer& who) const
    {
        const auto names = state_->calls().groups().of(who.session());
        return {names.begin(), names.end()};
    }

    // Answering

    /// Puts `f(intercepted&)` before every handler, behind the interceptors that there are: for logging, authorisation, metrics. It may refuse
    /// the call, and see how it ends. Without interceptors nothing is asked or measured.
    void intercept(interceptor f) { state_->setting().router.intercept(std::move(f)); }

    /// Answers messages of this name with `f`: see `handler.hpp` for what it may take and return. Replaces an earlier one.
    ///
    /// A plain function whose first parameter is a store's transaction, as in `[](sqlite_transaction& within, const job& what) {...}`, writes its
    /// effect in the transaction that records that it ran: with a durable delivery, exactly once, whatever crashes. It is called on the thread of
    /// the hub's `journal`, one such handler at a time in the order in which the messages came, and again if the transaction fails: its effect
    /// is to be in the store alone. If it throws, its effect is undone. Throws `std::invalid_argument` if the hub has no such store.
    template <class F>
    void on(std::string_view name, F f, handling run = handling::overlapping)
    {
        if constexpr (detail::takes_transaction<F>) {
            set_in_transaction(name, std::make_shared<detail::function_in_transaction<F>>(std::move(f)));
        } else {
            state_->setting().router.set(name, detail::make_handler(std::move(f)), run);
        }
    }
    /// Answers the contract's messages with `f`, checked against it when this is compiled.
    template <contract_type Contract, class F>
    void on(F f, handling run = handling::overlapping)
    {
        detail::check_handler<Contract, F>();
        on(Contract::name, std::move(f), run);
    }
    /// Answers all names that have no handler of their own: what a relay needs.
    template <class F>
    void on_any(F f)
    {
        state_->setting().router.set_fallback(detail::make_handler(std::move(f)));
    }
    /// Later messages of this name are answered `no_handler`; runs under way go on.
    void off(std::string_view name) { state_->setting().router.remove(name); }

    // Asking

    /// Asks a user, in its session that attached last, or in all (`how.sessions`); one peer, in that session; or all in a room. Of several the
    /// first to answer wins and the others are cancelled; with `how.hedge` the next one is asked only when those before it were silent for that
    /// long, or have failed. Completes with `void(std::error_code, reply)`: the
    /// answer, or one error that says what may have happened (`certainty_of`). A target without a connection is `not_connected` at once, or is
    /// waited for if `how.when_absent` says so; then the call also survives a reload of the target's page, as far as it was never sent or is
    /// idempotent. `how.timeout` bounds the whole. Errors and cancellation: as `client::async_request`.
    template <call_target Target, class Payload, class Token>
    auto async_request(const Target& to, std::string_view name, const Payload& payload, const call_options& how,
                       Token&& token)
    {
        return call_out(message_kind::request, to, {name, payload, how}, nullptr, std::forward<Token>(token));
    }
    template <call_target Target, class Payload, class Token>
    auto async_request(const Target& to, std::string_view name, const Payload& payload, Token&& token)
    {
        return async_request(to, name, payload, call_options{}, std::forward<Token>(token));
    }
    /// The same, calling `listener(const T&)` with each word that comes before the last one. (g++ 12 destroys a lambda that owns what it
    /// captures twice if it stands inside a co_await expression: name it first and move it in.)
    template <call_target Target, class Payload, class Listener, class Token>
    auto async_request(const Target& to, std::string_view name, const Payload& payload, const call_options& how,
                       Listener listener, Token&& token)
    {
        return call_out(message_kind::request, to, {name, payload, how}, detail::make_listener(std::move(listener)),
                        std::forward<Token>(token));
    }
    /// Asks by contract: completes with `void(std::error_code, Contract::reply)`.
    template <contract_type Contract, call_target Target,
              ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, typename Contract::reply)) Token>
    auto async_request(const Target& to, const typename Contract::request& question, const call_options& how,
                       Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, typename Contract::reply)>(
            detail::start_typed_call<Contract, line<Target>>{{state_, to}}, token,
            detail::outgoing{Contract::name, question, contract_options<Contract>(how)});
    }
    template <contract_type Contract, call_target Target,
              ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, typename Contract::reply)) Token>
    auto async_request(const Target& to, const typename Contract::request& question, Token&& token)
    {
        return async_request<Contract>(to, question, call_options{}, std::forward<Token>(token));
    }

    /// Sends a message that must arrive, to a user, a peer, or all that are in a room now. Completes as `async_request` does, when it is
    /// acknowledged; for a room, when all have acknowledged it or one has failed.
    template <call_target Target, class Payload, class Token>
    auto async_deliver(const Target& to, std::string_view name, const Payload& payload, const call_options& how,
                       Token&& token)
    {
        return call_out(message_kind::delivery, to, {name, payload, how}, nullptr, std::forward<Token>(token));
    }
    template <call_target Target, class Payload, class Token>
    auto async_deliver(const Target& to, std::string_view name, const Payload& payload, Token&& token)
    {
        return async_deliver(to, name, payload, call_options{}, std::forward<Token>(token));
    }

    /// Asks everybody: all in a room, those without a link included, or all sessions of a user that have one. Completes with
    /// `void(std::error_code, std::vector<peer_outcome>)`, the outcomes in the order in which they joined: when all have ended, or as soon as
    /// `how.quorum` or `how.first` have answered. The others are then cancelled, and theirs is `given_up`. No error, though peers may have
    /// failed; `no_quorum`, as soon as the quorum cannot be had any more; `operation_aborted`, for a cancelled call or a destroyed hub, with
    /// the outcomes so far. Nobody in the room: no outcomes, and an error only if there is a quorum.
    template <call_target Target, class Payload, class Token>
    auto async_ask_all(const Target& to, std::string_view name, const Payload& payload, const ask_all_options& how,
                       Token&& token)
    {
        return broadcast_out(message_kind::request, to, {name, payload, how.each()}, how, std::forward<Token>(token));
    }
    /// The same for a message that must arrive: who has acknowledged it has answered.
    template <call_target Target, class Payload, class Token>
    auto async_deliver_all(const Target& to, std::string_view name, const Payload& payload, const ask_all_options& how,
                           Token&& token)
    {
        return broadcast_out(message_kind::delivery, to, {name, payload, how.each()}, how, std::forward<Token>(token));
    }

    /// Fire and forget, to all sessions of a user, to all in a room, or to one peer. Returns how many connections took it; where it was dropped
    /// is counted. `when`: what becomes of it on a link that lags behind. Where a wire recovers what was missed (`socket_io_recovery`), sessions
    /// whose client is expected back take it, too, unless it may be dropped.
    template <call_target Target, class Payload>
    std::size_t notify(const Target& to, std::string_view name, const Payload& payload,
                       congested when = congested::wait)
    {
        return notify_all(state_->calls().hearers(to), {name, payload, {}}, when);
    }
    /// The same by contract: an event is a contract without a reply.
    template <contract_type Contract, call_target Target>
    std::size_t notify(const Target& to, const typename Contract::request& event, congested when = congested::wait)
    {
        return notify(to, Contract::name, event, when);
    }

    // For listeners

    using state = detail::hub_state<Policies>;

    /// Calls `close_it` when the hub stops, unless `feeder` is gone by then.
    void keep_until_stopped(std::weak_ptr<void> feeder, std::function<void()> close_it)
    {
        state_->sources().add(std::move(feeder), std::move(close_it));
    }
    /// What a listener holds of the hub.
    [[nodiscard]] std::weak_ptr<state> weak_state() const noexcept { return state_; }

private:
    void set_in_transaction(std::string_view name, std::shared_ptr<detail::transaction_handler> to)
    {
        const auto& kept = state_->options().journal;
        if (!kept || kept.thread()->transaction_type() != to->transaction_type()) {
            throw std::invalid_argument(
                "rejoinder: this handler takes the transaction of a store that the hub does not have");
        }
        state_->setting().router.set(name, std::move(to));
    }

    template <class Target>
    using line = detail::hub_line<state, Target>;

    template <call_target Target, class Token>
    auto call_out(message_kind kind, const Target& to, detail::outgoing words,
                  std::unique_ptr<detail::progress_listener> listener, Token&& token)
    {
        return detail::initiate<void(std::error_code, reply), Token>(
            detail::start_call<line<Target>>{{state_, to}, kind}, token, std::move(words), std::move(listener));
    }

    template <call_target Target, class Token>
    auto broadcast_out(message_kind kind, const Target& to, detail::outgoing words, const ask_all_options& how,
                       Token&& token)
    {
        return detail::initiate<void(std::error_code, std::vector<peer_outcome>), Token>(
            detail::start_broadcast<line<Target>>{{state_, to}, kind, how}, token, std::move(words));
    }

    std::size_t notify_all(const std::vector<session_id>& targets, const detail::outgoing& words, congested when)
    {
        std::size_t taken = 0;
        for (const auto session : targets) {
            taken += state_->calls().notify(session, words, when) ? 1U : 0U;
        }
        return taken;
    }

    std::shared_ptr<state> state_;
};

#ifdef REJOINDER_SEPARATE_COMPILATION // the one file that includes rejoinder/src.hpp holds these
extern template class hub<default_policies>;
extern template class detail::hub_state<default_policies>;
extern template class detail::host<default_policies>;
extern template class detail::switchboard<default_policies>;
#endif

} // namespace rejoinder::inline v0

#endif
