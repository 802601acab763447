// The body of a poll of Engine.IO v4: packets in a row, bytes as base64.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ENGINE_IO_PAYLOAD_HPP
#define REJOINDER_WIRE_ENGINE_IO_PAYLOAD_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/base64.hpp>
#include <rejoinder/wire/detail/utf8.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

inline constexpr char engine_io_separator = '\x1E';

} // namespace detail

/// The bytes that a packet adds to the body of a poll, its separator included.
[[nodiscard]] constexpr std::size_t engine_io_payload_length(const engine_io_packet& packet) noexcept
{
    return 2 + (packet.form == encoding::binary ? base64_length(packet.data.size()) : packet.data.size());
}

/// Appends a packet to the body of a poll. False: its text holds the separator U+001E, so no poll can carry it, and
/// `body` is as it was. (JSON as JavaScript and this library write it never holds that character raw.)
[[nodiscard]] inline bool append_engine_io_payload(std::string& body, const engine_io_packet& packet)
{
    if (packet.form == encoding::text && packet.data.find(detail::engine_io_separator) != std::string_view::npos) {
        return false;
    }
    if (!body.empty()) {
        body.push_back(detail::engine_io_separator);
    }
    if (packet.form == encoding::binary) {
        body.push_back('b');
        append_base64(body, packet.data);
    } else {
        append_engine_io_packet(body, packet);
    }
    return true;
}

/// Reads the packets of one body, one after another.
///
/// The body is the caller's, and as large as the caller let it become (`maxPayload`); decoding base64 makes it smaller.
/// One packet a byte would make much work of a small body, so their number is bounded, too.
class engine_io_payload_reader {
public:
    enum class step : std::uint8_t {
        packet, ///< here is one
        end,    ///< the body has been read
        bad,    ///< it isn't Engine.IO, not UTF-8 or too many packets: the session is to be closed
    };

    /// `body` must outlive the reader.
    explicit engine_io_payload_reader(std::string_view body, std::size_t packets_max = 4096) noexcept
        : rest_(body), packets_left_(packets_max)
    {}

    /// The next packet, which borrows from the body and the reader until the next call. After `bad` no more is read.
    step next(engine_io_packet& packet)
    {
        if (over_) {
            return step::end;
        }
        const auto end = rest_.find(detail::engine_io_separator);
        const auto piece = rest_.substr(0, end);
        over_ = end == std::string_view::npos;
        rest_.remove_prefix(over_ ? rest_.size() : end + 1);
        if (packets_left_ == 0 || !read(piece, packet)) {
            over_ = true;
            return step::bad;
        }
        --packets_left_;
        return step::packet;
    }

private:
    bool read(std::string_view piece, engine_io_packet& packet)
    {
        if (piece.starts_with('b')) {
            bytes_.clear();
            packet = {engine_io_type::message, {}, encoding::binary};
            const bool read = decode_base64(piece.substr(1), bytes_);
            packet.data = bytes_;
            return read;
        }
        const auto found = read_engine_io_packet({piece});
        if (!found || !detail::is_utf8(piece)) {
            return false;
        }
        packet = *found;
        return true;
    }

    std::string_view rest_;
    std::string bytes_; // of the last binary packet
    std::size_t packets_left_;
    bool over_ = false;
};

} // namespace rejoinder::inline v0

#endif
