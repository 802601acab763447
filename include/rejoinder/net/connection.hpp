// One live channel with its codec: reads, decodes and feeds the session; takes what the session emits, encodes and writes it.
#ifndef REJOINDER_NET_CONNECTION_HPP
#define REJOINDER_NET_CONNECTION_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/connection_options.hpp>
#include <rejoinder/net/detail/channel_facts.hpp>
#include <rejoinder/net/detail/early_frames.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/detail/movement.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/detail/raised.hpp>
#include <rejoinder/net/detail/write_frames.hpp>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// A connection: a loop that reads, and one write in flight that takes all that is ready. It decides nothing.
///
/// It lives as long as something of it is under way. Used from the channel's executor.
template <channel Channel, codec Codec>
class connection final : public detail::link, public std::enable_shared_from_this<connection<Channel, Codec>> {
public:
    connection(std::uint64_t number, Channel carrier, Codec spelling, const connection_options& options,
               std::shared_ptr<counters> counts, detail::link_owner& owner, std::string description)
        : link(number), channel_(std::move(carrier)), codec_(std::move(spelling)), options_(options),
          counts_(std::move(counts)), owner_(&owner), timer_(channel_.get_executor()),
          description_(std::move(description))
    {}

    [[nodiscard]] capabilities features() const override
    {
        auto all = codec_.features();
        all.binary = all.binary && channel_.carries(encoding::binary);
        return all;
    }

    [[nodiscard]] std::size_t queued() const noexcept override { return channel_.pending(); }
    [[nodiscard]] bool congested() const noexcept override { return full_; }
    [[nodiscard]] std::string description() const override { return description_; }

    [[nodiscard]] bool stirs() noexcept override
    {
        return movement_.look(detail::received_by(channel_), committed_,
                              channel_.pending() + detail::unacknowledged_by(channel_));
    }

    void start() override
    {
        if (codec_.features().greeting) {
            read();
        } else {
            asio::post(channel_.get_executor(),
                       [self = this->shared_from_this()] { self->meet(); }); // and read once there is a session
        }
    }

    bool say(const hello& greeting) override
    {
        greeting_due_ = message_kind::welcome;
        return write_greeting(greeting);
    }
    bool say(const welcome& answer) override { return write_greeting(answer); }

    void refuse(errc why, std::string_view text, std::optional<duration> retry_after, std::string_view data) override
    {
        message out;
        out.kind = message_kind::refusal;
        out.name = name_of(why);
        out.text = text;
        out.payload.bytes = data;
        out.time_left = retry_after;
        write(out);
        end_writing(close_reason::refused);
    }

    void carry(detail::session_port* session) override
    {
        session_ = session;
        if (session_ != nullptr && !listening_) {
            read();
        }
    }

    void wake() override
    {
        if (!reading_) { // else the end of the turn writes for all of it
            write_ready();
        }
    }

    void keep(std::shared_ptr<void> something) override { kept_ = std::move(something); }

    void close(close_reason reason, std::optional<duration> retry_after = std::nullopt) override
    {
        if (owner_ == nullptr) {
            return;
        }
        write(message{.kind = message_kind::bye, .name = name_of(reason), .time_left = retry_after});
        end_writing(reason);
    }

    void abort() override
    {
        leave();
        timer_.cancel();
        channel_.close();
    }

private:
    enum class closing : std::uint8_t { no, due, under_way };

    void read()
    {
        listening_ = true;
        channel_.async_receive(
            [self = this->shared_from_this()](std::error_code ec, frame_batch batch) { self->have_read(ec, batch); });
    }

    void have_read(std::error_code ec, frame_batch batch)
    {
        if (ec) {
            unreadable(ec);
            return;
        }
        try {
            handle(batch);
        } catch (...) { // out of memory: without its loop the link is of no use
            ended(std::make_error_code(std::errc::not_enough_memory));
            throw;
        }
        read(); // a closing link is read until the peer is done, so that our last words are not lost to a reset
    }

    void handle(frame_batch batch)
    {
        {
            const detail::raised turn{reading_};
            movement_.had_read(detail::received_by(channel_));
            const auto now = std::chrono::steady_clock::now();
            frame_view frame;
            while (owner_ != nullptr && batch.next(frame)) {
                ++counts_->frames_in;
                counts_->bytes_in += frame.bytes.size();
                take(frame, now);
            }
        }
        if constexpr (requires { codec_.let_go(); }) {
            codec_.let_go();
        }
        write_ready();
        if (session_ != nullptr) {
            session_->turn_over(); // after writing: what has just been emitted is to be proven in time
        }
    }

    // Nothing can be read any more. If that is the peer's fault, it is told.
    void unreadable(const std::error_code& why)
    {
        const bool too_big = why == errc::too_big;
        if (owner_ == nullptr || (!too_big && why != errc::bad_message)) {
            ended(why);
            return;
        }
        ++counts_->bad_messages;
        fail(why, too_big ? close_reason::too_big : close_reason::bad_messages);
    }

    void take(const frame_view& frame, instant now)
    {
        if (session_ == nullptr && early_.concerns(codec_, frame)) {
            if (!early_.add(frame)) {
                unreadable(make_error_code(errc::bad_message));
            }
            return;
        }
        decode(frame, now);
        for (frame_view kept; session_ != nullptr && early_.take(kept);) {
            decode(kept, now);
        }
    }

    void decode(const frame_view& frame, instant now)
    {
        message came;
        const auto how = codec_.decode(frame, came);
        if (how == decoded::incomplete) {
            return;
        }
        if (session_ != nullptr && how != decoded::message) {
            receive_bad(now);
        } else if (session_ != nullptr) {
            session_->receive(came, now);
        } else if (how != decoded::message || !greeted(came)) {
            ++counts_->bad_messages;
            fail(make_error_code(errc::bad_message),
                 close_reason::bad_messages); // before there is a session, nothing but the greeting is forgiven
        }
    }

    void receive_bad(instant now)
    {
        session_->receive_bad(now);
        if (session_ != nullptr && !codec_.features().lenient) {
            session_->hang_up(close_reason::bad_messages);
        }
    }

    bool greeted(const message& came)
    {
        if (came.kind == message_kind::hello) {
            return greeted_with<hello>(came, [&](hello&& greeting) { owner_->on_hello(*this, std::move(greeting)); });
        }
        if (came.kind == message_kind::welcome) {
            return greeted_with<welcome>(came, [&](welcome&& answer) { owner_->on_welcome(*this, std::move(answer)); });
        }
        if (came.kind == message_kind::refusal) {
            owner_->on_refusal(*this, errc_named(came.name), came.text, came.time_left);
            return true;
        }
        if (came.kind == message_kind::bye && close_reason_named(came.name) == close_reason::bad_messages) {
            owner_->on_refusal(*this, errc::bad_message, came.text, came.time_left);
        }
        return came.kind == message_kind::bye; // its end follows
    }

    // The peer says no greeting: what it would have said.
    void meet()
    {
        message nothing;
        nothing.kind = greeting_due_;
        if (owner_ != nullptr && !greeted(nothing)) {
            ended(make_error_code(errc::bad_message));
        }
    }

    // False: unreadable. Of another version nothing but that can be read.
    template <class Greeting, class Tell>
    bool greeted_with(const message& came, Tell tell)
    {
        Greeting words;
        if (!codec_.decode(came, words)) {
            return false;
        }
        if constexpr (std::is_same_v<Greeting, hello>) {
            words.incarnation = words.incarnation.empty() ? detail::random_name() : std::move(words.incarnation);
        }
        if (words.version == Greeting{}.version) {
            tell(std::move(words));
            return true;
        }
        auto* owner = owner_;
        refuse(errc::incompatible, {}, std::nullopt, {});
        owner->on_end(*this, make_error_code(errc::incompatible));
        return true;
    }

    template <class Greeting>
    bool write_greeting(const Greeting& greeting)
    {
        const auto how = detail::write_frames(channel_, codec_, greeting, *counts_, committed_);
        const bool said = how == detail::written::whole || how == detail::written::unsaid;
        if (said) {
            flush();
        }
        return said;
    }

    void write(const message& out)
    {
        const auto how = detail::write_frames(channel_, codec_, out, *counts_, committed_);
        if (how == detail::written::unsaid) {
            untold(out, errc::unsupported);
        } else if (how == detail::written::too_big || how == detail::written::torn) {
            refuse_to_carry(out);
        }
        if (how == detail::written::torn) {
            hang_up_later();
        }
    }

    // Not now: this may stand in the middle of writing.
    void hang_up_later()
    {
        asio::post(channel_.get_executor(), [self = this->shared_from_this(), fits = detail::has_room(channel_)] {
            if (self->session_ != nullptr) {
                self->session_->hang_up(fits ? close_reason::too_big : close_reason::slow_peer);
            }
        });
    }

    errc why_refused() const { return detail::has_room(channel_) ? errc::too_big : errc::queue_full; }

    // Bytes that the channel got rid of so far.
    [[nodiscard]] std::uint64_t gone() const noexcept { return committed_ - channel_.pending(); }

    // The channel cannot carry a message of this size, or has no room for it: whoever waits for it is told, on whichever side that is.
    void refuse_to_carry(const message& out)
    {
        switch (out.kind) {
        case message_kind::request:
        case message_kind::delivery: return untold(out, why_refused());
        case message_kind::reply:
        case message_kind::ack:
        case message_kind::error: {
            if (out.name == name_of(errc::answer_lost)) {
                return hang_up_later(); // smaller is no answer
            }
            message instead;
            instead.kind = message_kind::error;
            instead.id = out.id;
            instead.name = name_of(errc::answer_lost);
            write(instead);
            break;
        }
        default: ++counts_->notifications_dropped; return untold(out, errc::too_big);
        }
    }

    void untold(const message& out, errc why)
    {
        if (session_ != nullptr) {
            session_->undeliverable(out, why);
        }
    }

    // Takes what the session has until the write queue is full, then writes all of it at once.
    void write_ready()
    {
        if (session_ == nullptr) {
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        message out;
        full_ = (full_ && channel_.pending() > options_.write_low_water) || is_crowded();
        while (!full_ && !detail::has_ended(channel_) && session_->emit(out, now)) {
            write(out);
            full_ = channel_.pending() >= options_.write_high_water || is_crowded();
        }
        flush();
        if (full_ && !waiting_) {
            wait_for_room();
        }
    }

    // The channel has no room for more until some of this connection's own bytes have gone. If those that wait are others', nobody would
    // say when there is room again: then what is refused is told so.
    [[nodiscard]] bool is_crowded() const noexcept { return !detail::has_room(channel_) && channel_.pending() != 0; }

    // A peer that does not read what is written for it holds this much memory and no more, and not for ever.
    void wait_for_room()
    {
        waiting_ = true;
        timer_.expires_after(options_.patience);
        timer_.async_wait([self = this->shared_from_this(), since = gone()](std::error_code ec) {
            if (ec || !self->waiting_ || self->session_ == nullptr) {
                return;
            }
            if (self->gone() > since) {
                self->wait_for_room(); // a slow link, but bytes do flow, whatever was added behind them
            } else {
                self->session_->hang_up(close_reason::slow_peer);
            }
        });
    }

    void flush()
    {
        if (flushing_ || channel_.pending() == 0) {
            return;
        }
        flushing_ = true;
        channel_.async_flush([self = this->shared_from_this()](std::error_code ec) { self->have_flushed(ec); });
    }

    void have_flushed(std::error_code ec)
    {
        flushing_ = false;
        if (std::exchange(waiting_, false)) {
            timer_.cancel();
        }
        if (ec) {
            ended(ec);
        } else if (closing_ == closing::due) {
            shut_down();
        } else {
            write_ready();
            flush();
            if (session_ != nullptr) {
                session_->turn_over();
            }
        }
    }

    // Nothing is read or written for anybody any more; what is written already still goes out, for a while.
    void end_writing(close_reason reason)
    {
        leave();
        waiting_ = false;
        why_ = reason;
        closing_ = closing::due;
        timer_.expires_after(options_.linger);
        timer_.async_wait([self = this->shared_from_this()](std::error_code ec) {
            if (!ec) {
                self->channel_.close();
            }
        });
        if (!flushing_) {
            shut_down();
        }
        if (!listening_) {
            read();
        }
    }

    void shut_down()
    {
        closing_ = closing::under_way;
        channel_.async_shutdown(why_, [self = this->shared_from_this()](std::error_code ec) {
            if (ec) {
                self->abort();
            }
        });
    }

    void leave() noexcept
    {
        owner_ = nullptr;
        session_ = nullptr;
    }

    // This side gives the link up, and its owner does not know yet.
    void fail(const std::error_code& why, close_reason reason)
    {
        const auto self = this->shared_from_this();
        auto* owner = owner_;
        close(reason);
        owner->on_end(*this, why);
    }

    void ended(const std::error_code& why)
    {
        const auto self = this->shared_from_this();
        auto* owner = std::exchange(owner_, nullptr);
        abort();
        if (owner != nullptr) {
            owner->on_end(*this, why);
        }
    }

    Channel channel_;
    Codec codec_;
    connection_options options_;
    std::shared_ptr<counters> counts_; // shared: a closing link outlives its owner
    detail::link_owner* owner_;        // null once the link is closing
    detail::session_port* session_ = nullptr;
    asio::steady_timer timer_;    // of patience, then of lingering
    std::uint64_t committed_ = 0; // bytes, as the channel counts them
    detail::movement movement_;
    message_kind greeting_due_ = message_kind::hello; // of the peer
    bool listening_ = false;
    bool reading_ = false;
    bool flushing_ = false;
    bool full_ = false;    // the high water mark was reached, and the low one not yet
    bool waiting_ = false; // for a full write queue to go out
    closing closing_ = closing::no;
    close_reason why_ = close_reason::normal;
    std::string description_;
    [[no_unique_address]] detail::early_frames_of<Codec> early_;
    std::shared_ptr<void> kept_;
};

} // namespace rejoinder::inline v0

#endif
