// Certificates made for a test, in memory.
#ifndef REJOINDER_TESTS_TLS_CERTIFICATES_HPP
#define REJOINDER_TESTS_TLS_CERTIFICATES_HPP

#include <asio/buffer.hpp>
#include <asio/ssl/context.hpp>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

/// A key and its certificate.
class test_certificate {
public:
    /// For `names`, as an X.509 alternative name: `DNS:localhost`. `days`: for how long from now; negative: it ended before now. Without an
    /// issuer it vouches for itself.
    explicit test_certificate(const std::string& names, int days = 1, const test_certificate* issuer = nullptr)
        : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), body_(X509_new(), X509_free)
    {
        static long serial = 0;
        X509_set_version(body_.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(body_.get()), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(body_.get()), -10L * 24 * 3600);
        X509_gmtime_adj(X509_getm_notAfter(body_.get()), days * 24L * 3600);
        X509_set_pubkey(body_.get(), key_.get());
        const auto common = "test " + std::to_string(serial);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(body_.get()), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.c_str()),
                                   -1, -1, 0);
        const auto& by = issuer == nullptr ? *this : *issuer;
        X509_set_issuer_name(body_.get(), X509_get_subject_name(by.body_.get()));
        extend(NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "critical,CA:FALSE");
        if (!names.empty()) {
            extend(NID_subject_alt_name, names);
        }
        X509_sign(body_.get(), by.key_.get(), EVP_sha256());
    }

    [[nodiscard]] std::string certificate_text() const
    {
        return text([this](BIO* to) { PEM_write_bio_X509(to, body_.get()); });
    }
    [[nodiscard]] std::string key_text() const
    {
        return text([this](BIO* to) { PEM_write_bio_PrivateKey(to, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }

    /// What a server with this certificate has.
    [[nodiscard]] std::shared_ptr<asio::ssl::context> server() const
    {
        auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
        made->use_certificate(asio::buffer(certificate_text()), asio::ssl::context::pem);
        made->use_private_key(asio::buffer(key_text()), asio::ssl::context::pem);
        return made;
    }
    /// What a client has that believes this one, and those it vouches for.
    [[nodiscard]] std::shared_ptr<asio::ssl::context> believer() const
    {
        auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
        made->add_certificate_authority(asio::buffer(certificate_text()));
        return made;
    }

private:
    void extend(int what, const std::string& value)
    {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> made{X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()),
                                                                                    X509_EXTENSION_free};
        X509_add_ext(body_.get(), made.get(), -1);
    }

    template <class Write>
    static std::string text(Write write)
    {
        const std::unique_ptr<BIO, decltype(&BIO_free)> memory{BIO_new(BIO_s_mem()), BIO_free};
        write(memory.get());
        char* bytes = nullptr;
        const auto size = BIO_get_mem_data(memory.get(), &bytes);
        return {bytes, static_cast<std::size_t>(size)};
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> body_;
};

#endif
