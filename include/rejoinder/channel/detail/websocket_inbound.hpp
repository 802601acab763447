// The receiving half of a WebSocket channel without its socket: bytes in, whole messages out, control frames answered.
#ifndef REJOINDER_CHANNEL_DETAIL_WEBSOCKET_INBOUND_HPP
#define REJOINDER_CHANNEL_DETAIL_WEBSOCKET_INBOUND_HPP

#include <rejoinder/channel/detail/read_size.hpp>
#include <rejoinder/channel/detail/turn.hpp>
#include <rejoinder/channel/detail/websocket_outbound.hpp>
#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/channel/websocket_options.hpp>

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/is_utf8.hpp>
#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_reader.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Messages stay in the turn's buffer, where they were read. What outlives it: the beginning of an unfinished message,
/// and bytes that a turn has left for the next one, because inflating them all would have taken too much memory.
template <class Compression>
class websocket_inbound {
public:
    websocket_inbound(websocket_role own, const websocket_options& options, std::string_view already_read)
        : reader_(own, {.message_max = on_the_wire(options), .may_compress = options.deflate.has_value()}),
          message_max_(options.message_max), on_control_(options.on_control), unread_(already_read)
    {
        if (options.deflate) {
            inflater_.emplace(own, *options.deflate);
        }
    }

    /// Where answers go; before anything is taken.
    void answer_through(websocket_outbound<Compression>& out) noexcept { out_ = &out; }

    const std::error_code& failure() const noexcept { return failure_; }
    void fail(std::error_code why) noexcept { failure_ = why; }

    /// The code to close with, if the peer broke the protocol.
    websocket_code violation() const noexcept { return violation_; }

    /// What the peer's Close frame said; 1006 as long as none has come.
    std::uint16_t close_code() const noexcept { return close_code_; }
    std::string_view close_text() const noexcept { return close_text_; }
    bool is_closed() const noexcept { return reader_.is_closed(); }

    std::uint64_t received() const noexcept { return received_; }
    std::size_t held() const noexcept { return kept_.capacity() + unread_.capacity() + own_.capacity(); }

    /// Whether there are control frames to answer or bytes to be read by another turn.
    bool has_news() const noexcept { return out_->has_answers() || has_unread(); }

    /// Whether bytes are here that no turn has taken.
    bool has_unread() const noexcept { return !unread_.empty() && !failure_; }

    void take_unread(turn& now)
    {
        const auto count = std::min(unread_.size() - unread_done_, turn::buffer_size);
        std::memcpy(now.buffer().data(), unread_.data() + unread_done_, count);
        unread_done_ += count;
        if (unread_done_ == unread_.size()) {
            drop_unread();
        }
        read(now, now.buffer().first(count));
    }

    std::span<char> room(turn& now) { return now.buffer(); }

    void take(turn& now, std::size_t count)
    {
        received_ += count;
        read(now, now.buffer().first(count));
    }

    std::span<char> own_room()
    {
        const auto size = own_read_.size();
        if (own_.capacity() < size) {
            recycled_strings::give(std::exchange(own_, recycled_strings::take(size)));
        }
        own_.resize(size);
        return own_;
    }

    // Into the turn's buffer, because the messages must outlive what the handler does to this object.
    void own_take(turn& now, std::size_t count)
    {
        std::memcpy(now.buffer().data(), own_.data(), count);
        own_read_.took(count);
        take(now, count);
    }

    void own_failed() noexcept {}

private:
    // A compressed message may be a little longer than it was: 5 bytes for each block of at most 65535 (RFC 1951
    // §3.2.4), and whoever compresses chooses smaller ones.
    static std::size_t on_the_wire(const websocket_options& options) noexcept
    {
        return options.deflate ? options.message_max + options.message_max / 128 + 64 : options.message_max;
    }

    void read(turn& now, std::span<char> bytes)
    {
        std::optional<std::size_t> first_inflated; // of the turn's frames: from it on all stand in its storage
        if (!kept_.empty()) {
            make_room(kept_.size() + std::min(reader_.missing(), bytes.size()));
        }
        for (;;) {
            const auto event = reader_.read(bytes, kept_);
            using kind = websocket_event::kind;
            if (event.what == kind::more || event.what == kind::failed) {
                violate(reader_.failure());
                break;
            }
            if (event.what != kind::text && event.what != kind::binary) {
                control(event);
            } else if (!take_message(now, event, first_inflated)) {
                break;
            }
            if (now.storage.size() >= message_max_ && first_inflated && !bytes.empty()) {
                leave_unread(bytes);
                break;
            }
        }
        keep();
        if (first_inflated) {
            settle(now, *first_inflated);
        }
    }

    bool take_message(turn& now, const websocket_event& event, std::optional<std::size_t>& first_inflated)
    {
        const auto form = event.what == websocket_event::kind::text ? encoding::text : encoding::binary;
        if (event.payload.size() > message_max_ && !event.is_compressed) {
            return violate(websocket_code::too_big);
        }
        if (!event.is_compressed && !first_inflated) {
            auto bytes = event.payload;
            if (event.is_kept) { // at most the first message of a turn
                now.storage = std::exchange(kept_, {});
                bytes = now.storage;
            }
            now.frames().push_back({.bytes = bytes, .form = form});
            return true;
        }
        if (!first_inflated) {
            first_inflated = now.frames().size();
        }
        if (now.storage.capacity() <= std::string{}.capacity()) {
            auto fresh = recycled_strings::take();
            fresh.append(now.storage);
            now.storage = std::move(fresh);
        }
        const auto before = now.storage.size();
        if (!event.is_compressed) {
            now.storage.append(event.payload);
        } else if (const auto wrong = inflate(event, now.storage); wrong != websocket_code::none) {
            now.storage.resize(before);
            return violate(wrong);
        }
        now.frames().push_back({.bytes = std::string_view{now.storage}.substr(before), .form = form});
        return true;
    }

    websocket_code inflate(const websocket_event& event, std::string& out)
    {
        const auto before = out.size();
        const auto wrong = inflater_->inflate(event.payload, out, message_max_);
        if (event.is_kept) {
            recycled_strings::give(std::exchange(kept_, {}));
        }
        const bool is_text = event.what == websocket_event::kind::text;
        if (wrong == websocket_code::none && is_text && !is_utf8(std::string_view{out}.substr(before))) {
            return websocket_code::bad_text;
        }
        return wrong;
    }

    // The storage may have moved while it grew.
    static void settle(turn& now, std::size_t first_inflated)
    {
        const std::string_view storage{now.storage};
        auto& frames = now.frames();
        std::size_t in_storage = 0;
        for (std::size_t i = first_inflated; i != frames.size(); ++i) {
            in_storage += frames[i].bytes.size();
        }
        if (in_storage != storage.size()) { // before them only the message that was kept is there
            frames[0].bytes = storage.substr(0, storage.size() - in_storage);
        }
        std::size_t at = storage.size() - in_storage;
        for (std::size_t i = first_inflated; i != frames.size(); ++i) {
            frames[i].bytes = storage.substr(at, frames[i].bytes.size());
            at += frames[i].bytes.size();
        }
    }

    void control(const websocket_event& event)
    {
        using kind = websocket_event::kind;
        if (event.what == kind::ping) {
            out_->pong(event.payload);
        } else if (event.what == kind::close) {
            websocket_close heard;
            static_cast<void>(websocket_close::read(event.payload, heard)); // the reader found nothing wrong with it
            close_code_ = heard.code;
            close_text_ = heard.text;
            failure_ = asio::error::eof;
        }
        if (on_control_) {
            on_control_(event.what == kind::ping   ? websocket_opcode::ping
                        : event.what == kind::pong ? websocket_opcode::pong
                                                   : websocket_opcode::close,
                        event.payload);
        }
    }

    bool violate(websocket_code code)
    {
        if (code != websocket_code::none) {
            violation_ = code;
            failure_ = code == websocket_code::too_big ? make_error_code(errc::too_big, certainty::maybe_executed)
                                                       : make_error_code(errc::bad_message);
        }
        return code == websocket_code::none;
    }

    void keep()
    {
        const auto size = reader_.unfinished();
        if (failure_ || (size == 0 && kept_.empty())) {
            recycled_strings::give(std::exchange(kept_, {}));
        } else {
            make_room(size);
        }
        reader_.keep(kept_);
    }

    // Grows with what has come, not with what a header announces: a peer pays for memory in bytes sent.
    void make_room(std::size_t size)
    {
        if (size > kept_.capacity()) {
            auto fresh = recycled_strings::take(size);
            fresh.append(kept_);
            recycled_strings::give(std::exchange(kept_, std::move(fresh)));
        }
    }

    void leave_unread(std::span<const char> bytes)
    {
        // Of bytes that stood here already the rest is behind them.
        unread_.insert(unread_done_, bytes.data(), bytes.size());
        unread_.erase(0, unread_done_);
        unread_done_ = 0;
    }

    void drop_unread() noexcept
    {
        recycled_strings::give(std::exchange(unread_, {}));
        unread_done_ = 0;
    }

    websocket_reader reader_;
    std::size_t message_max_;
    std::optional<typename Compression::inflater> inflater_{};
    std::function<void(websocket_opcode, std::string_view)> on_control_;
    websocket_outbound<Compression>* out_ = nullptr;

    std::string kept_{}; // of an unfinished message
    std::string unread_;
    std::size_t unread_done_ = 0; // of `unread_`
    std::string own_{};
    read_size own_read_{};

    std::uint64_t received_ = 0;
    std::error_code failure_{};
    websocket_code violation_ = websocket_code::none;
    std::uint16_t close_code_ = static_cast<std::uint16_t>(websocket_code::no_close);
    std::string close_text_{};
};

} // namespace rejoinder::inline v0::detail

#endif
