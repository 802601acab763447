// Puts Socket.IO v5 packets together: the text, the attachments behind it, and the payload that they are.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_SOCKET_IO_DECODER_HPP
#define REJOINDER_WIRE_SOCKET_IO_DECODER_HPP

#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/socket_io_binary.hpp>
#include <rejoinder/wire/socket_io_arguments.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0 {

/// Reads the messages of one Engine.IO session. Bounded by its limits and by the size of a message. Text without
/// attachments is read in place; nothing is allocated per message once the scratch has grown. What a packet took beyond
/// 64 KiB is given back by `let_go`, or the next call.
///
/// Distinct objects are independent; one object is used from one thread at a time.
class socket_io_decoder {
public:
    explicit socket_io_decoder(socket_io_arguments how = socket_io_arguments::alone,
                               const socket_io_limits& limits = {})
        : limits_(limits), how_(how)
    {}

    /// Reads one message. `decoded::message`: `packet` is whole, and `payload` its arguments, if it is an event or ack;
    /// both borrow from the frame and the decoder until the next call. `decoded::incomplete`: attachments are due.
    /// `decoded::bad`: this isn't Socket.IO (text while attachments are due, attachments that nobody announced or that no
    /// mark names, a mark that names none, too many of them, ...): the protocol wants the link closed, and the
    /// decoder is of no more use.
    decoded decode(const frame_view& frame, socket_io_packet& packet, payload_view& payload)
    {
        return decode(frame, packet, payload, [](socket_io_packet&) {});
    }

    /// The same; `look(socket_io_packet&)` is called with the text of each packet before its payload is made, and may take arguments away.
    template <class Look>
    decoded decode(const frame_view& frame, socket_io_packet& packet, payload_view& payload, Look look)
    {
        payload = {};
        let_go();
        return frame.form == encoding::binary ? attachment(frame.bytes, packet, payload)
                                              : text(frame.bytes, packet, payload, look);
    }

    /// Nothing borrows from the last packet any more. What a rare large one wanted would else be kept for as long as the session.
    void let_go() noexcept
    {
        if (amid()) {
            return;
        }
        give_back(arguments_);
        give_back(kept_);
        give_back(scratch_);
        give_back_attachments();
    }

    /// Whether attachments of a packet are due.
    [[nodiscard]] bool amid() const noexcept { return arrived_ != announced_.attachments; }

private:
    static constexpr std::size_t kept_max = std::size_t{64} << 10; // bytes, between packets

    void give_back_attachments() noexcept
    {
        std::size_t together = 0;
        for (auto& one : attachments_) {
            together += one.capacity();
            if (together > kept_max) {
                std::string{}.swap(one);
            }
        }
    }
    static void give_back(std::string& one) noexcept
    {
        if (one.capacity() > kept_max) {
            std::string{}.swap(one);
        }
    }

    template <class Look>
    decoded text(std::string_view bytes, socket_io_packet& packet, payload_view& payload, Look look)
    {
        if (amid() || !read_socket_io_packet(bytes, scratch_, packet, limits_)) {
            return decoded::bad;
        }
        arrived_ = 0;
        attached_bytes_ = 0;
        announced_ = {};
        if (packet.attachments == 0) {
            look(packet);
            payload = payload_of(packet);
            return decoded::message;
        }
        kept_.assign(bytes);
        static_cast<void>(read_socket_io_packet(kept_, scratch_, announced_, limits_));
        look(announced_);
        return decoded::incomplete;
    }

    decoded attachment(std::string_view bytes, socket_io_packet& packet, payload_view& payload)
    {
        if (!amid() || bytes.size() > limits_.attachment_bytes - attached_bytes_) {
            return decoded::bad;
        }
        attached_bytes_ += bytes.size();
        if (attachments_.size() == arrived_) {
            attachments_.emplace_back();
        }
        attachments_[arrived_++].assign(bytes);
        if (amid()) {
            return decoded::incomplete;
        }
        packet = announced_;
        return binary_payload_of(packet, payload) ? decoded::message : decoded::bad;
    }

    payload_view payload_of(const socket_io_packet& packet)
    {
        if (packet.type != socket_io_type::event && packet.type != socket_io_type::ack) {
            return {};
        }
        if (how_ == socket_io_arguments::alone && packet.arguments <= 1) {
            return {packet.data};
        }
        arguments_.assign("[").append(packet.data).append("]");
        return {arguments_};
    }

    bool binary_payload_of(const socket_io_packet& packet, payload_view& payload)
    {
        const bool alone = how_ == socket_io_arguments::alone && packet.arguments == 1;
        if (alone && arrived_ == 1 && detail::is_only_mark(packet.data)) {
            payload = {attachments_.front(), encoding::binary};
            return true;
        }
        arguments_.assign(alone ? "" : "[");
        if (packet.arguments == 0 ||
            !detail::inline_attachments(packet.data, {attachments_.data(), arrived_}, arguments_)) {
            return false;
        }
        arguments_.append(alone ? "" : "]");
        payload = {arguments_};
        give_back_attachments(); // they are in there
        return true;
    }

    socket_io_limits limits_;
    socket_io_arguments how_;
    std::string scratch_;                  // an event's name, where it has escapes
    std::string kept_;                     // the text whose attachments are due
    socket_io_packet announced_;           // of it
    std::vector<std::string> attachments_; // of which the first have arrived
    std::size_t arrived_ = 0;
    std::size_t attached_bytes_ = 0;
    std::string arguments_; // where they don't stand in the frame as the payload wants them
};

} // namespace rejoinder::inline v0

#endif
