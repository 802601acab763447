// What a WebSocket channel and its operations share.
#ifndef REJOINDER_CHANNEL_DETAIL_WEBSOCKET_STATE_HPP
#define REJOINDER_CHANNEL_DETAIL_WEBSOCKET_STATE_HPP

#include <rejoinder/channel/detail/stream_state.hpp>
#include <rejoinder/channel/detail/websocket_inbound.hpp>
#include <rejoinder/channel/detail/websocket_outbound.hpp>
#include <rejoinder/channel/websocket_options.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/bind_executor.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

template <class Stream, class Compression, reading How>
struct websocket_state : stream_state<Stream, websocket_inbound<Compression>, websocket_outbound<Compression>, How> {
    using inbound_type = websocket_inbound<Compression>;
    using outbound_type = websocket_outbound<Compression>;
    using base = stream_state<Stream, inbound_type, outbound_type, How>;

    duration close_timeout;
    bool answering = false; // an answer to a control frame is being written, by nobody's flush
    bool is_late = false;   // the closing handshake took too long

    websocket_state(Stream&& connected, websocket_role own, const websocket_options& options,
                    std::string_view already_read)
        : base(std::move(connected), inbound_type{own, options, already_read}, outbound_type{own, options}),
          close_timeout(options.close_timeout)
    {
        this->in.answer_through(this->out);
    }

    void close() noexcept
    {
        base::close();
        end_closing();
        wake();
    }

    /// Tells the peer that no more will come, if the stream can do that without being closed.
    void end_sending_half() noexcept
    {
        if constexpr (requires(std::error_code& ec) { this->stream.shutdown(Stream::shutdown_send, ec); }) {
            static_cast<void>(this->end_sending());
        }
    }

    /// Parks an operation until a write of answers is over or the channel is closed; or for nothing: it has to look.
    template <class Operation>
    void park(Operation&& parked)
    {
        if (!gate_) {
            gate_ = std::make_unique<asio::steady_timer>(this->executor(), asio::steady_timer::time_point::max());
        }
        gate_->async_wait(std::forward<Operation>(parked));
    }

    void wake() noexcept
    {
        if (gate_) {
            gate_->cancel();
        }
    }

    /// The Close frame for `reason`. What the peer did wrong says more than the reason can.
    websocket_close last_words(close_reason reason) const noexcept
    {
        const auto violation = this->in.violation();
        return violation == websocket_code::none ? websocket_close{.code = code_of(reason), .text = name_of(reason)}
                                                 : websocket_close{.code = static_cast<std::uint16_t>(violation)};
    }

    /// From now on the peer has so long to finish the closing handshake. `executor` is where this state is used.
    template <class Executor>
    static void begin_closing(const std::shared_ptr<websocket_state>& self, const Executor& executor)
    {
        if (self->closed || self->closing_) {
            return;
        }
        self->closing_ = std::make_unique<asio::steady_timer>(self->executor(), self->close_timeout);
        self->closing_->async_wait(asio::bind_executor(executor, [watched = std::weak_ptr{self}](std::error_code ec) {
            const auto here = watched.lock();
            if (!ec && here != nullptr && !here->closed) {
                here->is_late = true;
                here->close();
            }
        }));
    }

    /// The closing handshake is over.
    void end_closing() noexcept
    {
        if (closing_) {
            closing_->cancel();
        }
    }

private:
    // Made when they are needed: most connections never wait for either.
    std::unique_ptr<asio::steady_timer> gate_{};
    std::unique_ptr<asio::steady_timer> closing_{};
};

} // namespace rejoinder::inline v0::detail

#endif
