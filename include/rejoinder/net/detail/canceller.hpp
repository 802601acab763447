// Ends a call when its caller cancels it: what is put into the cancellation slot of a completion.
#ifndef REJOINDER_NET_DETAIL_CANCELLER_HPP
#define REJOINDER_NET_DETAIL_CANCELLER_HPP

#include <asio/cancellation_type.hpp>

#include <memory>

namespace rejoinder::inline v0::detail {

/// Calls `target->cancel(which)`, if the target is still there. Completing the call destroys this, so it moves what it needs out of itself
/// first.
template <class Target, class Which>
struct canceller {
    std::weak_ptr<Target> target;
    Which which;

    void operator()(asio::cancellation_type type) const
    {
        if (type == asio::cancellation_type::none) {
            return;
        }
        const auto one = which;
        if (const auto alive = target.lock()) {
            alive->cancel(one);
        }
    }
};

} // namespace rejoinder::inline v0::detail

#endif
