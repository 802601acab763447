// The round trip's estimate against RFC 6298's arithmetic, and its timeout at the edges.
#include <rejoinder/core/round_trip.hpp>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

TEST_CASE("nothing is known before the first sample, and the timeout is the longest")
{
    constexpr round_trip trip;
    STATIC_REQUIRE(!trip.known());
    STATIC_REQUIRE(trip.smoothed() == duration::zero());
    STATIC_REQUIRE(trip.variation() == duration::zero());
    STATIC_REQUIRE(trip.timeout(100ms, 10s) == 10s);
}

TEST_CASE("the first sample is taken whole, with half of it as deviation")
{
    round_trip trip;
    trip.sample(80ms);
    CHECK(trip.known());
    CHECK(trip.smoothed() == 80ms);
    CHECK(trip.variation() == 40ms);
    CHECK(trip.timeout(0ms, 10s) == 240ms);
}

TEST_CASE("later samples move the estimate by an eighth and the deviation by a quarter")
{
    round_trip trip;
    trip.sample(80ms);
    trip.sample(160ms);
    CHECK(trip.variation() == 50ms); // 40 + (80 - 40) / 4, of the error before the estimate moves
    CHECK(trip.smoothed() == 90ms);  // 80 + (160 - 80) / 8
    trip.sample(50ms);
    CHECK(trip.variation() == 47500us); // 50 + (40 - 50) / 4
    CHECK(trip.smoothed() == 85ms);     // 90 - 40 / 8
}

TEST_CASE("a steady round trip still leaves the clock's granularity as margin")
{
    round_trip trip;
    for (int i = 0; i != 200; ++i) {
        trip.sample(20ms);
    }
    CHECK(trip.variation() < 1us);
    CHECK(trip.timeout(0ms, 10s) == trip.smoothed() + 1ms);
}

TEST_CASE("the timeout stays between its bounds, and the upper one wins")
{
    round_trip trip;
    trip.sample(1ms);
    CHECK(trip.timeout(100ms, 10s) == 100ms);
    CHECK(trip.timeout(10s, 5s) == 5s);
    CHECK(trip.timeout(0ms, 0ms) == 0ms);
    trip.sample(1h);
    CHECK(trip.timeout(100ms, 10s) == 10s);
}

TEST_CASE("negative, zero and endless samples neither overflow nor go below zero")
{
    round_trip trip;
    trip.sample(-5s);
    CHECK(trip.smoothed() == 0ms);
    CHECK(trip.timeout(0ms, 10s) == 1ms);
    for (int i = 0; i != 300; ++i) {
        trip.sample(duration::max());
    }
    CHECK(trip.smoothed() > 24h);
    CHECK(trip.timeout(0ms, duration::max()) > trip.smoothed());
    for (int i = 0; i != 300; ++i) {
        trip.sample(duration::min());
    }
    CHECK(trip.smoothed() < 1us);
    CHECK(trip.variation() >= duration::zero());
}

TEST_CASE("backing off doubles the timeout up to its bound until the link answers in time")
{
    round_trip trip;
    trip.sample(10ms);
    CHECK(trip.timeout(100ms, 1s) == 100ms);
    trip.back_off();
    CHECK(trip.timeout(100ms, 1s) == 200ms);
    trip.back_off();
    trip.back_off();
    CHECK(trip.timeout(100ms, 1s) == 800ms);
    trip.back_off();
    CHECK(trip.timeout(100ms, 1s) == 1s);
    for (int i = 0; i != 100; ++i) {
        trip.back_off();
    }
    CHECK(trip.timeout(100ms, duration::max()) == 100ms * (1 << 20));
    trip.sample(10ms);
    CHECK(trip.timeout(100ms, 1s) == 1s);
    trip.settle();
    CHECK(trip.timeout(100ms, 1s) == 100ms);
}

TEST_CASE("a link is doubted when a proof is overdue, and earlier where the verdict would come late")
{
    const auto steady = [](duration length) {
        round_trip trip;
        for (int i = 0; i != 200; ++i) {
            trip.sample(length);
        }
        return trip;
    };
    CHECK(round_trip{}.doubt(100ms, 150ms, 10s) == 10s);
    CHECK(steady(0ms).doubt(100ms, 150ms, 10s) == 100ms);
    CHECK(steady(100ms).doubt(100ms, 150ms, 10s) == 150ms);
    CHECK(steady(200ms).doubt(100ms, 150ms, 10s) == 149ms); // 350 ms in all, of which the pong may take 201
    CHECK(steady(1s).doubt(100ms, 150ms, 10s) == 0ms);
    round_trip young;
    young.sample(100ms); // its pong may take 300 ms
    CHECK(young.doubt(100ms, 150ms, 10s) == 0ms);
    CHECK(steady(100ms).doubt(20s, 150ms, 10s) == 10s);

    auto doubled = steady(100ms);
    doubled.back_off();
    CHECK(doubled.doubt(100ms, 150ms, 10s) == 300ms);
    CHECK(doubled.doubt(100ms, 150ms, 250ms) == 250ms);
    CHECK(steady(duration::max()).doubt(duration::max(), duration::max(), duration::max()) == duration::max());
    CHECK(steady(duration::max()).doubt(0ms, 0ms, duration::max()) == 0ms);
}
