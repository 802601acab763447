// The one thing that waits: an Asio timer, armed for the earliest of whatever its owner has deadlines for.
#ifndef REJOINDER_NET_DETAIL_CLOCKWORK_HPP
#define REJOINDER_NET_DETAIL_CLOCKWORK_HPP

#include <rejoinder/core/instant.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <system_error>

namespace rejoinder::inline v0::detail {

/// Calls `owner.tick()` at a deadline or, having been armed for an earlier one that is moot by then, before it: the owner looks for itself.
/// Moving the Asio timer is dear, so it is moved to earlier deadlines only.
class clockwork {
public:
    explicit clockwork(const asio::any_io_executor& executor) : timer_(executor) {}

    /// `owner.tick()` is due no later than `when`, unless the owner is gone by then.
    template <class Owner>
    void arm(instant when, const std::weak_ptr<Owner>& owner)
    {
        if (when >= armed_) {
            return;
        }
        armed_ = when;
        timer_.expires_at(when);
        timer_.async_wait([this, owner, when](std::error_code ec) {
            const auto alive = owner.lock();
            if (!ec && alive != nullptr && armed_ == when) {
                armed_ = never;
                alive->tick();
            }
        });
    }

    void stop()
    {
        armed_ = instant::min();
        timer_.cancel();
    }

private:
    asio::steady_timer timer_;
    instant armed_ = never;
};

} // namespace rejoinder::inline v0::detail

#endif
