// What becomes of a message on its way: rules that lose, double, displace and delay, as values or functions of their own.
#ifndef REJOINDER_TESTING_FAULT_RULE_HPP
#define REJOINDER_TESTING_FAULT_RULE_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/session.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::testing {

/// A message that is being sent.
struct transit {
    std::uint64_t number = 0; ///< of all that this world's links were given, from 1
    side from = side::client;
    std::uint64_t on = 0; ///< the number of its connection
    message_kind kind = message_kind::notification;
    std::string_view name{}; ///< as it is in the message; empty for greetings
    instant now{};
};

/// What becomes of it. Rules change it one after the other.
struct fate {
    unsigned copies = 1;    ///< 0: it is lost
    duration late{};        ///< beyond the link's delay
    bool overtaken = false; ///< whether what is sent later may arrive earlier; on an ordered link nothing does
    bool cuts = false;      ///< the link breaks as this is sent, which is lost with all that is under way
};

/// A fault: one of the values below, or any function of the user's. What it draws comes from the world's seed.
using fault_rule = std::function<void(const transit&, fate&, random_source&)>;

/// Loses one message in so many. What datagrams suffer: an ordered link breaks instead (`breaks`).
struct loses {
    std::uint64_t one_in = 10;

    void operator()(const transit&, fate& what, random_source& random) const
    {
        what.copies = random() % one_in == 0 ? 0 : what.copies;
    }
};

/// Lets one message in so many arrive twice.
struct doubles {
    std::uint64_t one_in = 10;

    void operator()(const transit&, fate& what, random_source& random) const
    {
        what.copies += random() % one_in == 0 ? 1 : 0;
    }
};

/// Lets one message in so many be overtaken.
struct displaces {
    std::uint64_t one_in = 10;
    duration up_to = std::chrono::milliseconds{50};

    void operator()(const transit&, fate& what, random_source& random) const
    {
        if (random() % one_in == 0) {
            what.overtaken = true;
            what.late += duration{static_cast<duration::rep>(random() % static_cast<std::uint64_t>(up_to.count() + 1))};
        }
    }
};

/// Delays every message by another length; their order stays.
struct jitters {
    duration up_to = std::chrono::milliseconds{20};

    void operator()(const transit&, fate& what, random_source& random) const
    {
        what.late += duration{static_cast<duration::rep>(random() % static_cast<std::uint64_t>(up_to.count() + 1))};
    }
};

/// Breaks the link at one message in so many.
struct breaks {
    std::uint64_t one_in = 50;

    void operator()(const transit&, fate& what, random_source& random) const { what.cuts |= random() % one_in == 0; }
};

/// A rule for what one side sends of one kind.
inline fault_rule only(side from, message_kind kind, fault_rule rule)
{
    return [from, kind, rule = std::move(rule)](const transit& what, fate& becomes, random_source& random) {
        if (what.from == from && what.kind == kind) {
            rule(what, becomes, random);
        }
    };
}

} // namespace rejoinder::inline v0::testing

#endif
