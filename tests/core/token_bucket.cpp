// The token bucket: its burst, its rate, and its edges.
#include <rejoinder/core/token_bucket.hpp>

#include <limits>
#include <random>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();

} // namespace

TEST_CASE("a full bucket lets its burst through at once, and then its rate")
{
    token_bucket bucket{10, 3};
    CHECK(bucket.available(start) == 3);
    CHECK(bucket.take(start));
    CHECK(bucket.take(start));
    CHECK(bucket.take(start));
    CHECK(!bucket.take(start));
    CHECK(bucket.ready_at(start) == start + 100ms);
    CHECK(!bucket.take(start + 100ms - 1ns));
    CHECK(bucket.take(start + 100ms));
    CHECK(!bucket.take(start + 199ms));
    CHECK(bucket.take(start + 200ms));
    CHECK(bucket.available(start + 1h) == 3);
}

TEST_CASE("several are taken together or not at all")
{
    token_bucket bucket{1, 5};
    CHECK(!bucket.take(start, 6));
    CHECK(bucket.take(start, 5));
    CHECK(!bucket.take(start + 2s, 3));
    CHECK(bucket.available(start + 2s) == 2);
    CHECK(bucket.ready_at(start + 2s, 3) == start + 3s);
    CHECK(bucket.ready_at(start + 2s, 2) == start + 2s);
    CHECK(bucket.ready_at(start + 2s, 6) == never);
    CHECK(bucket.take(start + 3s, 3));
    CHECK(bucket.take(start + 3s, 0));
}

TEST_CASE("no rounding adds up, however often the bucket is asked")
{
    token_bucket bucket{3, 1}; // a third of a second has no whole number of nanoseconds
    auto now = start;
    CHECK(bucket.take(now));
    int taken = 0;
    for (int i = 0; i != 10000; ++i) {
        now += 1ms;
        taken += bucket.take(now) ? 1 : 0;
    }
    CHECK(taken == 29); // every 334 ms
    token_bucket exact{7, 1000};
    REQUIRE(exact.take(start, 1000));
    for (auto at = start; at < start + 10s; at += 1234567ns) {
        CHECK(!exact.take(at, 1000));
    }
    CHECK(exact.available(start + 10s) == 70);
    CHECK(exact.available(start + 10s - 1ns) == 69);
}

TEST_CASE("ready_at tells the first instant at which take succeeds")
{
    std::mt19937 random{5};
    token_bucket bucket{997, 50};
    auto now = start;
    for (int i = 0; i != 5000; ++i) {
        const auto count = 1 + static_cast<std::uint32_t>(random() % 50);
        const auto ready = bucket.ready_at(now, count);
        if (ready > now) {
            REQUIRE(bucket.available(ready - 1ns) < count);
        }
        REQUIRE(bucket.take(ready, count));
        now = ready + std::chrono::microseconds{random() % 3000};
    }
}

TEST_CASE("a rate of zero never refills, and a burst of zero lets nothing pass")
{
    token_bucket once{0, 2};
    CHECK(once.take(start, 2));
    CHECK(!once.take(start + 10000h));
    CHECK(once.ready_at(start) == never);
    token_bucket nothing{100, 0};
    CHECK(!nothing.take(start + 1h));
    CHECK(nothing.ready_at(start) == never);
    CHECK(nothing.take(start, 0));
}

TEST_CASE("a clock that stands or goes back adds nothing")
{
    token_bucket bucket{1, 1};
    CHECK(bucket.take(start + 10s));
    CHECK(!bucket.take(start));
    CHECK(!bucket.take(start + 10s));
    CHECK(!bucket.take(start + 11s - 1ns));
    CHECK(bucket.ready_at(start) == start + 11s);
    CHECK(bucket.take(start + 11s));
}

TEST_CASE("the largest numbers do not overflow")
{
    token_bucket bucket{most, most};
    CHECK(bucket.take(instant::min(), most));
    CHECK(bucket.available(instant::min()) == 0);
    CHECK(bucket.available(instant::min() + 1s) == most);
    CHECK(bucket.take(instant::max(), most));
    CHECK(bucket.available(instant::max()) == 0);
    CHECK(bucket.ready_at(instant::max()) == never);
    token_bucket slow{1, most};
    CHECK(slow.take(start, most));
    CHECK(slow.ready_at(start, most) == start + 1s * std::int64_t{most});
}
