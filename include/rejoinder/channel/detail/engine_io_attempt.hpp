// One attempt to open an Engine.IO session over a WebSocket: the WebSocket, then the server's first packet.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_ATTEMPT_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_ATTEMPT_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/detail/engine_io_websocket_session.hpp>
#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Each step holds it; cancelling ends it at once, whatever step is under way.
template <class Layer>
class engine_io_attempt : public std::enable_shared_from_this<engine_io_attempt<Layer>> {
public:
    using socket_type = typename Layer::channel_type;

    engine_io_attempt(const asio::any_io_executor& executor, duration patience, const engine_io_pipe_bounds& bounds)
        : executor_(executor), clock_(executor), patience_(patience), bounds_(bounds)
    {}

    template <class Handler>
    void start(const basic_websocket_connector<Layer>& by, Handler&& handler)
    {
        done_ = completion<void(std::error_code, engine_io_channel)>{std::forward<Handler>(handler), executor_};
        if (auto slot = done_.slot(); slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (const auto self = weak.lock(); self != nullptr && self->done_) {
                    self->stop();
                    self->done_.post(asio::error::operation_aborted, engine_io_channel{});
                }
            });
        }
        by.async_connect(executor_, opened{this->shared_from_this()});
    }

private:
    // A handler with the slot by which the look-up, the connection and the handshake are cancelled.
    struct opened {
        using cancellation_slot_type = asio::cancellation_slot;
        std::shared_ptr<engine_io_attempt> attempt;

        [[nodiscard]] asio::cancellation_slot get_cancellation_slot() const noexcept { return attempt->stop_.slot(); }
        void operator()(std::error_code ec, socket_type socket) const { attempt->have_opened(ec, std::move(socket)); }
    };

    void have_opened(std::error_code ec, socket_type socket)
    {
        if (!done_) {
            return;
        }
        if (ec) {
            fail(ec);
            return;
        }
        socket_ = std::move(socket);
        clock_.expires_at(later(std::chrono::steady_clock::now(), patience_));
        clock_.async_wait([weak = this->weak_from_this()](std::error_code late) {
            if (const auto self = weak.lock(); self != nullptr && !late && self->done_) {
                self->fail(make_error_code(errc::handshake_timed_out));
            }
        });
        socket_.async_receive([self = this->shared_from_this()](std::error_code wrong, frame_batch batch) {
            if (self->done_) {
                wrong ? self->fail(wrong) : self->greeted(batch);
            }
        });
    }

    void greeted(frame_batch batch)
    {
        frame_view first;
        batch.next(first);
        const auto packet = read_engine_io_packet(first);
        engine_io_handshake greeting;
        if (!packet || packet->type != engine_io_type::open || !read_engine_io_handshake(packet->data, greeting)) {
            fail(make_error_code(errc::bad_message));
            return;
        }
        clock_.cancel();
        bounds_.message_max = std::min(bounds_.message_max, greeting.terms.max_payload) - 1;
        const auto session =
            std::make_shared<engine_io_websocket_session<socket_type>>(std::move(socket_), greeting.terms, bounds_);
        engine_io_channel made{session};
        session->start(batch);
        done_.complete({}, std::move(made));
    }

    void fail(std::error_code ec)
    {
        stop();
        done_.complete(ec, engine_io_channel{});
    }

    void stop()
    {
        clock_.cancel();
        stop_.emit(asio::cancellation_type::terminal);
        socket_ = socket_type{};
    }

    asio::any_io_executor executor_;
    asio::steady_timer clock_;
    duration patience_;
    engine_io_pipe_bounds bounds_;
    asio::cancellation_signal stop_;
    socket_type socket_;
    completion<void(std::error_code, engine_io_channel)> done_{};
};

} // namespace rejoinder::inline v0::detail

#endif
