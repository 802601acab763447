// Your own handlers under drawn faults: the simulation finds the order that is charged twice, and tells how it came to that.
#include <rejoinder/testing/simulation.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <string>

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

struct shop {
    void equip(side where, scripted_peer<>& peer)
    {
        if (where == side::hub) {
            peer.on("charge", [this](auto& run) {
                ++charges[run.payload];
                run.answer_after(300ms, "a receipt");
            });
        }
    }

    void act(world<>& all, random_source&) // a new order, and another try for those that failed
    {
        const auto ask = [&](const std::string& order) { return all.at(0).self().ask("charge", order, {.timeout = 2s}); };
        const auto fresh = "order " + std::to_string(orders.size() + 1);
        orders[fresh] = ask(fresh);
        for (auto& [order, asked] : orders) {
            // The planted bug: what failed for certain may be tried again, and what may have run may not.
            if (asked->error && (!careful || certainty_of(asked->error) == certainty::never_sent)) {
                asked = ask(order);
            }
        }
    }

    std::string check(world<>&)
    {
        for (const auto& [order, times] : charges) {
            if (times > 1) {
                return order + " was charged twice";
            }
        }
        return {};
    }

    bool careful = false;
    std::map<std::string, question_ptr> orders;
    std::map<std::string, int> charges;
};

int main()
{
    const simulation_options<> options{.clients = 1, .odds = mishap_odds::only(10, {{mishap::cut, 3}, {mishap::freeze, 3}})};
    for (const bool careful : {false, true}) {
        const auto found = simulate(options, 1, 500, [&](telling) { return std::make_unique<shop>(shop{careful, {}, {}}); });
        std::cout << (found ? told(*found, options) : "500 seeds have found nothing\n");
    }
}
