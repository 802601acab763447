// One Engine.IO session at its client: what comes and goes by polls or a WebSocket, the move from the one to the other, and its time.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_CLIENT_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_CLIENT_HPP

#include <rejoinder/channel/detail/engine_io_route.hpp>
#include <rejoinder/channel/detail/engine_io_silence.hpp>
#include <rejoinder/channel/detail/engine_io_trial.hpp>
#include <rejoinder/channel/detail/http_caller.hpp>
#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_heartbeat.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>
#include <rejoinder/wire/engine_io_payload.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

template <class Layer>
class engine_io_client final : public engine_io_pipe, public std::enable_shared_from_this<engine_io_client<Layer>> {
public:
    using link_type = typename Layer::channel_type;
    using route_type = std::shared_ptr<const engine_io_route<Layer>>;

    engine_io_client(const asio::any_io_executor& executor, route_type route, const engine_io_handshake& agreed)
        : engine_io_pipe(executor, bounds_of(route->options, agreed)), route_(std::move(route)), sid_(agreed.sid),
          payload_max_(agreed.terms.max_payload), heartbeat_(agreed.terms, clock::now()),
          silence_(route_->options.probe_after), clock_(executor)
    {}

    // Its beginning: the handshake has come, and `rest` with it.

    void begin(link_type link, frame_batch rest)
    {
        link_ = std::move(link);
        is_linked_ = true;
        arm();
        take(rest);
    }
    void begin(std::shared_ptr<http_caller<Layer>> getter, engine_io_payload_reader& rest, engine_io_upgrades offered)
    {
        set_polls(true);
        getter_ = std::move(getter);
        poster_ = route_->caller(executor());
        if (!take(rest)) {
            fail(make_error_code(errc::bad_message));
            return;
        }
        arm();
        poll();
        if (route_->options.approach == engine_io_approach::upgrade && offered == engine_io_upgrades::websocket) {
            try_websocket();
        }
    }

private:
    using clock = std::chrono::steady_clock;

    static constexpr std::size_t untaken_max = std::size_t{64} << 10;   // above, no more is read
    static constexpr std::size_t write_at_once = std::size_t{64} << 10; // bytes that a WebSocket is given for one write

    // In a poll binary data is base64, with two bytes around it.
    static engine_io_pipe_bounds bounds_of(const engine_io_connector_options& options,
                                           const engine_io_handshake& agreed)
    {
        const auto most = std::max<std::size_t>(agreed.terms.max_payload, 8);
        const auto longest = options.approach == engine_io_approach::websocket
                                 ? std::min(most, options.web.channel.message_max) - 1
                                 : (most - 2) / 4 * 3;
        return {longest, options.queued_bytes_max, options.queued_messages_max};
    }

    // Calls `next(self, ...)` if there is somebody to call.
    template <class Next>
    auto weakly(Next next)
    {
        return [weak = this->weak_from_this(), next](std::error_code ec, const auto&... more) {
            if (const auto self = weak.lock(); self != nullptr && !self->over_) {
                next(*self, ec, more...);
            }
        };
    }

    // What the channel does

    void on_taken() override
    {
        if (!std::exchange(paused_, false) || over_) {
            return;
        }
        is_linked_ ? read() : poll();
    }
    void on_released() override { feed(); }
    void on_shut(close_reason reason) override
    {
        why_ = reason;
        stay();
        feed();
    }
    void on_close() override
    {
        over_ = true;
        let_go();
        link_ = {};
    }

    void feed() { is_linked_ ? feed_link() : feed_post(); }

    // What comes

    // False: it breaks the protocol.
    bool take(engine_io_payload_reader& from)
    {
        engine_io_packet packet;
        while (!over_) {
            switch (from.next(packet)) {
            case engine_io_payload_reader::step::end: return true;
            case engine_io_payload_reader::step::bad: return false;
            case engine_io_payload_reader::step::packet:
                if (!take(packet)) {
                    return false;
                }
            }
        }
        return true;
    }

    void take(frame_batch batch)
    {
        for (frame_view frame; !over_ && batch.next(frame);) {
            count_received(frame.bytes.size());
            const auto packet = read_engine_io_packet(frame);
            if (!packet || !take(*packet)) {
                fail(make_error_code(errc::bad_message));
            }
        }
        if (over_) {
            return;
        }
        hand_over();
        if (!paused_) {
            read();
        }
    }

    bool take(const engine_io_packet& packet)
    {
        switch (packet.type) {
        case engine_io_type::message: came({packet.data, packet.form}); break;
        case engine_io_type::ping:
            heartbeat_.ping(clock::now());
            arm();
            pong_.emplace(packet.data);
            feed();
            break;
        case engine_io_type::noop: break;
        case engine_io_type::close: end(asio::error::eof); break;
        default: return false; // a server says none of the others, but in the handshake and the upgrade
        }
        return true;
    }

    void hand_over()
    {
        if (untaken() != 0) {
            wake_reader();
        }
        paused_ = untaken() > untaken_max;
    }

    // By polls

    void poll()
    {
        if (over_ || is_linked_ || polling_ || paused_ || is_moving()) {
            return;
        }
        polling_ = true;
        getter_->ask(route_->get(sid_),
                     weakly([](engine_io_client& self, std::error_code ec, const http_response& answer) {
                         self.polling_ = false;
                         self.polled(ec, answer);
                     }));
    }

    void polled(std::error_code ec, const http_response& answer)
    {
        const auto self = this->shared_from_this();
        if (!is_fine(ec, answer)) {
            return;
        }
        count_received(answer.body.size());
        engine_io_payload_reader reader{answer.body};
        if (!take(reader)) {
            fail(make_error_code(errc::bad_message));
        }
        if (over_) {
            return;
        }
        hand_over();
        move();
        poll();
    }

    void feed_post()
    {
        if (over_ || posting_ || is_moving() || said_) {
            return;
        }
        std::string body;
        if (pong_) {
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::pong, *pong_}));
            pong_.reset();
        }
        while (has_released() && fits(body)) {
            const auto frame = front();
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::message, frame.bytes, frame.form}));
            pop();
        }
        if (is_shut() && !has_released()) {
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::close}));
            said_ = true;
        }
        if (body.empty()) {
            return;
        }
        set_in_flight(body.size());
        posting_ = true;
        poster_->ask(route_->post(sid_, body),
                     weakly([](engine_io_client& self, std::error_code ec, const http_response& answer) {
                         self.posting_ = false;
                         self.posted(ec, answer);
                     }));
    }

    [[nodiscard]] bool fits(const std::string& body) const
    {
        const auto frame = front();
        return body.empty() ||
               body.size() + engine_io_payload_length({engine_io_type::message, frame.bytes, frame.form}) <=
                   payload_max_;
    }

    void posted(std::error_code ec, const http_response& answer)
    {
        const auto self = this->shared_from_this();
        if (!is_fine(ec, answer)) {
            return;
        }
        set_in_flight(0);
        if (said_) {
            told();
            end(asio::error::eof);
            return;
        }
        move();
        feed();
        wake_writer();
    }

    // A server that has lost the session answers with an error: a new one is all that helps.
    bool is_fine(std::error_code ec, const http_response& answer)
    {
        if (ec || answer.status != 200) {
            ec == errc::bad_message ? fail(ec) : end(ec ? ec : asio::error::connection_reset);
            return false;
        }
        return true;
    }

    // By a WebSocket

    void read()
    {
        if (std::exchange(reading_, true)) {
            return;
        }
        link_.async_receive(std::bind_front(&engine_io_client::heard, this->shared_from_this()));
    }

    void heard(std::error_code ec, frame_batch batch)
    {
        reading_ = false;
        if (!ec && !over_) {
            take(batch);
        } else if (!over_) {
            ec == errc::bad_message || ec == errc::too_big ? fail(ec) : end(ec);
        }
    }

    void feed_link()
    {
        if (over_ || writing_ || said_) {
            return;
        }
        if (pong_) {
            link_.commit(append_engine_io_packet(link_.begin(), {engine_io_type::pong, *pong_}));
            pong_.reset();
        }
        for (; has_released() && link_.pending() < write_at_once; pop()) {
            const auto frame = front();
            link_.commit(append_engine_io_packet(link_.begin(), {engine_io_type::message, frame.bytes, frame.form}));
        }
        set_in_flight(link_.pending());
        if (in_flight() != 0) {
            flush();
        } else if (is_shut()) {
            said_ = true;
            link_.async_shutdown(why_, [self = this->shared_from_this()](std::error_code) {
                if (!self->over_) {
                    self->told();
                }
            });
        }
    }

    void flush()
    {
        writing_ = true;
        link_.async_flush([self = this->shared_from_this()](std::error_code ec) { self->written(ec); });
        if (silence_.sent(link_.received(), clock::now())) {
            arm();
        }
    }

    void written(std::error_code ec)
    {
        writing_ = false;
        if (over_) {
            return;
        }
        if (ec) {
            end(ec);
            return;
        }
        set_in_flight(0);
        feed_link();
        wake_writer();
    }

    // From the one to the other

    void try_websocket()
    {
        trial_ = std::make_shared<engine_io_trial<Layer>>(executor(), [weak = this->weak_from_this()] {
            if (const auto self = weak.lock(); self != nullptr && !self->over_) {
                self->trial_->is_ready() ? self->move() : self->stay();
            }
        });
        trial_->start(route_->websocket_to(sid_), route_->options.upgrade_timeout);
    }

    // From when the WebSocket is ready no more is asked by polls, so that nothing is overtaken.
    [[nodiscard]] bool is_moving() const noexcept { return trial_ != nullptr && trial_->is_ready(); }

    void move()
    {
        if (over_ || !is_moving() || polling_ || posting_) {
            return;
        }
        link_ =
            std::exchange(trial_, nullptr)->take(std::bind_front(&engine_io_client::heard, this->shared_from_this()));
        is_linked_ = true;
        reading_ = true;
        set_polls(false);
        getter_->close();
        poster_->close();
        feed_link();
    }

    // The session stays with polls.
    void stay()
    {
        if (const auto dropped = std::exchange(trial_, nullptr)) {
            dropped->drop();
            poll();
            feed_post();
        }
    }

    // Time

    void arm()
    {
        clock_.expires_at(std::min(heartbeat_.next_deadline(), silence_.next_deadline()));
        clock_.async_wait(weakly([](engine_io_client& self, std::error_code ec) {
            if (!ec) {
                self.advance(clock::now());
            }
        }));
    }

    void advance(instant now)
    {
        if (heartbeat_.advance(now) == beat::dead) {
            if (!paused_) {
                end(asio::error::timed_out);
                return;
            }
            heartbeat_.ping(now); // as long as this side does not read, the server cannot be heard
        }
        const auto sign = is_linked_ ? silence_.advance(link_.received(), now) : beat::nothing;
        if (sign == beat::dead && !paused_) {
            end(asio::error::timed_out);
            return;
        }
        if (sign == beat::ping && link_.ping({})) {
            feed_link();
        }
        arm();
    }

    // The end

    // Somebody who does not speak this gets a Close frame that says so; a poll has no word for it.
    void fail(std::error_code why)
    {
        if (is_linked_ && !said_ && !writing_) {
            said_ = true;
            const auto reason = why == errc::too_big ? close_reason::too_big : close_reason::bad_messages;
            link_.async_shutdown(reason, [self = this->shared_from_this()](std::error_code) { self->link_ = {}; });
            finish(why);
            return;
        }
        end(why);
    }

    void end(std::error_code why)
    {
        finish(why);
        link_ = {}; // which closes it
    }

    void finish(std::error_code why)
    {
        if (!std::exchange(over_, true)) {
            let_go();
            ended(why);
        }
    }

    void let_go()
    {
        clock_.cancel();
        if (const auto dropped = std::exchange(trial_, nullptr)) {
            dropped->drop();
        }
        for (const auto& one : {getter_, poster_}) {
            if (one != nullptr) {
                one->close();
            }
        }
    }

    route_type route_;
    std::string sid_;
    std::size_t payload_max_;
    engine_io_client_heartbeat heartbeat_;
    engine_io_silence silence_; // of the WebSocket
    asio::steady_timer clock_;
    std::shared_ptr<http_caller<Layer>> getter_; // of polls
    std::shared_ptr<http_caller<Layer>> poster_;
    std::shared_ptr<engine_io_trial<Layer>> trial_; // of the WebSocket to move to
    link_type link_{};                              // what carries the session, if no polls do
    std::optional<std::string> pong_;               // due
    close_reason why_ = close_reason::normal;       // of the farewell
    bool is_linked_ = false;
    bool polling_ = false;
    bool posting_ = false;
    bool writing_ = false; // on the WebSocket
    bool reading_ = false; // of the WebSocket
    bool paused_ = false;  // no more is read
    bool said_ = false;    // farewell
    bool over_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
