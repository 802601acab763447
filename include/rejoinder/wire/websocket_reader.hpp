// Reads a WebSocket without its socket: bytes in, in any pieces; whole messages and control frames out.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_READER_HPP
#define REJOINDER_WIRE_WEBSOCKET_READER_HPP

#include <rejoinder/wire/detail/utf8_stream.hpp>
#include <rejoinder/wire/detail/websocket_head.hpp>
#include <rejoinder/wire/detail/websocket_mask.hpp>
#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_frame.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a `websocket_reader` found.
struct websocket_event {
    enum class kind : std::uint8_t {
        more,   ///< all bytes are used; `keep` what is unfinished and come back with the next ones
        text,   ///< a message, whole and UTF-8 (unless it is compressed: then nobody knows yet)
        binary, ///< a message, whole
        ping,   ///< to be answered with a pong of the same payload
        pong,
        close,  ///< the peer sends nothing more; `payload` is one that `websocket_close::read` finds nothing wrong with
        failed, ///< the peer broke the protocol: `failure()` says how, and nothing is read any more
    };

    kind what = kind::more;
    std::string_view payload{};
    bool is_compressed = false; ///< a message that permessage-deflate has still to inflate
    bool is_kept = false;       ///< `payload` is all that the caller kept, and not in the bytes just given
};

/// How long messages may be and whether they may be compressed.
struct websocket_limits {
    std::size_t message_max = std::size_t{1} << 20; ///< bytes of one message as it stands in its frames
    bool may_compress = false;                      ///< permessage-deflate was agreed on
};

/// The receiving half of RFC 6455 §5 to §7, and of RFC 7692 but for inflating. Whoever has bytes calls `read` until it
/// says `more` or `failed`, then `keep`.
///
/// Works in place: bytes are unmasked where they are, and the fragments of a message are moved together there. So
/// nothing is copied that was given at once, and of a message that was cut only what has come is kept, in a string of
/// the caller's. Every rule is checked as soon as its bytes are there: a header before its payload, the length before
/// anything is kept, each byte of a text as it comes. Any number of fragments. Linear time; allocates only in `keep`
/// and into what was kept.
class websocket_reader {
public:
    explicit websocket_reader(websocket_role own, const websocket_limits& limits = {}) noexcept
        : limits_(limits), masked_(own == websocket_role::server)
    {}

    /// Reads on, from the front of `bytes`, which loses what was used. `kept` is the caller's string of `keep`.
    /// The payload of a message is valid as long as the bytes are, or `kept` until the next call if it is there; that of
    /// a control frame until the next call.
    websocket_event read(std::span<char>& bytes, std::string& kept)
    {
        while (failure_ == websocket_code::none && !closed_) {
            if (!in_frame_ && !read_head(bytes)) {
                break;
            }
            if (!in_message_ && !is_control_) {
                begin_message(kept);
            }
            const auto found = is_control_ ? read_control(bytes) : read_data(bytes, kept);
            if (found.what != websocket_event::kind::more || in_frame_) {
                return found;
            }
        }
        if (failure_ != websocket_code::none) {
            return {.what = websocket_event::kind::failed};
        }
        if (closed_) {
            bytes = {}; // behind a Close frame nothing counts
        }
        return {};
    }

    /// Bytes of an unfinished message that `keep` would append.
    std::size_t unfinished() const noexcept { return place_.size(); }

    /// Bytes of the frame that was begun that have not come.
    std::size_t missing() const noexcept { return left_; }

    /// Appends what has come of an unfinished message to `kept`, before its bytes go away. At the beginning of a message
    /// that string is empty.
    void keep(std::string& kept)
    {
        if (!place_.empty()) {
            kept.append(place_.data(), place_.size());
            is_kept_ = true;
        }
        place_ = {};
    }

    /// Why it failed: the code to close with; `none` as long as it did not.
    websocket_code failure() const noexcept { return failure_; }

    /// Whether the peer has sent its Close frame.
    bool is_closed() const noexcept { return closed_; }

private:
    // False: not whole yet, or wrong.
    bool read_head(std::span<char>& bytes) noexcept
    {
        if (!fill_head(bytes, detail::websocket_head::size_min)) {
            return false;
        }
        const bool is_wrong = head_.is_wrong_at_once() || head_.is_masked() != masked_ || !fits_sequence();
        if (is_wrong) {
            return fail(websocket_code::protocol_error);
        }
        if (!fill_head(bytes, head_.size_needed())) {
            return false;
        }
        if (head_.has_wrong_length()) {
            return fail(websocket_code::protocol_error);
        }
        const auto length = head_.length();
        const auto room = limits_.message_max - (in_message_ ? message_size_ : 0);
        if (!head_.is_control() && length > room) {
            return fail(websocket_code::too_big);
        }
        enter(static_cast<std::size_t>(length));
        return true;
    }

    bool fill_head(std::span<char>& bytes, std::size_t size) noexcept
    {
        if (head_.size < size) {
            const auto count = std::min(size - head_.size, bytes.size());
            std::copy_n(bytes.data(), count, head_.bytes.data() + head_.size);
            head_.size += count;
            bytes = bytes.subspan(count);
        }
        return head_.size >= size;
    }

    // A message is one frame of its kind and then continuations; only its first frame says that it is compressed.
    bool fits_sequence() const noexcept
    {
        if (head_.is_control()) {
            return true;
        }
        const bool continues = head_.opcode() == websocket_opcode::continuation;
        return continues == in_message_ && (!head_.has_rsv1() || (limits_.may_compress && !continues));
    }

    void enter(std::size_t length) noexcept
    {
        in_frame_ = true;
        is_control_ = head_.is_control();
        key_ = masked_ ? head_.key() : 0;
        left_ = length;
        offset_ = 0;
        control_size_ = 0;
    }

    void begin_message(std::string& kept) noexcept
    {
        in_message_ = true;
        is_kept_ = false;
        kept.clear();
        place_ = {};
        message_size_ = 0;
        is_text_ = head_.opcode() == websocket_opcode::text;
        is_compressed_ = head_.has_rsv1();
        text_ = {};
    }

    // As much of the frame's payload as there is, unmasked.
    std::span<char> take_part(std::span<char>& bytes) noexcept
    {
        const auto part = bytes.first(std::min(left_, bytes.size()));
        bytes = bytes.subspan(part.size());
        if (masked_) {
            detail::apply_websocket_mask(part, key_, offset_);
        }
        offset_ += part.size();
        left_ -= part.size();
        return part;
    }

    void leave_frame() noexcept
    {
        in_frame_ = false;
        head_.clear();
    }

    websocket_event read_control(std::span<char>& bytes) noexcept
    {
        const auto part = take_part(bytes);
        std::string_view payload{part.data(), part.size()};
        if (left_ != 0 || control_size_ != 0) {
            std::copy_n(part.data(), part.size(), control_.data() + control_size_);
            control_size_ += part.size();
            payload = {control_.data(), control_size_};
        }
        if (left_ != 0) {
            return {};
        }
        const auto opcode = head_.opcode();
        leave_frame();
        return control_event(opcode, payload);
    }

    websocket_event control_event(websocket_opcode opcode, std::string_view payload) noexcept
    {
        using kind = websocket_event::kind;
        if (opcode != websocket_opcode::close) {
            return {.what = opcode == websocket_opcode::ping ? kind::ping : kind::pong, .payload = payload};
        }
        websocket_close last_words;
        if (const auto wrong = websocket_close::read(payload, last_words); wrong != websocket_code::none) {
            fail(wrong);
            return {.what = kind::failed};
        }
        closed_ = true;
        return {.what = kind::close, .payload = payload};
    }

    websocket_event read_data(std::span<char>& bytes, std::string& kept)
    {
        const auto part = take_part(bytes);
        message_size_ += part.size();
        const bool is_checked = is_text_ && !is_compressed_;
        if (is_checked && !text_.feed({part.data(), part.size()})) {
            fail(websocket_code::bad_text);
            return {.what = websocket_event::kind::failed};
        }
        gather(part, kept);
        if (left_ != 0) {
            return {};
        }
        const bool is_last = head_.is_last();
        leave_frame();
        if (!is_last) {
            return {};
        }
        in_message_ = false;
        if (is_checked && !text_.is_whole()) {
            fail(websocket_code::bad_text);
            return {.what = websocket_event::kind::failed};
        }
        const auto payload = is_kept_ ? std::string_view{kept} : std::string_view{place_.data(), place_.size()};
        place_ = {};
        return {.what = is_text_ ? websocket_event::kind::text : websocket_event::kind::binary,
                .payload = payload,
                .is_compressed = is_compressed_,
                .is_kept = is_kept_};
    }

    // Puts a part behind those of its message that came before.
    void gather(std::span<char> part, std::string& kept)
    {
        if (part.empty()) {
            return;
        }
        if (is_kept_) {
            kept.append(part.data(), part.size());
        } else if (place_.empty()) {
            place_ = part;
        } else {
            std::memmove(place_.data() + place_.size(), part.data(), part.size());
            place_ = {place_.data(), place_.size() + part.size()};
        }
    }

    bool fail(websocket_code why) noexcept
    {
        failure_ = why;
        place_ = {};
        return false;
    }

    websocket_limits limits_;
    bool masked_; // the peer's frames have to be
    detail::websocket_head head_{};

    bool in_frame_ = false;
    bool is_control_ = false;
    std::uint32_t key_ = 0;
    std::size_t left_ = 0; // bytes of the frame's payload that have not come
    std::size_t offset_ = 0;

    bool in_message_ = false;
    bool is_text_ = false;
    bool is_compressed_ = false;
    bool is_kept_ = false; // the message's bytes are in the caller's string
    std::size_t message_size_ = 0;
    std::span<char> place_{}; // else here, in the bytes given last
    detail::utf8_stream text_{};

    std::array<char, websocket_frame::control_max> control_{}; // of a control frame that was cut
    std::size_t control_size_ = 0;
    bool closed_ = false;
    websocket_code failure_ = websocket_code::none;
};

} // namespace rejoinder::inline v0

#endif
