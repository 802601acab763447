// The handshake of Engine.IO v4: what a server says first of all.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ENGINE_IO_HANDSHAKE_HPP
#define REJOINDER_WIRE_ENGINE_IO_HANDSHAKE_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// The terms of an Engine.IO session, which its server sets.
struct engine_io_terms {
    duration ping_interval = std::chrono::seconds{25}; ///< from the opening or a pong to the next ping
    duration ping_timeout = std::chrono::seconds{20};  ///< from a ping until its pong is overdue
    std::size_t max_payload = 1'000'000;               ///< bytes of one poll's body, or of one WebSocket message

    friend bool operator==(const engine_io_terms&, const engine_io_terms&) = default;
};

/// The transports that a session may move to.
enum class engine_io_upgrades : std::uint8_t { none, websocket };

/// What an `open` packet says.
struct engine_io_handshake {
    std::string sid;                                        ///< the session's secret name
    engine_io_upgrades upgrades = engine_io_upgrades::none; ///< `none` where the session began on a WebSocket
    engine_io_terms terms;

    friend bool operator==(const engine_io_handshake&, const engine_io_handshake&) = default;
};

/// Appends the data of the `open` packet: the protocol's five members and no other. Times are whole milliseconds.
inline void append_engine_io_handshake(std::string& out, const engine_io_handshake& handshake)
{
    detail::json_object_writer object{out};
    object.string("sid", handshake.sid);
    object.raw("upgrades").append(handshake.upgrades == engine_io_upgrades::websocket ? "[\"websocket\"]" : "[]");
    object.number("pingInterval", detail::wire_milliseconds(handshake.terms.ping_interval));
    object.number("pingTimeout", detail::wire_milliseconds(handshake.terms.ping_timeout));
    object.number("maxPayload", handshake.terms.max_payload);
    object.end();
}

namespace detail {

inline bool read_engine_io_upgrades(std::string_view list, engine_io_upgrades& out)
{
    json_scanner text{list};
    std::string scratch;
    out = engine_io_upgrades::none;
    if (!text.take('[')) {
        return false;
    }
    if (text.take(']')) {
        return true;
    }
    do {
        json_string scanned;
        std::string_view name;
        if (!text.string(scanned) || !text_of(scanned, scratch, name)) {
            return false;
        }
        out = name == "websocket" ? engine_io_upgrades::websocket : out;
    } while (text.take(','));
    return text.take(']');
}

} // namespace detail

/// Reads the data of an `open` packet. False: it isn't a handshake. Members and transports that it does not know are
/// stepped over; servers before engine.io 6.2 do not say `maxPayload`: it keeps its default.
[[nodiscard]] inline bool read_engine_io_handshake(std::string_view data, engine_io_handshake& out)
{
    out = {};
    detail::greeting_reader text{data};
    detail::member_set seen;
    const bool read = text.read([&](std::string_view name) {
        if (name == "sid") {
            return seen.add(0) && text.name(out.sid) && !out.sid.empty();
        }
        if (name == "upgrades") {
            std::string list;
            return seen.add(1) && text.json(list) && detail::read_engine_io_upgrades(list, out.upgrades);
        }
        if (name == "pingInterval") {
            return seen.add(2) && text.milliseconds(out.terms.ping_interval);
        }
        if (name == "pingTimeout") {
            return seen.add(3) && text.milliseconds(out.terms.ping_timeout);
        }
        if (name == "maxPayload") {
            return seen.add(4) && text.number(out.terms.max_payload, 1, detail::json_integer_max);
        }
        return text.skip();
    });
    return read && seen.has(0) && seen.has(1) && seen.has(2) && seen.has(3);
}

} // namespace rejoinder::inline v0

#endif
