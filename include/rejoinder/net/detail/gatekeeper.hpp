// Asks the program who a client is, before there is any session for it.
#ifndef REJOINDER_NET_DETAIL_GATEKEEPER_HPP
#define REJOINDER_NET_DETAIL_GATEKEEPER_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/exception_text.hpp>
#include <rejoinder/net/detail/gate.hpp>
#include <rejoinder/net/detail/inbox_keeper.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/failure.hpp>
#include <rejoinder/net/handshake.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Runs the authenticator. Bounded: one for a connection that is gone meanwhile is cancelled, but counts until it has ended.
class gatekeeper {
public:
    explicit gatekeeper(std::size_t asking_max) : asking_max_(asking_max) {}

    /// The program's function; without one each client instance is an identity of its own.
    authenticator authenticate;

    /// Asks who said hello, and introduces a durable outbox to the store. `answer(const authentication&, bool outbox_known)` is called once,
    /// perhaps before this returns. `cancel` ends the authenticator. `known` is the identity whose session the client's token resumes, if there
    /// is one.
    template <class Setting, class Answer>
    void ask(const Setting& setting, came_from from, const hello& greeting, const std::string& known,
             std::shared_ptr<asio::cancellation_signal> cancel, Answer answer)
    {
        auto then = [inbox = setting.inbox, outbox = greeting.outbox, answer](const authentication& word) {
            if (word.who() == nullptr || inbox == nullptr || !outbox) {
                answer(word, false);
            } else {
                introduce(*inbox, *outbox, *word.who(), answer);
            }
        };
        if (!authenticate) {
            then(authentication{identity{known.empty() ? "anonymous_" + greeting.incarnation : known}});
            return;
        }
        handshake shown;
        shown.from = std::move(from.address);
        shown.request = std::move(from.request);
        shown.resumes = !greeting.token.empty();
        shown.known = known;
        if (read_payload({greeting.auth}, shown.auth, nullptr) ||
            read_payload({greeting.metadata}, shown.metadata, nullptr)) {
            then(authentication{refusal{errc::bad_message, "the hello's auth or metadata is no JSON"}});
            return;
        }
        if (*asking_ >= asking_max_) {
            then(authentication{refusal{errc::busy}});
            return;
        }
        ++*asking_;
        const auto ask = authenticate; // a copy: it may be replaced from inside
        auto answered = [asking = asking_, cancel, then, events = setting.events](std::exception_ptr thrown,
                                                                                  const authentication& word) {
            --*asking;
            then(thrown ? word_of(thrown, events) : word);
        };
        ask(setting.executor, cancel->slot(), shown, std::move(answered));
    }

private:
    // What a thrown exception says: a `failure` is the program's own no, anything else is its trouble, and may pass.
    static authentication word_of(const std::exception_ptr& thrown, const event_sink& events)
    {
        try {
            std::rethrow_exception(thrown);
        } catch (const failure& said) {
            const bool later = errc_named(said.code()) == errc::busy;
            return refusal{later ? errc::busy : errc::auth_refused, said.what()};
        } catch (...) {
            if (events) {
                const auto text = text_of(thrown);
                events({.name = "authenticator_failed", .text = text});
            }
            return refusal{errc::refused, "the authenticator failed"};
        }
    }

    // Before the session, so that what it brings meets its records.
    template <class Answer>
    static void introduce(inbox_keeper& inbox, const outbox_notice& outbox, const identity& who, const Answer& answer)
    {
        inbox.greet({std::string{who.name()}, outbox.name}, outbox,
                    [who, answer](const std::error_code& why, bool known) {
                        const auto reason = kind_of(why).value_or(errc::store_failed);
                        answer(why ? authentication{refusal{reason, why.message()}} : authentication{who}, known);
                    });
    }

    std::size_t asking_max_;
    std::shared_ptr<std::size_t> asking_ = std::make_shared<std::size_t>(0); // shared with those that outlive the hub
};

} // namespace rejoinder::inline v0::detail

#endif
