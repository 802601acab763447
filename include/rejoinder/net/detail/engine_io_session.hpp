// One Engine.IO session at its server: what its polls and its WebSocket bring, what goes out by them, and its time.
// Not behind the door: the web listener that it belongs to is not.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_SESSION_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_SESSION_HPP

#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/detail/engine_io_answers.hpp>
#include <rejoinder/net/detail/engine_io_keeper.hpp>
#include <rejoinder/net/detail/engine_io_link.hpp>
#include <rejoinder/net/detail/engine_io_polls.hpp>
#include <rejoinder/net/engine_io_server_options.hpp>
#include <rejoinder/net/http_exchange.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_heartbeat.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>
#include <rejoinder/wire/engine_io_payload.hpp>
#include <rejoinder/wire/engine_io_upgrade.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

class engine_io_session final : public engine_io_pipe,
                                public engine_io_link_owner,
                                public std::enable_shared_from_this<engine_io_session> {
public:
    engine_io_session(const asio::any_io_executor& executor, const std::shared_ptr<engine_io_keeper>& keeper,
                      std::string sid)
        : engine_io_pipe(executor, bounds_of(*keeper->options())), keeper_(keeper), options_(keeper->options()),
          sid_(std::move(sid)), heartbeat_(options_->terms, clock::now()), polls_(options_)
    {}

    [[nodiscard]] const std::string& sid() const noexcept { return sid_; }
    timer_id alarm; // the keeper's

    // Its beginning

    void open(http_exchange by)
    {
        set_polls(true);
        by.respond(engine_io_opening(by.request(), *options_, sid_));
    }
    void open(std::shared_ptr<engine_io_link> by)
    {
        by->belong(weak_from_this());
        link_ = std::move(by);
        std::string greeting;
        append_engine_io_handshake(greeting, {sid_, engine_io_upgrades::none, options_->terms});
        link_->put({engine_io_type::open, greeting});
        link_->write();
        link_->read();
    }

    // Polls

    std::optional<http_response> on_head(const http_request& head, std::weak_ptr<const void> arriving)
    {
        auto refused = polls_.begin(head, std::move(arriving));
        if (refused) {
            fail(make_error_code(errc::bad_message), close_reason::bad_messages);
        }
        return refused;
    }

    void on_get(http_exchange by)
    {
        if (polls_.is_waited()) {
            refuse(std::move(by));
            return;
        }
        polls_.wait(std::move(by), [weak = weak_from_this()] { lost(weak); });
        feed_poll();
    }

    void on_post(http_exchange by)
    {
        if (polls_.is_posted()) {
            refuse(std::move(by));
            return;
        }
        const auto& body = by.request().body;
        if (body.size() > options_->terms.max_payload) {
            count(&engine_io_server_counts::oversized);
            polls_.respond(by, 413, {});
            return;
        }
        count_received(body.size());
        if (!read_payload(body)) {
            refuse(std::move(by));
            return;
        }
        if (over_ || untaken() == 0) {
            polls_.respond(by, 200, "ok");
            return;
        }
        polls_.hold(std::move(by), [weak = weak_from_this()] { lost(weak); });
        wake_reader();
    }

    // The WebSocket that it may move to

    void on_websocket(std::shared_ptr<engine_io_link> by)
    {
        if (over_ || link_ != nullptr || candidate_ != nullptr || is_shut()) {
            by->shut(close_reason::normal);
            return;
        }
        by->belong(weak_from_this());
        candidate_ = std::move(by);
        upgrade_.emplace(clock::now(), options_->upgrade_timeout);
        reschedule();
        candidate_->read();
    }

    void on_frames(engine_io_link& by, std::error_code ec, frame_batch batch) override
    {
        const auto self = shared_from_this();
        if (&by == candidate_.get()) {
            ec ? fail_upgrade() : try_frames(batch);
        } else if (&by == link_.get()) {
            ec ? link_ended(ec) : take(batch);
        }
    }

    void on_written(engine_io_link& by, std::error_code ec) override
    {
        if (&by != link_.get()) {
            return;
        }
        if (ec) {
            link_ended(ec);
            return;
        }
        set_in_flight(0);
        feed_link();
        wake_writer();
    }

    void on_farewell(engine_io_link& by) override
    {
        if (&by == link_.get()) {
            set_in_flight(0);
            told();
        }
    }

    // Time

    [[nodiscard]] instant next_deadline() const noexcept
    {
        return std::min(heartbeat_.next_deadline(), upgrade_ ? upgrade_->next_deadline() : never);
    }

    void advance(instant now)
    {
        const auto self = shared_from_this();
        if (upgrade_ && upgrade_->advance(now) == upgrade_step::failed) {
            fail_upgrade();
        }
        const auto due = heartbeat_.next_deadline();
        const bool punctual = now > due && now - due < options_->terms.ping_timeout / 8; // timers come a little late
        switch (heartbeat_.advance(punctual ? due : now)) {
        case beat::ping: ping(); break;
        case beat::dead: silent(now); break;
        default: break;
        }
        if (!over_) {
            reschedule();
        }
    }

    /// The server goes.
    void abandon() { end(asio::error::connection_aborted, close_reason::shutting_down, engine_io_type::close); }

private:
    using clock = std::chrono::steady_clock;

    // Of what came by a WebSocket and is not received yet: above, no more is read.
    static constexpr std::size_t untaken_max = std::size_t{64} << 10;
    static constexpr std::size_t write_at_once = std::size_t{64} << 10; // bytes that a WebSocket is given for one write

    void count(std::uint64_t engine_io_server_counts::* what)
    {
        if (const auto keeper = keeper_.lock()) {
            ++(keeper->counts().*what);
        }
    }
    void reschedule()
    {
        if (const auto keeper = keeper_.lock()) {
            keeper->schedule(*this);
        }
    }

    // What the channel does

    void on_taken() override
    {
        polls_.accept();
        if (std::exchange(paused_, false) && link_ != nullptr) {
            link_->read();
        }
    }
    void on_released() override { link_ != nullptr ? feed_link() : feed_poll(); }
    void on_shut(close_reason reason) override
    {
        why_ = reason;
        link_ != nullptr
            ? feed_link()
            : feed_poll(); // a client on its way to a WebSocket polls no more: the farewell goes there, too
    }
    void on_close() override
    {
        if (link_ != nullptr) {
            link_->close();
        }
        end(asio::error::operation_aborted, close_reason::normal, engine_io_type::close);
    }

    // What comes

    // False: it breaks the protocol. What was whole before that has come.
    bool read_payload(std::string_view body)
    {
        engine_io_payload_reader reader{body};
        engine_io_packet packet;
        for (;;) {
            switch (reader.next(packet)) {
            case engine_io_payload_reader::step::end: return true;
            case engine_io_payload_reader::step::bad: return false;
            case engine_io_payload_reader::step::packet:
                if (!take(packet)) {
                    return false;
                }
                if (over_) {
                    return true;
                }
            }
        }
    }

    void take(frame_batch batch)
    {
        for (frame_view frame; !over_ && batch.next(frame);) {
            count_received(frame.bytes.size());
            const auto packet = read_engine_io_packet(frame);
            if (!packet || !take(*packet)) {
                fail(make_error_code(errc::bad_message), close_reason::bad_messages);
                return;
            }
        }
        if (over_) {
            return;
        }
        if (untaken() != 0) {
            wake_reader();
        }
        paused_ = untaken() > untaken_max;
        if (!paused_ && link_ != nullptr) {
            link_->read();
        }
    }

    bool take(const engine_io_packet& packet)
    {
        switch (packet.type) {
        case engine_io_type::message: came({packet.data, packet.form}); break;
        case engine_io_type::pong:
            heartbeat_.pong(clock::now());
            reschedule();
            break;
        case engine_io_type::close: end(asio::error::eof, close_reason::normal, engine_io_type::noop); break;
        default: return false; // a client pings only to probe, and never says the others
        }
        return true;
    }

    void link_ended(std::error_code ec)
    {
        if (ec == errc::bad_message || ec == errc::too_big) {
            fail(ec, ec == errc::too_big ? close_reason::too_big : close_reason::bad_messages);
        } else {
            end(ec, close_reason::normal, engine_io_type::close);
        }
    }

    // What goes

    void feed_poll()
    {
        if (!polls_.is_waited() || over_) {
            return;
        }
        std::string body;
        if (std::exchange(ping_due_, false)) {
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::ping}));
        }
        bool went = false;
        while (has_released() && fits(body)) {
            const auto frame = front();
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::message, frame.bytes, frame.form}));
            pop();
            went = true;
        }
        const bool farewell = is_shut() && !has_released();
        if (farewell) {
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::close}));
        } else if (body.empty() && upgrade_ && upgrade_->hurries_polls()) {
            static_cast<void>(append_engine_io_payload(body, {engine_io_type::noop}));
        }
        if (body.empty()) {
            return;
        }
        polls_.answer(std::move(body));
        if (went) {
            wake_writer();
        }
        if (farewell) {
            told();
            end(asio::error::eof, close_reason::normal, engine_io_type::noop);
        }
    }

    [[nodiscard]] bool fits(const std::string& body) const
    {
        const auto frame = front();
        return body.empty() ||
               body.size() + engine_io_payload_length({engine_io_type::message, frame.bytes, frame.form}) <=
                   options_->terms.max_payload;
    }

    void feed_link()
    {
        if (link_ == nullptr || in_flight() != 0 || over_) {
            return;
        }
        for (; has_released() && link_->pending() < write_at_once; pop()) {
            const auto frame = front();
            link_->put({engine_io_type::message, frame.bytes, frame.form});
        }
        set_in_flight(link_->pending());
        link_->write();
        if (is_shut() && !has_released()) {
            link_->shut(why_);
        }
    }

    void ping()
    {
        if (link_ == nullptr) {
            ping_due_ = true;
            feed_poll();
            return;
        }
        link_->put({engine_io_type::ping});
        link_->write();
    }

    // As long as this side does not read, the peer cannot be heard.
    void silent(instant now)
    {
        if (paused_ || polls_.is_held()) {
            heartbeat_.pong(now);
            return;
        }
        count(&engine_io_server_counts::timed_out);
        end(asio::error::timed_out, close_reason::silent, engine_io_type::close);
    }

    // The upgrade

    void try_frames(frame_batch batch)
    {
        for (frame_view frame; candidate_ != nullptr && batch.next(frame);) {
            const auto packet = read_engine_io_packet(frame);
            switch (packet ? upgrade_->receive(*packet) : upgrade_step::failed) {
            case upgrade_step::answer:
                candidate_->put({engine_io_type::pong, engine_io_probe});
                candidate_->write();
                feed_poll();
                break;
            case upgrade_step::moved:
                move_to_link();
                take(batch);
                return;
            default: fail_upgrade(); return;
            }
        }
        if (candidate_ != nullptr) {
            candidate_->read();
        }
    }

    void move_to_link()
    {
        count(&engine_io_server_counts::upgrades);
        link_ = std::move(candidate_);
        upgrade_.reset();
        set_polls(false);
        polls_.answer("6");
        if (std::exchange(ping_due_, false)) {
            ping();
        }
        feed_link();
        reschedule();
    }

    void fail_upgrade()
    {
        if (candidate_ != nullptr) {
            count(&engine_io_server_counts::failed_upgrades);
        }
        drop_candidate();
    }
    void drop_candidate()
    {
        if (const auto dropped = std::exchange(candidate_, nullptr)) {
            dropped->belong({});
            dropped->shut(close_reason::normal);
        }
        upgrade_.reset();
    }

    // The end

    static void lost(const std::weak_ptr<engine_io_session>& weak)
    {
        if (const auto self = weak.lock()) {
            self->end(asio::error::connection_reset, close_reason::link_lost, engine_io_type::close);
        }
    }

    void refuse(http_exchange by)
    {
        polls_.refuse(by);
        fail(make_error_code(errc::bad_message), close_reason::bad_messages);
    }

    void fail(std::error_code why, close_reason reason)
    {
        count(&engine_io_server_counts::bad);
        end(why, reason, engine_io_type::close);
    }

    // A poll that waits gets `last`; a WebSocket is told why, but for one that is silent.
    void end(std::error_code why, close_reason reason, engine_io_type last)
    {
        if (std::exchange(over_, true)) {
            return;
        }
        const auto self = shared_from_this();
        polls_.answer(std::string(1, static_cast<char>('0' + static_cast<int>(last))));
        polls_.accept();
        drop_candidate();
        if (const auto gone = std::exchange(link_, nullptr)) {
            gone->belong({});
            reason == close_reason::silent ? gone->close() : gone->shut(reason);
        }
        ended(why);
        if (const auto keeper = keeper_.lock()) {
            keeper->forget(*this);
        }
    }

    std::weak_ptr<engine_io_keeper> keeper_;
    std::shared_ptr<const engine_io_server_options> options_;
    std::string sid_;
    engine_io_server_heartbeat heartbeat_;
    engine_io_polls polls_;
    std::shared_ptr<engine_io_link> link_;
    std::shared_ptr<engine_io_link> candidate_;
    std::optional<engine_io_server_upgrade> upgrade_; // of the candidate
    close_reason why_ = close_reason::normal;         // of the farewell
    bool ping_due_ = false;                           // by the next poll
    bool paused_ = false;                             // the link is not read
    bool over_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
