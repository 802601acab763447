// Asks the program who a client is, before there is any session for it.
#ifndef REJOINDER_NET_DETAIL_GATEKEEPER_HPP
#define REJOINDER_NET_DETAIL_GATEKEEPER_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/detail/gate.hpp>
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

    /// Asks who said hello. `then(const authentication&)` is called once, perhaps before this returns. `cancel` ends the authenticator.
    template <class Then>
    void ask(const asio::any_io_executor& executor, std::string from, const hello& greeting,
             std::shared_ptr<asio::cancellation_signal> cancel, Then then)
    {
        if (!authenticate) {
            then(authentication{identity{"anonymous_" + greeting.incarnation}});
            return;
        }
        handshake shown;
        shown.from = std::move(from);
        shown.resumes = !greeting.token.empty();
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
        ask(executor, cancel->slot(), shown,
            [asking = asking_, cancel, then](std::exception_ptr thrown, const authentication& word) {
                --*asking;
                then(thrown ? authentication{refusal{errc::refused, "the authenticator failed"}} : word);
            });
    }

private:
    std::size_t asking_max_;
    std::shared_ptr<std::size_t> asking_ = std::make_shared<std::size_t>(0); // shared with those that outlive the hub
};

} // namespace rejoinder::inline v0::detail

#endif
