// One port that speaks HTTPS and wss://.
// Not behind the door: it needs OpenSSL.
#ifndef REJOINDER_NET_TLS_WEB_LISTENER_HPP
#define REJOINDER_NET_TLS_WEB_LISTENER_HPP

#include <rejoinder/channel/tls_layer.hpp>
#include <rejoinder/net/web_listener.hpp>

namespace rejoinder::inline v0 {

/// A web listener over TLS: `tls_web_listener{executor, endpoint, options, tls_layer<>{context}}`, whose context has the certificate and its
/// key. The TLS handshake counts to `head_timeout`.
using tls_web_listener = basic_web_listener<tls_layer<>>;

} // namespace rejoinder::inline v0

#endif
