// Plain events as JSON objects, {"type": ..., "data": ...}: what many services speak without any library.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_EVENT_CODEC_HPP
#define REJOINDER_WIRE_EVENT_CODEC_HPP

#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/foreign_ids.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// How a program's events look. Names of members, and of the types by which answers are told.
struct event_fields {
    std::string type = "type"; ///< the member that names the event
    std::string data = "data"; ///< the member that is its payload
    std::string id{}; ///< the member that correlates, as `request_id`; empty: nothing can be asked on this wire
    std::string reply_type = "reply"; ///< of an answer
    /// Of an answer that is an error: its data has `code`, `message` and perhaps `data`
    std::string error_type = "error";
    std::string progress_type = "progress"; ///< of a word before the answer
};

/// The codec of plain events: `{"type":"progress","data":{"percent":5}}`.
///
/// | message | event |
/// | --- | --- |
/// | notification | `{"type":"name","data":{...}}` |
/// | request, delivery | `{"type":"name","request_id":"h17","data":{...}}` |
/// | reply, ack | `{"type":"reply","request_id":...,"data":{...}}`: the id of the request, as it was spelled there |
/// | error | `{"type":"error","request_id":...,"data":{"code":"no_handler","message":"...","data":...}}` |
/// | progress | `{"type":"progress","request_id":...,"data":{...}}` |
/// | refusal | `{"type":"error","data":{"code":"auth_refused","message":"..."}}` |
///
/// An event without an id is a notification; one with an id is a request, unless the id is one that this side has given:
/// then it is an answer, and a reply whatever its type, but for the types of errors and progress. This side's ids are strings, a
/// `c` (client) or `h` (hub) and a number. The peer's may be any string or number up to 128 bytes. Its id is the request's
/// key, too: the same id with the same data is the same request, which runs once and gets its one answer again.
///
/// There is no greeting: a connection is a new session from its start, nothing is resumed, and who connects is known by what
/// its channel says of it. `subscribe` is an event as any other: a client notifies it when it is connected, a hub's handler
/// joins the peer to a room.
///
/// Decoding is strict: one JSON object, the type a string that isn't empty, no known member twice; other members are stepped over.
/// Payloads are views of the frame. Distinct objects are independent; one object is used from one thread at a time.
class event_codec {
public:
    event_codec() = default;
    explicit event_codec(event_fields fields) : fields_(std::move(fields)) {}

    capabilities features() const noexcept
    {
        const bool calls = !fields_.id.empty();
        return {.greeting = false,
                .ready = false,
                .calls = calls,
                .deliveries = false,
                .records = false,
                .probe = false,
                .cancel = false,
                .time_left = false,
                .resume = false,
                .progress = calls,
                .error_codes = calls,
                .binary = false};
    }

    /// Appends the event; nothing for what no event says (a farewell is in the link's end).
    encoding encode(const message& out, std::string& frame)
    {
        switch (out.kind) {
        case message_kind::notification: write(frame, out.name, {}, out.payload.bytes); break;
        case message_kind::request:
        case message_kind::delivery: write(frame, out.name, own_id(out.id), out.payload.bytes); break;
        case message_kind::reply:
        case message_kind::ack: answer(frame, fields_.reply_type, out.id, out.payload.bytes); break;
        case message_kind::progress: progress(frame, out); break;
        case message_kind::error: answer(frame, fields_.error_type, out.id, error_of(out)); break;
        case message_kind::refusal: write(frame, fields_.error_type, {}, error_of(out)); break;
        default: break;
        }
        return encoding::text;
    }

    encoding encode(const hello& greeting, std::string&)
    {
        side_ = 'c';
        begin(greeting.capacity);
        return encoding::text;
    }

    encoding encode(const welcome& answer, std::string&)
    {
        side_ = 'h';
        begin(answer.capacity);
        return encoding::text;
    }

    decoded decode(const frame_view& frame, message& in)
    {
        in = {};
        std::string_view id;
        if (frame.form == encoding::binary || !read(frame.bytes, in, id)) {
            return decoded::bad;
        }
        in.kind = message_kind::notification;
        if (id.empty()) {
            return decoded::message;
        }
        return is_own(id) ? answered(id, in) : asked(id, in);
    }

    /// The greeting that is not said: a hub's own bounds hold.
    bool decode(const message&, hello& greeting) const
    {
        greeting = {};
        greeting.capacity = detail::greeting_capacity_max;
        return true;
    }

    bool decode(const message&, welcome& answer) const
    {
        answer = {};
        answer.capacity = capacity_;
        return true;
    }

private:
    static constexpr std::size_t foreign_id_max = 128;

    void begin(std::uint32_t capacity)
    {
        capacity_ = capacity;
        foreign_.restart(capacity);
    }

    // Writing

    void write(std::string& frame, std::string_view type, std::string_view id, std::string_view data)
    {
        member(frame, '{', fields_.type);
        detail::append_json_string(frame, type);
        if (!id.empty()) {
            member(frame, ',', fields_.id);
            frame.append(id);
        }
        if (!data.empty()) {
            member(frame, ',', fields_.data);
            detail::append_json_text(frame, data);
        }
        frame.push_back('}');
    }

    static void member(std::string& frame, char before, std::string_view name)
    {
        frame.push_back(before);
        detail::append_json_string(frame, name);
        frame.push_back(':');
    }

    // The last word for a request, if it is one of the peer's that waits for it.
    void answer(std::string& frame, std::string_view type, message_id to, std::string_view data)
    {
        if (const auto id = foreign_.find(to); !id.empty()) {
            write(frame, type, id, data);
            foreign_.close(to);
        }
    }

    void progress(std::string& frame, const message& out)
    {
        if (const auto id = foreign_.find(out.id); !id.empty()) {
            write(frame, fields_.progress_type, id, out.payload.bytes);
        }
    }

    std::string_view error_of(const message& out)
    {
        scratch_.clear();
        detail::json_object_writer object{scratch_};
        object.string("code", out.name);
        object.string("message", out.text);
        object.json("data", out.payload.form == encoding::text ? out.payload.bytes : std::string_view{});
        object.end();
        return scratch_;
    }

    std::string_view own_id(message_id id)
    {
        scratch_.assign("\"").append(1, side_).append(detail::decimal{id}.view()).append("\"");
        return scratch_;
    }

    // Reading

    bool read(std::string_view text, message& in, std::string_view& id)
    {
        detail::json_scanner scanner{text};
        detail::member_set seen;
        const bool whole = detail::read_object(scanner, member_, [&](std::string_view name) {
            if (name == fields_.type) {
                detail::json_string scanned;
                return seen.add(0) && scanner.string(scanned) && detail::text_of(scanned, name_, in.name);
            }
            if (name == fields_.data) {
                return seen.add(1) && payload(scanner, in.payload.bytes);
            }
            if (name == fields_.id && !fields_.id.empty()) {
                return seen.add(2) && identifier(scanner, id);
            }
            return scanner.skip_value();
        });
        return whole && scanner.finished() && !in.name.empty();
    }

    static bool payload(detail::json_scanner& scanner, std::string_view& out) noexcept
    {
        const bool read = scanner.value(out);
        out = read && out == "null" ? std::string_view{} : out;
        return read;
    }

    // Its text as JSON; null is none.
    static bool identifier(detail::json_scanner& scanner, std::string_view& out) noexcept
    {
        if (!payload(scanner, out) || out.size() > foreign_id_max) {
            return false;
        }
        return out.empty() || out[0] == '"' || out[0] == '-' || detail::is_digit(out[0]);
    }

    [[nodiscard]] bool is_own(std::string_view id) const noexcept
    {
        return id.size() > 3 && id[0] == '"' && id[1] == side_ && detail::is_digit(id[2]);
    }

    decoded answered(std::string_view id, message& in)
    {
        detail::json_scanner digits{id.substr(2, id.size() - 3)};
        if (!digits.integer(in.id) || !digits.finished()) {
            return decoded::bad;
        }
        const bool failed = in.name == fields_.error_type;
        const bool goes_on = in.name == fields_.progress_type;
        in.kind = failed ? message_kind::error : goes_on ? message_kind::progress : message_kind::reply;
        in.name = {};
        if (failed) {
            read_error(in);
        }
        return decoded::message;
    }

    // {"code","message","data"}; whatever else it is, is the data of an error of the application.
    void read_error(message& in)
    {
        const auto data = std::exchange(in.payload.bytes, {});
        detail::json_scanner scanner{data};
        const bool read = scanner.sees('{') && detail::read_object(scanner, member_, [&](std::string_view name) {
                              if (name == "code") {
                                  return string(scanner, name_, in.name);
                              }
                              if (name == "message") {
                                  return string(scanner, text_, in.text);
                              }
                              return name == "data" ? payload(scanner, in.payload.bytes) : scanner.skip_value();
                          });
        if (!read || in.name.empty()) {
            in.name = name_of(errc::remote_error);
            in.text = {};
            in.payload.bytes = data;
        }
    }

    static bool string(detail::json_scanner& scanner, std::string& scratch, std::string_view& out)
    {
        detail::json_string scanned;
        return scanner.string(scanned) && detail::text_of(scanned, scratch, out);
    }

    decoded asked(std::string_view id, message& in)
    {
        const auto number = foreign_.open(id);
        if (!number) {
            return decoded::bad; // more at once than the session has slots
        }
        in.kind = message_kind::request;
        in.id = *number;
        in.key = id;
        return decoded::message;
    }

    event_fields fields_{};
    char side_ = 'h';
    std::uint32_t capacity_ = 1024;
    detail::foreign_ids foreign_{1024};
    std::string scratch_; // of what is written
    std::string name_;    // of what was read, where it has escapes
    std::string text_;
    std::string member_;
};

} // namespace rejoinder::inline v0

#endif
