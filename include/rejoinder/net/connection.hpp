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
#include <rejoinder/net/detail/link.hpp>

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// How a connection reads and writes.
struct connection_options {
    std::size_t write_high_water = std::size_t{256} << 10; ///< bytes waiting to be written; above, the session keeps its messages
    duration linger = std::chrono::seconds{1};             ///< how long a closing link may take to say so to the peer
};

/// A connection: a loop that reads, and one write in flight that takes all that is ready. It decides nothing.
///
/// It lives as long as something of it is under way. Used from the channel's executor.
template <channel Channel, codec Codec>
class connection final : public detail::link, public std::enable_shared_from_this<connection<Channel, Codec>> {
public:
    connection(std::uint64_t number, Channel carrier, Codec spelling, const connection_options& options,
               std::shared_ptr<counters> counts, detail::link_owner& owner, std::string description)
        : link(number), channel_(std::move(carrier)), codec_(std::move(spelling)), options_(options), counts_(std::move(counts)), owner_(&owner),
          linger_(channel_.get_executor()), description_(std::move(description))
    {
    }

    [[nodiscard]] capabilities features() const override
    {
        auto all = codec_.features();
        all.binary = all.binary && channel_.carries(encoding::binary);
        return all;
    }

    [[nodiscard]] std::string description() const override { return description_; }

    void start() override { read(); }

    void say(const hello& greeting) override { write_greeting(greeting); }
    void say(const welcome& answer) override { write_greeting(answer); }

    void refuse(errc why, std::string_view text, std::optional<duration> retry_after) override
    {
        message out;
        out.kind = message_kind::refusal;
        out.name = name_of(why);
        out.text = text;
        out.time_left = retry_after;
        write(out);
        end_writing(close_reason::refused);
    }

    void carry(detail::session_port* session) override { session_ = session; }

    void wake() override
    {
        if (!reading_) { // else the end of the turn writes for all of it
            write_ready();
        }
    }

    void close(close_reason reason) override
    {
        if (owner_ == nullptr) {
            return;
        }
        message out;
        out.kind = message_kind::bye;
        out.name = name_of(reason);
        write(out);
        end_writing(reason);
    }

    void abort() override
    {
        leave();
        linger_.cancel();
        channel_.close();
    }

private:
    enum class closing : std::uint8_t { no, due, under_way };

    void read()
    {
        channel_.async_receive([self = this->shared_from_this()](std::error_code ec, frame_batch batch) { self->have_read(ec, batch); });
    }

    void have_read(std::error_code ec, frame_batch batch)
    {
        if (ec) {
            ended(ec);
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        reading_ = true;
        frame_view frame;
        while (owner_ != nullptr && batch.next(frame)) {
            ++counts_->frames_in;
            counts_->bytes_in += frame.bytes.size();
            take(frame, now);
        }
        reading_ = false;
        if (session_ != nullptr) {
            session_->turn_over();
        }
        write_ready();
        read(); // a closing link is read until the peer is done, so that our last words are not lost to a reset
    }

    void take(const frame_view& frame, instant now)
    {
        message came;
        const auto how = codec_.decode(frame, came);
        if (how == decoded::incomplete) {
            return;
        }
        if (session_ != nullptr) {
            how == decoded::message ? session_->receive(came, now) : session_->receive_bad(now);
        } else if (how != decoded::message || !greeted(came)) {
            ++counts_->bad_messages;
            fail(make_error_code(errc::bad_message)); // before there is a session, nothing but the greeting is forgiven
        }
    }

    bool greeted(const message& came)
    {
        if (came.kind == message_kind::hello) {
            hello greeting;
            const bool readable = codec_.decode(came, greeting);
            if (readable) {
                owner_->on_hello(*this, std::move(greeting));
            }
            return readable;
        }
        if (came.kind == message_kind::welcome) {
            welcome answer;
            const bool readable = codec_.decode(came, answer);
            if (readable) {
                owner_->on_welcome(*this, std::move(answer));
            }
            return readable;
        }
        if (came.kind == message_kind::refusal) {
            owner_->on_refusal(*this, errc_named(came.name), came.text, came.time_left);
            return true;
        }
        return came.kind == message_kind::bye; // its end follows
    }

    template <class Greeting>
    void write_greeting(const Greeting& greeting)
    {
        auto& frame = channel_.begin();
        channel_.commit(codec_.encode(greeting, frame));
        flush();
    }

    void write(const message& out)
    {
        auto& frame = channel_.begin();
        const auto before = frame.size();
        const auto form = codec_.encode(out, frame);
        counts_->bytes_out += frame.size() - before;
        ++counts_->frames_out;
        channel_.commit(form);
    }

    // Takes what the session has until the write queue is full, then writes all of it at once.
    void write_ready()
    {
        if (session_ == nullptr) {
            return;
        }
        const auto now = std::chrono::steady_clock::now();
        message out;
        while (channel_.pending() < options_.write_high_water && session_->emit(out, now)) {
            write(out);
        }
        flush();
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
        if (ec) {
            ended(ec);
        } else if (closing_ == closing::due) {
            shut_down();
        } else {
            write_ready();
            flush();
        }
    }

    // Nothing is read or written for anybody any more; what is written already still goes out, for a while.
    void end_writing(close_reason reason)
    {
        leave();
        why_ = reason;
        closing_ = closing::due;
        linger_.expires_after(options_.linger);
        linger_.async_wait([self = this->shared_from_this()](std::error_code ec) {
            if (!ec) {
                self->channel_.close();
            }
        });
        if (!flushing_) {
            shut_down();
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
    void fail(const std::error_code& why)
    {
        auto* owner = owner_;
        close(close_reason::bad_messages);
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
    detail::link_owner* owner_; // null once the link is closing
    detail::session_port* session_ = nullptr;
    asio::steady_timer linger_;
    bool reading_ = false;
    bool flushing_ = false;
    closing closing_ = closing::no;
    close_reason why_ = close_reason::normal;
    std::string description_;
};

} // namespace rejoinder::inline v0

#endif
