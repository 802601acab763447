// What outlives crashes, and what links without order do to it: drawn and enumerated worlds.
#include "simulation/seeds.hpp"

#include <rejoinder/core/random.hpp>
#include <rejoinder/testing/simulation.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

namespace {

// Everything that a durable outbox promises, in one application: numbered jobs, each of which is to be done once.
class jobs : public story {
public:
    explicit jobs(telling how) : story(how) {}

    jobs& watching() noexcept { return *this; }
    void begin(world<>& all) { world_ = &all; }

    void equip(side where, scripted_peer<>& peer)
    {
        if (where == side::client) {
            return;
        }
        peer.on("job", [this](auto& run) {
            ++runs_[run.payload];
            expect(runs_[run.payload] == 1, "contract 2", "ran again: ", run.payload);
            expect(!lost_.contains(run.payload), "contract 4", "ran, though never sent: ", run.payload);
            run.when_stopped(when_stopped::carry_on);
            run.answer_after(std::chrono::milliseconds{std::stoul(run.payload) % 4 * 90}, run.payload);
        });
    }

    void act(world<>& all, random_source& random)
    {
        auto& tab = all.at(random() % all.clients());
        if (tab.outbox() == nullptr || tab.identity() == "fool") {
            return;
        }
        const auto number = std::to_string(++last_);
        if (const auto one = tab.outbox()->keep("job", number)) {
            // A sequence whose message was never stored may be given again, and mean another one.
            words_[{tab.label(), one->sequence}] = number;
        }
    }

    std::string check(world<>&) { return {}; }

    std::string at_rest(world<>& all)
    {
        for (std::size_t i = 0; i != all.clients(); ++i) {
            const auto* box = all.at(i).outbox();
            if (box != nullptr && all.at(i).state() == link_state::connected && !box->messages().entries().empty()) {
                return "contract 2: a stored message has found no end, of " + all.at(i).label();
            }
        }
        return {};
    }

    void kept(std::string_view client, const kept_message& what) override
    {
        story::kept(client, what);
        stored_.insert({std::string{client}, what.sequence});
    }

    void gone(std::string_view client, const kept_message& what) override
    {
        story::gone(client, what);
        const auto& payload = words_[{std::string{client}, what.sequence}];
        expect(told_.insert({std::string{client}, what.sequence}).second, "contract 1", "told twice of ", payload);
        if (what.how == departure::sent) {
            expect(runs_[payload] == 1, "contract 4", "acknowledged, and has not run: ", payload);
        } else if (certainty_of(what.error) == certainty::never_sent) {
            expect(runs_[payload] == 0, "contract 4", "never sent, and has run: ", payload);
            lost_.insert(payload);
        } else if (certainty_of(what.error) == certainty::not_executed) {
            expect(runs_[payload] == 0, "contract 4", "not executed, and has run: ", payload);
        }
    }

    [[nodiscard]] unsigned done() const
    {
        unsigned sum = 0;
        for (const auto& [job, times] : runs_) {
            sum += times;
        }
        return sum;
    }

private:
    world<>* world_ = nullptr;
    unsigned last_ = 0;
    std::map<std::string, unsigned> runs_;
    std::map<std::pair<std::string, std::uint64_t>, std::string> words_;
    std::set<std::pair<std::string, std::uint64_t>> stored_;
    std::set<std::pair<std::string, std::uint64_t>> told_;
    std::set<std::string> lost_;
};

// Requests and deliveries of both sides, each with a number, which is its answer.
class calls : public story {
public:
    explicit calls(telling how) : story(how) {}

    calls& watching() noexcept { return *this; }

    void equip(side, scripted_peer<>& peer)
    {
        peer.on("call", [this](auto& run) {
            expect(++runs_[run.payload] == 1, "contract 2", "ran again: ", run.payload);
            run.answer_after(std::chrono::milliseconds{std::stoul(run.payload) % 5 * 60}, run.payload);
        });
    }

    void act(world<>& all, random_source& random)
    {
        auto& tab = all.at(random() % all.clients());
        auto* who = random() % 2 == 0 ? &tab.self() : all.hub().peer_of(tab.identity());
        if (who == nullptr || tab.identity() == "fool") {
            return;
        }
        const auto number = std::to_string(++last_);
        random() % 2 == 0 ? who->ask("call", number) : who->deliver("call", number);
    }

    std::string check(world<>&) { return {}; }

    void settled(std::string_view who, const question_ptr& what) override
    {
        story::settled(who, what);
        const auto runs = runs_[what->payload];
        if (!what->error) {
            expect(runs == 1 && what->answer == what->payload, "contract 4",
                   "answered without having run: ", what->payload);
        } else if (certainty_of(what->error) == certainty::never_sent ||
                   certainty_of(what->error) == certainty::not_executed) {
            expect(runs == 0, "contract 4", "told that it did not run, and it has: ", what->payload);
        }
    }

private:
    unsigned last_ = 0;
    std::map<std::string, unsigned> runs_;
};

// Greetings arrive as on any link, or there is no session that could be disturbed.
fault_rule once_greeted(fault_rule rule)
{
    return [rule = std::move(rule)](const transit& what, fate& becomes, random_source& random) {
        if (what.kind > message_kind::bye) {
            rule(what, becomes, random);
        }
    };
}

template <class Scenario>
void hunt(std::uint64_t first, std::uint64_t seeds, const simulation_options<>& options)
{
    const auto found = simulate(options, simulation::fresh(first), simulation::fewer_when_instrumented(seeds),
                                [](telling how) { return std::make_unique<Scenario>(how); });
    if (found) {
        FAIL(told(*found, options));
    }
    SUCCEED();
}

} // namespace

TEST_CASE("contract 1 and 2: one completion and at most one execution, on links that lose, double and displace")
{
    simulation_options<> options;
    options.world.rules = {once_greeted(jitters{10ms}), once_greeted(loses{15}), once_greeted(doubles{10}),
                           once_greeted(displaces{10, 100ms})};
    options.world.session.timeout = 20s;
    options.world.session.outbox.ttl = 40s;
    options.world.admission.lease = 40s;
    SECTION("with pings, which find a link dead that lost one")
    {
        hunt<calls>(21'000'000, 150, options);
    }
    SECTION("without pings and records, where a delivery that is not acknowledged in time is sent again")
    {
        options.world.features.probe = false;
        options.world.features.records = false;
        options.odds = options.odds.with({{mishap::freeze, 0}, {mishap::sever, 0}}); // nobody would find out
        hunt<calls>(22'000'000, 150, options);
    }
}

TEST_CASE("contract 2: at most one execution, through crashes of either side that lose what was not synced")
{
    simulation_options<> options;
    options.world.durable = durability::on_disk;
    options.world.session.outbox.ttl = 10min;
    options.world.admission.lease = 40s;
    options.odds = options.odds.with(
        {{mishap::crash, 8}, {mishap::hub_crash, 6}, {mishap::slow_disk, 5}, {mishap::twin, 0}, {mishap::thief, 0}});
    hunt<jobs>(20'000'000, 400, options);
}

// --- Every position of one fault, and of two, in one request and one delivery ------------------------------------------------------

namespace {

// At the n-th message this happens to it, or to who is about to send or hear it; crashes happen at the n-th moment.
struct trouble {
    enum class kind : std::uint8_t { lost, doubled, cut, silent, client_crash, hub_crash };
    kind what = kind::lost;
    std::uint64_t at = 0;
    std::size_t synced = 0; // of the writes under way as a process dies

    [[nodiscard]] bool is_crash() const noexcept { return what >= kind::client_crash; }
};

std::string text_of(const std::vector<trouble>& all)
{
    static constexpr std::string_view names[] = {"lost", "doubled", "cut", "silent from", "client crash", "hub crash"};
    std::string text;
    for (const auto& one : all) {
        text += std::string{names[static_cast<std::size_t>(one.what)]} + " at " + std::to_string(one.at) +
                (one.is_crash() ? ", " + std::to_string(one.synced) + " synced; " : "; ");
    }
    return text;
}

// The conversation whose faults are enumerated.
struct plot {
    side asks = side::client;
    durability durable = durability::none; // then the delivery is a durable one
    bool probes = true;                    // false: a wire without pings of its own, on which a dead link is not found
};

struct ending {
    std::uint64_t messages = 0; // until all was settled
    std::uint64_t moments = 0;
    std::string breach;
};

class small_world : public story {
public:
    small_world(const plot& what, std::vector<trouble> faults, telling how)
        : story(how), plot_(what), faults_(std::move(faults)), world_(options(), this)
    {
        set_clock(world_.now(), world_.clock());
    }

    ending play()
    {
        auto& tab = world_.add_client("me");
        tab.start();
        pass(100ms);
        auto* who = plot_.asks == side::client ? &tab.self() : world_.hub().peer_of("me");
        if (who != nullptr) {
            questions_.push_back(who->ask("job", "request"));
            if (plot_.durable == durability::none) {
                questions_.push_back(who->deliver("job", "delivery"));
            }
        }
        if (plot_.durable == durability::on_disk && tab.outbox() != nullptr) {
            tab.outbox()->keep("job", "delivery");
        }
        last_crash_ = world_.now() + 3min; // afterwards there is time to come back
        pass(5min);
        judge(tab);
        return {settled_at_, settled_moment_, breach()};
    }

    void settled_down() override { ++moments_; }
    void settled(std::string_view who, const question_ptr& what) override
    {
        story::settled(who, what);
        mark();
        if (!what->error) {
            expect(runs_[what->payload] >= 1 && what->answer == what->payload, "contract 4",
                   "answered without having run");
        } else if (certainty_of(what->error) == certainty::never_sent ||
                   certainty_of(what->error) == certainty::not_executed) {
            expect(runs_[what->payload] == 0, "contract 4", "told that it did not run, and it has");
        }
    }
    void kept(std::string_view who, const kept_message& what) override
    {
        story::kept(who, what);
        stored_ = true;
    }
    void gone(std::string_view who, const kept_message& what) override
    {
        story::gone(who, what);
        mark();
        if (what.how == departure::sent) {
            expect(runs_["delivery"] == 1, "contract 4", "acknowledged, and has not run");
        }
        expect(++gone_ == 1, "contract 1", "told twice of the delivery");
    }
    void died(std::string_view who) override
    {
        story::died(who);
        if (who == "hub" ? plot_.asks == side::hub : plot_.asks == side::client) {
            questions_.clear();
        }
    }

private:
    world_options<> options()
    {
        world_options<> all;
        all.durable = plot_.durable;
        all.session.timeout = 2min;
        all.session.outbox.ttl = 2min;
        all.session.heartbeat.ping_every = 10s;
        all.session.heartbeat.dead_after = 15s;
        all.features.probe = plot_.probes;
        all.equip = [this](side, scripted_peer<>& peer) {
            peer.on("job", [this](auto& run) {
                ++runs_[run.payload];
                expect(runs_[run.payload] == 1, "contract 2", "ran twice: ", run.payload);
                run.when_stopped(when_stopped::carry_on);
                run.answer_after(7ms, run.payload);
            });
        };
        all.rules.push_back([this](const transit& what, fate& becomes, random_source&) { disturb(what, becomes); });
        return all;
    }

    void disturb(const transit& what, fate& becomes)
    {
        messages_ = what.number;
        for (const auto& one : faults_) {
            if (one.at != what.number || one.is_crash()) {
                continue;
            }
            switch (one.what) {
            case trouble::kind::lost: becomes.copies = 0; break;
            case trouble::kind::doubled: becomes.copies = 2; break;
            case trouble::kind::cut: becomes.cuts = true; break;
            default: silent_ = std::pair{what.on, what.from}; break;
            }
        }
    }

    // Moment by moment, so that a process may die at any of them.
    void pass(duration length)
    {
        const auto end = world_.now() + length;
        const auto stops = [&] { return silent_.has_value() || dies_now(); };
        while (world_.now() < end) {
            if (!world_.run_until(stops, end - world_.now())) {
                world_.run_for(end - world_.now());
            }
            if (const auto quiet = std::exchange(silent_, std::nullopt)) {
                if (const auto line = world_.lines().find(quiet->first); line != world_.lines().end()) {
                    line->second.link.freeze(quiet->second);
                }
            }
            if (const auto dead = dies_now()) {
                ++crashed_;
                dead->what == trouble::kind::client_crash ? world_.at(0).crash(dead->synced)
                                                          : world_.hub().restart(dead->synced);
            }
        }
    }

    const trouble* dies_now() const
    {
        std::size_t which = 0;
        for (const auto& one : faults_) {
            if (one.is_crash() && which++ == crashed_ && moments_ >= one.at && world_.now() < last_crash_) {
                return &one;
            }
        }
        return nullptr;
    }

    void judge(world<>::client& tab)
    {
        at_rest();
        bool lost_one = false;
        for (const auto& one : faults_) {
            lost_one |= one.what == trouble::kind::lost || (one.what == trouble::kind::silent && !plot_.probes);
        }
        for (const auto& one : questions_) {
            const bool hub_forgot = crashed_ != 0;
            // Rule 4: who never heard its welcome gets another session, and what the hub asks in the first one waits in vain.
            const bool orphan = plot_.asks == side::hub && certainty_of(one->error) == certainty::never_sent;
            expect(one->answered() || lost_one || hub_forgot || orphan || one->error == errc::session_lost,
                   "contract 6", "no reconnect brought the answer to ", one->payload);
        }
        if (plot_.durable == durability::on_disk) {
            expect(tab.outbox()->messages().entries().empty(), "contract 2", "the durable delivery has found no end");
            const bool interrupted = crashed_ != 0;
            expect(!stored_ || runs_["delivery"] == 1 || interrupted || lost_one, "contract 2",
                   "the durable delivery never ran");
        }
        expect(tab.state() == link_state::connected, "contract 5", "the client did not come back");
    }

    void mark()
    {
        settled_at_ = messages_;
        settled_moment_ = moments_;
    }

    plot plot_;
    std::vector<trouble> faults_;
    std::map<std::string, unsigned> runs_;
    std::vector<question_ptr> questions_;
    std::optional<std::pair<connection_id, side>> silent_;
    std::uint64_t messages_ = 0;
    std::uint64_t moments_ = 0;
    std::uint64_t settled_at_ = 0;
    std::uint64_t settled_moment_ = 0;
    std::size_t crashed_ = 0;
    instant last_crash_ = never;
    unsigned gone_ = 0;
    bool stored_ = false;
    world<> world_;
};

ending play(const plot& what, const std::vector<trouble>& faults, std::uint64_t& worlds)
{
    ++worlds;
    auto how = small_world{what, faults, telling::silent}.play();
    if (!how.breach.empty()) {
        small_world again{what, faults, telling::aloud};
        again.play();
        FAIL(how.breach << "\nasks: " << (what.asks == side::client ? "client" : "hub")
                        << ", durable: " << (what.durable == durability::on_disk) << ", probes: " << what.probes << "\n"
                        << text_of(faults) << "\n"
                        << again.text());
    }
    return how;
}

// Every fault that can come after these, at every position until all is settled.
std::vector<trouble> next_faults(const plot& what, const std::vector<trouble>& before, const ending& how)
{
    std::vector<trouble> all;
    using enum trouble::kind;
    const auto last_message = before.empty() || before.back().is_crash() ? 0 : before.back().at;
    const auto last_moment = before.empty() || !before.back().is_crash() ? 0 : before.back().at;
    for (auto at = last_message + 1; at <= how.messages; ++at) {
        for (const auto one : {lost, doubled, cut, silent}) {
            all.push_back({one, at, 0});
        }
    }
    for (auto at = last_moment + 1; at <= how.moments; ++at) {
        for (const auto one : {client_crash, hub_crash}) {
            for (std::size_t synced = 0; synced != (what.durable == durability::on_disk ? 3U : 1U); ++synced) {
                all.push_back({one, at, synced});
            }
        }
    }
    return all;
}

std::uint64_t enumerate(const plot& what, std::uint64_t one_pair_in)
{
    std::uint64_t worlds = 0;
    std::uint64_t pairs = 0;
    const auto calm = play(what, {}, worlds);
    for (const auto& first : next_faults(what, {}, calm)) {
        const auto how = play(what, {first}, worlds);
        for (const auto& second : next_faults(what, {first}, how)) {
            if (pairs++ % one_pair_in == 0) {
                play(what, {first, second}, worlds);
            }
        }
    }
    return worlds;
}

} // namespace

TEST_CASE("contract: every single fault and every pair of them, in one request and one delivery")
{
    const bool whole = simulation::enumerates_all();
    std::uint64_t worlds = 0;
    for (const auto& what :
         {plot{side::client, durability::none, true}, plot{side::hub, durability::none, true},
          plot{side::client, durability::on_disk, true}, plot{side::client, durability::none, false}}) {
        const auto some = enumerate(what, whole ? 1 : 16);
        worlds += some;
        if (whole) {
            WARN("one request and one delivery: " << some << " worlds of plot " << static_cast<int>(what.asks)
                                                  << static_cast<int>(what.durable) << what.probes);
        }
    }
    CHECK(worlds > 1000);
}
