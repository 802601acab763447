// TLS below HTTP and WebSockets.
// Not behind the door: it needs OpenSSL.
#ifndef REJOINDER_CHANNEL_TLS_LAYER_HPP
#define REJOINDER_CHANNEL_TLS_LAYER_HPP

#include <rejoinder/channel/tls_error.hpp>
#include <rejoinder/channel/tls_stream.hpp>
#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/wire/no_compression.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream_base.hpp>

#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// Whose certificates a client believes.
enum class tls_peers {
    verified, ///< those that the context's authorities vouch for, and that are the URL's host's
    anybody,  ///< all: encrypted, and to whom nobody knows
};

/// The layer of `wss://` URLs and TLS ports; clients may use it for `ws://`, too. Model of what `plain_layer` describes.
template <class Compression = no_compression>
class tls_layer {
public:
    using stream_type = tls_stream;
    using channel_type = websocket<stream_type, Compression>;
    static constexpr bool compresses = !std::is_same_v<Compression, no_compression>;
    static constexpr bool is_secure = true;

    /// For clients: TLS 1.2 or newer, and the system's authorities.
    tls_layer() : tls_layer(std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client))
    {
        context_->set_default_verify_paths();
        SSL_CTX_set_min_proto_version(context_->native_handle(), TLS1_2_VERSION);
    }
    /// With this context: a server's certificate and key, a client's authorities.
    explicit tls_layer(std::shared_ptr<asio::ssl::context> context, tls_peers peers = tls_peers::verified)
        : context_(std::move(context)), peers_(peers)
    {}

    /// All, but TLS to a host that it has no name for: longer than 255 bytes, or an address with a zone.
    [[nodiscard]] bool speaks(const url& where) const noexcept
    {
        return !where.is_secure() || (!where.host.empty() && where.host.size() <= TLSEXT_MAXLEN_host_name &&
                                      where.host.find_first_of(std::string_view{"%\0", 2}) == std::string::npos);
    }

    [[nodiscard]] stream_type over(asio::ip::tcp::socket&& socket) const
    {
        return {std::move(socket), context_, stream_type::mode::tls};
    }

    /// Throws `std::system_error` if OpenSSL takes no such host name, which is none that it speaks to.
    [[nodiscard]] stream_type over(asio::ip::tcp::socket&& socket, const url& where) const
    {
        stream_type made{std::move(socket), context_,
                         where.is_secure() ? stream_type::mode::tls : stream_type::mode::plain};
        if (where.is_secure()) {
            expect(made.next_layer().native_handle(), where.host);
        }
        return made;
    }

    template <class Handler>
    static void open(stream_type& stream, websocket_role role, Handler&& then)
    {
        if (stream.is_plain()) {
            asio::post(stream.get_executor(),
                       [then = std::forward<Handler>(then)]() mutable { then(std::error_code{}); });
            return;
        }
        const auto end =
            role == websocket_role::client ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
        auto* const session = stream.next_layer().native_handle();
        stream.next_layer().async_handshake(
            end, [session, role, then = std::forward<Handler>(then)](std::error_code ec) mutable {
                const bool cancelled = ec == asio::error::operation_aborted;
                const auto verdict = ec && !cancelled && role == websocket_role::client ? SSL_get_verify_result(session)
                                                                                        : long{X509_V_OK};
                then(verdict == X509_V_OK ? ec : make_error_code(detail::tls_errc_of(verdict)));
            });
    }

private:
    // Whom the client wants to speak to: the server may have several certificates, and only that host's will do.
    void expect(SSL* session, const std::string& host) const
    {
        std::error_code no_address;
        asio::ip::make_address(host, no_address);
        bool good = true;
        if (no_address) {
            good = SSL_set_tlsext_host_name(session, host.c_str()) == 1;
        }
        if (peers_ == tls_peers::verified) {
            SSL_set_verify(session, SSL_VERIFY_PEER, nullptr);
            SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            good = good && (no_address ? SSL_set1_host(session, host.c_str())
                                       : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str())) == 1;
        } else {
            SSL_set_verify(session, SSL_VERIFY_NONE, nullptr);
        }
        if (!good) {
            throw std::system_error{asio::error::invalid_argument, "rejoinder: no host name for TLS: " + host};
        }
    }

    std::shared_ptr<asio::ssl::context> context_;
    tls_peers peers_ = tls_peers::verified;
};

} // namespace rejoinder::inline v0

#endif
