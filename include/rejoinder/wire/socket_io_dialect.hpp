// How a program speaks Socket.IO: what its events' arguments are, what an error is, and which events are the same.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_SOCKET_IO_DIALECT_HPP
#define REJOINDER_WIRE_SOCKET_IO_DIALECT_HPP

#include <rejoinder/wire/socket_io_arguments.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0 {

/// What Socket.IO has no word for: that a request has failed.
enum class socket_io_errors : std::uint8_t {
    told,   ///< by an ack of one argument, `{"error":{"code":"...","message":"...","data":...}}`
    silent, ///< there is no ack: the asker's own timeout tells it
};

/// Whether a server's client that lost its link gets its session back, with what it has missed.
enum class socket_io_recovery : std::uint8_t {
    off,
    on, ///< within the hub's grace. Every event without an ack has an offset behind its arguments, a string that its listeners see, too: for
        ///< clients that know of it, as socket.io-client from 4.6 on
};

/// How a namespace is spoken in.
struct socket_io_dialect {
    socket_io_arguments arguments = socket_io_arguments::alone;
    socket_io_errors errors = socket_io_errors::told;

    /// Requests of one name whose first argument has the same string or number here are the same request: it runs once, and every
    /// attempt is acknowledged with its one answer. Empty: none are the same.
    std::string key_member = "request_id";
    /// Says the key itself, in place of that: of the event's name and its arguments as JSON values with commas between them.
    /// Empty: none. Longer than 256 bytes: none.
    std::function<std::string(std::string_view name, std::string_view arguments)> key{};
    /// Events that are none the same, whatever they hold.
    std::vector<std::string> unkeyed{};

    /// Of a server. A client does what its server offers.
    socket_io_recovery recovery = socket_io_recovery::off;

    socket_io_limits limits{}; ///< of what the peer may send; as many attachments go out, too
};

} // namespace rejoinder::inline v0

#endif
