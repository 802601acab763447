// Passes messages on: what comes to one client or hub is asked of another, and the answer goes back.
#ifndef REJOINDER_NET_RELAY_HPP
#define REJOINDER_NET_RELAY_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/incoming.hpp>
#include <rejoinder/net/reply.hpp>
#include <rejoinder/net/responder.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// Where a relay passes messages on to: a client's hub, or one target of a hub. Made by `to`.
///
/// It refers to the client or hub, which must neither be destroyed nor moved while the relay may be called: as long as the relay's `from` has
/// the handler. Copies lead to the same place.
template <class Through, class Target = void>
class destination {
public:
    destination(Through& through, Target whom, absent when) : through_(&through), whom_(std::move(whom)), when_(when) {}

    template <class Payload, class Listener, class Token>
    auto async_request(std::string_view name, const Payload& payload, call_options how, Listener listener,
                       Token&& token) const
    {
        how.when_absent = when_;
        return through_->async_request(whom_, name, payload, how, std::move(listener), std::forward<Token>(token));
    }
    template <class Payload, class Token>
    auto async_deliver(std::string_view name, const Payload& payload, call_options how, Token&& token) const
    {
        how.when_absent = when_;
        return through_->async_deliver(whom_, name, payload, how, std::forward<Token>(token));
    }
    template <class Payload>
    void notify(std::string_view name, const Payload& payload) const
    {
        through_->notify(whom_, name, payload);
    }

private:
    Through* through_;
    Target whom_;
    absent when_;
};

/// The hub that a client is connected to.
template <class Through>
class destination<Through, void> {
public:
    explicit destination(Through& through) : through_(&through) {}

    template <class Payload, class Listener, class Token>
    auto async_request(std::string_view name, const Payload& payload, const call_options& how, Listener listener,
                       Token&& token) const
    {
        return through_->async_request(name, payload, how, std::move(listener), std::forward<Token>(token));
    }
    template <class Payload, class Token>
    auto async_deliver(std::string_view name, const Payload& payload, const call_options& how, Token&& token) const
    {
        return through_->async_deliver(name, payload, how, std::forward<Token>(token));
    }
    template <class Payload>
    void notify(std::string_view name, const Payload& payload) const
    {
        through_->notify(name, payload);
    }

private:
    Through* through_;
};

/// To whatever `through` is connected to.
template <class Policies>
[[nodiscard]] destination<client<Policies>> to(client<Policies>& through)
{
    return destination<client<Policies>>{through};
}

/// To this user, peer or room of `through`: `relay(tab, "open_page", to(hub, user{"42"}))`. `when`: what becomes of a message whose target is
/// not connected.
template <class Policies, class Target>
[[nodiscard]] destination<hub<Policies>, Target> to(hub<Policies>& through, Target whom, absent when = absent::fail)
{
    return {through, std::move(whom), when};
}

namespace detail {

/// The handler of a relay: one message is one call further on.
template <class Destination>
class relaying {
public:
    explicit relaying(Destination onto) : onto_(std::move(onto)) {}

    void operator()(const payload_view& payload, responder back) const
    {
        switch (back.kind()) {
        case message_kind::request: ask(payload, std::move(back)); break;
        case message_kind::delivery: deliver(payload, std::move(back)); break;
        default:
            onto_.notify(back.name(), payload);
            back.answer();
            break;
        }
    }

private:
    void ask(const payload_view& payload, responder back) const
    {
        const auto about = back.about();
        const auto how = options_for(about);
        const auto slot = back.slot();
        onto_.async_request(
            about.name(), payload, how, [about](const payload_view& word) { about.progress(word); },
            asio::bind_cancellation_slot(slot, answer_to{std::move(back)}));
    }

    void deliver(const payload_view& payload, responder back) const
    {
        const auto about = back.about();
        const auto how = options_for(about);
        const auto slot = back.slot();
        onto_.async_deliver(about.name(), payload, how, asio::bind_cancellation_slot(slot, answer_to{std::move(back)}));
    }

    // A timeout of zero would mean the usual one: a message whose time is up gets the shortest there is.
    static call_options options_for(const incoming& about)
    {
        call_options how;
        if (about.deadline() != never) {
            how.timeout =
                std::max<duration>(about.time_left(std::chrono::steady_clock::now()), std::chrono::milliseconds{1});
        }
        how.key = about.key();
        return how;
    }

    struct answer_to {
        responder back;

        void operator()(const std::error_code& ec, const reply& answer)
        {
            if (!ec) {
                back.answer(answer.payload());
            } else if (!answer.code().empty()) {
                back.fail(answer.code(), answer.text(), answer.payload());
            } else {
                back.fail(name_of(kind_here(ec, answer)), "at the relay");
            }
        }

        // What ended the call on this side of the way, as the asker should see it.
        [[nodiscard]] errc kind_here(const std::error_code& ec, const reply& answer) const
        {
            if (back.cancelled()) {
                return errc::cancelled;
            }
            const bool never_left = answer.certainty() == certainty::never_sent;
            return kind_of(ec).value_or(never_left ? errc::not_connected : errc::session_lost);
        }
    };

    Destination onto_;
};

} // namespace detail

/// Passes messages of this name that come to `from` on, with their payload as it is, and answers with what comes back: the answer, or the
/// error with its code, text and data. What ends the call on the way is an error of that kind (`not_connected`, `timed_out`, `session_lost`).
///
/// The time that a request has left goes with it, so do its cancellation and, back to the asker, its progress. A delivery is acknowledged once
/// it is acknowledged there. Requests run side by side; a delivery keeps its place among the deliveries of its session only as far as the way
/// on does. At most one execution holds at each step; the key travels on.
///
/// `from` is a client or a hub, and `onto` what `to` returns. It replaces the handler of that name; `from.off(name)` ends it.
template <class From, class Through, class Target>
void relay(From& from, std::string_view name, destination<Through, Target> onto)
{
    from.on(name, detail::relaying<destination<Through, Target>>{std::move(onto)});
}
/// The same for all names that `from` has no handler of its own for.
template <class From, class Through, class Target>
void relay(From& from, destination<Through, Target> onto)
{
    from.on_any(detail::relaying<destination<Through, Target>>{std::move(onto)});
}
/// The same to a client's hub: `relay(backend, "plugin_command", plugin)`.
template <class From, class Policies>
void relay(From& from, std::string_view name, client<Policies>& onto)
{
    relay(from, name, to(onto));
}
template <class From, class Policies>
void relay(From& from, client<Policies>& onto)
{
    relay(from, to(onto));
}

} // namespace rejoinder::inline v0

#endif
