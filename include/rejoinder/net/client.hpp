// The side that connects, and reconnects: one session with a hub, over as many connections as it takes.
#ifndef REJOINDER_NET_CLIENT_HPP
#define REJOINDER_NET_CLIENT_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/core/client_status.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/core/route_table.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/net/client_options.hpp>
#include <rejoinder/net/congested.hpp>
#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/detail/client_state.hpp>
#include <rejoinder/net/detail/dialler.hpp>
#include <rejoinder/net/detail/list_dialler.hpp>
#include <rejoinder/net/detail/listener_of_progress.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/start_call.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/first_of.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/interceptor.hpp>
#include <rejoinder/net/outbox_item.hpp>
#include <rejoinder/net/poller.hpp>
#include <rejoinder/net/reply.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// A client of a hub.
///
/// Connects when it is made, resumes its session after each loss, and re-sends what is unanswered. Requests and deliveries made while the link
/// is down wait in the outbox. It gives up only when trying again cannot help: wrong credentials, another protocol or version, displaced by a
/// newer connection of the same session; or, if it never was connected, a certificate that is not believed, or a name that does not exist or a
/// peer that talks gibberish five times in a row (a name may be missing while its service is being deployed, so it is no final word by
/// itself). `status().verdict` says which, from the first time on.
///
/// Destroying it says goodbye and completes what is pending with `operation_aborted`; it may be destroyed from inside any of its handlers.
/// Distinct clients are independent; one is used from its executor.
template <class Policies = default_policies>
class client {
public:
    using options_type = client_options<Policies>;

    /// A client that connects by `where` and speaks `Codec`. `executor`: its handlers run there; an `io_context` run by one thread, or a strand.
    /// Throws `std::invalid_argument` if `auth` is no JSON text or `metadata` no JSON object.
    template <connector Connector, codec Codec = json_codec>
    client(const asio::any_io_executor& executor, Connector where, options_type options = {}, Codec spelling = {})
        : state_(std::make_shared<state>(executor, std::move(options)))
    {
        state_->begin(std::make_unique<detail::connector_dialler<Connector, Codec>>(
            std::move(where), std::move(spelling), state_->options().connection, state_->setting().counts));
    }

    /// A client that knows several ways to the hub, or hubs that share their sessions: see `first_of`.
    template <codec Codec = json_codec, connector... Connectors>
    client(const asio::any_io_executor& executor, first_of<Connectors...> where, options_type options = {},
           const Codec& spelling = {})
        : state_(std::make_shared<state>(executor, std::move(options)))
    {
        state_->begin(std::make_unique<detail::list_dialler>(std::move(where).connectors(), spelling,
                                                             state_->options().connection, state_->setting().counts));
    }

    client(client&&) noexcept = default;
    client& operator=(client&& other) noexcept
    {
        client former{std::move(other)};
        std::swap(state_, former.state_);
        return *this;
    }
    ~client()
    {
        if (state_ != nullptr) {
            state_->stop();
        }
    }

    // Getters

    [[nodiscard]] asio::any_io_executor get_executor() const { return state_->setting().executor; }
    /// Where the link stands.
    [[nodiscard]] link_state state_of_link() const noexcept { return state_->link_stands(); }
    [[nodiscard]] bool connected() const noexcept { return state_of_link() == link_state::connected; }
    /// Where it stands, since when and why.
    [[nodiscard]] client_status status() const { return state_->status(); }
    /// Why the last attempt or connection ended; none while connected. What the other side said of it stands in the message of the error that
    /// `on_state`, `on_status` and the events are given.
    [[nodiscard]] std::error_code last_error() const noexcept { return state_->last_error(); }
    /// Requests and deliveries that are not over.
    [[nodiscard]] std::size_t pending() const noexcept { return state_->pending(); }
    [[nodiscard]] const counters& counts() const noexcept { return *state_->setting().counts; }
    /// All that is known in numbers, at this moment.
    [[nodiscard]] rejoinder::snapshot snapshot() const { return state_->snapshot(); }

    // The link

    /// Connects now, if it is not connected: also after `disconnect`, or after it gave up.
    void connect() { state_->connect(); }
    /// Says goodbye and stays away until `connect`. The session, and what is pending, wait.
    void disconnect() { state_->disconnect(); }
    /// Connects now, whatever it does now: a connection is closed with a goodbye, an attempt is given up, a delay is not waited for. The
    /// session, and what is pending, go on.
    void reconnect() { state_->reconnect(); }
    /// While the link is down for longer than `by`'s `after_attempts` attempts, `by` polls in its stead: until a status is terminal or the
    /// link is back, which is tried on behind it; or is given up. One that was given before is stopped. See `poller.hpp`.
    void poll_when_down(poller by) { state_->poll_with(std::move(by)); }
    /// Gives events to `sink`. Without one, none are made.
    void on_event(event_sink sink)
    {
        begin_news();
        state_->setting().events = std::move(sink);
    }
    /// Calls `observer(link_state, std::error_code)` at each change of the link, the pauses between two attempts among them; the code says why
    /// it was lost. For a program that acts on the link; `on_status` is for one that shows it. Replaces the one before.
    void on_state(std::function<void(link_state, std::error_code)> observer)
    {
        begin_news();
        state_->news().of_link = std::move(observer);
    }
    /// Calls `observer(const client_status&)` at each change of its `state`: what attempts do behind `polling` or `failed` is no such change.
    /// Replaces the one before.
    void on_status(std::function<void(const client_status&)> observer)
    {
        begin_news();
        state_->news().of_status = std::move(observer);
    }

    // Answering

    /// Puts `f(intercepted&)` before every handler, as a hub's.
    void intercept(interceptor f) { state_->setting().router.intercept(std::move(f)); }

    /// Answers messages of this name with `f`: see `handler.hpp` for what it may take and return. Replaces an earlier one.
    template <class F>
    void on(std::string_view name, F f, handling run = handling::overlapping)
    {
        state_->setting().router.set(name, detail::make_handler(std::move(f)), run);
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

    /// Asks the hub. Completes with `void(std::error_code, reply)`: the answer, or one error that says what may have happened
    /// (`certainty_of`). Waits for the link if it is down; `how.timeout` bounds the whole. Errors: `timed_out`, `queue_full`, `too_big`,
    /// `session_lost`, `replaced`, what the peer answered (`no_handler`, `bad_payload`, `handler_error`, `remote_error`, ...), and
    /// `operation_aborted` for a cancelled call or a destroyed client. Every cancellation type ends it at once and tells the peer.
    template <class Payload, class Token>
    auto async_request(std::string_view name, const Payload& payload, const call_options& how, Token&& token)
    {
        return call_out(message_kind::request, {name, payload, how}, nullptr, std::forward<Token>(token));
    }
    template <class Payload, class Token>
        requires(!contract_type<Payload>)
    auto async_request(std::string_view name, const Payload& payload, Token&& token)
    {
        return async_request(name, payload, call_options{}, std::forward<Token>(token));
    }
    /// The same, calling `listener(const T&)` with each word that comes before the last one. (g++ 12 destroys a lambda that owns what it
    /// captures twice if it stands inside a co_await expression: name it first and move it in.)
    template <class Payload, class Listener, class Token>
    auto async_request(std::string_view name, const Payload& payload, const call_options& how, Listener listener,
                       Token&& token)
    {
        return call_out(message_kind::request, {name, payload, how}, detail::make_listener(std::move(listener)),
                        std::forward<Token>(token));
    }
    /// Asks by contract: completes with `void(std::error_code, Contract::reply)`.
    template <contract_type Contract, ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, typename Contract::reply)) Token>
    auto async_request(const typename Contract::request& question, const call_options& how, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, typename Contract::reply)>(
            detail::start_typed_call<Contract, line>{{state_}}, token,
            detail::outgoing{Contract::name, question, contract_options<Contract>(how)});
    }
    template <contract_type Contract, ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, typename Contract::reply)) Token>
    auto async_request(const typename Contract::request& question, Token&& token)
    {
        return async_request<Contract>(question, call_options{}, std::forward<Token>(token));
    }

    /// Sends a message that must arrive. Completes as `async_request` does, when the hub acknowledges it; `how.timeout` is its time to live.
    template <class Payload, class Token>
    auto async_deliver(std::string_view name, const Payload& payload, const call_options& how, Token&& token)
    {
        return call_out(message_kind::delivery, {name, payload, how}, nullptr, std::forward<Token>(token));
    }
    template <class Payload, class Token>
    auto async_deliver(std::string_view name, const Payload& payload, Token&& token)
    {
        return async_deliver(name, payload, call_options{}, std::forward<Token>(token));
    }

    /// Sends a message that must arrive, and must survive this process: completes with `void(std::error_code, std::uint64_t)` once it is in the
    /// `journal` of the options, with its number there. What becomes of it is told to `on_settled`. `how.timeout` is its time to live. Errors:
    /// `queue_full`, `too_big`, those of the store, `unsupported` without a journal. With a journal `async_deliver` is this and its settling.
    template <class Payload, class Token>
    auto async_enqueue(std::string_view name, const Payload& payload, const call_options& how, Token&& token)
    {
        return detail::initiate<void(std::error_code, std::uint64_t), Token>(
            detail::start_enqueue<state>{state_}, token, detail::outgoing{name, payload, how});
    }
    template <class Payload, class Token>
    auto async_enqueue(std::string_view name, const Payload& payload, Token&& token)
    {
        return async_enqueue(name, payload, call_options{}, std::forward<Token>(token));
    }
    /// Calls `observer(const outbox_outcome&)` for each durable message that leaves and whose caller is gone: it was enqueued, or an earlier
    /// process took it. Set it before the client runs, so that none is missed.
    void on_settled(std::function<void(const outbox_outcome&)> observer)
    {
        state_->outbox().set_observer(std::move(observer));
    }
    /// The durable messages that have not been settled, oldest first.
    [[nodiscard]] std::vector<outbox_item> outbox() const
    {
        std::vector<outbox_item> all;
        for (const auto& [id, one] : state_->outbox().messages().entries()) {
            all.push_back({id, one.words.name, {one.words.payload, one.words.form}, one.expires, one.sure});
        }
        return all;
    }
    /// The number that the next durable message will get, once the client has been connected: a program that sends a numbered series knows by
    /// it where it stopped. 0 without a journal.
    [[nodiscard]] std::uint64_t next_outbox_id() const noexcept
    {
        return state_->outbox().exists() ? state_->outbox().messages().next_sequence() : 0;
    }
    /// Takes a durable message back: it leaves as `removed`. True: it was never sent.
    bool withdraw(std::uint64_t id) { return state_->outbox().withdraw(id); }

    /// Fire and forget. False: dropped and counted, because the link is down or a bound is reached.
    /// `when`: what becomes of it on a link that lags behind.
    template <class Payload>
    bool notify(std::string_view name, const Payload& payload, congested when = congested::wait)
    {
        return state_->notify({name, payload, {}}, when);
    }
    /// The same by contract: an event is a contract without a reply.
    template <contract_type Contract>
    bool notify(const typename Contract::request& event, congested when = congested::wait)
    {
        return notify(Contract::name, event, when);
    }

    // For what stands around a client

    using state = detail::client_state<Policies>;

    /// What it holds of the client.
    [[nodiscard]] std::weak_ptr<state> weak_state() const noexcept { return state_; }

private:
    using line = detail::client_line<state>;

    void begin_news() { state_->news().begin(state_of_link(), status().state); }

    template <class Token>
    auto call_out(message_kind kind, detail::outgoing words, std::unique_ptr<detail::progress_listener> listener,
                  Token&& token)
    {
        return detail::initiate<void(std::error_code, reply), Token>(detail::start_call<line>{{state_}, kind}, token,
                                                                     std::move(words), std::move(listener));
    }

    std::shared_ptr<state> state_;
};

#ifdef REJOINDER_SEPARATE_COMPILATION // the one file that includes rejoinder/src.hpp holds these
extern template class client<default_policies>;
extern template class detail::client_state<default_policies>;
extern template class detail::host<default_policies>;
#endif

} // namespace rejoinder::inline v0

#endif
