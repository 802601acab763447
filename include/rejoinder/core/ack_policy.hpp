// When a delivery is acknowledged: once it is held, once its handler has ended, or never.
#ifndef REJOINDER_CORE_ACK_POLICY_HPP
#define REJOINDER_CORE_ACK_POLICY_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rejoinder::inline v0 {

/// The moment of a delivery's ack.
enum class ack_when : std::uint8_t {
    received, ///< at once: "I have it", in memory unless there is a durable inbox (rule 10)
    handled,  ///< with the handler's return value: "I have handled it"
    none, ///< not at all: the sender counts it as done once it is emitted, as a notification that waited for its link
};

constexpr std::string_view name_of(ack_when moment) noexcept
{
    constexpr std::array<std::string_view, 3> names{"received", "handled", "none"};
    return names[static_cast<std::size_t>(moment)];
}

/// A policy on acks, asked once for each delivery that arrives, before its handler is called.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `p.when(name)` (const) | `ack_when` | the moment for deliveries of this name; the same each time |
template <class P>
concept ack_policy = std::copyable<P> && requires(const P& policy, std::string_view name) {
    { policy.when(name) } -> std::same_as<ack_when>;
};

/// The default: an ack says that the handler has done its work, and carries what it returned.
struct acknowledge_on_handled {
    [[nodiscard]] constexpr ack_when when(std::string_view /*name*/) const noexcept { return ack_when::handled; }
};

/// An ack says that the message is here; its sender learns nothing of the handler.
struct acknowledge_on_receipt {
    [[nodiscard]] constexpr ack_when when(std::string_view /*name*/) const noexcept { return ack_when::received; }
};

/// No acks: for a peer that expects none.
struct acknowledge_none {
    [[nodiscard]] constexpr ack_when when(std::string_view /*name*/) const noexcept { return ack_when::none; }
};

} // namespace rejoinder::inline v0

#endif
