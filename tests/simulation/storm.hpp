// Storms: drawn sequences of questions and faults in a world that the model watches, replayed exactly and shrunk when
// they find something.
#ifndef REJOINDER_TESTS_SIMULATION_STORM_HPP
#define REJOINDER_TESTS_SIMULATION_STORM_HPP

#include "simulation/model.hpp"

#include <rejoinder/core/random.hpp>
#include <rejoinder/testing/shrink.hpp>
#include <rejoinder/testing/world.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace simulation {

using namespace std::chrono_literals;

enum class action : std::uint8_t {
    client_asks,
    hub_asks,
    client_delivers,
    hub_delivers,
    client_notifies,
    hub_notifies,
    cancel,
    cut,
    freeze,
    thaw,
    slow_link,
    stop,
    start,
    reload,
    hub_restart,
    slow_authentication,
    slow_clean_up,
    twin,
    thief,
    wait,
    last
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(action::last)> action_names{
    "client asks",     "hub asks",     "client delivers", "hub delivers",
    "client notifies", "hub notifies", "cancel",          "cut",
    "freeze",          "thaw",         "slow link",       "stop",
    "start",           "reload",       "hub restart",     "slow authentication",
    "slow clean-up",   "twin",         "thief",           "wait"};

// How often each action is drawn.
using weights = std::array<unsigned, static_cast<std::size_t>(action::last)>;

inline constexpr weights everything{12, 10, 8, 6, 4, 4, 6, 5, 3, 2, 2, 2, 4, 2, 1, 1, 1, 1, 1, 4};

// All of it, with some more or less often.
inline weights with(std::initializer_list<std::pair<action, unsigned>> changes)
{
    auto often = everything;
    for (const auto& [what, how_often] : changes) {
        often[static_cast<std::size_t>(what)] = how_often;
    }
    return often;
}

struct step {
    action what;
    std::uint32_t x;
    std::uint32_t y;
    duration after;
};

struct storm_options {
    weights often = everything;
    std::size_t steps = 30;
    std::size_t clients = 3;
    world_options<policies> world = [] {
        world_options<policies> one;
        one.link.room = 8;
        one.session.capacity = 6;
        one.session.timeout = 20s;
        one.session.kept_answer_bytes_max = 600;
        one.session.receipted_max = 3;
        one.session.notifications_max = 6;
        one.session.outbox.messages_max = 5;
        one.session.outbox.ttl = 40s;
        one.session.heartbeat.ping_every = 10s;
        one.session.heartbeat.dead_after = 25s;
        one.admission.lease = 40s;
        one.admission.clean_up_limit = 15s;
        one.admission.connections_per_identity = 2;
        one.admission.sessions_max = 8;
        return one;
    }();
};

// A world in a storm. What happens depends on the options and the steps alone.
class storm {
public:
    storm(const storm_options& options, bool traces)
        : options_(equipped(options, truth_)), truth_(traces), world_(options_.world, &truth_)
    {
        truth_.watch(world_);
        for (std::size_t i = 0; i != options.clients; ++i) {
            world_.add_client(i < 2 ? "A" : "B").start();
        }
        world_.run_for(100ms);
    }

    // The first breach of the contract, if there is one.
    std::optional<std::string> run(const std::vector<step>& steps)
    {
        for (const auto& one : steps) {
            truth_.note("-- " + std::string{action_names[static_cast<std::size_t>(one.what)]});
            perform(one);
            world_.run_for(one.after);
            truth_.look(options_.world);
            if (truth_.breach()) {
                return truth_.breach();
            }
        }
        calm();
        truth_.look(options_.world);
        truth_.finish(options_.clients);
        return truth_.breach();
    }

    [[nodiscard]] const std::string& trace() const noexcept { return truth_.trace(); }

private:
    using client = simulated_client<policies>;

    static storm_options equipped(storm_options options, model& truth)
    {
        options.world.equip = [&truth](side, peer& who) { equip(who, truth); };
        return options;
    }

    // A payload is "key milliseconds".
    static duration length_in(std::string_view payload)
    {
        return std::chrono::milliseconds{key_in(payload.substr(payload.find(' ') + 1))};
    }

    static void equip(peer& who, model& truth)
    {
        who.on("now", [](auto& run) { run.answer(run.payload); });
        who.on("later", [](auto& run) { run.answer_after(length_in(run.payload), run.payload); });
        who.on("never", [](auto&) {});
        who.on("stubborn", [](auto& run) {
            run.when_stopped(when_stopped::carry_on);
            run.answer_after(length_in(run.payload), run.payload);
        });
        who.on("throws", [&truth](auto& run) {
            truth.failed(key_in(run.payload));
            run.fail("handler_error", "thrown");
        });
        who.on("flaky", [&truth](auto& run) {
            if (run.payload.back() % 2 == 0 && truth.failures_of(key_in(run.payload)) < 2) {
                truth.failed(key_in(run.payload));
                run.fail_after(30ms, "handler_error");
            } else {
                run.answer(run.payload);
            }
        });
        who.on("refuses", [](auto& run) { run.fail("bad_payload", "not what it should be"); });
        who.on("application", [](auto& run) { run.fail("out_of_stock", "none left"); });
        who.on("serial", [](auto& run) { run.answer_after(length_in(run.payload), run.payload); }, handling::serial);
        who.on("big", [](auto& run) { run.answer_after(20ms, std::string(400, 'x')); });
        who.on("receipt", [](auto& run) { run.answer_after(length_in(run.payload), run.payload); });
        who.on("chatty", [](auto& run) {
            run.progress("half");
            run.answer_after(length_in(run.payload), run.payload);
        });
        who.on("news", [](auto& run) { run.answer(); });
    }

    static std::string_view name_of_draw(std::uint32_t x)
    {
        static constexpr std::array<std::string_view, 16> names{
            "now",   "now",     "later",       "later",  "later", "never",   "stubborn", "throws",
            "flaky", "refuses", "application", "serial", "big",   "receipt", "chatty",   "unknown"};
        return names[x % names.size()];
    }

    client& client_of(const step& one) { return world_.at((one.x >> 8U) % world_.clients()); }

    peer* hub_peer_of(const step& one)
    {
        std::vector<peer*> all;
        world_.hub().for_each([&](session_id, peer& each) { all.push_back(&each); });
        return all.empty() ? nullptr : all[(one.x >> 8U) % all.size()];
    }

    void ask(peer* who, message_kind kind, const step& one)
    {
        if (who == nullptr) {
            return;
        }
        static constexpr std::array<duration, 4> timeouts{0s, 300ms, 3s, 15s};
        const auto which = ++last_;
        const auto name = name_of_draw(one.x);
        const auto payload = std::to_string(which) + " " + std::to_string(one.y % 7 * (one.y % 7) * 50);
        call_options how;
        how.timeout = timeouts[(one.y >> 8U) % timeouts.size()];
        how.repeat = (one.y >> 16U) % 5 == 0 ? repeatable::idempotent : repeatable::no;
        const auto usual =
            kind == message_kind::request ? options_.world.session.timeout : options_.world.session.outbox.ttl;
        truth_.opens(which, std::string{name}, how.repeat, how.timeout == 0s ? usual : how.timeout);
        asked_.emplace_back(who, kind == message_kind::request ? who->ask(name, payload, how)
                                                               : who->deliver(name, payload, how));
    }

    void notify(peer* who)
    {
        if (who == nullptr) {
            return;
        }
        const auto which = ++last_;
        truth_.opens(which, "news", repeatable::no, {});
        truth_.notifies(who->label(), which);
        who->notify("news", std::to_string(which) + " 0");
    }

    void perform(const step& one)
    {
        auto& tab = client_of(one);
        switch (one.what) {
        case action::client_asks: ask(&tab.self(), message_kind::request, one); break;
        case action::hub_asks: ask(hub_peer_of(one), message_kind::request, one); break;
        case action::client_delivers: ask(&tab.self(), message_kind::delivery, one); break;
        case action::hub_delivers: ask(hub_peer_of(one), message_kind::delivery, one); break;
        case action::client_notifies: notify(&tab.self()); break;
        case action::hub_notifies: notify(hub_peer_of(one)); break;
        case action::cancel: cancel(one); break;
        case action::stop: tab.stop(); break;
        case action::start: tab.start(); break;
        case action::reload: reload(tab, one.y % 3 == 0 ? reloading::loses_token : reloading::keeps_token); break;
        case action::hub_restart:
            std::erase_if(asked_, [](const auto& each) { return each.first->label().starts_with("hub"); });
            truth_.hub_died();
            world_.hub().restart();
            break;
        case action::slow_authentication: world_.hub().authentication_takes(one.y % 4 * 5s); break;
        case action::slow_clean_up: world_.hub().clean_up_takes(one.y % 5 * 5s); break;
        case action::twin: add_twin(tab); break;
        case action::thief: add_thief(tab, one); break;
        default: disturb(tab, one); break;
        }
    }

    void cancel(const step& one)
    {
        if (!asked_.empty()) {
            const auto& [who, what] = asked_[one.y % asked_.size()];
            who->cancel(what);
            truth_.expect(what->done(), "contract 12", "a cancelled call was not completed at once");
        }
    }

    void disturb(client& tab, const step& one)
    {
        auto* link = tab.link();
        if (link == nullptr) {
            return;
        }
        const auto from = one.y % 2 == 0 ? side::client : side::hub;
        switch (one.what) {
        case action::cut: link->cut(); break;
        case action::freeze:
            link->freeze(from);
            if (one.y % 3 != 0) {
                link->freeze(across(from));
            }
            break;
        case action::thaw:
            link->thaw(side::client);
            link->thaw(side::hub);
            break;
        case action::slow_link: link->delay(from, one.y % 4 * 40ms + 1ms); break;
        default: break;
        }
    }

    // The page is gone, and with it those who could cancel.
    void reload(client& tab, reloading how)
    {
        std::erase_if(asked_, [&](const auto& each) { return each.first == &tab.self(); });
        tab.reload(how);
    }

    // A duplicated tab: another page with the same token.
    void add_twin(client& tab)
    {
        if (world_.clients() < options_.clients + 2 && !tab.token().empty()) {
            auto& twin = world_.add_client(tab.identity());
            twin.token(tab.token());
            twin.start();
        }
    }

    // Somebody else with a stolen token, or with all that the page knows.
    void add_thief(client& tab, const step& one)
    {
        if (world_.clients() < options_.clients + 2) {
            auto& thief = world_.add_client("thief " + std::to_string(world_.clients()));
            thief.token(tab.token());
            if (one.y % 2 == 0) {
                thief.impersonate(tab, 1);
            }
            thief.start();
        }
    }

    // Nothing new happens; what is frozen stays frozen, and has to be found. Everything ends by its deadlines, leases
    // and heartbeats.
    void calm()
    {
        truth_.note("-- calm");
        world_.hub().authentication_takes(0s);
        world_.hub().clean_up_takes(0s);
        for (std::size_t i = 0; i != world_.clients(); ++i) {
            auto& one = world_.at(i);
            if (i >= options_.clients) {
                one.stop(); // whoever was added leaves, so that there is a place for everybody else
            } else if (one.state() == link_state::disconnected) {
                one.start();
            }
        }
        world_.run_for(130s);
        for (auto i = options_.clients; i < world_.clients(); ++i) {
            world_.at(i).reload(reloading::loses_token);
            world_.at(i).stop();
        }
    }

    storm_options options_;
    model truth_;
    world<policies> world_;
    std::vector<std::pair<peer*, question_ptr>> asked_;
    key last_ = 0;
};

inline std::vector<step> draw(std::uint64_t seed, const storm_options& options)
{
    random_source random{seed};
    unsigned total = 0;
    for (const auto one : options.often) {
        total += one;
    }
    std::vector<step> steps;
    for (std::size_t i = 0; i != options.steps; ++i) {
        auto left = static_cast<unsigned>(random() % total);
        std::size_t what = 0;
        while (left >= options.often[what]) {
            left -= options.often[what++];
        }
        static constexpr std::array<std::uint64_t, 4> spans{1, 20, 800, 8000}; // milliseconds
        const auto span = spans[random() % 100 < 95 ? random() % 3 : 3];
        const auto draws = random();
        steps.push_back({static_cast<action>(what), static_cast<std::uint32_t>(draws),
                         static_cast<std::uint32_t>(draws >> 32U), std::chrono::milliseconds{random() % (span + 1)}});
    }
    return steps;
}

inline std::string told(const std::vector<step>& steps)
{
    std::string text;
    for (const auto& one : steps) {
        text += "    {" + std::string{action_names[static_cast<std::size_t>(one.what)]} + ", " + std::to_string(one.x) +
                ", " + std::to_string(one.y) + ", " +
                std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(one.after).count()) + "ms}\n";
    }
    return text;
}

// Instrumented programs are ten times slower, and look at each step more closely instead.
inline std::uint64_t fewer_when_instrumented(std::uint64_t seeds)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return seeds / 20;
#else
    return seeds;
#endif
}

// Runs so many storms. One that breaks the contract is shrunk, told and traced.
inline void weather(std::uint64_t first_seed, std::uint64_t seeds, const storm_options& options)
{
    for (std::uint64_t seed = first_seed; seed != first_seed + fewer_when_instrumented(seeds); ++seed) {
        auto steps = draw(seed, options);
        const auto breach = storm{options, false}.run(steps);
        if (!breach) {
            continue;
        }
        const auto point = breach->substr(0, breach->find(':'));
        steps = shrink(std::move(steps), [&](const std::vector<step>& fewer) {
            const auto still = storm{options, false}.run(fewer);
            return still && still->starts_with(point);
        });
        storm again{options, true};
        const auto what = again.run(steps);
        FAIL("seed " << seed << ": " << *breach << "\nshrunk to: " << *what << "\n" << told(steps) << again.trace());
    }
    SUCCEED();
}

} // namespace simulation

#endif
