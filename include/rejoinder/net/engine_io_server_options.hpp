// How an Engine.IO server behaves, and its bounds.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_ENGINE_IO_SERVER_OPTIONS_HPP
#define REJOINDER_NET_ENGINE_IO_SERVER_OPTIONS_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_upgrade.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/origin_policy.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace rejoinder::inline v0 {

/// The transports that a server takes.
enum class engine_io_transports : std::uint8_t { both, polling, websocket };

/// An Engine.IO server's terms and bounds. `terms.max_payload` bounds messages either way; the listener's `web_options::body_max` must not
/// be below it.
struct engine_io_server_options {
    std::string path = "/socket.io/";
    engine_io_terms terms{};
    engine_io_transports transports = engine_io_transports::both;
    origin_policy origins{}; ///< pages that may use it: the others get code 4, and no CORS headers
    std::function<bool(const http_request&)>
        allow{};          ///< of a request that would open a session; false: 403 with code 4. Empty: all may
    std::string cookie{}; ///< of a session that polling opens, with its sid; empty: none
    duration upgrade_timeout = engine_io_upgrade_timeout;
    duration close_timeout = std::chrono::seconds{5};    ///< for the end of a WebSocket's closing handshake
    std::size_t sessions_max = 4096;                     ///< at once; further ones get 503
    std::size_t queued_bytes_max = std::size_t{4} << 20; ///< of a session, to be sent; above, `commit` is refused
    std::size_t queued_messages_max = std::size_t{1} << 14;
    std::optional<deflate_terms> deflate{}; ///< if the listener's channels can compress
};

/// What a server has seen so far.
struct engine_io_server_counts {
    std::uint64_t sessions = 0;        ///< opened
    std::uint64_t upgrades = 0;        ///< from polling to a WebSocket
    std::uint64_t failed_upgrades = 0; ///< that polling outlived
    std::uint64_t refused = 0;         ///< requests with an error of the protocol
    std::uint64_t turned_away = 0;     ///< at the bound of sessions
    std::uint64_t oversized = 0;       ///< polls above `max_payload`
    std::uint64_t bad = 0;             ///< sessions ended because their peer broke the protocol
    std::uint64_t timed_out = 0;       ///< sessions whose pong did not come
};

} // namespace rejoinder::inline v0

#endif
