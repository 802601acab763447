// What every operation of a channel shares: its state kept alive, its handler, and the handler's associations.
#ifndef REJOINDER_CHANNEL_DETAIL_OPERATION_HPP
#define REJOINDER_CHANNEL_DETAIL_OPERATION_HPP

#include <rejoinder/channel/detail/asio_features.hpp>
#include <rejoinder/channel/detail/bound.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/post.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

/// The base of an operation, which is handed to Asio as the handler of each of its steps: so each step runs on the
/// executor of the user's handler, where that handler can then be called directly.
///
/// `State` has `executor_type` and `executor()`. It is shared, because a step that is queued already comes even if its
/// channel was destroyed meanwhile. Cancellations of every type are remembered between two steps.
template <class State, class Handler>
class operation {
public:
    using executor_type = asio::associated_executor_t<Handler, typename State::executor_type>;
    using allocator_type = handler_allocator<Handler>;
    using cancellation_slot_type = asio::cancellation_slot;

    operation(std::shared_ptr<State> state, Handler&& handler)
        : state_(std::move(state)), handler_(std::move(handler)),
          cancelled_(asio::get_associated_cancellation_slot(handler_), asio::enable_total_cancellation{})
    {}

    executor_type get_executor() const noexcept { return asio::get_associated_executor(handler_, state_->executor()); }
    allocator_type get_allocator() const noexcept { return allocator_of(handler_); }
    cancellation_slot_type get_cancellation_slot() const noexcept { return cancelled_.slot(); }

protected:
    State& state() const noexcept { return *state_; }

    const std::shared_ptr<State>& shared_state() const noexcept { return state_; }

    bool is_cancelled() const noexcept { return cancelled_.cancelled() != asio::cancellation_type::none; }

    // Calls the handler from a step. Nothing of the operation is used afterwards: the handler may destroy the channel.
    template <class... Args>
    void finish(Args&&... args)
    {
        Handler handler = std::move(handler_);
        state_.reset();
        std::move(handler)(std::forward<Args>(args)...);
    }

    // Calls the handler from the initiation, which must be over first.
    template <class... Args>
    void finish_later(Args&&... args)
    {
        const auto executor = get_executor();
        asio::post(executor, bound<Handler, std::decay_t<Args>...>{std::move(handler_), std::forward<Args>(args)...});
    }

private:
    std::shared_ptr<State> state_;
    Handler handler_;
    asio::cancellation_state cancelled_;
};

} // namespace rejoinder::inline v0::detail

#endif
