// Takes a payload apart into the text of a Socket.IO v5 packet and the attachments that follow it.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_SOCKET_IO_ENCODER_HPP
#define REJOINDER_WIRE_SOCKET_IO_ENCODER_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/socket_io_binary.hpp>
#include <rejoinder/wire/socket_io_arguments.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0 {

/// Writes events and acks for one Engine.IO session: a text, then its attachments. Copies no attachment that is a payload
/// of its own.
///
/// Distinct objects are independent; one object is used from one thread at a time.
class socket_io_encoder {
public:
    /// `attachments_max`: as many as the peer takes of one packet.
    explicit socket_io_encoder(socket_io_arguments how = socket_io_arguments::alone,
                               std::size_t attachments_max = 10) noexcept
        : attachments_max_(attachments_max), how_(how)
    {}

    /// Appends the packet's text; `payload` becomes its arguments, whatever `packet` says of them. `next` then gives
    /// the attachments. `more`: another argument behind these, as JSON; empty: none. Precondition: `packet` is an event or ack; a payload that
    /// is text is JSON.
    void encode(socket_io_packet packet, const payload_view& payload, std::string& text, std::string_view more = {})
    {
        detached_.clear();
        arguments_.clear();
        next_ = 0;
        alone_ = {};
        packet.data = {};
        if (payload.form == encoding::binary) {
            alone_ = payload;
            detail::append_attachment_mark(arguments_, 0);
            packet.data = arguments_;
            packet.attachments = 1;
        } else {
            packet.data = values_of(payload.bytes);
            if (detail::detach_binary(packet.data, attachments_max_, detached_, arguments_)) {
                packet.data = arguments_;
            }
            packet.attachments = detached_.size();
        }
        if (!more.empty()) {
            if (packet.data.data() != arguments_.data()) {
                arguments_.assign(packet.data);
            }
            arguments_.append(arguments_.empty() ? "" : ",").append(more);
            packet.data = arguments_;
        }
        append_socket_io_packet(text, packet);
    }

    /// The next attachment of the packet that was encoded last, each once and in order. False: there is none. It
    /// borrows from the payload or the encoder until the next `encode`.
    [[nodiscard]] bool next(std::string_view& attachment)
    {
        const bool alone = alone_.form == encoding::binary;
        if (next_ == (alone ? 1 : detached_.size())) {
            return false;
        }
        attachment = alone ? alone_.bytes : std::string_view{detached_[next_]};
        ++next_;
        return true;
    }

private:
    std::string_view values_of(std::string_view payload) const noexcept
    {
        if (how_ == socket_io_arguments::alone || payload.empty()) {
            return payload;
        }
        detail::json_scanner text{payload};
        std::string_view list;
        if (!text.sees('[') || !text.value(list)) {
            return payload;
        }
        detail::json_scanner inside{list};
        return inside.take('[') && inside.take(']') ? std::string_view{} : list.substr(1, list.size() - 2);
    }

    std::size_t attachments_max_;
    socket_io_arguments how_;
    std::string arguments_; // with marks in them
    std::vector<std::string> detached_;
    payload_view alone_{}; // the payload that is an attachment
    std::size_t next_ = 0;
};

} // namespace rejoinder::inline v0

#endif
