// Where a handler runs for a peer: what it needs of the session that it answers in, without knowing its type.
#ifndef REJOINDER_NET_DETAIL_CALL_SITE_HPP
#define REJOINDER_NET_DETAIL_CALL_SITE_HPP

#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>

#include <memory>

namespace rejoinder::inline v0::detail {

/// A session as its running handlers see it. Held by shared pointer: it may outlive the hub or client, and then takes answers without effect.
class call_site {
public:
    virtual ~call_site() = default;

    /// Where handlers run and answers are taken.
    [[nodiscard]] virtual asio::any_io_executor get_executor() const = 0;
    /// The handler has ended. On the executor; a run that is over is no error.
    virtual void finish(invocation which, const outcome& how) = 0;
    /// A word before the last one. On the executor.
    virtual void progress(invocation which, const payload_view& payload) = 0;
};

/// A handler run that goes on after the call: the session keeps it until it finishes, and fires `signal` when nobody waits any more.
struct running {
    asio::cancellation_signal signal;
};

} // namespace rejoinder::inline v0::detail

#endif
