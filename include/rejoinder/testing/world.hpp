// A hub and its clients on one virtual clock: handshakes, presence, reloads and restarts, the same way each time.
#ifndef REJOINDER_TESTING_WORLD_HPP
#define REJOINDER_TESTING_WORLD_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/simulated_client.hpp>
#include <rejoinder/testing/simulated_hub.hpp>
#include <rejoinder/testing/simulated_network.hpp>
#include <rejoinder/testing/virtual_clock.hpp>
#include <rejoinder/testing/witness.hpp>
#include <rejoinder/testing/world_options.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::testing {

/// A world in one thread: every message, timer, handler and clean-up in it happens when the virtual clock reaches it.
///
///     world<> world{{.equip = [](side, auto& peer) {
///         peer.on("plugin_command", [](auto& run) { run.answer_after(2s, "{}"); });
///     }}};
///     auto& tab = world.add_client("42");
///     tab.start();
///     world.run_for(1s);
///     const auto answer = world.hub().peer_of("42")->ask("plugin_command");
///     world.run_for(1s);
///     tab.link()->cut();
///     world.run_for(5s);                  // it came back, and answer->answered()
///
/// Distinct worlds are independent; one is used from one thread at a time.
template <class Policies = default_policies>
class world {
public:
    using client = simulated_client<Policies>;

    explicit world(world_options<Policies> options = {}, witness* watching = nullptr)
        : options_(std::move(options)), network_(watching, options_.rules, options_.seed), hub_(options_, network_)
    {}
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    // Getters

    [[nodiscard]] instant now() const noexcept { return network_.now(); }
    [[nodiscard]] const virtual_clock& clock() const noexcept { return network_.clock; }
    [[nodiscard]] simulated_hub<Policies>& hub() noexcept { return hub_; }
    [[nodiscard]] client& at(std::size_t index) noexcept { return *clients_[index]; }
    [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }
    /// Every line that an end still holds.
    [[nodiscard]] auto& lines() noexcept { return network_.lines(); }

    /// When something happens next, if nobody does anything; `never` in a world at rest.
    [[nodiscard]] instant next_deadline() const
    {
        auto next = std::min(hub_.next_deadline(), network_.next_arrival());
        for (const auto& one : clients_) {
            next = std::min(next, one->next_deadline());
        }
        return next;
    }
    [[nodiscard]] witness& watching() const noexcept { return network_.watching(); }

    // What the test does

    /// A client that has not dialled yet. It stays where it is.
    client& add_client(std::string identity)
    {
        auto label = "client " + std::to_string(clients_.size() + 1);
        clients_.push_back(std::make_unique<client>(options_, network_, std::move(identity), std::move(label)));
        return *clients_.back();
    }

    /// Lets time pass, and everything happen that is due.
    void run_for(duration length)
    {
        const auto end = later(now(), length);
        while (step(end)) {}
        network_.clock.advance_to(end);
        settle();
    }

    /// Time passes while nobody does anything, as when the machine sleeps: afterwards everything is due at once.
    void sleep_through(duration length)
    {
        network_.clock.advance(length);
        settle();
    }
    /// Somebody sets the wall's clock, forwards or back.
    void turn_wall(duration by) noexcept { network_.clock.turn_wall(by); }

    /// Lets things happen until `done()`, for `limit` at most. Returns `done()`.
    template <class Predicate>
    bool run_until(Predicate done, duration limit = std::chrono::minutes{10})
    {
        const auto end = later(now(), limit);
        settle();
        while (!done() && step(end)) {}
        return done();
    }

    /// Does all that can be done without letting time pass.
    void settle()
    {
        bool again = true;
        while (again) {
            again = false;
            for (auto& one : clients_) {
                again |= one->drive();
            }
            again |= hub_.drive();
        }
        sweep();
        network_.watching().settled_down();
    }

private:
    bool step(instant end)
    {
        settle();
        const auto next = next_deadline();
        if (next > end) {
            return false;
        }
        network_.clock.advance_to(next);
        settle();
        return true;
    }

    void sweep()
    {
        auto& lines = network_.lines();
        for (auto line = lines.begin(); line != lines.end();) {
            if (line->second.link.readable(side::client, now()) || line->second.link.readable(side::hub, now())) {
                ++line;
                continue;
            }
            hub_.sweep(line->first);
            line = lines.erase(line);
        }
    }

    world_options<Policies> options_;
    simulated_network network_;
    simulated_hub<Policies> hub_;
    std::vector<std::unique_ptr<client>> clients_;
};

} // namespace rejoinder::inline v0::testing

#endif
