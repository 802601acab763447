// A WebSocket that an Engine.IO session may move to from polls: opened and probed, within a time.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_TRIAL_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_TRIAL_HPP

#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>
#include <rejoinder/wire/engine_io_upgrade.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Its session is told when it is ready, and when it has failed, before or after that.
template <class Layer>
class engine_io_trial : public std::enable_shared_from_this<engine_io_trial<Layer>> {
public:
    using link_type = typename Layer::channel_type;
    using receive_handler = std::function<void(std::error_code, frame_batch)>;

    engine_io_trial(asio::any_io_executor executor, std::function<void()> tell)
        : executor_(std::move(executor)), clock_(executor_), tell_(std::move(tell))
    {}

    void start(const basic_websocket_connector<Layer>& to, duration timeout)
    {
        upgrade_.emplace(clock::now(), timeout);
        clock_.expires_at(upgrade_->next_deadline());
        clock_.async_wait([self = this->shared_from_this()](std::error_code ec) {
            if (!ec) {
                self->fail();
            }
        });
        to.async_connect(executor_, asio::bind_cancellation_slot(stop_.slot(), [self = this->shared_from_this()](
                                                                                   std::error_code ec, link_type link) {
                             ec || !self->tell_ ? self->fail() : self->probe(std::move(link));
                         }));
    }

    /// The server has answered the probe: the session polls no more, and takes the WebSocket when no poll is under way.
    [[nodiscard]] bool is_ready() const noexcept { return answered_ && !writing_; }

    /// The session's WebSocket from here on, which says so first of all. A receive is under way on it, and `heard` is told what comes
    /// of that. Precondition: it is ready.
    link_type take(receive_handler heard)
    {
        clock_.cancel();
        tell_ = nullptr;
        heard_ = std::move(heard);
        static_cast<void>(upgrade_->paused());
        link_.commit(append_engine_io_packet(link_.begin(), {engine_io_type::upgrade}));
        return std::move(link_);
    }

    void drop()
    {
        tell_ = nullptr;
        answered_ = false;
        clock_.cancel();
        stop_.emit(asio::cancellation_type::terminal);
        link_ = {};
    }

private:
    using clock = std::chrono::steady_clock;

    void probe(link_type link)
    {
        link_ = std::move(link);
        link_.commit(append_engine_io_packet(link_.begin(), {engine_io_type::ping, engine_io_probe}));
        writing_ = true;
        link_.async_flush([self = this->shared_from_this()](std::error_code ec) {
            self->writing_ = false;
            ec ? self->fail() : self->tell();
        });
        link_.async_receive(
            [self = this->shared_from_this()](std::error_code ec, frame_batch batch) { self->probed(ec, batch); });
    }

    void probed(std::error_code ec, frame_batch batch)
    {
        frame_view frame;
        const auto packet = !ec && batch.next(frame) ? read_engine_io_packet(frame) : std::nullopt;
        answered_ = packet && upgrade_->receive(*packet) == upgrade_step::pause && !batch.next(frame);
        if (answered_) {
            watch();
            tell();
        } else {
            fail();
        }
    }

    // A server says nothing before it is told of the upgrade: until then this is here to see an end. Without it a session that waits for
    // its last poll would not miss its WebSocket before the time is over.
    void watch()
    {
        link_.async_receive([self = this->shared_from_this()](std::error_code ec, frame_batch batch) {
            if (const auto heard = std::exchange(self->heard_, nullptr)) {
                heard(ec, batch);
            } else {
                self->fail();
            }
        });
    }

    void tell()
    {
        if (is_ready() && tell_) {
            const auto told = tell_; // which may take the link or drop this
            told();
        }
    }

    void fail()
    {
        if (const auto told = std::exchange(tell_, nullptr)) {
            drop();
            told();
        }
    }

    asio::any_io_executor executor_;
    asio::steady_timer clock_;
    receive_handler heard_{};    // of the session that has taken it
    std::function<void()> tell_; // none once its session has no more use for it
    asio::cancellation_signal stop_;
    std::optional<engine_io_client_upgrade> upgrade_;
    link_type link_{};
    bool writing_ = false;
    bool answered_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
