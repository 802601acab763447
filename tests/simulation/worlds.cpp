// What outlives crashes, and what links without order do to it: drawn and enumerated worlds.
#include <rejoinder/core/random.hpp>
#include <rejoinder/testing/simulation.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
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

std::uint64_t fewer_when_instrumented(std::uint64_t seeds)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return seeds / 20;
#else
    return seeds;
#endif
}

template <class Scenario>
void hunt(std::uint64_t first, std::uint64_t seeds, const simulation_options<>& options)
{
    const auto found = simulate(options, first, fewer_when_instrumented(seeds),
                                [](telling how) { return std::make_unique<Scenario>(how); });
    if (found) {
        FAIL(told(*found, options));
    }
    SUCCEED();
}

} // namespace

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
