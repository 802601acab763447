// The sending half of a WebSocket channel without its socket.
#ifndef REJOINDER_CHANNEL_DETAIL_WEBSOCKET_OUTBOUND_HPP
#define REJOINDER_CHANNEL_DETAIL_WEBSOCKET_OUTBOUND_HPP

#include <rejoinder/channel/detail/masking_key.hpp>
#include <rejoinder/channel/detail/outbound.hpp>
#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/channel/websocket_options.hpp>

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/is_utf8.hpp>
#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_frame.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Marks messages in a string of frames, as one frame each.
template <class Compression>
class websocket_marks {
public:
    websocket_marks(websocket_role own, const websocket_options& options)
        : own_(own), message_max_(options.message_max), deflate_above_(options.deflate_above)
    {
        if (options.deflate) {
            deflater_.emplace(own, *options.deflate);
        }
    }

    std::size_t open(std::string& out) const { return frame(0).open(out); }

    /// False: too long, or text that is not UTF-8; the peer would have to end the connection.
    bool close(std::string& out, std::size_t mark, encoding form)
    {
        const auto body = mark + frame(0).payload_offset();
        const auto length = out.size() - body;
        if (length > message_max_ || (form == encoding::text && !is_utf8(std::string_view{out}.substr(body)))) {
            out.resize(mark);
            return false;
        }
        auto whole = frame(own_ == websocket_role::client ? masking_key() : 0);
        whole.opcode = form == encoding::text ? websocket_opcode::text : websocket_opcode::binary;
        whole.is_compressed = deflater_ && length > deflate_above_ && deflater_->deflate(out, body);
        whole.close(out, mark);
        return true;
    }

    void append_control(std::string& out, websocket_opcode opcode, std::string_view payload) const
    {
        auto whole = frame(own_ == websocket_role::client ? masking_key() : 0);
        whole.opcode = opcode;
        whole.append_to(out, payload);
    }

private:
    websocket_frame frame(std::uint32_t key) const noexcept
    {
        websocket_frame made;
        if (own_ == websocket_role::client) {
            made.key = key;
        }
        return made;
    }

    websocket_role own_;
    std::size_t message_max_;
    std::size_t deflate_above_;
    std::optional<typename Compression::deflater> deflater_{};
};

/// Messages in, and answers to control frames beside them. Pongs go before what is committed and not yet in the run that
/// is written, a Close frame goes behind all of it, and nothing after it.
template <class Compression>
class websocket_outbound : public outbound<websocket_marks<Compression>> {
    using base = outbound<websocket_marks<Compression>>;

public:
    websocket_outbound(websocket_role own, const websocket_options& options)
        : base(websocket_marks<Compression>{own, options}), marks_(own, {})
    {}

    static constexpr bool carries(encoding) noexcept { return true; }

    std::size_t held() const noexcept { return base::held() + answers_.capacity(); }

    /// Whether the Close frame stands there: nothing goes behind it.
    bool has_ended() const noexcept { return closed_; }

    bool commit(encoding form) { return !closed_ && base::commit(form); }

    /// Commits a ping. False: its payload is too long for a control frame, or the Close frame stands there already.
    bool ping(std::string_view payload)
    {
        if (closed_ || payload.size() > websocket_frame::control_max) {
            return false;
        }
        std::string whole;
        marks_.append_control(whole, websocket_opcode::ping, payload);
        base::append(whole);
        return true;
    }

    /// Answers a ping.
    void pong(std::string_view payload)
    {
        if (closed_) {
            return;
        }
        if (answers_.size() > answers_max) {
            answers_.clear(); // the newest is an answer to all (RFC 6455 §5.5.3)
        }
        if (answers_.empty() && answers_.capacity() <= std::string{}.capacity()) {
            answers_ = recycled_strings::take(payload.size());
        }
        marks_.append_control(answers_, websocket_opcode::pong, payload);
    }

    /// Commits the Close frame, the last one.
    void say_close(const websocket_close& last_words)
    {
        if (!std::exchange(closed_, true)) {
            std::string payload;
            last_words.append_to(payload);
            std::string whole;
            marks_.append_control(whole, websocket_opcode::close, payload);
            base::append(whole);
        }
    }

    /// Answers the peer's Close frame by the same code, unless this end has said Close already.
    void answer_close(std::uint16_t code)
    {
        close_is_due_ = close_is_due_ || !closed_;
        say_close({.code = code});
    }

    bool has_answers() const noexcept { return !answers_.empty() || close_is_due_; }

    /// Makes the answers the run of bytes to be written, and with a Close frame all that is committed.
    void start_answers()
    {
        if (close_is_due_) {
            start();
        } else {
            urge_pongs();
        }
    }

    /// Makes answers and all that is committed the run of bytes to be written.
    void start()
    {
        close_is_due_ = false;
        if (!answers_.empty()) {
            urge_pongs();
        }
        base::start();
    }

private:
    static constexpr std::size_t answers_max = std::size_t{16} << 10;

    void urge_pongs()
    {
        base::urge(answers_);
        recycled_strings::give(std::exchange(answers_, {}));
    }

    websocket_marks<Compression> marks_; // of control frames
    std::string answers_{};
    bool closed_ = false;       // the Close frame stands behind all others
    bool close_is_due_ = false; // and no flush will take it
};

} // namespace rejoinder::inline v0::detail

#endif
