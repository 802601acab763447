// How a memory channel receives and sends: by moving the sender's buffer to the receiver.
#ifndef REJOINDER_CHANNEL_DETAIL_MEMORY_OPERATIONS_HPP
#define REJOINDER_CHANNEL_DETAIL_MEMORY_OPERATIONS_HPP

#include <rejoinder/channel/detail/flush_operation.hpp>
#include <rejoinder/channel/detail/memory_link.hpp>
#include <rejoinder/channel/detail/operation.hpp>
#include <rejoinder/channel/detail/turn.hpp>

#include <rejoinder/wire/framing.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <cassert>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Receives what has been handed over as a `Batch`, waiting for it if need be.
template <class Batch, class Handler>
class memory_receive : public operation<memory_state, Handler> {
    using base = operation<memory_state, Handler>;

public:
    using base::base;

    void start()
    {
        const auto link = this->state().link;
        std::unique_lock lock{link->mutex};
        assert(!this->state().receiving);
        this->state().receiving = true;
        if (must_wait()) {
            wait();
            return;
        }
        lock.unlock();
        const auto executor = this->get_executor();
        asio::post(executor, std::move(*this));
    }

    // A step, whatever woke it: what is there now decides.
    void operator()(std::error_code = {})
    {
        const auto link = this->state().link;
        std::unique_lock lock{link->mutex};
        if (must_wait() && !this->is_cancelled()) {
            wait();
            return;
        }
        turn now;
        const auto ec = take(now);
        lock.unlock();
        this->state().receiving = false;
        this->finish(ec, Batch{now.frames()});
    }

private:
    bool must_wait() const
    {
        const memory_side& mine = this->state().mine();
        const memory_side& peer = this->state().peer();
        return !mine.closed && mine.arrived.empty() && !peer.closed && !peer.done;
    }

    void wait()
    {
        memory_side& mine = this->state().mine();
        mine.readable->async_wait(std::move(*this));
    }

    std::error_code take(turn& now)
    {
        memory_side& mine = this->state().mine();
        memory_side& peer = this->state().peer();
        if (mine.closed) {
            return asio::error::operation_aborted;
        }
        if (mine.arrived.empty()) {
            return peer.closed || peer.done ? std::error_code{asio::error::eof}
                                            : std::error_code{asio::error::operation_aborted};
        }
        now.storage.swap(mine.arrived);
        peer.wake_writer();
        std::string_view bytes{now.storage};
        while (!bytes.empty()) {
            const parsed found = this->state().framing.parse(bytes);
            assert(found.what == parsed::state::frame);
            now.frames().push_back(found.frame);
            bytes.remove_prefix(found.used);
        }
        return {};
    }
};

/// Hands over what is committed, waiting until the peer has received what was handed over before.
template <after_flush After, class Handler>
class memory_flush : public operation<memory_state, Handler> {
    using base = operation<memory_state, Handler>;

public:
    using base::base;

    void start()
    {
        const auto link = this->state().link;
        std::unique_lock lock{link->mutex};
        assert(!this->state().flushing);
        this->state().out.start();
        if (must_wait()) {
            this->state().flushing = true;
            wait();
            return;
        }
        const auto ec = hand_over();
        lock.unlock();
        this->finish_later(ec);
    }

    void operator()(std::error_code = {})
    {
        const auto link = this->state().link;
        std::unique_lock lock{link->mutex};
        const bool waiting = must_wait();
        if (waiting && !this->is_cancelled()) {
            wait();
            return;
        }
        const auto ec = waiting ? std::error_code{asio::error::operation_aborted} : hand_over();
        lock.unlock();
        this->state().flushing = false;
        this->finish(ec);
    }

private:
    bool must_wait() const
    {
        const memory_side& mine = this->state().mine();
        const memory_side& peer = this->state().peer();
        return !mine.closed && !mine.done && !peer.closed && !peer.arrived.empty() && !this->state().out.rest().empty();
    }

    void wait()
    {
        memory_side& mine = this->state().mine();
        mine.writable->async_wait(std::move(*this));
    }

    std::error_code hand_over()
    {
        memory_side& mine = this->state().mine();
        memory_side& peer = this->state().peer();
        if (mine.closed) {
            return asio::error::operation_aborted;
        }
        const bool has_bytes = !this->state().out.rest().empty();
        if (has_bytes && (peer.closed || mine.done)) {
            return asio::error::broken_pipe;
        }
        if (has_bytes) {
            peer.arrived = this->state().out.detach();
        }
        if constexpr (After == after_flush::end_of_sending) {
            mine.done = true;
        }
        peer.wake_reader();
        return {};
    }
};

} // namespace rejoinder::inline v0::detail

#endif
