// The heartbeat's stories, told one by one on virtual time.
#include <rejoinder/core/heartbeat.hpp>

#include <limits>
#include <type_traits>
#include <vector>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

round_trip of(duration length)
{
    round_trip trip;
    for (int i = 0; i != 100; ++i) {
        trip.sample(length);
    }
    return trip;
}

// A heartbeat on a link with a round trip of 20 ms that is known already: a probe after 110 ms, and its verdict after the least wait.
heartbeat warm(heartbeat_options options = {})
{
    return heartbeat{options, start, probing::allowed, of(20ms)};
}

// Drives a heartbeat to its next deadlines until it says something.
beat run(heartbeat& beats, instant& now, instant until)
{
    while (true) {
        const instant next = beats.next_deadline();
        if (next > until) {
            now = until;
            return beats.advance(now);
        }
        now = std::max(now, next);
        if (const beat said = beats.advance(now); said != beat::nothing) {
            return said;
        }
    }
}

} // namespace

TEST_CASE("an idle link is pinged regularly and asks for nothing in between")
{
    heartbeat beats{{}, start, probing::allowed};
    CHECK(beats.next_deadline() == start + 20s);
    CHECK(beats.advance(start) == beat::nothing);
    CHECK(beats.advance(start + 20s - 1ns) == beat::nothing);
    CHECK(beats.advance(start + 20s) == beat::ping);
    CHECK(beats.advance(start + 20s) == beat::ping); // until it is emitted
    CHECK(beats.ping(start + 20s) == 1);
    CHECK(beats.advance(start + 20s) == beat::nothing);
    CHECK(beats.next_deadline() == start + 40s);
    beats.received(start + 20s + 30ms);
    beats.pong(1, start + 20s + 30ms);
    CHECK(beats.trip().smoothed() == 30ms);
    CHECK(beats.advance(start + 40s) == beat::ping);
    CHECK(beats.ping(start + 40s) == 2);
}

TEST_CASE("a link on which nothing at all comes is dead, and stays dead")
{
    heartbeat beats{{}, start, probing::allowed};
    auto now = start;
    for (int i = 0; i != 2; ++i) {
        REQUIRE(run(beats, now, start + 1h) == beat::ping);
        beats.ping(now);
    }
    // The third ping and the verdict fall on one instant: the verdict is what counts.
    CHECK(run(beats, now, start + 1h) == beat::dead);
    CHECK(now == start + 60s);
    CHECK(beats.next_deadline() == never);
    beats.received(now);
    CHECK(beats.advance(now) == beat::dead);
}

TEST_CASE("a regular ping without pong is no reason to drop a link on which other things come")
{
    heartbeat beats = warm();
    auto now = start;
    for (int i = 0; i != 20; ++i) {
        REQUIRE(run(beats, now, start + 1h) == beat::ping);
        beats.ping(now);
        beats.received(now + 10s);
        REQUIRE(beats.advance(now + 10s) == beat::nothing);
    }
}

TEST_CASE("a link that dies after a send is dropped after a quarter of a second and half a round trip")
{
    heartbeat beats = warm();
    beats.sent(start + 5s);
    beats.awaiting(1);
    auto now = start;
    CHECK(run(beats, now, start + 1h) == beat::ping);
    CHECK(now == start + 5s + 110ms);
    beats.ping(now);
    CHECK(run(beats, now, start + 1h) == beat::dead);
    CHECK(now == start + 5s + 260ms);
}

TEST_CASE("while no round trip is known, a probe and its verdict take the ack timeout each")
{
    heartbeat beats{{}, start, probing::allowed};
    beats.sent(start);
    auto now = start;
    CHECK(run(beats, now, start + 1h) == beat::ping);
    CHECK(now == start + 10s);
    beats.ping(now);
    CHECK(run(beats, now, start + 1h) == beat::dead);
    CHECK(now == start + 20s);
}

TEST_CASE("an answer in time needs no probe")
{
    heartbeat beats = warm();
    const auto position = beats.sent(start);
    CHECK(beats.unproven());
    beats.proven(position, start + 20ms);
    CHECK(!beats.unproven());
    CHECK(beats.next_deadline() == start + 20s);
}

TEST_CASE("an answer proves what was emitted before it, and nothing after it")
{
    heartbeat beats = warm();
    const auto first = beats.sent(start);
    const auto second = beats.sent(start);
    const auto third = beats.sent(start);
    CHECK(first < second);
    CHECK(second < third);
    beats.proven(second, start + 50ms);
    CHECK(beats.unproven());
    CHECK(beats.next_deadline() == start + 160ms); // the wait for the third's proof starts with the last proof
    beats.proven(first, start + 60ms);             // an answer that says nothing new
    CHECK(beats.next_deadline() == start + 160ms);
    beats.proven(third, start + 70ms);
    CHECK(!beats.unproven());
    beats.proven(std::numeric_limits<std::uint64_t>::max(), start + 70ms);
    CHECK(!beats.unproven());
    beats.sent(start + 80ms);
    CHECK(beats.unproven());
}

TEST_CASE("steady proofs keep probes away, however much is in flight")
{
    heartbeat beats = warm();
    auto now = start;
    auto oldest = beats.sent(now);
    for (int i = 0; i != 1000; ++i) {
        now += 10ms;
        beats.sent(now);
        beats.proven(oldest++, now);
        REQUIRE(beats.advance(now) == beat::nothing);
    }
    // Then they stop: more emissions do not put the probe off.
    const auto last = now;
    while (beats.advance(now) == beat::nothing) {
        REQUIRE(now < last + 1s);
        now += 10ms;
        beats.sent(now);
    }
    CHECK(now == last + 110ms);
}

TEST_CASE("a slow handler on a live link is never dropped, and probes for it are spaced out")
{
    heartbeat beats = warm();
    beats.sent(start);
    beats.awaiting(1);
    auto now = start;
    auto heard = start;
    std::vector<duration> gaps;
    while (now < start + 300s) {
        REQUIRE(run(beats, now, start + 1h) == beat::ping);
        gaps.push_back(now - heard);
        const auto number = beats.ping(now);
        now += 20ms;
        beats.received(now);
        beats.pong(number, now);
        heard = now;
    }
    REQUIRE(gaps.size() > 9);
    CHECK(gaps[0] == 110ms); // the first probe: nothing proved that the request had arrived
    CHECK(gaps[1] == 200ms);
    CHECK(gaps[2] == 400ms);
    CHECK(gaps[7] == 12800ms);
    CHECK(gaps[8] == 20s - 20ms); // as the regular ping
    CHECK(gaps.size() < 30);
}

TEST_CASE("a spaced probe still finds a link that died while an answer was awaited")
{
    heartbeat beats = warm();
    beats.sent(start);
    beats.awaiting(1);
    auto now = start;
    for (int i = 0; i != 3; ++i) {
        REQUIRE(run(beats, now, start + 1h) == beat::ping);
        beats.pong(beats.ping(now), now + 20ms);
        now += 20ms;
    }
    REQUIRE(run(beats, now, start + 1h) == beat::ping);
    beats.ping(now);
    const auto asked = now;
    CHECK(run(beats, now, start + 1h) == beat::dead);
    CHECK(now == asked + 150ms);
}

TEST_CASE("a new emission or a proof brings the probes close again")
{
    heartbeat beats = warm();
    auto position = beats.sent(start);
    beats.awaiting(2);
    auto now = start;
    const auto widen = [&] {
        for (int i = 0; i != 4; ++i) {
            REQUIRE(run(beats, now, start + 1h) == beat::ping);
            beats.pong(beats.ping(now), now + 20ms);
            now += 20ms;
        }
        REQUIRE(beats.next_deadline() == now + 1600ms);
    };
    widen();
    position = beats.sent(now);
    CHECK(beats.next_deadline() == now + 110ms);
    beats.proven(position, now + 10ms);
    CHECK(beats.next_deadline() == now + 110ms);
    now += 10ms;
    beats.awaiting(0);
    CHECK(beats.next_deadline() > now + 10s);
}

TEST_CASE("nothing is probed once no answer is awaited and all is proven")
{
    heartbeat beats = warm();
    beats.sent(start);
    beats.awaiting(1);
    auto now = start;
    REQUIRE(run(beats, now, start + 1h) == beat::ping);
    beats.pong(beats.ping(now), now + 20ms);
    beats.awaiting(0); // its caller gave up
    const auto asked = now;
    REQUIRE(run(beats, now, start + 1h) == beat::ping);
    CHECK(now == asked + 20s);
    beats.ping(now);
    CHECK(run(beats, now, start + 1h) == beat::ping); // no verdict on a regular ping
}

TEST_CASE("only one probe is out at a time")
{
    heartbeat beats = warm({.ping_every = 0s});
    beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    beats.ping(start + 110ms);
    beats.sent(start + 120ms);
    CHECK(beats.advance(start + 259ms) == beat::nothing);
    CHECK(beats.next_deadline() == start + 260ms);
    CHECK(beats.advance(start + 260ms) == beat::dead);
}

TEST_CASE("what is emitted behind an unanswered regular ping is judged by that ping, from its emission on")
{
    heartbeat beats = warm();
    REQUIRE(beats.advance(start + 20s) == beat::ping);
    beats.ping(start + 20s);
    CHECK(beats.next_deadline() == start + 40s);
    beats.sent(start + 25s);
    CHECK(beats.next_deadline() == start + 25s + 150ms);
    beats.sent(start + 25s + 100ms); // more emissions do not put it off
    CHECK(beats.advance(start + 25s + 149ms) == beat::nothing);
    CHECK(beats.advance(start + 25s + 150ms) == beat::dead);
}

TEST_CASE("a regular ping is no judge while no round trip is known")
{
    heartbeat beats{{}, start, probing::allowed};
    beats.ping(start + 1s);
    beats.sent(start + 2s);
    auto now = start;
    CHECK(run(beats, now, start + 1h) == beat::ping);
    CHECK(now == start + 12s);
    beats.ping(now);
    CHECK(run(beats, now, start + 1h) == beat::dead);
    CHECK(now == start + 22s);
}

TEST_CASE("an answer to what was emitted behind the probe acquits the link without a pong")
{
    heartbeat beats = warm();
    beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    beats.ping(start + 100ms);
    const auto behind = beats.sent(start + 120ms);
    beats.proven(behind, start + 200ms);
    CHECK(beats.next_deadline() == start + 20s + 100ms);
}

TEST_CASE("an answer to what was emitted before the probe starts the wait for its pong anew")
{
    heartbeat beats = warm();
    const auto first = beats.sent(start);
    const auto second = beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    beats.ping(start + 100ms);
    beats.proven(first, start + 200ms);
    CHECK(beats.next_deadline() == start + 350ms);
    beats.proven(second, start + 210ms); // the last before the ping: of the ping itself it says nothing
    CHECK(beats.next_deadline() == start + 360ms);
    CHECK(beats.advance(start + 360ms) == beat::dead);
}

TEST_CASE("what comes in front of a pong stretches the wait, up to the ack timeout")
{
    heartbeat beats = warm();
    beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    beats.ping(start + 100ms);
    auto now = start + 100ms;
    while (beats.advance(now) == beat::nothing) {
        REQUIRE(now < start + 1min);
        beats.received(now);
        now += 50ms;
    }
    CHECK(now == start + 100ms + 10s);
    CHECK(beats.advance(now) == beat::dead);
}

TEST_CASE("a pong proves all that was emitted before its ping, and nothing after it")
{
    heartbeat beats = warm();
    beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    const auto number = beats.ping(start + 100ms);
    beats.sent(start + 110ms);
    beats.pong(number, start + 130ms);
    CHECK(beats.unproven());
    CHECK(beats.advance(start + 250ms) == beat::ping); // the next probe, for what came behind
    beats.pong(beats.ping(start + 250ms), start + 270ms);
    CHECK(!beats.unproven());
}

TEST_CASE("late, repeated and invented pongs are ignored")
{
    heartbeat beats{{}, start, probing::allowed};
    beats.pong(1, start + 5s);
    beats.pong(0, start + 5s);
    CHECK(!beats.trip().known());
    const auto first = beats.ping(start + 20s);
    const auto second = beats.ping(start + 40s);
    beats.pong(second, start + 40s + 10ms);
    CHECK(beats.trip().smoothed() == 10ms);
    const auto learned = beats.trip();
    beats.pong(second, start + 50s);
    beats.pong(first, start + 50s);
    beats.pong(second + 1, start + 50s);
    CHECK(beats.trip() == learned);
    beats.sent(start + 50s);
    const auto due = beats.next_deadline();
    beats.pong(second, start + 50s + 5ms);
    CHECK(beats.unproven());
    CHECK(beats.next_deadline() == due);
    const auto third = beats.ping(start + 51s);
    beats.pong(third, start + 51s + 50ms); // an invented number does not stand in the way of the true one
    CHECK(beats.trip() != learned);
    CHECK(!beats.unproven());
}

TEST_CASE("every pong on a long connection is a sample")
{
    heartbeat beats{{}, start, probing::allowed};
    auto now = start;
    for (int i = 0; i != 100; ++i) {
        now += 20s;
        beats.pong(beats.ping(now), now + (i < 50 ? 10ms : 300ms));
    }
    CHECK(beats.trip().smoothed() > 290ms);
}

TEST_CASE("with several pings out, each pong proves what was emitted before its own")
{
    heartbeat beats{{.ping_every = 0s}, start, probing::allowed};
    beats.sent(start);
    beats.ping(start);
    const auto second = beats.sent(start + 1s);
    beats.ping(start + 1s);
    beats.sent(start + 2s);
    beats.ping(start + 2s);
    beats.pong(1, start + 3s);
    beats.pong(2, start + 3s);
    const auto due = beats.next_deadline();
    beats.proven(second, start + 3s + 10ms); // nothing new
    CHECK(beats.next_deadline() == due);
    CHECK(beats.unproven());
    beats.pong(3, start + 3s + 20ms);
    CHECK(!beats.unproven());
}

TEST_CASE("a pong that leaves something unproven does not space the probes out")
{
    heartbeat beats = warm();
    beats.awaiting(1);
    beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    const auto number = beats.ping(start + 100ms);
    const auto behind = beats.sent(start + 110ms);
    beats.pong(number, start + 120ms);
    beats.proven(behind, start + 130ms);
    CHECK(beats.next_deadline() == start + 230ms);
}

TEST_CASE("more pings than are timed are still answered in their order")
{
    heartbeat beats = warm({.ping_every = 10ms, .dead_after = 0s});
    auto now = start;
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i != 50; ++i) {
        beats.sent(now);
        numbers.push_back(beats.ping(now));
        now += 10ms;
    }
    // A round trip of 400 ms on a link thought to have 20 ms: each pong proves what it can.
    for (const auto number : numbers) {
        now += 10ms;
        beats.pong(number, now);
    }
    CHECK(!beats.unproven());
    CHECK(beats.trip().smoothed() > 20ms);
}

TEST_CASE("a sign of life can be demanded at once, and its absence is death even on an idle link")
{
    heartbeat beats = warm();
    beats.demand();
    CHECK(beats.next_deadline() <= start);
    REQUIRE(beats.advance(start) == beat::ping);
    const auto number = beats.ping(start);
    CHECK(beats.advance(start) == beat::nothing);
    CHECK(beats.next_deadline() == start + 150ms);
    beats.pong(number, start + 20ms);
    CHECK(beats.next_deadline() == start + 20s);
    beats.demand();
    beats.ping(start + 1s);
    CHECK(beats.advance(start + 1s + 150ms) == beat::dead);

    heartbeat mute{{}, start, probing::unavailable};
    mute.demand();
    CHECK(mute.advance(start) == beat::nothing);
}

TEST_CASE("without pings on the wire only silence and idleness count")
{
    heartbeat beats{{.idle_after = 300s}, start, probing::unavailable, of(20ms)};
    beats.sent(start);
    beats.awaiting(1);
    CHECK(beats.next_deadline() == start + 60s);
    beats.received(start + 50s);
    CHECK(beats.advance(start + 60s) == beat::nothing);
    CHECK(beats.advance(start + 110s) == beat::dead);

    heartbeat mute{{.dead_after = 0s}, start, probing::unavailable};
    mute.sent(start);
    CHECK(mute.next_deadline() == never);
    CHECK(mute.advance(start + 10000h) == beat::nothing);
}

TEST_CASE("a connection that the application does not use is idle, unless it awaits an answer")
{
    heartbeat beats{{.dead_after = 0s, .idle_after = 5min}, start, probing::unavailable};
    CHECK(beats.next_deadline() == start + 5min);
    beats.touched(start + 1min);
    CHECK(beats.advance(start + 5min) == beat::nothing);
    CHECK(beats.next_deadline() == start + 6min);
    beats.awaiting(1);
    CHECK(beats.advance(start + 7min) == beat::nothing);
    CHECK(beats.next_deadline() == never);
    beats.awaiting(0);
    CHECK(beats.advance(start + 7min) == beat::idle);
    beats.touched(start + 7min);
    CHECK(beats.advance(start + 7min) == beat::nothing);
}

TEST_CASE("pings are no traffic of the application")
{
    heartbeat beats = warm({.idle_after = 30s});
    beats.pong(beats.ping(start + 20s), start + 20s + 20ms);
    beats.received(start + 20s + 20ms);
    CHECK(beats.advance(start + 30s) == beat::idle);
}

TEST_CASE("a connection is idle in its time though a ping that is due cannot go out")
{
    heartbeat beats = warm({.ping_every = 20s, .idle_after = 30s});
    beats.received(start + 25s);
    CHECK(beats.advance(start + 29s) == beat::ping);
    CHECK(beats.advance(start + 30s) == beat::idle);
}

TEST_CASE("what one connection learned serves the next, with the patience that a dropped link taught")
{
    heartbeat beats = warm();
    beats.sent(start);
    auto now = start;
    REQUIRE(run(beats, now, start + 1h) == beat::ping);
    beats.ping(now);
    REQUIRE(run(beats, now, start + 1h) == beat::dead);

    // The link was not dead, but slow with one large message: twice the patience now, so that it gets through in the
    // end.
    heartbeat again{{}, now, probing::allowed, beats.trip()};
    const auto large = again.sent(now);
    CHECK(again.next_deadline() == now + 220ms);
    now += 220ms;
    REQUIRE(again.advance(now) == beat::ping);
    const auto number = again.ping(now);
    CHECK(again.next_deadline() == now + 300ms);
    again.pong(number, now + 290ms);
    CHECK(!again.unproven());
    again.proven(large, now + 290ms);
    // It answered in time when doubted, so patience is as estimated, which now knows of slow moments.
    CHECK(again.trip().timeout(0ms, 10s) < 400ms);
    CHECK(again.trip().timeout(0ms, 10s) > 150ms);
}

TEST_CASE("a silent link that was never judged teaches no patience")
{
    heartbeat beats = warm();
    auto now = start;
    while (run(beats, now, start + 1h) == beat::ping) {
        beats.ping(now);
    }
    CHECK(beats.trip() == of(20ms));
}

TEST_CASE("zero lengths turn rules off, and a clock that stands still repeats nothing")
{
    heartbeat off{{.ping_every = 0s, .dead_after = 0s, .ack_timeout = 0s}, start, probing::allowed};
    off.sent(start);
    off.awaiting(3);
    CHECK(off.next_deadline() == never);
    off.ping(start);
    off.sent(start);
    CHECK(off.next_deadline() == never);

    heartbeat hasty{{.ping_every = 1ns, .probe_least = 0s, .pong_least = 0s}, start, probing::allowed, of(0ms)};
    hasty.sent(start);
    REQUIRE(hasty.advance(start + 1ns) == beat::ping);
    const auto number = hasty.ping(start + 1ns);
    CHECK(hasty.advance(start + 1ns) == beat::nothing);
    hasty.pong(number, start + 1ns);
    CHECK(hasty.advance(start + 1ns) == beat::nothing);
}

TEST_CASE("endless lengths do not overflow")
{
    constexpr auto ever = duration::max();
    heartbeat beats{{ever, ever, ever, ever, ever, ever}, start, probing::allowed};
    beats.sent(start);
    beats.awaiting(1);
    CHECK(beats.next_deadline() == never);
    beats.pong(beats.ping(start), start + 1s);
    beats.sent(start + 2s);
    CHECK(beats.next_deadline() == never);
    CHECK(beats.advance(start + 1000h) == beat::nothing);
}

TEST_CASE("a heartbeat is a small value that works at compile time")
{
    STATIC_REQUIRE(std::is_trivially_copyable_v<heartbeat>);
    STATIC_REQUIRE([] {
        heartbeat beats{{}, start, probing::allowed};
        beats.pong(beats.ping(start), start + 20ms);
        beats.sent(start + 1s);
        return beats.advance(start + 1s + 110ms) == beat::ping;
    }());
    CHECK(sizeof(heartbeat) <= 352);
}

TEST_CASE("a verdict that this side comes late to is put off once: the pong may lie unread")
{
    auto beats = warm();
    beats.sent(start);
    REQUIRE(beats.advance(start + 110ms) == beat::ping);
    const auto number = beats.ping(start + 100ms);

    SECTION("the pong is read after the oversleeping")
    {
        CHECK(beats.advance(start + 2s) == beat::nothing);
        beats.pong(number, start + 2s);
        CHECK(beats.advance(start + 2s) == beat::nothing);
        CHECK_FALSE(beats.unproven());
    }
    SECTION("there is none: the link is dead after one more wait, however late that is looked at")
    {
        CHECK(beats.advance(start + 2s) == beat::nothing);
        CHECK(beats.next_deadline() == start + 2s + 150ms);
        CHECK(beats.advance(start + 9s) == beat::dead);
    }
}

TEST_CASE("whatever the round trip, a dead link is found in half of it and a quarter of a second, or in its timeout")
{
    for (const auto length : {0ms, 1ms, 20ms, 100ms, 200ms, 400ms}) {
        for (const int samples : {1, 2, 4, 8, 100}) {
            round_trip known;
            for (int i = 0; i != samples; ++i) {
                known.sample(length);
            }
            heartbeat beats{{}, start, probing::allowed, known};
            beats.sent(start);
            auto now = start;
            REQUIRE(run(beats, now, start + 1h) == beat::ping);
            beats.ping(now);
            REQUIRE(run(beats, now, start + 1h) == beat::dead);
            const auto timeout = known.timeout(150ms, 10s);
            CHECK(now - start <= std::max(250ms + duration{length} / 2, timeout) + 1us);
            // Dialling takes a round trip, hello and welcome another one, the message half of one.
            if (length <= 100ms || samples == 100 || (length <= 200ms && samples == 8)) {
                CHECK(now - start + length * 5 / 2 < length * 3 + 300ms);
            }
        }
    }
}

TEST_CASE("on a link whose round trip is not well known yet the probe goes out with the message, and its pong tells more")
{
    round_trip young;
    young.sample(100ms);
    heartbeat beats{{}, start, probing::allowed, young};
    beats.sent(start);
    REQUIRE(beats.advance(start) == beat::ping);
    const auto number = beats.ping(start);
    CHECK(beats.advance(start) == beat::nothing);
    beats.pong(number, start + 100ms);
    CHECK(beats.next_deadline() == start + 20s);
    CHECK(beats.trip().timeout(150ms, 10s) == 250ms);
}
