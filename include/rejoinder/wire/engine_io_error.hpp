// Why an Engine.IO v4 server refuses an HTTP request.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ENGINE_IO_ERROR_HPP
#define REJOINDER_WIRE_ENGINE_IO_ERROR_HPP

#include <rejoinder/wire/detail/json_greeting.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// Why a request is refused; its number is its `code` on the wire. The HTTP status is 403 for `forbidden`, else 400.
enum class engine_io_error : std::uint8_t {
    unknown_transport,    ///< neither polling nor WebSocket, or not the one that the session is on
    unknown_session,      ///< no session has this `sid`: open a new one
    bad_handshake_method, ///< a session is opened with GET
    bad_request,          ///< anything else that the protocol does not know
    forbidden,            ///< the program does not want this client
    unsupported_version,  ///< `EIO` is not 4
};

/// The sentence of an error, as every server says it.
[[nodiscard]] constexpr std::string_view message_of(engine_io_error error) noexcept
{
    constexpr std::array<std::string_view, 6> sentences{
        "Transport unknown", "Session ID unknown", "Bad handshake method",
        "Bad request",       "Forbidden",          "Unsupported protocol version"};
    return sentences[static_cast<std::size_t>(error)];
}

/// The status of the HTTP response that carries an error.
[[nodiscard]] constexpr unsigned http_status_of(engine_io_error error) noexcept
{
    return error == engine_io_error::forbidden ? 403 : 400;
}

/// Appends the body of a refusal, JSON of the protocol's two members.
inline void append_engine_io_error(std::string& out, engine_io_error error)
{
    detail::json_object_writer object{out};
    object.number("code", static_cast<std::uint64_t>(error));
    object.string("message", message_of(error));
    object.end();
}

/// Reads the body of a refusal; what else it says is its server's own. Nothing: it isn't one.
[[nodiscard]] inline std::optional<engine_io_error> read_engine_io_error(std::string_view body)
{
    detail::greeting_reader text{body};
    detail::member_set seen;
    std::uint8_t code = 0;
    const bool read = text.read([&](std::string_view name) {
        return name == "code"
                   ? seen.add(0) &&
                         text.number(code, 0, static_cast<std::uint8_t>(engine_io_error::unsupported_version))
                   : text.skip();
    });
    return read && seen.has(0) ? std::optional{static_cast<engine_io_error>(code)} : std::nullopt;
}

} // namespace rejoinder::inline v0

#endif
