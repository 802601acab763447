// Heartbeats of two sides that say something different: what goes together, and what is refused.
#include <rejoinder/core/heartbeat_terms.hpp>

#include <rejoinder/core/round_trip.hpp>

#include <algorithm>
#include <vector>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr heartbeat_terms client_default{30s, 60s};
constexpr heartbeat_terms hub_default{20s, 60s};

// Two heartbeats on a link that works and that nobody uses. Whether neither drops it in this time.
bool lives(const heartbeat_options& one, const heartbeat_options& other, duration length)
{
    std::vector<heartbeat> sides;
    sides.emplace_back(agreed(one, terms_of(other)), start, probing::allowed);
    sides.emplace_back(agreed(other, terms_of(one)), start, probing::allowed);
    for (auto now = start; now < start + length;) {
        const auto next = std::min(sides[0].next_deadline(), sides[1].next_deadline());
        now = std::min(next, start + length);
        for (std::size_t i = 0; i != 2; ++i) {
            const auto said = sides[i].advance(now);
            if (said == beat::dead) {
                return false;
            }
            if (said == beat::ping) {
                const auto number = sides[i].ping(now);
                sides[1 - i].received(now);
                sides[i].received(now);
                sides[i].pong(number, now);
            }
        }
    }
    return true;
}

} // namespace

TEST_CASE("the defaults of client and hub go together and stay as they are")
{
    CHECK(conflict_of(client_default, hub_default).empty());
    const heartbeat_options of_hub;
    CHECK(agreed(of_hub, client_default).ping_every == 20s);
    CHECK(agreed({.ping_every = 30s}, hub_default).ping_every == 30s);
}

TEST_CASE("timings that contradict each other loop in silence: here they are refused with both numbers")
{
    CHECK(conflict_of({30s, 15s}, hub_default) ==
          "the client drops a link that is silent for 15 s (dead_after), but pings come only every 20 s (ping_every)");
    CHECK(conflict_of({30s, 60s}, {20s, 1500ms}) ==
          "the hub drops a link that is silent for 1500 ms (dead_after), but pings come only every 20 s (ping_every)");
    CHECK_FALSE(conflict_of({30s, 20s}, hub_default).empty()); // the verdict would fall with the ping
    CHECK(conflict_of({30s, 21s}, hub_default).empty());
}

TEST_CASE("whose own pings are frequent enough may be impatient: their pongs are signs of life")
{
    CHECK(conflict_of({5s, 15s}, hub_default).empty());
    CHECK(agreed({}, {5s, 15s}).ping_every == 20s); // nothing to add
    CHECK(lives({.ping_every = 5s, .dead_after = 15s}, {}, 1h));
}

TEST_CASE("a side that does not say is no contradiction")
{
    CHECK(conflict_of({}, hub_default).empty());
    CHECK(conflict_of(client_default, {}).empty());
    CHECK(conflict_of({0s, 15s}, {0s, 10s}).empty());
    CHECK(agreed({}, {}).ping_every == 20s);
}

TEST_CASE("each side pings often enough for the silence that the other stands")
{
    CHECK(agreed({}, {30s, 25s}).ping_every == 12500ms);
    CHECK(agreed({.ping_every = 0s}, {0s, 60s}).ping_every == 30s); // it relies on our pings, wanted or not
    CHECK(agreed({.ping_every = 0s}, client_default).ping_every == 0s);
    CHECK(agreed({.ping_every = 4s}, {0s, 60s}).ping_every == 4s);
    const heartbeat_options strict{.ping_every = 30s, .dead_after = 25s};
    CHECK(lives(strict, {}, 1h));
    CHECK(lives({}, strict, 1h));
    CHECK(lives({.ping_every = 0s}, {.ping_every = 0s, .dead_after = 40s}, 1h));
}

TEST_CASE("whatever terms are not refused keep an idle link alive")
{
    const std::vector<duration> lengths{0s, 1s, 3s, 7s, 20s, 31s, 60s};
    for (const auto ping : lengths) {
        for (const auto dead : lengths) {
            for (const auto other_ping : lengths) {
                for (const auto other_dead : lengths) {
                    const heartbeat_options one{.ping_every = ping, .dead_after = dead};
                    const heartbeat_options other{.ping_every = other_ping, .dead_after = other_dead};
                    const bool said = ping > 0s || other_ping > 0s;
                    if (said && conflict_of(terms_of(one), terms_of(other)).empty()) {
                        INFO(ping.count() << ' ' << dead.count() << ' ' << other_ping.count() << ' ' << other_dead.count());
                        CHECK(lives(one, other, 10min));
                    }
                }
            }
        }
    }
}

TEST_CASE("endless lengths go together with everything")
{
    constexpr auto ever = duration::max();
    CHECK(conflict_of({ever, ever}, hub_default).empty());
    CHECK(agreed({}, {ever, ever}).ping_every == 20s);
}
