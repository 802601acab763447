// Hunts for a run of drawn faults that breaks an application's promises, and tells the shortest one that it finds.
#ifndef REJOINDER_TESTING_SIMULATION_HPP
#define REJOINDER_TESTING_SIMULATION_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/fault_rule.hpp>
#include <rejoinder/testing/mishap.hpp>
#include <rejoinder/testing/scripted_peer.hpp>
#include <rejoinder/testing/shrink.hpp>
#include <rejoinder/testing/story.hpp>
#include <rejoinder/testing/world.hpp>
#include <rejoinder/testing/world_options.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::testing {

/// What is simulated: the world, who is in it, and what goes wrong how often. `world.equip` and `world.seed` are the simulation's to set.
template <class Policies = default_policies>
struct simulation_options {
    world_options<Policies> world{};
    std::size_t clients = 2;                   ///< of identities "A", "A", "B", "B" ...
    std::size_t steps = 30;                    ///< of each run
    mishap_odds odds{};                        ///< what each step is
    duration calm = std::chrono::seconds{130}; ///< after the last one, for everything to end by its deadline
    std::array<duration, 4> pauses{std::chrono::milliseconds{1}, std::chrono::milliseconds{20},
                                   std::chrono::milliseconds{800},
                                   std::chrono::seconds{8}}; ///< between steps, at most; the last one rarely
};

/// An application under test: each run has a new one.
///
/// | expression | meaning |
/// | --- | --- |
/// | `s.equip(which, peer)` | gives a new session its handlers: at the hub for each session, at a client for each page |
/// | `s.act(world, random)` | the application does something: asks, delivers, cancels. All that it draws comes from `random` |
/// | `s.check(world)` | looks at what must always hold, after each step; a text says what does not |
/// | `s.begin(world)`, if it is there | the world is new, and nobody in it yet |
/// | `s.at_rest(world)`, if it is there | the same for what holds when all has had its time |
/// | `s.watching()`, if it is there | a `story&` that sees everything that happens; its `expect` counts, too |
template <class S, class Policies>
concept scenario =
    requires(S& one, side which, scripted_peer<Policies>& peer, world<Policies>& all, random_source& random) {
        one.equip(which, peer);
        one.act(all, random);
        { one.check(all) } -> std::convertible_to<std::string>;
    };

/// A run that broke a promise, shrunk.
struct finding {
    std::uint64_t seed = 0; ///< of the run before it was shrunk: `simulate` with this and one run finds it again
    std::string what;       ///< the promise
    std::vector<simulation_step> steps; ///< what it takes
    std::string story;                  ///< what happens, line by line
};

/// The steps as text: a line each.
inline std::string told(const std::vector<simulation_step>& steps)
{
    std::string text;
    for (const auto& one : steps) {
        const bool acts = one.what == mishap::last;
        text += "    {" + std::string{acts ? "act" : mishap_names[static_cast<std::size_t>(one.what)]} + ", " +
                std::to_string(one.x) + ", " + std::to_string(one.y) + ", " +
                std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(one.after).count()) + "ms}\n";
    }
    return text;
}

/// The numbers that make a run what it is, with its seed.
template <class Policies>
std::string told(const simulation_options<Policies>& options)
{
    std::string text = std::to_string(options.clients) + " clients, " + std::to_string(options.steps) +
                       " steps, room " + std::to_string(options.world.link.room) + ", capacity " +
                       std::to_string(options.world.session.capacity) + ", " +
                       std::to_string(options.world.rules.size()) + " fault rules, " +
                       (options.world.durable == durability::on_disk ? "durable" : "in memory") + "; odds: act " +
                       std::to_string(options.odds.acts);
    for (std::size_t i = 0; i != options.odds.of.size(); ++i) {
        if (options.odds.of[i] != 0) {
            text += ", " + std::string{mishap_names[i]} + " " + std::to_string(options.odds.of[i]);
        }
    }
    return text;
}

/// What a seed draws.
template <class Policies>
std::vector<simulation_step> draw(std::uint64_t seed, const simulation_options<Policies>& options)
{
    random_source random{seed};
    const auto total = options.odds.total();
    std::vector<simulation_step> steps(options.steps);
    for (auto& one : steps) {
        auto left = static_cast<unsigned>(random() % total);
        if (left >= options.odds.acts) {
            left -= options.odds.acts;
            std::size_t what = 0;
            while (left >= options.odds.of[what]) {
                left -= options.odds.of[what++];
            }
            one.what = static_cast<mishap>(what);
        }
        const auto span = options.pauses[random() % 100 < 95 ? random() % 3 : 3];
        const auto draws = random();
        one.x = static_cast<std::uint32_t>(draws);
        one.y = static_cast<std::uint32_t>(draws >> 32U);
        const auto longest =
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
        one.after = std::chrono::milliseconds{random() % (longest + 1)};
    }
    return steps;
}

/// One run of a scenario in a world of its own.
template <class Policies, scenario<Policies> Scenario>
class simulated_run {
public:
    simulated_run(simulation_options<Policies> options, Scenario& under_test, std::uint64_t seed, telling how)
        : options_(adapted(std::move(options), under_test, seed)), scenario_(under_test), own_(how),
          world_(options_.world, &watching())
    {
        watching().set_clock(world_.now(), world_.clock());
    }

    /// Takes the steps. The first promise that was broken; empty: none.
    std::string run(const std::vector<simulation_step>& steps)
    {
        if constexpr (requires { scenario_.begin(world_); }) {
            scenario_.begin(world_);
        }
        for (std::size_t i = 0; i != options_.clients; ++i) {
            world_.add_client(std::string(1, static_cast<char>('A' + i / 2 % 26))).start();
        }
        world_.run_for(std::chrono::milliseconds{100});
        for (const auto& one : steps) {
            perform(one);
            world_.run_for(one.after);
            if (broken(scenario_.check(world_))) {
                return watching().breach();
            }
        }
        calm();
        if (!broken(scenario_.check(world_))) {
            watching().at_rest();
            if constexpr (requires {
                              { scenario_.at_rest(world_) } -> std::convertible_to<std::string>;
                          }) {
                broken(scenario_.at_rest(world_));
            }
            rest();
        }
        return watching().breach();
    }

    [[nodiscard]] story& watching() noexcept
    {
        if constexpr (requires {
                          { scenario_.watching() } -> std::convertible_to<story&>;
                      }) {
            return scenario_.watching();
        } else {
            return own_;
        }
    }

private:
    using client = simulated_client<Policies>;

    static simulation_options<Policies> adapted(simulation_options<Policies> options, Scenario& one, std::uint64_t seed)
    {
        options.world.seed = seed;
        options.world.equip = [&one](side which, scripted_peer<Policies>& peer) { one.equip(which, peer); };
        return options;
    }

    bool broken(const std::string& what)
    {
        watching().expect(what.empty(), "the application's check", what);
        return !watching().breach().empty();
    }

    client& client_of(const simulation_step& one) { return world_.at((one.x >> 8U) % world_.clients()); }

    void act(const simulation_step& one, std::uint64_t turn)
    {
        random_source random{(std::uint64_t{one.y} << 32U | one.x) + turn};
        scenario_.act(world_, random);
        world_.settle();
    }

    void perform(const simulation_step& one)
    {
        if (one.what == mishap::last) {
            act(one, 0);
            return;
        }
        auto& tab = client_of(one);
        watching().note("-- ", mishap_names[static_cast<std::size_t>(one.what)], ", ", tab.self().label());
        switch (one.what) {
        case mishap::rush: rush(one); break;
        case mishap::stop: tab.stop(); break;
        case mishap::start: tab.start(); break;
        case mishap::reload: tab.reload(one.y % 3 == 0 ? reloading::loses_token : reloading::keeps_token); break;
        case mishap::crash: tab.crash(one.y % 4); break;
        case mishap::hub_crash: world_.hub().restart(one.y % 4); break;
        case mishap::sleep: world_.sleep_through(std::chrono::seconds{one.y % 90}); break;
        case mishap::turn_wall: world_.turn_wall(std::chrono::seconds{one.y % 7200} - std::chrono::hours{1}); break;
        case mishap::slow_disk: slow_disks(std::chrono::milliseconds{one.y % 4 * 700 + 1}); break;
        case mishap::slow_authentication: world_.hub().authentication_takes(one.y % 4 * std::chrono::seconds{5}); break;
        case mishap::slow_clean_up: world_.hub().clean_up_takes(one.y % 5 * std::chrono::seconds{5}); break;
        case mishap::twin: add_twin(tab); break;
        case mishap::thief: add_thief(tab, one); break;
        case mishap::garbage: talk_garbage(one); break;
        default: disturb(tab, one); break;
        }
    }

    void disturb(client& tab, const simulation_step& one)
    {
        auto* link = tab.link();
        if (link == nullptr) {
            return;
        }
        const auto from = one.y % 2 == 0 ? side::client : side::hub;
        switch (one.what) {
        case mishap::cut: link->cut(); break;
        case mishap::sever: tab.sever(); break;
        case mishap::freeze:
            link->freeze(from);
            if (one.y % 3 != 0) {
                link->freeze(across(from));
            }
            break;
        case mishap::thaw:
            link->thaw(side::client);
            link->thaw(side::hub);
            break;
        case mishap::slow_link: link->delay(from, std::chrono::milliseconds{one.y % 4 * 40 + 1}); break;
        default: break;
        }
    }

    void rush(const simulation_step& one)
    {
        for (std::uint64_t turn = 0; turn != 30; ++turn) {
            act(one, turn);
        }
    }

    void slow_disks(duration length)
    {
        world_.hub().disk_takes(length);
        for (std::size_t i = 0; i != world_.clients(); ++i) {
            if (auto* disk = world_.at(i).disk()) {
                disk->takes(length);
            }
        }
    }

    [[nodiscard]] bool has_room_for_more() const noexcept { return world_.clients() < options_.clients + 2; }

    void add_twin(client& tab)
    {
        if (has_room_for_more() && !tab.token().empty()) {
            const auto token = tab.token();
            auto& twin = world_.add_client(tab.identity());
            twin.token(token);
            twin.start();
        }
    }

    void add_thief(client& tab, const simulation_step& one)
    {
        if (has_room_for_more()) {
            auto& thief = world_.add_client("thief " + std::to_string(world_.clients()));
            thief.token(tab.token());
            if (one.y % 2 == 0) {
                thief.impersonate(tab, 1);
            }
            thief.start();
        }
    }

    // Kinds, ids and names as they come, before its welcome, after it, and after it was thrown out.
    void talk_garbage(const simulation_step& one)
    {
        if (fool_ == nullptr && has_room_for_more()) {
            fool_ = &world_.add_client("fool");
            fool_->start();
            world_.run_for(std::chrono::milliseconds{one.y % 40});
        }
        random_source random{one.y};
        for (unsigned i = 0; fool_ != nullptr && i != 8; ++i) {
            static constexpr std::array<std::string_view, 5> names{"", "handler_error", "replaced", "now", "\xff"};
            static constexpr std::array<message_id, 6> ids{0, 1, 7, 4096, message_id_max, UINT64_MAX};
            message what;
            what.kind = static_cast<message_kind>(random() % 15);
            what.id = ids[random() % ids.size()] + random() % 3;
            what.name = names[random() % names.size()];
            what.payload = {names[random() % names.size()], encoding::text};
            what.stamp.sequence = random() % 5 == 0 ? random() : 0;
            fool_->say(what);
        }
    }

    // Nothing new happens; what is frozen stays frozen, and has to be found. Everything ends by its deadlines, leases and heartbeats.
    void calm()
    {
        watching().note("-- calm");
        world_.hub().authentication_takes({});
        world_.hub().clean_up_takes({});
        slow_disks(std::chrono::milliseconds{1});
        for (std::size_t i = 0; i != world_.clients(); ++i) {
            auto& one = world_.at(i);
            if (i >= options_.clients) {
                one.stop(); // whoever was added leaves, so that there is a place for everybody else
            } else if (one.state() == link_state::disconnected) {
                one.start();
            }
        }
        world_.run_for(options_.calm);
        for (auto i = options_.clients; i < world_.clients(); ++i) {
            world_.at(i).reload(reloading::loses_token);
            world_.at(i).stop();
        }
    }

    // Everybody leaves: after the last lease nothing is left that would ever happen.
    void rest()
    {
        for (std::size_t i = 0; i != world_.clients(); ++i) {
            world_.at(i).reload(reloading::loses_token);
            world_.at(i).stop();
        }
        const auto& limits = options_.world.admission;
        world_.run_for(limits.lease + limits.grace + limits.clean_up_limit + options_.world.session.outbox.ttl +
                       std::chrono::minutes{3});
        const auto& directory = world_.hub().directory();
        auto& telling = watching();
        telling.expect(directory.sessions() == 0, "nothing pending at rest", directory.sessions(), " sessions");
        telling.expect(directory.identities() == 0, "nothing pending at rest", directory.identities(), " identities");
        telling.expect(world_.lines().empty(), "nothing pending at rest", world_.lines().size(), " connections");
        telling.expect(world_.next_deadline() == never, "nothing pending at rest", "a timer still runs");
    }

    simulation_options<Policies> options_;
    Scenario& scenario_;
    story own_;
    world<Policies> world_;
    client* fool_ = nullptr;
};

namespace detail {

// Of a step that only lets time pass the time is left, at the step before it.
template <class Fails>
std::vector<simulation_step> without_idle_steps(std::vector<simulation_step> steps, Fails fails)
{
    for (std::size_t i = 1; i < steps.size();) {
        auto fewer = steps;
        fewer[i - 1].after += fewer[i].after;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        if (fails(std::as_const(fewer))) {
            steps = std::move(fewer);
            i = 1; // what was needed for its time may not be any more
        } else {
            ++i;
        }
    }
    return steps;
}

} // namespace detail

/// Runs a scenario under the faults of so many seeds, each in a new world with a new scenario from `make()`. The first run that breaks a
/// promise is made as short as it can be, and told; nothing: none did.
template <class Policies, class Make>
std::optional<finding> simulate(const simulation_options<Policies>& options, std::uint64_t first_seed,
                                std::uint64_t seeds, Make make)
{
    const auto run = [&](std::uint64_t seed, const std::vector<simulation_step>& steps, telling how,
                         std::string* text) {
        auto under_test = make(how);
        simulated_run<Policies, std::remove_reference_t<decltype(*under_test)>> one{options, *under_test, seed, how};
        auto what = one.run(steps);
        if (text != nullptr) {
            *text = one.watching().text();
        }
        return what;
    };
    for (auto seed = first_seed; seed != first_seed + seeds; ++seed) {
        auto steps = draw(seed, options);
        const auto first = run(seed, steps, telling::silent, nullptr);
        if (first.empty()) {
            continue;
        }
        const auto promise = first.substr(0, first.find(':'));
        const auto fails = [&](const std::vector<simulation_step>& fewer) {
            return run(seed, fewer, telling::silent, nullptr).starts_with(promise);
        };
        finding found{seed, {}, {}, {}};
        found.steps = detail::without_idle_steps(shrink(std::move(steps), fails), fails);
        found.what = run(seed, found.steps, telling::aloud, &found.story);
        return found;
    }
    return std::nullopt;
}

/// The same for a scenario that is made from nothing.
template <class Scenario, class Policies = default_policies>
std::optional<finding> simulate(const simulation_options<Policies>& options, std::uint64_t first_seed,
                                std::uint64_t seeds)
{
    return simulate(options, first_seed, seeds, [](telling) { return std::make_unique<Scenario>(); });
}

/// What to print of a finding: all that it takes to find it again, and to understand it.
template <class Policies>
std::string told(const finding& found, const simulation_options<Policies>& options)
{
    return "seed " + std::to_string(found.seed) + ": " + found.what + "\n" + told(options) + "\nshrunk to " +
           std::to_string(found.steps.size()) + " steps:\n" + told(found.steps) + found.story;
}

} // namespace rejoinder::inline v0::testing

#endif
