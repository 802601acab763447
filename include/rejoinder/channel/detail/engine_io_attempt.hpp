// One attempt to open an Engine.IO session: by a WebSocket or a poll, up to the server's handshake, against cancellation and a clock.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_ATTEMPT_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_ATTEMPT_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/detail/engine_io_client.hpp>
#include <rejoinder/channel/detail/engine_io_route.hpp>
#include <rejoinder/channel/detail/http_caller.hpp>
#include <rejoinder/channel/detail/websocket_attempt.hpp>
#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>
#include <rejoinder/wire/engine_io_payload.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What the answer to an opening request that is refused says of the next attempt.
inline errc kind_of_refusal(const http_response& answer)
{
    switch (read_engine_io_error(answer.body).value_or(engine_io_error::bad_request)) {
    case engine_io_error::unsupported_version:
    case engine_io_error::unknown_transport: return errc::incompatible;
    case engine_io_error::forbidden: return errc::auth_refused;
    default: return kind_of_status(answer.status);
    }
}

/// Its clock and its steps hold it; cancelling ends it at once, whatever step is under way.
template <class Layer>
class engine_io_attempt : public std::enable_shared_from_this<engine_io_attempt<Layer>> {
public:
    using route_type = std::shared_ptr<const engine_io_route<Layer>>;

    engine_io_attempt(const asio::any_io_executor& executor, route_type route,
                      std::shared_ptr<std::optional<duration>> retry_after)
        : executor_(executor), clock_(executor), route_(std::move(route)), retry_after_(std::move(retry_after))
    {}

    template <class Handler>
    void start(Handler&& handler)
    {
        done_ = completion<void(std::error_code, engine_io_channel)>{std::forward<Handler>(handler), executor_};
        if (auto slot = done_.slot(); slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (const auto self = weak.lock(); self != nullptr && self->done_) {
                    self->close();
                    self->done_.post(asio::error::operation_aborted, engine_io_channel{});
                }
            });
        }
        retry_after_->reset();
        clock_.expires_at(later(std::chrono::steady_clock::now(), route_->options.open_timeout));
        clock_.async_wait([self = this->shared_from_this()](std::error_code ec) { // by which a poll's attempt is kept
            if (!ec) {
                self->fail(make_error_code(errc::handshake_timed_out));
            }
        });
        route_->options.approach == engine_io_approach::websocket ? dial() : ask();
    }

private:
    using link_type = typename Layer::channel_type;

    // By a WebSocket

    void dial()
    {
        dialled_.emplace(route_->websocket_to({}));
        dialled_->async_connect(
            executor_, asio::bind_cancellation_slot(
                           stop_.slot(), [self = this->shared_from_this()](std::error_code ec, link_type link) {
                               if (!self->done_) {
                                   return;
                               }
                               if (ec) {
                                   *self->retry_after_ = self->dialled_->retry_after();
                                   self->fail(ec);
                                   return;
                               }
                               self->link_ = std::move(link);
                               self->link_.async_receive(
                                   [self](std::error_code error, frame_batch batch) { self->greeted(error, batch); });
                           }));
    }

    void greeted(std::error_code ec, frame_batch batch)
    {
        frame_view frame;
        if (ec || !done_ || !batch.next(frame)) {
            fail(ec ? ec : make_error_code(errc::bad_message));
            return;
        }
        if (const auto packet = read_engine_io_packet(frame); !packet || !is_handshake(*packet)) {
            fail(make_error_code(errc::bad_message));
            return;
        }
        const auto session = std::make_shared<engine_io_client<Layer>>(executor_, route_, agreed_);
        session->begin(std::move(link_), batch);
        finish(session);
    }

    // By a poll

    void ask()
    {
        caller_ = route_->caller(executor_);
        caller_->ask(route_->get({}), [weak = this->weak_from_this()](std::error_code ec, const http_response& answer) {
            if (const auto self = weak.lock()) {
                self->answered(ec, answer);
            }
        });
    }

    void answered(std::error_code ec, const http_response& answer)
    {
        if (!ec && route_->options.web.on_answer) {
            route_->options.web.on_answer(answer);
        }
        if (ec || !done_) {
            fail(ec);
            return;
        }
        if (answer.status != 200) {
            *retry_after_ = retry_after_of(answer);
            fail(make_error_code(kind_of_refusal(answer)));
            return;
        }
        engine_io_payload_reader reader{answer.body};
        engine_io_packet packet;
        if (reader.next(packet) != engine_io_payload_reader::step::packet || !is_handshake(packet)) {
            fail(make_error_code(errc::bad_message));
            return;
        }
        const auto session = std::make_shared<engine_io_client<Layer>>(executor_, route_, agreed_);
        session->begin(std::move(caller_), reader, agreed_.upgrades);
        finish(session);
    }

    // Both

    bool is_handshake(const engine_io_packet& packet)
    {
        return packet.type == engine_io_type::open && packet.form == encoding::text &&
               read_engine_io_handshake(packet.data, agreed_);
    }

    void finish(std::shared_ptr<engine_io_pipe> session)
    {
        clock_.cancel();
        done_.complete({}, engine_io_channel{std::move(session)});
    }

    void fail(std::error_code ec)
    {
        if (done_) {
            close();
            done_.complete(ec, engine_io_channel{});
        }
    }

    void close()
    {
        clock_.cancel();
        stop_.emit(asio::cancellation_type::terminal);
        link_ = {};
        if (caller_ != nullptr) {
            caller_->close();
        }
    }

    asio::any_io_executor executor_;
    asio::steady_timer clock_;
    route_type route_;
    std::shared_ptr<std::optional<duration>> retry_after_; // its connector's
    asio::cancellation_signal stop_;
    std::optional<basic_websocket_connector<Layer>> dialled_;
    link_type link_{};
    std::shared_ptr<http_caller<Layer>> caller_;
    engine_io_handshake agreed_;
    completion<void(std::error_code, engine_io_channel)> done_{};
};

} // namespace rejoinder::inline v0::detail

#endif
