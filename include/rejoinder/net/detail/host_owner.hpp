// Hub or client, as the host of one of its sessions sees it.
#ifndef REJOINDER_NET_DETAIL_HOST_OWNER_HPP
#define REJOINDER_NET_DETAIL_HOST_OWNER_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/detail/pending_call.hpp>

#include <system_error>

namespace rejoinder::inline v0::detail {

/// When a session's owner is to look at it.
struct session_alarm {
    timer_id timer{};
    instant at = never;
};

template <class Policies>
class host;

/// Called on the executor, never from inside a change of the session.
template <class Policies>
class host_owner {
public:
    /// The session's next deadline may be earlier than before.
    virtual void on_deadline(host<Policies>& of) = 0;
    /// The session wants its connection closed.
    virtual void on_hang_up(host<Policies>& of, close_reason why) = 0;
    /// The peer says that it closes the connection.
    virtual void on_farewell(host<Policies>& of, const farewell& words) = 0;
    /// The session's peer gave the sign of life that was asked for.
    virtual void on_alive(host<Policies>&) {}
    /// The session ended under a call that may be asked again of the same target's next session.
    virtual void on_orphan(pending_call&& orphan, const std::error_code& why) = 0;

protected:
    ~host_owner() = default;
};

} // namespace rejoinder::inline v0::detail

#endif
