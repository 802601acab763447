// A WebSocket of an Engine.IO session, whatever it runs over.
// Not behind the door: the web listener that it belongs to is not.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_LINK_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_LINK_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

class engine_io_link;

/// Who has the link.
class engine_io_link_owner {
public:
    /// Frames came, or an error and none; the owner asks for the next ones. If it throws, the link is closed, and this called with an error.
    virtual void on_frames(engine_io_link& by, std::error_code ec, frame_batch batch) = 0;
    virtual void on_written(engine_io_link& by, std::error_code ec) = 0;
    virtual void on_farewell(engine_io_link& by) = 0;

protected:
    ~engine_io_link_owner() = default;
};

/// It lives as long as something of it is under way.
class engine_io_link {
public:
    engine_io_link() = default;
    engine_io_link(const engine_io_link&) = delete;
    engine_io_link& operator=(const engine_io_link&) = delete;
    virtual ~engine_io_link() = default;

    virtual void belong(std::weak_ptr<engine_io_link_owner> to) = 0;
    virtual void read() = 0;
    virtual void put(const engine_io_packet& packet) = 0;
    virtual void write() = 0;
    [[nodiscard]] virtual std::size_t pending() const = 0;
    /// Writes what is there, says why, and waits for the peer's word; closes after a while, come what may.
    virtual void shut(close_reason why) = 0;
    virtual void close() noexcept = 0;
};

template <channel Channel>
class engine_io_websocket final : public engine_io_link,
                                  public std::enable_shared_from_this<engine_io_websocket<Channel>> {
public:
    engine_io_websocket(Channel channel, duration linger) : channel_(std::move(channel)), linger_(linger) {}

    void belong(std::weak_ptr<engine_io_link_owner> to) override { owner_ = std::move(to); }

    void read() override
    {
        if (std::exchange(reading_, true)) {
            return;
        }
        channel_.async_receive([self = this->shared_from_this()](std::error_code ec, frame_batch batch) {
            self->reading_ = false;
            self->have_read(ec, batch);
        });
    }

    void put(const engine_io_packet& packet) override
    {
        channel_.commit(append_engine_io_packet(channel_.begin(), packet)); // its owner has seen that it fits
    }

    void write() override
    {
        if (writing_ || closing_ || channel_.pending() == 0) {
            return;
        }
        writing_ = true;
        channel_.async_flush([self = this->shared_from_this()](std::error_code ec) { self->have_written(ec); });
    }

    [[nodiscard]] std::size_t pending() const override { return channel_.pending(); }

    void shut(close_reason why) override
    {
        if (std::exchange(closing_, true)) {
            return;
        }
        why_ = why;
        timer_.emplace(channel_.get_executor(), linger_);
        timer_->async_wait([self = this->shared_from_this()](std::error_code ec) {
            if (!ec) {
                self->channel_.close();
            }
        });
        if (!writing_) {
            say_farewell();
        }
        if (owner_.expired()) {
            read();
        }
    }

    void close() noexcept override
    {
        closing_ = true;
        timer_.reset();
        channel_.close();
    }

private:
    void have_read(std::error_code ec, frame_batch batch)
    {
        if (const auto owner = owner_.lock()) {
            const bool too_late = closing_ && ec == asio::error::operation_aborted;
            try {
                owner->on_frames(*this, too_late ? std::error_code{asio::error::timed_out} : ec, batch);
            } catch (...) { // out of memory: without its loop the link is of no use
                close();
                owner->on_frames(*this, std::make_error_code(std::errc::not_enough_memory), {});
                throw;
            }
        }
        const bool broken = ec == errc::bad_message || ec == errc::too_big; // our last words are on their way
        if (closing_ && ec && !broken) {
            timer_.reset();
            channel_.close();
        } else if (!ec && closing_ && owner_.expired()) {
            read(); // until the peer is done, so that our last words are not lost to a reset
        }
    }

    void have_written(std::error_code ec)
    {
        writing_ = false;
        if (closing_) {
            say_farewell();
        } else if (const auto owner = owner_.lock()) {
            owner->on_written(*this, ec);
        }
    }

    void say_farewell()
    {
        channel_.async_shutdown(why_, [self = this->shared_from_this()](std::error_code ec) {
            if (ec) {
                self->channel_.close();
            }
            if (const auto owner = self->owner_.lock()) {
                owner->on_farewell(*self);
            }
        });
    }

    Channel channel_;
    duration linger_;
    std::weak_ptr<engine_io_link_owner> owner_;
    std::optional<asio::steady_timer> timer_; // while it closes
    close_reason why_ = close_reason::normal;
    bool reading_ = false;
    bool writing_ = false;
    bool closing_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
