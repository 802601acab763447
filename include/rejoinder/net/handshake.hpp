// What a hub knows of a client that asks for a session, and what it may answer.
#ifndef REJOINDER_NET_HANDSHAKE_HPP
#define REJOINDER_NET_HANDSHAKE_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/json_payload.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace rejoinder::inline v0 {

/// What a client said of itself, and where it came from. Nothing of it is true until the authenticator says so.
struct handshake {
    json auth;            ///< what the client sent for the authenticator; null: nothing
    json metadata;        ///< fields for logs; null: none
    std::string from;     ///< the address that it came from
    bool resumes = false; ///< whether it brings a token of an earlier session
    /// The identity whose session that token resumes, proven by nothing but the token: for those who have no name of
    /// their own; empty: there is none.
    std::string known{};
    std::shared_ptr<const http_request>
        request; ///< by which it came, with cookies, query and route parameters; null: it came without HTTP

    /// Who the client says that it is: its auth, if that is a string with something in it; nothing otherwise, which refuses it. It is believed:
    /// for first programs, and for networks whose every member is trusted. All others look at `auth` for something that proves it.
    [[nodiscard]] std::optional<identity> claimed_identity() const
    {
        const auto* const name = auth.if_string();
        return name == nullptr || name->empty() ? std::nullopt : std::optional{identity{std::string{*name}}};
    }
};

/// Why a client gets no session.
class refusal {
public:
    /// `text`: a sentence that the client is told.
    explicit refusal(errc why = errc::auth_refused, std::string text = {}) : why_(why), text_(std::move(text)) {}
    /// `data`: more for the client's program, on wires that have room for it (Socket.IO).
    template <writable_payload T>
    refusal(errc why, std::string text, const T& data) : why_(why), text_(std::move(text))
    {
        static_cast<void>(write_payload(data, data_));
    }

    [[nodiscard]] errc why() const noexcept { return why_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// JSON text; empty: none.
    [[nodiscard]] const std::string& data() const noexcept { return data_; }

private:
    errc why_;
    std::string text_;
    std::string data_;
};

/// The authenticator's word: who the client is, or why it is refused.
class authentication {
public:
    authentication(identity who) : word_(std::move(who)) {}
    authentication(refusal why) : word_(std::move(why)) {}
    authentication(std::optional<identity> who) : word_(refusal{})
    {
        if (who) {
            word_ = std::move(*who);
        }
    }

    [[nodiscard]] const identity* who() const noexcept { return std::get_if<identity>(&word_); }
    [[nodiscard]] const refusal* why() const noexcept { return std::get_if<refusal>(&word_); }

private:
    std::variant<refusal, identity> word_;
};

} // namespace rejoinder::inline v0

#endif
