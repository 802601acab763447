// The lines of a simulated world: between a client that dials and a hub, each a faulty link with its greetings.
#ifndef REJOINDER_TESTING_SIMULATED_NETWORK_HPP
#define REJOINDER_TESTING_SIMULATED_NETWORK_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/fault_rule.hpp>
#include <rejoinder/testing/faulty_link.hpp>
#include <rejoinder/testing/owned_message.hpp>
#include <rejoinder/testing/virtual_clock.hpp>
#include <rejoinder/testing/witness.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0::testing {

/// What goes over a line.
using spoken = std::variant<hello, welcome, owned_message>;

/// One connection between a client and the hub.
struct simulated_line {
    connection_id id = 0;
    faulty_link<spoken> link;
};

/// All lines of a world, with its clock and whoever watches it. Used by `world`.
class simulated_network {
public:
    simulated_network(witness* watching, const std::vector<fault_rule>& rules, std::uint64_t seed)
        : watching_(watching != nullptr ? watching : &nobody_), rules_(rules), random_(seed)
    {}
    simulated_network(const simulated_network&) = delete;
    simulated_network& operator=(const simulated_network&) = delete;

    [[nodiscard]] instant now() const noexcept { return clock.now(); }
    [[nodiscard]] witness& watching() const noexcept { return *watching_; }
    [[nodiscard]] std::map<connection_id, simulated_line>& lines() noexcept { return lines_; }
    [[nodiscard]] instant next_arrival() const noexcept
    {
        instant next = never;
        for (const auto& [id, line] : lines_) {
            next = std::min(next, line.link.next_arrival());
        }
        return next;
    }

    /// A client dials. The line stays where it is until both ends are done with it.
    simulated_line& dial(const link_options& how)
    {
        const auto id = ++last_;
        return lines_.emplace(id, simulated_line{id, faulty_link<spoken>{how}}).first->second;
    }

    /// Says a message, as the peer of this label.
    void say(simulated_line& on, side from, std::string_view label, const message& what)
    {
        watching_->sent(label, on.id, what);
        on.link.send(from, owned_message{what}, clock.now(), fate_of(on, from, what.kind, what.name));
    }
    /// Says a greeting.
    void greet(simulated_line& on, side from, spoken what)
    {
        const auto kind = from == side::client ? message_kind::hello : message_kind::welcome;
        on.link.send(from, std::move(what), clock.now(), fate_of(on, from, kind, {}));
    }
    /// How many messages there were so far.
    [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }

    virtual_clock clock;

private:
    fate fate_of(const simulated_line& on, side from, message_kind kind, std::string_view name)
    {
        const transit what{++messages_, from, on.id, kind, name, clock.now()};
        fate becomes;
        for (const auto& rule : rules_) {
            rule(what, becomes, random_);
        }
        return becomes;
    }

    witness nobody_;
    witness* watching_;
    const std::vector<fault_rule>& rules_;
    random_source random_;
    std::uint64_t messages_ = 0;
    std::map<connection_id, simulated_line> lines_;
    connection_id last_ = 0;
};

/// What both ends of a line do for an attached session: writes what the link has room for. Whether there was anything.
template <class Peer>
bool write_to(simulated_network& network, simulated_line& line, side from, Peer& who)
{
    if (!who.session().has_messages()) {
        return false;
    }
    bool any = false;
    message out;
    while (line.link.has_room(from) && who.session().emit(out, network.now())) {
        any = true;
        network.say(line, from, who.label(), out);
    }
    return any;
}

} // namespace rejoinder::inline v0::testing

#endif
