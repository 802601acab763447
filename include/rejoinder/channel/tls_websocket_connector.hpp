// A connector over WebSockets by wss:// and ws:// URLs.
// Not behind the door: it needs OpenSSL.
#ifndef REJOINDER_CHANNEL_TLS_WEBSOCKET_CONNECTOR_HPP
#define REJOINDER_CHANNEL_TLS_WEBSOCKET_CONNECTOR_HPP

#include <rejoinder/channel/tls_layer.hpp>
#include <rejoinder/channel/websocket_connector.hpp>

namespace rejoinder::inline v0 {

/// For `wss://`, and `ws://`. Certificates and host names are verified, with the system's authorities, unless its layer says otherwise:
/// `tls_websocket_connector{url, options, tls_layer<>{context}}`. A certificate that is not believed ends an attempt with a `tls_errc`.
using tls_websocket_connector = basic_websocket_connector<tls_layer<>>;

} // namespace rejoinder::inline v0

#endif
