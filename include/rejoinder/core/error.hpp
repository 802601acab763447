// Why a call ended without its answer, and what may have happened at the other side meanwhile.
#ifndef REJOINDER_CORE_ERROR_HPP
#define REJOINDER_CORE_ERROR_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

/// What is known about the handler at the other side when a call ends with an error (contract, point 4).
enum class certainty : std::uint8_t {
    maybe_executed, ///< it may have run, once at most; what a foreign error code counts as
    never_sent,     ///< the message was never given to any connection
    not_executed,   ///< the other side refused it before the handler
    acknowledged,   ///< the other side said that it has it, or that the handler ran
};

/// The kinds of error. `ec == errc::timed_out` holds whatever certainty the code carries.
enum class errc {
    timed_out = 1,
    not_connected,
    queue_full,
    evicted,
    expired,
    too_big,
    unsupported,
    session_lost,
    replaced,
    closed,
    no_handler,
    bad_payload,
    refused,
    busy,
    key_conflict,
    handler_error,
    remote_error,
    answer_lost,
    cancelled,
    stale_request,
    interrupted,
    bad_message,
    auth_refused,
    incompatible,
    too_many_connections,
    outdated_attempt,
    handshake_timed_out,
    store_failed,
    no_quorum,
    closed_by_peer,
    peer_went_away,
    untrusted,
};

} // namespace rejoinder::inline v0

template <>
struct std::is_error_condition_enum<rejoinder::errc> : std::true_type {};

namespace rejoinder::inline v0 {

namespace detail {

struct errc_entry {
    errc code;
    std::string_view name; // as it travels on the wire
    std::string_view text;
    certainty usual;
};

inline constexpr std::array errc_table{
    errc_entry{errc::timed_out, "timed_out", "the deadline passed before an answer came", certainty::maybe_executed},
    errc_entry{errc::not_connected, "not_connected", "the peer is not connected", certainty::never_sent},
    errc_entry{errc::queue_full, "queue_full", "too many messages are waiting already", certainty::never_sent},
    errc_entry{errc::evicted, "evicted", "the message gave its place in the outbox to a newer one",
               certainty::never_sent},
    errc_entry{errc::expired, "expired", "the message's time to live passed before it was acknowledged",
               certainty::maybe_executed},
    errc_entry{errc::too_big, "too_big", "the message is larger than the limit", certainty::never_sent},
    errc_entry{errc::unsupported, "unsupported", "the wire cannot carry this message", certainty::never_sent},
    errc_entry{errc::session_lost, "session_lost", "the session ended before an answer came",
               certainty::maybe_executed},
    errc_entry{errc::replaced, "replaced", "another connection of this client took the session over",
               certainty::maybe_executed},
    errc_entry{errc::closed, "closed", "this side closed the session", certainty::maybe_executed},
    errc_entry{errc::no_handler, "no_handler", "the peer does not answer this", certainty::not_executed},
    errc_entry{errc::bad_payload, "bad_payload", "the payload does not have the form that the handler takes",
               certainty::not_executed},
    errc_entry{errc::refused, "refused", "the peer refused the message before its handler", certainty::not_executed},
    errc_entry{errc::busy, "busy", "the peer has as much work as it accepts", certainty::not_executed},
    errc_entry{errc::key_conflict, "key_conflict", "the key was used before with another payload",
               certainty::not_executed},
    errc_entry{errc::handler_error, "handler_error", "the handler failed", certainty::acknowledged},
    errc_entry{errc::remote_error, "remote_error", "the handler answered with an error of the application",
               certainty::acknowledged},
    errc_entry{errc::answer_lost, "answer_lost", "the handler ran, but its answer was too large to be kept",
               certainty::acknowledged},
    errc_entry{errc::cancelled, "cancelled", "the call was cancelled", certainty::maybe_executed},
    errc_entry{errc::stale_request, "stale_request", "the id belongs to an earlier message", certainty::maybe_executed},
    errc_entry{errc::interrupted, "interrupted", "the peer stopped while the handler ran", certainty::maybe_executed},
    errc_entry{errc::bad_message, "bad_message", "a message does not follow the protocol", certainty::maybe_executed},
    errc_entry{errc::auth_refused, "auth_refused", "the peer refused these credentials", certainty::never_sent},
    errc_entry{errc::incompatible, "incompatible", "the peer does not speak this protocol or version",
               certainty::never_sent},
    errc_entry{errc::too_many_connections, "too_many_connections", "the peer has as many connections as it accepts",
               certainty::never_sent},
    errc_entry{errc::outdated_attempt, "outdated_attempt", "a newer connection of this client is attached",
               certainty::never_sent},
    errc_entry{errc::handshake_timed_out, "handshake_timed_out", "the handshake took too long", certainty::never_sent},
    errc_entry{errc::store_failed, "store_failed", "the store of durable messages could not be written or read",
               certainty::not_executed},
    errc_entry{errc::no_quorum, "no_quorum", "fewer peers answered than the call needs", certainty::maybe_executed},
    errc_entry{errc::closed_by_peer, "closed_by_peer", "the peer closed the connection", certainty::maybe_executed},
    errc_entry{errc::peer_went_away, "peer_went_away", "the peer shuts down or goes away", certainty::maybe_executed},
    errc_entry{errc::untrusted, "untrusted", "the peer's certificate is not believed", certainty::never_sent},
};

constexpr const errc_entry& entry_of(errc code) noexcept
{
    return errc_table[static_cast<std::size_t>(code) - 1];
}

// The certainty rides above the kind inside a code's value, so that std::error_code stays all that a completion needs.
inline constexpr int certainty_shift = 16;

constexpr int value_of(errc code, certainty sure) noexcept
{
    return static_cast<int>(code) | (static_cast<int>(sure) << certainty_shift);
}

constexpr std::optional<errc> kind_in(int value) noexcept
{
    const int kind = value & ((1 << certainty_shift) - 1);
    if (kind < 1 || kind > static_cast<int>(errc_table.size())) {
        return std::nullopt;
    }
    return static_cast<errc>(kind);
}

// Of an error of this value, what the peer said to whoever is told of it at this moment; null: nobody knows. A floor above sets it, once and
// before main: that there are threads, each of them told something else, is known there only.
inline std::string_view (*spoken_text)(int value) noexcept = nullptr;

class error_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "rejoinder"; }

    std::string message(int value) const override
    {
        const auto kind = kind_in(value);
        if (!kind) {
            return "unknown error";
        }
        const auto& entry = entry_of(*kind);
        std::string text{entry.text};
        if (static_cast<certainty>(value >> certainty_shift) == certainty::never_sent &&
            entry.usual != certainty::never_sent) {
            text += " (it was never sent)";
        }
        if (const auto said = spoken_text == nullptr ? std::string_view{} : spoken_text(value); !said.empty()) {
            text.append(": ").append(said);
        }
        return text;
    }

    bool equivalent(int value, const std::error_condition& condition) const noexcept override
    {
        return condition.category() == *this && kind_in(value) == kind_in(condition.value());
    }
};

} // namespace detail

/// The category of every error code that rejoinder makes.
inline const std::error_category& rejoinder_category() noexcept
{
    static const detail::error_category category;
    return category;
}

/// The error code of a kind, with the certainty that the kind usually has, or the one that is given.
inline std::error_code make_error_code(errc code) noexcept
{
    return {detail::value_of(code, detail::entry_of(code).usual), rejoinder_category()};
}
inline std::error_code make_error_code(errc code, certainty sure) noexcept
{
    return {detail::value_of(code, sure), rejoinder_category()};
}

/// Lets `ec == errc::timed_out` compare kinds, whatever the certainty.
inline std::error_condition make_error_condition(errc code) noexcept
{
    return {static_cast<int>(code), rejoinder_category()};
}

/// What may have happened at the other side (contract, point 4). A foreign code counts as `maybe_executed`.
inline certainty certainty_of(const std::error_code& ec) noexcept
{
    if (ec.category() != rejoinder_category()) {
        return certainty::maybe_executed;
    }
    return static_cast<certainty>(ec.value() >> detail::certainty_shift);
}

/// The kind of a code, or nothing for a foreign one, unless its category says which one it is of (`default_error_condition`).
inline std::optional<errc> kind_of(const std::error_code& ec) noexcept
{
    if (ec.category() == rejoinder_category()) {
        return detail::kind_in(ec.value());
    }
    const auto meant = ec.default_error_condition();
    return meant.category() == rejoinder_category() ? detail::kind_in(meant.value()) : std::nullopt;
}

/// An error's name on the wire, and back; a name that is not ours is an error of the application.
constexpr std::string_view name_of(errc code) noexcept
{
    return detail::entry_of(code).name;
}
constexpr errc errc_named(std::string_view name) noexcept
{
    for (const auto& entry : detail::errc_table) {
        if (entry.name == name) {
            return entry.code;
        }
    }
    return errc::remote_error;
}

constexpr std::string_view name_of(certainty sure) noexcept
{
    constexpr std::array<std::string_view, 4> names{"maybe_executed", "never_sent", "not_executed", "acknowledged"};
    return names[static_cast<std::size_t>(sure)];
}

static_assert(
    [] {
        for (std::size_t i = 0; i != detail::errc_table.size(); ++i) {
            if (static_cast<std::size_t>(detail::errc_table[i].code) != i + 1) {
                return false;
            }
        }
        return true;
    }(),
    "errc_table must stand in the order of errc");

} // namespace rejoinder::inline v0

#endif
