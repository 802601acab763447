// What a simulated world is made of: the numbers and policies of its hub and clients.
#ifndef REJOINDER_TESTING_WORLD_OPTIONS_HPP
#define REJOINDER_TESTING_WORLD_OPTIONS_HPP

#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/testing/fault_rule.hpp>
#include <rejoinder/testing/faulty_link.hpp>
#include <rejoinder/testing/scripted_peer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rejoinder::inline v0::testing {

/// Whether clients have durable outboxes, and the hub a store of what they delivered.
enum class durability : std::uint8_t { none, on_disk };

/// A world's numbers, and its application.
template <class Policies = default_policies>
struct world_options {
    session_options<Policies> session{};
    admission_options admission{};
    link_options link{};
    capabilities features{};
    duration dial_limit = std::chrono::seconds{10}; ///< of one attempt, from dialling to the welcome
    std::uint64_t seed = 1;                         ///< of all jitter
    std::vector<fault_rule> rules{};                ///< what becomes of each message; the first is asked first
    durability durable = durability::none;

    /// Who says this hello; nothing: refused. By default its `auth` is the identity.
    std::function<std::optional<std::string>(const hello&)> authenticate = [](const hello& said) {
        return said.auth.empty() ? std::optional<std::string>{} : std::optional{said.auth};
    };
    /// Gives a new session its handlers: at the hub for each session, at a client for each page.
    std::function<void(side, scripted_peer<Policies>&)> equip = [](side, scripted_peer<Policies>&) {};
};

} // namespace rejoinder::inline v0::testing

#endif
