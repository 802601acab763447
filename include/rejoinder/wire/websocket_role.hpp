// Which end of a WebSocket this one is.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_ROLE_HPP
#define REJOINDER_WIRE_WEBSOCKET_ROLE_HPP

#include <cstdint>

namespace rejoinder::inline v0 {

/// Which end of a WebSocket this one is. A client masks every frame that it sends, a server none (RFC 6455 §5.1).
enum class websocket_role : std::uint8_t { client, server };

} // namespace rejoinder::inline v0

#endif
