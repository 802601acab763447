// Reads an envelope of the native wire.
#ifndef REJOINDER_WIRE_DETAIL_JSON_ENVELOPE_READ_HPP
#define REJOINDER_WIRE_DETAIL_JSON_ENVELOPE_READ_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/big_endian.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0 {

namespace detail {

// What a decoded message borrows that is not in its frame.
struct envelope_scratch {
    std::string name;
    std::string text;
    std::string key;
    std::string member;
    std::vector<message_id> finished;
};

// No session has more slots, so no honest ping names more ids.
inline constexpr std::size_t finished_ids_max = 65536;

constexpr std::optional<message_kind> message_kind_tagged(std::string_view tag) noexcept
{
    using kind = message_kind;
    if (tag.size() == 3) {
        const auto is = [tag](std::string_view wanted) { return tag == wanted; };
        switch (tag[0]) {
        case 'r':
            return is("req") ? std::optional{kind::request} : is("res") ? std::optional{kind::reply} : std::nullopt;
        case 'e':
            return is("err")   ? std::optional{kind::error}
                   : is("evt") ? std::optional{kind::notification}
                               : std::nullopt;
        case 'm': return is("msg") ? std::optional{kind::delivery} : std::nullopt;
        case 'a': return is("ack") ? std::optional{kind::ack} : std::nullopt;
        case 'p': return is("prg") ? std::optional{kind::progress} : std::nullopt;
        case 'c': return is("can") ? std::optional{kind::cancel} : std::nullopt;
        case 'b': return is("bye") ? std::optional{kind::bye} : std::nullopt;
        default: return std::nullopt;
        }
    }
    struct entry {
        std::string_view tag;
        message_kind kind;
    };
    constexpr entry others[] = {{"ping", kind::ping},       {"pong", kind::pong},   {"hello", kind::hello},
                                {"welcome", kind::welcome}, {"ready", kind::ready}, {"refuse", kind::refusal}};
    for (const auto& other : others) {
        if (other.tag == tag) {
            return other.kind;
        }
    }
    return std::nullopt;
}

// Reads the elements of one envelope into a message. Each function is false when the frame is not this wire's.
class envelope_reader {
public:
    envelope_reader(std::string_view envelope, encoding form, envelope_scratch& scratch, message& in) noexcept
        : text_(envelope), form_(form), scratch_(scratch), in_(in)
    {}

    bool read()
    {
        std::string_view tag;
        if (!text_.take('[') || !string(tag, scratch_.name)) {
            return false;
        }
        const auto kind = message_kind_tagged(tag);
        if (!kind) {
            return false;
        }
        in_.kind = *kind;
        return elements() && rest();
    }

private:
    bool elements()
    {
        switch (in_.kind) {
        case message_kind::hello:
        case message_kind::welcome: return greeting();
        case message_kind::ready: return no_payload();
        case message_kind::refusal:
        case message_kind::bye: return name() && optional_text() && retry_options() && no_payload();
        case message_kind::request:
        case message_kind::delivery: return id() && name() && payload() && call_options();
        case message_kind::reply:
        case message_kind::ack:
        case message_kind::progress: return id() && payload();
        case message_kind::error: return id() && name() && optional_text() && payload();
        case message_kind::notification: return name() && payload();
        case message_kind::ping: return id() && finished() && no_payload();
        case message_kind::cancel:
        case message_kind::pong: return id() && no_payload();
        }
        return false;
    }

    // A later version may add elements; they are stepped over.
    bool rest() noexcept
    {
        while (text_.take(',')) {
            if (!text_.skip_value()) {
                return false;
            }
        }
        return text_.take(']') && text_.finished();
    }

    bool string(std::string_view& out, std::string& scratch)
    {
        json_string scanned;
        return text_.string(scanned) && text_of(scanned, scratch, out);
    }

    // 0 is no id: a session's ids begin at its capacity, its pings at 1.
    bool id() noexcept { return text_.take(',') && text_.integer(in_.id) && in_.id != 0; }

    bool name() { return text_.take(',') && string(in_.name, scratch_.name); }

    bool optional_text() { return !text_.take(',') || string(in_.text, scratch_.text); }

    // The place of binary bytes is held by null.
    bool payload() noexcept
    {
        if (!text_.take(',')) {
            return form_ == encoding::text;
        }
        std::string_view value;
        if (!text_.value(value)) {
            return false;
        }
        const bool null = value == "null";
        if (!null) {
            in_.payload.bytes = value;
        }
        return null || form_ == encoding::text;
    }

    bool no_payload() const noexcept { return form_ == encoding::text; }

    bool greeting() noexcept
    {
        return no_payload() && text_.take(',') && text_.sees('{') && text_.value(in_.payload.bytes);
    }

    bool call_options()
    {
        if (!text_.take(',')) {
            return true;
        }
        member_set seen;
        const bool read = read_object(text_, scratch_.member, [&](std::string_view member) {
            if (member == "ttl") {
                return seen.add(0) && time_left();
            }
            if (member == "key") {
                return seen.add(1) && string(in_.key, scratch_.key);
            }
            if (member == "seq") {
                return seen.add(2) && text_.integer(in_.stamp.sequence) && in_.stamp.sequence != 0;
            }
            if (member == "settled") {
                return seen.add(3) && text_.integer(in_.stamp.settled);
            }
            if (member == "try") {
                return seen.add(4) && attempt();
            }
            return text_.skip_value();
        });
        return read && (in_.kind == message_kind::delivery || !in_.stamp);
    }

    bool retry_options()
    {
        if (!text_.take(',')) {
            return true;
        }
        member_set seen;
        return read_object(text_, scratch_.member, [&](std::string_view member) {
            return member == "retry_after" ? seen.add(0) && time_left() : text_.skip_value();
        });
    }

    bool attempt() noexcept
    {
        std::uint64_t count = 0;
        if (!text_.integer(count) || count == 0 || count > std::numeric_limits<std::uint32_t>::max()) {
            return false;
        }
        in_.stamp.attempt = static_cast<std::uint32_t>(count);
        return true;
    }

    bool time_left() noexcept { return read_milliseconds(text_, in_.time_left.emplace()); }

    bool finished()
    {
        if (!text_.take(',')) {
            return true;
        }
        scratch_.finished.clear();
        if (!text_.take('[')) {
            return false;
        }
        if (text_.take(']')) {
            return true;
        }
        do {
            message_id id = 0;
            if (!text_.integer(id) || id == 0 || scratch_.finished.size() == finished_ids_max) {
                return false;
            }
            scratch_.finished.push_back(id);
        } while (text_.take(','));
        in_.finished = scratch_.finished;
        return text_.take(']');
    }

    json_scanner text_;
    encoding form_;
    envelope_scratch& scratch_;
    message& in_;
};

inline bool read_envelope(frame_view frame, envelope_scratch& scratch, message& in)
{
    in = message{};
    if (frame.form == encoding::text) {
        return envelope_reader{frame.bytes, encoding::text, scratch, in}.read();
    }
    constexpr std::size_t head = 4;
    if (frame.bytes.size() < head) {
        return false;
    }
    const std::size_t length = load_big_endian(frame.bytes.data());
    if (length > frame.bytes.size() - head) {
        return false;
    }
    in.payload = {.bytes = frame.bytes.substr(head + length), .form = encoding::binary};
    return envelope_reader{frame.bytes.substr(head, length), encoding::binary, scratch, in}.read();
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
