// How an Engine.IO channel receives and sends: it waits for its session, which does the rest.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_OPERATIONS_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_OPERATIONS_HPP

#include <rejoinder/channel/detail/flush_operation.hpp>
#include <rejoinder/channel/detail/operation.hpp>
#include <rejoinder/channel/detail/turn.hpp>
#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/core/close_reason.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include <cassert>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Receives what has come as a `Batch`, waiting for it if need be.
template <class Batch, class Handler>
class engine_io_receive : public operation<engine_io_pipe, Handler> {
    using base = operation<engine_io_pipe, Handler>;

public:
    using base::base;

    void start()
    {
        engine_io_pipe& pipe = this->state();
        assert(!pipe.receiving);
        pipe.receiving = true;
        if (pipe.must_wait_to_receive()) {
            pipe.readable->async_wait(std::move(*this));
            return;
        }
        const auto executor = this->get_executor();
        asio::post(executor, std::move(*this));
    }

    // A step, whatever woke it: what is there now decides.
    void operator()(std::error_code = {})
    {
        engine_io_pipe& pipe = this->state();
        if (pipe.must_wait_to_receive() && !this->is_cancelled()) {
            pipe.readable->async_wait(std::move(*this));
            return;
        }
        turn now;
        pipe.receiving = false;
        const auto ec = pipe.receive(now.storage, now.frames());
        this->finish(ec, Batch{now.frames()});
    }
};

/// Lets go what is committed, and waits until it has gone; and the farewell behind it, if nothing more follows.
template <after_flush After, class Handler>
class engine_io_flush : public operation<engine_io_pipe, Handler> {
    using base = operation<engine_io_pipe, Handler>;

public:
    engine_io_flush(std::shared_ptr<engine_io_pipe> pipe, Handler&& handler, close_reason reason)
        : base(std::move(pipe), std::move(handler)), reason_(reason)
    {}

    void start()
    {
        engine_io_pipe& pipe = this->state();
        assert(!pipe.flushing);
        pipe.release();
        if constexpr (After == after_flush::end_of_sending) {
            pipe.shut(reason_);
        }
        if (must_wait()) {
            pipe.flushing = true;
            pipe.writable->async_wait(std::move(*this));
            return;
        }
        this->finish_later(pipe.flushed());
    }

    void operator()(std::error_code = {})
    {
        engine_io_pipe& pipe = this->state();
        const bool waiting = must_wait();
        if (waiting && !this->is_cancelled()) {
            pipe.writable->async_wait(std::move(*this));
            return;
        }
        pipe.flushing = false;
        this->finish(waiting ? std::error_code{asio::error::operation_aborted} : pipe.flushed());
    }

private:
    bool must_wait() const
    {
        const engine_io_pipe& pipe = this->state();
        return pipe.must_wait_to_flush() || (After == after_flush::end_of_sending && pipe.must_wait_for_farewell());
    }

    close_reason reason_;
};

} // namespace rejoinder::inline v0::detail

#endif
