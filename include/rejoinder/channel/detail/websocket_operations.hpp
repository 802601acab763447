// How a WebSocket channel receives and sends: as a stream does, with answers to control frames beside.
#ifndef REJOINDER_CHANNEL_DETAIL_WEBSOCKET_OPERATIONS_HPP
#define REJOINDER_CHANNEL_DETAIL_WEBSOCKET_OPERATIONS_HPP

#include <rejoinder/channel/detail/flush_operation.hpp>
#include <rejoinder/channel/detail/operation.hpp>
#include <rejoinder/channel/detail/receive_operation.hpp>
#include <rejoinder/channel/detail/turn.hpp>
#include <rejoinder/channel/recycled_memory.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/wire/websocket_close.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <cassert>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Writes the answers to control frames, on the executor of the operation that met those. It belongs to nobody who
/// waits for it: reading goes on meanwhile, or two peers that answer each other could wait for each other for ever.
template <class State, class Executor>
class answer_operation {
public:
    using executor_type = Executor;
    using allocator_type = recycled_allocator<void>;

    /// Begins, if there is something to answer and nothing else is being written: a flush calls this when it ends.
    static void start(const std::shared_ptr<State>& channel, const Executor& executor)
    {
        if (channel->closed || channel->flushing || !channel->out.has_answers()) {
            return;
        }
        channel->flushing = true;
        channel->answering = true;
        channel->out.start_answers();
        answer_operation{channel, executor}.next_step();
    }

    executor_type get_executor() const noexcept { return executor_; }
    allocator_type get_allocator() const noexcept { return {}; }

    void operator()(std::error_code ec, std::size_t count)
    {
        State& channel = *state_;
        channel.out.wrote(count);
        const bool is_over = ec || channel.closed; // whoever reads or writes next is told
        if (!is_over && channel.out.rest().empty() && channel.out.has_answers()) {
            channel.out.start_answers();
        }
        if (!is_over && !channel.out.rest().empty()) {
            next_step();
            return;
        }
        channel.flushing = false;
        channel.answering = false;
        channel.wake();
    }

private:
    answer_operation(std::shared_ptr<State> channel, const Executor& executor)
        : state_(std::move(channel)), executor_(executor)
    {}

    void next_step()
    {
        State& channel = *state_;
        const auto rest = channel.out.rest();
        channel.stream.async_write_some(asio::buffer(rest.data(), rest.size()), std::move(*this));
    }

    std::shared_ptr<State> state_;
    Executor executor_;
};

template <class State, class Executor>
void answer(const std::shared_ptr<State>& channel, const Executor& executor)
{
    answer_operation<State, Executor>::start(channel, executor);
}

/// Receives at least one message or an error. The peer's Close frame is answered before it is told as the end.
template <class Batch, class State, class Handler>
class websocket_receive : public operation<State, Handler> {
    using base = operation<State, Handler>;

public:
    using base::base;

    /// The initiation.
    void start() { go_on(); }

    /// A turn for bytes that are here already.
    void operator()()
    {
        State& channel = this->state();
        channel.receiving = false;
        if (channel.closed) {
            decide(asio::error::operation_aborted, Batch{});
            return;
        }
        turn now;
        channel.in.take_unread(now);
        decide({}, Batch{now.frames()});
    }

    /// The stream was read.
    void operator()(std::error_code ec, Batch frames) { decide(ec, frames); }

    /// What was being written is written, or will not be.
    void operator()(std::error_code) { decide(asio::error::eof, Batch{}); }

private:
    using read_operation = receive_operation<Batch, State, websocket_receive>;

    void go_on()
    {
        State& channel = this->state();
        if (!channel.in.has_unread() || channel.closed) {
            read_operation{this->shared_state(), std::move(*this)}.start();
            return;
        }
        assert(!channel.receiving);
        channel.receiving = true;
        const auto executor = this->get_executor();
        asio::post(executor, std::move(*this));
    }

    void decide(std::error_code ec, Batch frames)
    {
        State& channel = this->state();
        if (frames.size() == 0 && channel.in.is_closed()) {
            channel.out.answer_close(channel.in.close_code()); // not before what came before it has been seen
        }
        answer(this->shared_state(), this->get_executor());
        if (!ec && frames.size() == 0) {
            ec = channel.in.failure();
            if (!ec && this->is_cancelled()) {
                ec = asio::error::operation_aborted;
            }
            if (!ec) {
                go_on();
                return;
            }
        }
        if (ec == asio::error::eof && channel.in.is_closed()) {
            if (channel.flushing && !channel.closed && !this->is_cancelled()) {
                State::begin_closing(this->shared_state(), this->get_executor());
                channel.park(std::move(*this));
                return;
            }
            channel.end_closing();
        }
        if (ec == asio::error::operation_aborted && channel.is_late) {
            ec = asio::error::timed_out;
        }
        this->finish(ec, frames);
    }
};

/// Writes what is committed, after answers that are being written; then, if it is the last, says Close.
template <after_flush After, class State, class Handler>
class websocket_flush : public operation<State, Handler> {
    using base = operation<State, Handler>;

public:
    websocket_flush(std::shared_ptr<State> state, Handler&& handler, close_reason reason = close_reason::normal)
        : base(std::move(state), std::move(handler)), reason_(reason)
    {}

    /// The initiation.
    void start()
    {
        if (this->state().answering) {
            wait();
        } else {
            write();
        }
    }

    /// The answers are written, or what was to be written here is.
    void operator()(std::error_code ec)
    {
        State& channel = this->state();
        if (!std::exchange(is_waiting_, false)) {
            end(ec);
        } else if (channel.closed || this->is_cancelled()) {
            this->finish(std::error_code{asio::error::operation_aborted});
        } else {
            start();
        }
    }

private:
    using write_operation = flush_operation<after_flush::nothing, State, websocket_flush>;

    void wait()
    {
        is_waiting_ = true;
        this->state().park(std::move(*this));
    }

    void write()
    {
        State& channel = this->state();
        if constexpr (After == after_flush::end_of_sending) {
            channel.out.say_close(channel.last_words(reason_));
        }
        write_operation{this->shared_state(), std::move(*this)}.start();
    }

    void end(std::error_code ec)
    {
        State& channel = this->state();
        if constexpr (After == after_flush::end_of_sending) {
            if (!ec && channel.in.violation() != websocket_code::none) {
                channel.end_sending_half(); // nothing can be read any more, so nobody waits for the peer's last words
            } else if (!ec && !channel.in.is_closed()) {
                State::begin_closing(this->shared_state(), this->get_executor());
            }
        }
        answer(this->shared_state(), this->get_executor());
        if (!channel.answering) {
            channel.wake();
        }
        this->finish(ec);
    }

    close_reason reason_;
    bool is_waiting_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
