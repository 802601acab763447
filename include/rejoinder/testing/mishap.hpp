// What can go wrong in a simulated world, and how often each of it does.
#ifndef REJOINDER_TESTING_MISHAP_HPP
#define REJOINDER_TESTING_MISHAP_HPP

#include <rejoinder/core/instant.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::testing {

/// A fault that a simulation draws, at one of its clients, at the hub, or at the clock.
enum class mishap : std::uint8_t {
    wait,                ///< none
    rush,                ///< the application does thirty things at once
    cut,                 ///< a link breaks, and both ends know
    sever,               ///< a link breaks, and its hub does not know
    freeze,              ///< one direction of a link, or both, carries nothing any more; nobody knows
    thaw,                ///< it does again
    slow_link,           ///< one direction takes longer, or less long
    stop,                ///< a client goes offline
    start,               ///< and comes back
    reload,              ///< a page is loaded anew, with or without its token
    crash,               ///< a client's process dies, with some of what it was writing
    hub_crash,           ///< the hub's does
    sleep,               ///< time passes while nobody does anything
    turn_wall,           ///< the wall's clock is set forwards or back
    slow_disk,           ///< disks take longer, or less long
    slow_authentication, ///< the authenticator does
    slow_clean_up,       ///< the clean-ups do
    twin,                ///< a tab is duplicated, token and all
    thief,               ///< somebody else has a client's token, or all that it knows
    garbage,             ///< a client of its own says what no correct client says
    last
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(mishap::last)> mishap_names{
    "wait",          "rush",   "cut",   "sever",     "freeze", "thaw",      "slow link", "stop",
    "start",         "reload", "crash", "hub crash", "sleep",  "turn wall", "slow disk", "slow authentication",
    "slow clean-up", "twin",   "thief", "garbage"};

/// How often each is drawn, in proportion to the others and to `acts`, which is the application's own turn.
struct mishap_odds {
    unsigned acts = 60;
    std::array<unsigned, static_cast<std::size_t>(mishap::last)> of{4, 1, 5, 1, 3, 2, 2, 2, 4, 2,
                                                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

    /// These, with some changed.
    [[nodiscard]] constexpr mishap_odds with(std::initializer_list<std::pair<mishap, unsigned>> changes) const
    {
        auto changed = *this;
        for (const auto& [what, how_often] : changes) {
            changed.of[static_cast<std::size_t>(what)] = how_often;
        }
        return changed;
    }
    /// Nothing but these.
    [[nodiscard]] static constexpr mishap_odds only(unsigned acts,
                                                    std::initializer_list<std::pair<mishap, unsigned>> these)
    {
        mishap_odds none{acts, {}};
        return none.with(these);
    }
    [[nodiscard]] constexpr unsigned total() const noexcept
    {
        auto sum = acts;
        for (const auto one : of) {
            sum += one;
        }
        return sum;
    }
};

/// One step of a simulation: what happens is a function of these values alone.
struct simulation_step {
    mishap what = mishap::last; ///< `last`: the application's turn
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    duration after{}; ///< how long the world is left alone then
};

} // namespace rejoinder::inline v0::testing

#endif
