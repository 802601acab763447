// The two ways a stream channel receives: wait and read within a turn, or read into memory of its own.
#ifndef REJOINDER_CHANNEL_DETAIL_RECEIVE_OPERATION_HPP
#define REJOINDER_CHANNEL_DETAIL_RECEIVE_OPERATION_HPP

#include <rejoinder/channel/detail/operation.hpp>
#include <rejoinder/channel/detail/turn.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include <cassert>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Receives at least one frame from a `stream_state` as a `Batch`, none if there are news instead, or an error. The operation is its own handler for
/// each step.
template <class Batch, class State, class Handler>
class receive_operation : public operation<State, Handler> {
    using base = operation<State, Handler>;
    using stream_type = typename State::stream_type;

public:
    using base::base;

    /// The initiation.
    void start()
    {
        State& channel = this->state();
        assert(!channel.receiving);
        if (const auto why = reason_to_end(); why) {
            this->finish_later(why, Batch{});
            return;
        }
        channel.receiving = true;
        next_step();
    }

    /// The stream is readable.
    void operator()(std::error_code ec)
        requires(State::waits_until_ready)
    {
        if (const auto why = interrupted(ec); why) {
            end(why);
            return;
        }
        turn now;
        const auto count = read(now, ec);
        if (ec) {
            end(ec);
            return;
        }
        this->state().in.take(now, count);
        deliver(now);
    }

    /// The stream was read.
    void operator()(std::error_code ec, std::size_t count)
        requires(!State::waits_until_ready)
    {
        State& channel = this->state();
        if (ec) {
            channel.in.own_failed();
        }
        if (const auto why = interrupted(ec); why) {
            end(why);
            return;
        }
        turn now;
        channel.in.own_take(now, count);
        deliver(now);
    }

private:
    std::error_code reason_to_end() const
    {
        const State& channel = this->state();
        return channel.closed ? std::error_code{asio::error::operation_aborted} : channel.in.failure();
    }

    // A step that succeeded and was overtaken by `close` must not touch the stream any more.
    std::error_code interrupted(std::error_code ec) const
    {
        return this->state().closed ? std::error_code{asio::error::operation_aborted} : ec;
    }

    // No bytes and no error: it would have to wait after all.
    std::size_t read(turn& now, std::error_code& ec)
    {
        State& channel = this->state();
        const auto room = channel.in.room(now);
        const auto count = channel.stream.read_some(asio::buffer(room.data(), room.size()), ec);
        if (ec == asio::error::would_block || ec == asio::error::try_again || ec == asio::error::interrupted) {
            ec.clear();
            return 0;
        }
        return count;
    }

    void next_step()
    {
        State& channel = this->state();
        if constexpr (State::waits_until_ready) {
            channel.stream.async_wait(stream_type::wait_read, std::move(*this));
        } else {
            const auto room = channel.in.own_room();
            channel.stream.async_read_some(asio::buffer(room.data(), room.size()), std::move(*this));
        }
    }

    void deliver(turn& now)
    {
        if (!now.frames().empty()) {
            end({}, Batch{now.frames()});
            return;
        }
        if (const auto why = reason_to_end(); why) {
            end(why);
            return;
        }
        if (this->is_cancelled()) {
            end(asio::error::operation_aborted);
            return;
        }
        if (this->state().in.has_news()) {
            end({});
            return;
        }
        next_step();
    }

    void end(std::error_code ec, Batch frames = {})
    {
        this->state().receiving = false;
        this->finish(ec, frames);
    }
};

} // namespace rejoinder::inline v0::detail

#endif
