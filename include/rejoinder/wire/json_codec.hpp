// The native wire: messages as JSON arrays that a person can read, scanned without building a document.
#ifndef REJOINDER_WIRE_JSON_CODEC_HPP
#define REJOINDER_WIRE_JSON_CODEC_HPP

#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/json_envelope_read.hpp>
#include <rejoinder/wire/detail/json_envelope_write.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>

#include <string>

namespace rejoinder::inline v0 {

/// The codec of the native wire (docs/wire.md): `["req",17,"name",{...},{"ttl":59800}]`.
///
/// The payload of a message to be encoded must be JSON text (or binary): it is put between the brackets as it is, but
/// for raw newlines, which become spaces. Names, codes, texts and keys are escaped; bytes of them that are not UTF-8
/// become U+FFFD. No bytes and `null` are the same payload, and are decoded as no bytes.
///
/// Decoding is strict: the whole frame must be JSON (RFC 8259, UTF-8, at most `json_depth_max` deep), so a decoded
/// payload is valid JSON text. A decoded message's strings are views of the frame, or of the codec where they had
/// escapes; the payload always is a view of the frame. Both directions take time linear in the frame, and allocate only
/// until the codec's scratch (bounded by the frame) and the caller's string have grown to their size.
///
/// Distinct objects are independent; one object is used from one thread at a time.
class json_codec {
public:
    capabilities features() const noexcept { return {}; }

    /// Appends the frame of a message of any kind; a `hello` or `welcome` has its object as payload.
    encoding encode(const message& out, std::string& frame) { return detail::write_envelope(out, frame); }

    encoding encode(const hello& greeting, std::string& frame)
    {
        frame.append("[\"hello\",");
        detail::write_greeting(greeting, frame);
        frame.push_back(']');
        return encoding::text;
    }

    encoding encode(const welcome& answer, std::string& frame)
    {
        frame.append("[\"welcome\",");
        detail::write_greeting(answer, frame);
        frame.push_back(']');
        return encoding::text;
    }

    /// Reads a frame: `decoded::message`, or `decoded::bad`, after which `in` holds nothing of use.
    decoded decode(frame_view frame, message& in)
    {
        return detail::read_envelope(frame, scratch_, in) ? decoded::message : decoded::bad;
    }

    /// Reads the greeting of a decoded `hello`. Of another version than 1 only the version is read.
    bool decode(const message& in, hello& greeting)
    {
        return in.kind == message_kind::hello && detail::read_greeting(in.payload.bytes, greeting);
    }

    /// Reads the greeting of a decoded `welcome`. Of another version than 1 only the version is read.
    bool decode(const message& in, welcome& answer)
    {
        return in.kind == message_kind::welcome && detail::read_greeting(in.payload.bytes, answer);
    }

private:
    detail::envelope_scratch scratch_;
};

} // namespace rejoinder::inline v0

#endif
