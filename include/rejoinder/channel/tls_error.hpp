// Why a TLS certificate was not believed.
// Not behind the door: it needs OpenSSL.
#ifndef REJOINDER_CHANNEL_TLS_ERROR_HPP
#define REJOINDER_CHANNEL_TLS_ERROR_HPP

#include <rejoinder/core/error.hpp>

#include <openssl/x509_vfy.h>

#include <string>
#include <system_error>

namespace rejoinder::inline v0 {

/// What is wrong with the other side's certificate.
enum class tls_errc {
    wrong_host_name = 1, ///< it is one of another host
    expired,
    not_yet_valid,
    self_signed,       ///< nobody but itself vouches for it
    unknown_authority, ///< somebody vouches for it whom this side does not know
    revoked,
    untrusted, ///< something else
};

namespace detail {

class tls_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "rejoinder.tls"; }

    std::string message(int value) const override
    {
        switch (static_cast<tls_errc>(value)) {
        case tls_errc::wrong_host_name: return "the certificate is one of another host";
        case tls_errc::expired: return "the certificate has expired";
        case tls_errc::not_yet_valid: return "the certificate is not valid yet";
        case tls_errc::self_signed: return "the certificate is self-signed";
        case tls_errc::unknown_authority: return "the certificate is from an authority that is not known here";
        case tls_errc::revoked: return "the certificate was revoked";
        case tls_errc::untrusted: break;
        }
        return "the certificate cannot be trusted";
    }

    // So that a client takes it for no link that is merely down; but a clock that is not set yet will be.
    std::error_condition default_error_condition(int value) const noexcept override
    {
        return static_cast<tls_errc>(value) == tls_errc::not_yet_valid ? std::error_condition{value, *this}
                                                                       : make_error_condition(errc::untrusted);
    }
};

/// Of OpenSSL's verdict on a certificate.
constexpr tls_errc tls_errc_of(long verdict) noexcept
{
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return tls_errc::wrong_host_name;
    case X509_V_ERR_CERT_HAS_EXPIRED: return tls_errc::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return tls_errc::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return tls_errc::self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return tls_errc::unknown_authority;
    case X509_V_ERR_CERT_REVOKED: return tls_errc::revoked;
    default: return tls_errc::untrusted;
    }
}

} // namespace detail

/// The category of `tls_errc`.
inline const std::error_category& tls_category() noexcept
{
    static const detail::tls_category category;
    return category;
}

inline std::error_code make_error_code(tls_errc code) noexcept
{
    return {static_cast<int>(code), tls_category()};
}

} // namespace rejoinder::inline v0

template <>
struct std::is_error_code_enum<rejoinder::tls_errc> : std::true_type {};

#endif
