// What the loss of a link says of the next attempt: whether the other side is merely down, or trying again cannot help.
#ifndef REJOINDER_CORE_LINK_VERDICT_HPP
#define REJOINDER_CORE_LINK_VERDICT_HPP

#include <rejoinder/core/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

/// What is known of the other side from the way in which the last attempt or connection ended. For a program to switch on.
enum class link_verdict : std::uint8_t {
    none,         ///< nothing went wrong
    down,         ///< not reachable, silent, busy or gone: trying again may help
    refused,      ///< these credentials are wrong
    incompatible, ///< it speaks another protocol or version, as it said itself
    garbled,      ///< what it says is no message of this protocol
    unresolvable, ///< there is no such name or service
    replaced,     ///< a newer connection of the same session took over
    oversized,    ///< this side's hello is larger than a frame may be
    untrusted,    ///< its certificate is not believed: of another host, out of date, vouched for by nobody known
};

constexpr std::string_view name_of(link_verdict verdict) noexcept
{
    constexpr std::array<std::string_view, 9> names{"none",         "down",     "refused",   "incompatible", "garbled",
                                                    "unresolvable", "replaced", "oversized", "untrusted"};
    return names[static_cast<std::size_t>(verdict)];
}

/// The verdict on an error. Of foreign codes nothing is known here but that something is down: a floor that knows resolvers says
/// `unresolvable` itself.
inline link_verdict verdict_on(const std::error_code& why) noexcept
{
    if (!why) {
        return link_verdict::none;
    }
    switch (kind_of(why).value_or(errc::not_connected)) {
    case errc::auth_refused: return link_verdict::refused;
    case errc::incompatible: return link_verdict::incompatible;
    case errc::bad_message: return link_verdict::garbled;
    case errc::replaced: return link_verdict::replaced;
    case errc::too_big: return link_verdict::oversized;
    case errc::untrusted: return link_verdict::untrusted;
    default: return link_verdict::down;
    }
}

/// Whether the other side, or this one, has said the last word: no attempt can end otherwise until a person changes something.
constexpr bool is_final(link_verdict verdict) noexcept
{
    return verdict == link_verdict::refused || verdict == link_verdict::incompatible ||
           verdict == link_verdict::replaced || verdict == link_verdict::oversized;
}

/// Whether it looks final but may pass: a name is missing while a service is being deployed, a gateway answers in its stead while it
/// starts, a hotel's network shows a certificate of its own. Never a connection that worked, and so many rounds of attempts in a row that
/// say so (`rounds_of_doubt`), are final together.
constexpr bool is_doubtful(link_verdict verdict) noexcept
{
    return verdict == link_verdict::unresolvable || verdict == link_verdict::garbled ||
           verdict == link_verdict::untrusted;
}

/// How many rounds of a doubtful verdict are final: a certificate does not become another one by asking again.
constexpr std::uint32_t rounds_of_doubt(link_verdict verdict) noexcept
{
    return verdict == link_verdict::untrusted ? 1 : 5;
}

} // namespace rejoinder::inline v0

#endif
