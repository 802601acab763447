// A client's Engine.IO session over a WebSocket.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_WEBSOCKET_SESSION_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_WEBSOCKET_SESSION_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/engine_io_client_session.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

template <channel Channel>
class engine_io_websocket_session final : public engine_io_client_session {
public:
    engine_io_websocket_session(Channel socket, const engine_io_terms& terms, const engine_io_pipe_bounds& bounds)
        : engine_io_client_session(socket.get_executor(), terms, bounds), socket_(std::move(socket))
    {}

    /// `rest`: what came behind the handshake.
    void start(frame_batch rest)
    {
        watch();
        have_read(rest);
    }

private:
    static constexpr std::size_t write_at_once = std::size_t{64} << 10; // bytes

    std::shared_ptr<engine_io_websocket_session> self()
    {
        return std::static_pointer_cast<engine_io_websocket_session>(shared_from_this());
    }

    void listen() override
    {
        if (std::exchange(reading_, true)) {
            return;
        }
        socket_.async_receive([self = self()](std::error_code ec, frame_batch batch) {
            self->reading_ = false;
            ec ? self->lost(ec) : self->have_read(batch);
        });
    }

    void have_read(frame_batch batch)
    {
        for (frame_view frame; !is_over() && batch.next(frame);) {
            count_received(frame.bytes.size());
            const auto packet = read_engine_io_packet(frame);
            if (!packet || !take(*packet)) {
                broken();
            }
        }
        took();
    }

    void lost(std::error_code ec)
    {
        end(ec, ec == errc::too_big       ? close_reason::too_big
                : ec == errc::bad_message ? close_reason::bad_messages
                                          : close_reason::silent);
    }

    void put(const engine_io_packet& packet)
    {
        socket_.commit(append_engine_io_packet(socket_.begin(), packet)); // the pipe has seen that it fits
    }

    void answer(const engine_io_packet& pong) override
    {
        put(pong);
        write();
    }

    void on_released() override { write(); }
    void on_shut(close_reason reason) override
    {
        why_ = reason;
        write();
    }

    void write()
    {
        if (writing_ || is_over()) {
            return;
        }
        for (; has_released() && socket_.pending() < write_at_once; pop()) {
            const auto frame = front();
            put({engine_io_type::message, frame.bytes, frame.form});
        }
        if (socket_.pending() == 0) {
            if (is_shut()) {
                say_farewell();
            }
            return;
        }
        writing_ = true;
        set_in_flight(socket_.pending());
        socket_.async_flush([self = self()](std::error_code ec) { self->have_written(ec); });
    }

    void have_written(std::error_code ec)
    {
        writing_ = false;
        if (is_over()) {
            drop(why_);
            return;
        }
        set_in_flight(0);
        if (ec) {
            lost(ec);
            return;
        }
        write();
        wake_writer();
    }

    void say_farewell()
    {
        writing_ = true;
        socket_.async_shutdown(why_, [self = self()](std::error_code ec) {
            self->writing_ = false;
            if (ec || self->is_over()) {
                self->socket_.close();
            }
            self->told();
        });
    }

    // Who broke the protocol is told so.
    void drop(close_reason why) override
    {
        const bool tells = why == close_reason::bad_messages || why == close_reason::too_big;
        if (!tells || is_closed()) {
            socket_.close();
            return;
        }
        why_ = why;
        if (!writing_) {
            say_farewell();
        }
    }

    Channel socket_;
    close_reason why_ = close_reason::normal;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
