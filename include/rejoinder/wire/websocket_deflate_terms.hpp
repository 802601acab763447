// What two ends agreed on for permessage-deflate (RFC 7692 §7.1).
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_WEBSOCKET_DEFLATE_TERMS_HPP
#define REJOINDER_WIRE_WEBSOCKET_DEFLATE_TERMS_HPP

namespace rejoinder::inline v0 {

/// The parameters of permessage-deflate that the handshake ended with.
struct deflate_terms {
    bool server_no_context_takeover = false; ///< the server begins each message with an empty window
    bool client_no_context_takeover = false; ///< so does the client
    int server_max_window_bits = 15;         ///< the server's window is 2 to this many bytes; 8 to 15
    int client_max_window_bits = 15;         ///< and the client's

    friend bool operator==(const deflate_terms&, const deflate_terms&) = default;
};

} // namespace rejoinder::inline v0

#endif
