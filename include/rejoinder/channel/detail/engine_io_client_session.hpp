// A client's Engine.IO session, whatever carries it: what the server says, and how long it may be silent.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_CLIENT_SESSION_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_CLIENT_SESSION_HPP

#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_heartbeat.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

class engine_io_client_session : public engine_io_pipe, public std::enable_shared_from_this<engine_io_client_session> {
protected:
    engine_io_client_session(const asio::any_io_executor& executor, const engine_io_terms& terms,
                             const engine_io_pipe_bounds& bounds)
        : engine_io_pipe(executor, bounds), heartbeat_(terms, clock::now()), timer_(executor)
    {}

    // What carries it

    virtual void listen() = 0; ///< goes on reading
    virtual void answer(const engine_io_packet& pong) = 0;
    /// The last thing that it hears.
    virtual void drop(close_reason why) = 0;

    [[nodiscard]] bool is_over() const noexcept { return over_; }

    void watch()
    {
        timer_.expires_at(heartbeat_.next_deadline());
        timer_.async_wait([weak = weak_from_this()](std::error_code ec) {
            const auto self = weak.lock();
            if (self != nullptr && !ec && !self->over_) {
                self->look_at_clock();
            }
        });
    }

    /// False: it breaks the protocol.
    bool take(const engine_io_packet& packet)
    {
        switch (packet.type) {
        case engine_io_type::message: came({packet.data, packet.form}); break;
        case engine_io_type::ping:
            heartbeat_.ping(clock::now());
            answer({engine_io_type::pong, packet.data});
            break;
        case engine_io_type::noop: break;
        case engine_io_type::close: end(asio::error::eof, close_reason::normal); break;
        default: return false;
        }
        return true;
    }

    /// After what one read brought: goes on, unless too much is not taken.
    void took()
    {
        if (over_) {
            return;
        }
        if (untaken() != 0) {
            wake_reader();
        }
        paused_ = untaken() > untaken_max;
        if (!paused_) {
            listen();
        }
    }

    void end(std::error_code why, close_reason reason)
    {
        if (std::exchange(over_, true)) {
            return;
        }
        const auto self = shared_from_this();
        timer_.cancel();
        ended(why);
        drop(reason);
    }

    void broken() { end(make_error_code(errc::bad_message), close_reason::bad_messages); }

private:
    using clock = std::chrono::steady_clock;

    static constexpr std::size_t untaken_max = std::size_t{64} << 10;

    void on_taken() override
    {
        if (std::exchange(paused_, false)) {
            heartbeat_.ping(clock::now()); // it could not be heard
            listen();
        }
    }
    void on_close() override { end(asio::error::operation_aborted, close_reason::silent); }

    void look_at_clock()
    {
        const auto now = clock::now();
        if (paused_) {
            heartbeat_.ping(now);
        } else if (heartbeat_.advance(now) == beat::dead) {
            end(asio::error::timed_out, close_reason::silent);
            return;
        }
        watch();
    }

    engine_io_client_heartbeat heartbeat_;
    asio::steady_timer timer_;
    bool paused_ = false;
    bool over_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
