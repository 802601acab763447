// Writes a message as an envelope of the native wire.
#ifndef REJOINDER_WIRE_DETAIL_JSON_ENVELOPE_WRITE_HPP
#define REJOINDER_WIRE_DETAIL_JSON_ENVELOPE_WRITE_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/big_endian.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// In the order of message_kind.
inline constexpr std::array<std::string_view, 15> envelope_tags{"hello", "welcome", "ready", "refuse", "bye",
                                                                "req",   "res",     "err",   "msg",    "ack",
                                                                "evt",   "prg",     "can",   "ping",   "pong"};

static_assert(envelope_tags.size() == static_cast<std::size_t>(message_kind::pong) + 1,
              "envelope_tags must have a tag for each message_kind, in its order");

constexpr bool carries_payload(message_kind kind) noexcept
{
    switch (kind) {
    case message_kind::request:
    case message_kind::reply:
    case message_kind::error:
    case message_kind::delivery:
    case message_kind::ack:
    case message_kind::notification:
    case message_kind::progress: return true;
    default: return false;
    }
}

// Appends the elements of one envelope; whoever writes an element has the ones before it written.
class envelope_writer {
public:
    explicit envelope_writer(std::string& out) noexcept : out_(out) {}

    void tag(message_kind kind)
    {
        std::array<char, 16> head;
        const auto size = put_tag(head.data(), kind);
        out_.append(head.data(), size);
    }

    // One append for tag and id: each costs as much as copying the bytes.
    void tag_and_id(message_kind kind, message_id id)
    {
        std::array<char, 40> head;
        auto size = put_tag(head.data(), kind);
        const decimal digits{id};
        const auto text = digits.view();
        head[size++] = ',';
        std::memcpy(head.data() + size, text.data(), text.size());
        out_.append(head.data(), size + text.size());
    }

    void string(std::string_view text)
    {
        out_.push_back(',');
        append_json_string(out_, text);
    }

    void payload(payload_view payload)
    {
        out_.push_back(',');
        if (payload.form == encoding::binary || payload.bytes.empty()) {
            out_.append("null");
        } else {
            append_json_text(out_, payload.bytes);
        }
    }

    void optional_payload(payload_view content)
    {
        if (!is_nothing(content)) {
            payload(content);
        }
    }

    void payload_and_call_options(const message& m)
    {
        const bool options = m.time_left || !m.key.empty() || m.stamp;
        if (options || !is_nothing(m.payload)) {
            payload(m.payload);
        }
        if (!options) {
            return;
        }
        out_.push_back(',');
        json_object_writer object{out_};
        if (m.time_left) {
            object.number("ttl", wire_milliseconds(*m.time_left));
        }
        if (!m.key.empty()) {
            object.string("key", m.key);
        }
        if (m.stamp) {
            object.number("seq", m.stamp.sequence);
            object.number("settled", m.stamp.settled);
        }
        if (m.stamp && m.stamp.attempt != 1) {
            object.number("try", m.stamp.attempt);
        }
        object.end();
    }

    void text_and_data(const message& m)
    {
        const bool data = !is_nothing(m.payload);
        if (data || !m.text.empty()) {
            string(m.text);
        }
        optional_payload(m.payload);
    }

    void text_and_retry(const message& m)
    {
        if (m.time_left || !m.text.empty()) {
            string(m.text);
        }
        if (m.time_left) {
            out_.push_back(',');
            json_object_writer object{out_};
            object.number("retry_after", wire_milliseconds(*m.time_left));
            object.end();
        }
    }

    void ids(std::span<const message_id> ids)
    {
        char before = '[';
        out_.push_back(',');
        for (const auto id : ids) {
            out_.push_back(before);
            out_.append(decimal{id}.view());
            before = ',';
        }
        out_.push_back(']');
    }

    void end() { out_.push_back(']'); }

private:
    static bool is_nothing(payload_view payload) noexcept
    {
        return payload.form == encoding::text && (payload.bytes.empty() || payload.bytes == "null");
    }

    static std::size_t put_tag(char* out, message_kind kind) noexcept
    {
        const auto name = envelope_tags[static_cast<std::size_t>(kind)];
        out[0] = '[';
        out[1] = '"';
        std::memcpy(out + 2, name.data(), name.size());
        out[2 + name.size()] = '"';
        return name.size() + 3;
    }

    std::string& out_;
};

inline void write_elements(const message& m, envelope_writer& out)
{
    switch (m.kind) {
    case message_kind::hello:
    case message_kind::welcome:
        out.tag(m.kind);
        out.payload({m.payload.bytes.empty() ? "{}" : m.payload.bytes});
        return;
    case message_kind::ready: out.tag(m.kind); return;
    case message_kind::refusal:
    case message_kind::bye:
        out.tag(m.kind);
        out.string(m.name);
        out.text_and_retry(m);
        return;
    case message_kind::request:
    case message_kind::delivery:
        out.tag_and_id(m.kind, m.id);
        out.string(m.name);
        out.payload_and_call_options(m);
        return;
    case message_kind::reply:
    case message_kind::ack:
    case message_kind::progress:
        out.tag_and_id(m.kind, m.id);
        out.optional_payload(m.payload);
        return;
    case message_kind::error:
        out.tag_and_id(m.kind, m.id);
        out.string(m.name);
        out.text_and_data(m);
        return;
    case message_kind::notification:
        out.tag(m.kind);
        out.string(m.name);
        out.optional_payload(m.payload);
        return;
    case message_kind::ping:
        out.tag_and_id(m.kind, m.id);
        if (!m.finished.empty()) {
            out.ids(m.finished);
        }
        return;
    case message_kind::cancel:
    case message_kind::pong: out.tag_and_id(m.kind, m.id); return;
    }
}

inline encoding write_envelope(const message& m, std::string& out)
{
    const bool binary = m.payload.form == encoding::binary && carries_payload(m.kind);
    const auto head = out.size();
    if (binary) {
        out.append(4, '\0');
    }
    envelope_writer writer{out};
    write_elements(m, writer);
    writer.end();
    if (!binary) {
        return encoding::text;
    }
    store_big_endian(out.data() + head, static_cast<std::uint32_t>(out.size() - head - 4));
    out.append(m.payload.bytes);
    return encoding::binary;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
