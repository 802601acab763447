// Sends every message of a channel back, unchanged, until the channel ends.
#ifndef REJOINDER_TESTS_INTEROP_SUPPORT_WEBSOCKET_ECHO_HPP
#define REJOINDER_TESTS_INTEROP_SUPPORT_WEBSOCKET_ECHO_HPP

#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/wire/websocket_deflate.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace interop {

/// One channel's echo. It lives until the channel has ended, then says how.
template <class Stream>
class echo : public std::enable_shared_from_this<echo<Stream>> {
public:
    using channel_type = rejoinder::websocket<Stream, rejoinder::permessage_deflate>;
    /// Gets why receiving ended, and the code of the peer's Close frame.
    using ending = std::function<void(std::error_code, unsigned)>;

    echo(channel_type channel, ending told)
        : channel_(std::move(channel)), told_(std::move(told)), timer_(channel_.get_executor())
    {}

    void start() { receive(); }

private:
    static constexpr std::size_t enough = std::size_t{1} << 20; // bytes waiting to be read by the peer

    void receive()
    {
        receiving_ = true;
        channel_.async_receive([self = this->shared_from_this()](std::error_code ec, rejoinder::frame_batch batch) {
            self->receiving_ = false;
            self->take(ec, batch);
        });
    }

    void take(std::error_code ec, rejoinder::frame_batch batch)
    {
        if (ec) {
            ended_ = ec;
            end();
            return;
        }
        for (rejoinder::frame_view frame; batch.next(frame);) {
            channel_.begin().append(frame.bytes);
            channel_.commit(frame.form);
        }
        flush();
        if (channel_.pending() < enough) {
            receive();
        }
    }

    void flush()
    {
        if (flushing_ || channel_.pending() == 0) {
            return;
        }
        flushing_ = true;
        channel_.async_flush([self = this->shared_from_this()](std::error_code ec) {
            self->flushing_ = false;
            if (self->ended_) {
                self->end();
                return;
            }
            if (!ec) {
                self->flush();
            }
            if (!self->receiving_) {
                self->receive();
            }
        });
    }

    // A peer that broke the protocol is told so; the others have heard it.
    void end()
    {
        if (flushing_) {
            return;
        }
        if (ended_ != rejoinder::errc::bad_message && ended_ != rejoinder::errc::too_big) {
            over();
            return;
        }
        timer_.expires_after(std::chrono::seconds{1});
        timer_.async_wait([self = this->shared_from_this()](std::error_code ec) {
            if (!ec) {
                self->channel_.close();
            }
        });
        channel_.async_shutdown(rejoinder::close_reason::bad_messages,
                                [self = this->shared_from_this()](std::error_code) { self->drain(); });
    }

    // What is still on its way is read and thrown away: a reset because of it could overtake the Close frame.
    void drain()
    {
        channel_.next_layer().async_read_some(asio::buffer(*rubbish_),
                                              [self = this->shared_from_this()](std::error_code ec, std::size_t) {
                                                  if (ec) {
                                                      self->over();
                                                  } else {
                                                      self->drain();
                                                  }
                                              });
    }

    void over()
    {
        timer_.cancel();
        const auto code = channel_.close_code();
        channel_.close();
        if (auto told = std::exchange(told_, {})) {
            told(ended_, code);
        }
    }

    channel_type channel_;
    ending told_;
    asio::steady_timer timer_;
    std::error_code ended_{};
    bool receiving_ = false;
    bool flushing_ = false;
    std::unique_ptr<std::array<char, 65536>> rubbish_ = std::make_unique<std::array<char, 65536>>();
};

} // namespace interop

#endif
