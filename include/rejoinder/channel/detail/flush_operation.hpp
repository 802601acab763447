// How a stream channel sends: one gathered write of all that is committed, then, if it is the last, the end of sending.
#ifndef REJOINDER_CHANNEL_DETAIL_FLUSH_OPERATION_HPP
#define REJOINDER_CHANNEL_DETAIL_FLUSH_OPERATION_HPP

#include <rejoinder/channel/detail/operation.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What follows a flush.
enum class after_flush : std::uint8_t { nothing, end_of_sending };

/// Writes what a `stream_state` has committed. The operation is its own handler for each step.
template <after_flush After, class State, class Handler>
class flush_operation : public operation<State, Handler> {
    using base = operation<State, Handler>;

public:
    using base::base;

    /// The initiation.
    void start()
    {
        State& channel = this->state();
        assert(!channel.flushing);
        if (channel.closed) {
            this->finish_later(std::error_code{asio::error::operation_aborted});
            return;
        }
        channel.out.start();
        if (channel.out.rest().empty()) {
            end_in_initiation();
            return;
        }
        channel.flushing = true;
        next_step();
    }

    /// Some bytes were written.
    void operator()(std::error_code ec, std::size_t count)
    {
        State& channel = this->state();
        channel.out.wrote(count);
        if (!ec && channel.closed) {
            ec = asio::error::operation_aborted;
        }
        if (!ec && !channel.out.rest().empty()) {
            if (!this->is_cancelled()) {
                next_step();
                return;
            }
            ec = asio::error::operation_aborted;
        }
        end_flush(ec);
    }

    /// The closing handshake of the stream itself is over.
    void operator()(std::error_code ec) { end(ec); }

private:
    static constexpr bool has_handshake = requires(typename State::stream_type& stream, flush_operation&& self) {
        stream.async_shutdown(std::move(self));
    };

    void next_step()
    {
        State& channel = this->state();
        const auto rest = channel.out.rest();
        channel.stream.async_write_some(asio::buffer(rest.data(), rest.size()), std::move(*this));
    }

    void end_in_initiation()
    {
        if constexpr (After == after_flush::nothing) {
            this->finish_later(std::error_code{});
        } else if constexpr (has_handshake) {
            this->state().flushing = true;
            shake_hands();
        } else {
            this->finish_later(this->state().end_sending());
        }
    }

    void end_flush(std::error_code ec)
    {
        if constexpr (After == after_flush::end_of_sending) {
            if (!ec) {
                if constexpr (has_handshake) {
                    shake_hands();
                    return;
                } else {
                    ec = this->state().end_sending();
                }
            }
        }
        end(ec);
    }

    void shake_hands() { this->state().stream.async_shutdown(std::move(*this)); }

    void end(std::error_code ec)
    {
        this->state().flushing = false;
        this->finish(ec);
    }
};

} // namespace rejoinder::inline v0::detail

#endif
