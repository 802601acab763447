// How a namespace's channel receives and sends: it waits for its line, which the transport serves.
#ifndef REJOINDER_CHANNEL_DETAIL_SOCKET_IO_OPERATIONS_HPP
#define REJOINDER_CHANNEL_DETAIL_SOCKET_IO_OPERATIONS_HPP

#include <rejoinder/channel/detail/flush_operation.hpp>
#include <rejoinder/channel/detail/operation.hpp>
#include <rejoinder/channel/detail/socket_io_line.hpp>
#include <rejoinder/channel/detail/turn.hpp>
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
class socket_io_receive : public operation<socket_io_line, Handler> {
    using base = operation<socket_io_line, Handler>;

public:
    using base::base;

    void start()
    {
        socket_io_line& line = this->state();
        assert(!line.receiving);
        line.receiving = true;
        if (line.must_wait_to_receive()) {
            line.readable->async_wait(std::move(*this));
            return;
        }
        const auto executor = this->get_executor();
        asio::post(executor, std::move(*this));
    }

    // A step, whatever woke it: what is there now decides.
    void operator()(std::error_code = {})
    {
        socket_io_line& line = this->state();
        if (line.must_wait_to_receive() && !this->is_cancelled()) {
            line.readable->async_wait(std::move(*this));
            return;
        }
        turn now;
        line.receiving = false;
        const auto ec = line.receive(now.storage, now.frames());
        this->finish(ec, Batch{now.frames()});
    }
};

/// Lets go what is committed, and waits until it has gone; then says that nothing more follows, if so.
template <after_flush After, class Handler>
class socket_io_flush : public operation<socket_io_line, Handler> {
    using base = operation<socket_io_line, Handler>;

public:
    socket_io_flush(std::shared_ptr<socket_io_line> line, Handler&& handler, close_reason reason)
        : base(std::move(line), std::move(handler)), reason_(reason)
    {}

    void start()
    {
        socket_io_line& line = this->state();
        assert(!line.flushing);
        line.release();
        if (line.must_wait_to_flush()) {
            line.flushing = true;
            line.writable->async_wait(std::move(*this));
            return;
        }
        this->finish_later(end());
    }

    void operator()(std::error_code = {})
    {
        socket_io_line& line = this->state();
        const bool waiting = line.must_wait_to_flush();
        if (waiting && !this->is_cancelled()) {
            line.writable->async_wait(std::move(*this));
            return;
        }
        line.flushing = false;
        this->finish(waiting ? std::error_code{asio::error::operation_aborted} : end());
    }

private:
    std::error_code end()
    {
        const auto ec = this->state().flush_error();
        if constexpr (After == after_flush::end_of_sending) {
            if (!ec) {
                this->state().shut(reason_);
            }
        }
        return ec;
    }

    close_reason reason_;
};

} // namespace rejoinder::inline v0::detail

#endif
