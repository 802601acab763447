// One packet of Socket.IO v5 as text, without its attachments.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_SOCKET_IO_PACKET_HPP
#define REJOINDER_WIRE_SOCKET_IO_PACKET_HPP

#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a Socket.IO packet is for; its number is its digit on the wire. An event or ack with attachments has a digit of its
/// own there (5, 6), but is no other packet.
enum class socket_io_type : std::uint8_t {
    connect,       ///< client: let me into a namespace; server: you are in
    disconnect,    ///< either: I leave it
    event,         ///< either: a name and arguments; with an id it asks for an ack
    ack,           ///< the arguments that answer an event
    connect_error, ///< server: you are not let in
};

/// A packet, borrowing its text.
struct socket_io_packet {
    socket_io_type type = socket_io_type::event;
    std::string_view name_space = "/"; ///< begins with a slash and holds no comma
    std::optional<std::uint64_t> id{}; ///< event: of the ack that it asks for; ack: of the event; at most 2^53−1
    std::string_view name{};           ///< event: its name; one that is a number on the wire is that number's text
    std::string_view data{};     ///< event, ack: JSON values, the arguments, with commas between them and no bracket;
                                 ///< connect: a JSON object or nothing; connect_error: a JSON object or string
    std::size_t arguments = 0;   ///< event, ack: how many values `data` has; not needed to print
    std::size_t attachments = 0; ///< event, ack: how many binary messages follow

    friend bool operator==(const socket_io_packet&, const socket_io_packet&) = default;
};

/// What a peer may send.
struct socket_io_limits {
    std::size_t attachments = 10;                         ///< of one packet, as the reference server allows
    std::size_t attachment_bytes = std::size_t{10} << 20; ///< of one packet's attachments together
    std::size_t name_space = 256;                         ///< bytes of a namespace's name
};

/// Whether Socket.IO keeps this name for itself; no event may have it.
[[nodiscard]] constexpr bool is_reserved_in_socket_io(std::string_view event) noexcept
{
    constexpr std::array<std::string_view, 6> reserved{"connect",       "connect_error", "disconnect",
                                                       "disconnecting", "newListener",   "removeListener"};
    return std::find(reserved.begin(), reserved.end(), event) != reserved.end();
}

/// Appends the packet's text. The caller sends it as one message, and its attachments behind it.
inline void append_socket_io_packet(std::string& out, const socket_io_packet& packet)
{
    const bool arguments = packet.type == socket_io_type::event || packet.type == socket_io_type::ack;
    const bool binary = packet.attachments != 0;
    out.push_back(static_cast<char>('0' + static_cast<int>(packet.type) + (binary ? 3 : 0)));
    if (binary) {
        out.append(detail::decimal{packet.attachments}.view()).push_back('-');
    }
    if (packet.name_space != "/") {
        out.append(packet.name_space).push_back(',');
    }
    if (packet.id) {
        out.append(detail::decimal{*packet.id}.view());
    }
    if (arguments) {
        out.push_back('[');
    }
    if (packet.type == socket_io_type::event) {
        detail::append_json_string(out, packet.name);
        if (!packet.data.empty()) {
            out.push_back(',');
        }
    }
    detail::append_json_text(out, packet.data);
    if (arguments) {
        out.push_back(']');
    }
}

namespace detail {

// Reads one packet's text, from left to right. Each function is false where it is not Socket.IO.
class socket_io_reader {
public:
    socket_io_reader(std::string_view text, const socket_io_limits& limits, std::string& scratch,
                     socket_io_packet& packet) noexcept
        : text_(text), limits_(limits), scratch_(scratch), packet_(packet)
    {}

    bool read()
    {
        packet_ = {};
        return type() && name_space() && id() && payload();
    }

private:
    bool type()
    {
        if (text_.empty() || text_[0] < '0' || text_[0] > '6') {
            return false;
        }
        const int digit = text_[0] - '0';
        const bool binary = digit > 4;
        packet_.type = static_cast<socket_io_type>(binary ? digit - 3 : digit);
        text_.remove_prefix(1);
        std::uint64_t count = 0;
        if (!binary) {
            return true;
        }
        if (!number(count) || count > limits_.attachments || !text_.starts_with('-')) {
            return false;
        }
        packet_.attachments = static_cast<std::size_t>(count);
        text_.remove_prefix(1);
        return true;
    }

    bool name_space()
    {
        if (!text_.starts_with('/')) {
            return true;
        }
        const auto end = std::min(text_.find(','), text_.size());
        packet_.name_space = text_.substr(0, end);
        text_.remove_prefix(std::min(end + 1, text_.size()));
        return end <= limits_.name_space && is_utf8(packet_.name_space);
    }

    bool id()
    {
        if (text_.empty() || !is_digit(text_[0])) {
            return packet_.type != socket_io_type::ack;
        }
        const bool may_have = packet_.type == socket_io_type::event || packet_.type == socket_io_type::ack;
        return may_have && number(packet_.id.emplace());
    }

    // Digits without a leading zero, at most 2^53−1.
    bool number(std::uint64_t& out)
    {
        const auto digits = std::find_if_not(text_.begin(), text_.end(), is_digit) - text_.begin();
        json_scanner scanner{text_.substr(0, static_cast<std::size_t>(digits))};
        text_.remove_prefix(static_cast<std::size_t>(digits));
        return scanner.integer(out);
    }

    bool payload()
    {
        switch (packet_.type) {
        case socket_io_type::event:
        case socket_io_type::ack: return arguments();
        case socket_io_type::connect: return text_.empty() || (value() && packet_.data.front() == '{');
        case socket_io_type::connect_error:
            return value() && (packet_.data.front() == '{' || packet_.data.front() == '"');
        case socket_io_type::disconnect: return text_.empty();
        }
        return false;
    }

    bool value()
    {
        json_scanner scanner{text_};
        return scanner.value(packet_.data) && scanner.finished();
    }

    bool arguments()
    {
        json_scanner scanner{text_};
        if (!scanner.take('[')) {
            return false;
        }
        const bool event = packet_.type == socket_io_type::event;
        if (event ? !name(scanner) : scanner.take(']')) {
            return !event && scanner.finished();
        }
        if (!event && !argument(scanner)) {
            return false;
        }
        while (scanner.take(',')) {
            if (!argument(scanner)) {
                return false;
            }
        }
        return scanner.take(']') && scanner.finished();
    }

    bool name(json_scanner& scanner)
    {
        if (scanner.sees('"')) {
            json_string scanned;
            return scanner.string(scanned) && text_of(scanned, scratch_, packet_.name) &&
                   !is_reserved_in_socket_io(packet_.name);
        }
        return scanner.value(packet_.name) && (packet_.name[0] == '-' || is_digit(packet_.name[0]));
    }

    // `data` grows by one value and what stands between it and the last.
    bool argument(json_scanner& scanner)
    {
        std::string_view one;
        if (!scanner.value(one)) {
            return false;
        }
        const char* const begin = packet_.arguments == 0 ? one.data() : packet_.data.data();
        packet_.data = {begin, static_cast<std::size_t>(one.data() + one.size() - begin)};
        ++packet_.arguments;
        return true;
    }

    std::string_view text_;
    const socket_io_limits& limits_;
    std::string& scratch_;
    socket_io_packet& packet_;
};

} // namespace detail

/// Reads a packet's text. False: it isn't Socket.IO, and the protocol wants the link closed at once.
///
/// Strict: the JSON is RFC 8259, at most `json_depth_max` deep; an event's payload is an array that begins with a name that
/// isn't reserved; ids and namespaces stand only where they mean something. `packet` borrows from `text`, and an event's
/// name, if it has escapes, from `scratch`. Reads each byte once; allocates nothing but for such a name.
[[nodiscard]] inline bool read_socket_io_packet(std::string_view text, std::string& scratch, socket_io_packet& packet,
                                                const socket_io_limits& limits = {})
{
    return detail::socket_io_reader{text, limits, scratch, packet}.read();
}

} // namespace rejoinder::inline v0

#endif
