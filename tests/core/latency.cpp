// The histogram against exact quantiles, and at its ends.
#include <rejoinder/core/latency.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

TEST_CASE("an empty histogram has quantiles of zero")
{
    constexpr latency none;
    STATIC_REQUIRE(none.count() == 0);
    STATIC_REQUIRE(none.quantile(0.5) == duration::zero());
    STATIC_REQUIRE(none.longest() == duration::zero());
}

TEST_CASE("one length is every quantile")
{
    latency seen;
    seen.record(5ms);
    for (const double q : {-1.0, 0.0, 0.5, 0.99, 1.0, 7.0, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK(seen.quantile(q) == 5ms); // its bucket's end is cut at the longest
    }
    CHECK(seen.count() == 1);
    CHECK(seen.longest() == 5ms);
}

TEST_CASE("short lengths are exact to the microsecond")
{
    latency seen;
    for (int i = 0; i != 8; ++i) {
        seen.record(i * 1us);
    }
    CHECK(seen.quantile(0) == 1us);
    CHECK(seen.quantile(0.125) == 1us);
    CHECK(seen.quantile(0.126) == 2us);
    CHECK(seen.quantile(0.5) == 4us);
    CHECK(seen.quantile(1) == 7us);
}

TEST_CASE("a quantile is never below the truth and at most an eighth above it")
{
    std::mt19937_64 random{11};
    for (const double scale : {1e4, 1e6, 1e8, 1e10, 3e12}) {
        latency seen;
        std::vector<duration> exact;
        std::exponential_distribution<double> spread{1.0 / scale};
        for (int i = 0; i != 5000; ++i) {
            const duration length{static_cast<duration::rep>(std::min(spread(random), 4e12))};
            seen.record(length);
            exact.push_back(length);
        }
        std::sort(exact.begin(), exact.end());
        for (const double q : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
            const auto rank = static_cast<std::size_t>(std::ceil(q * 5000.0));
            const auto truth = exact[rank - 1];
            CAPTURE(scale, q, truth.count());
            CHECK(seen.quantile(q) >= truth);
            CHECK(seen.quantile(q) <= truth + truth / 8 + 1us);
        }
    }
}

TEST_CASE("every bucket borders on the next")
{
    for (std::uint64_t micros = 1; micros < (std::uint64_t{1} << 31); micros += 1 + micros / 50) {
        latency seen;
        const duration length = std::chrono::microseconds{micros};
        seen.record(length);
        seen.record(24h); // so that the quantile is not cut at the longest
        REQUIRE(seen.quantile(0.5) > length);
        REQUIRE(seen.quantile(0.5) <= length + length / 8 + 1us);
    }
}

TEST_CASE("negative and endless lengths are counted at the ends")
{
    latency seen;
    seen.record(-1s);
    seen.record(duration::min());
    seen.record(duration::max());
    CHECK(seen.count() == 3);
    CHECK(seen.quantile(0.5) == 1us);
    CHECK(seen.quantile(1) == duration::max());
}

TEST_CASE("histograms add up")
{
    latency left;
    latency right;
    latency both;
    for (int i = 1; i <= 100; ++i) {
        (i % 3 == 0 ? left : right).record(i * 1ms);
        both.record(i * 1ms);
    }
    left += right;
    CHECK(left.count() == 100);
    for (const double q : {0.1, 0.5, 0.9, 1.0}) {
        CHECK(left.quantile(q) == both.quantile(q));
    }
    CHECK(left.longest() == 100ms);
}

TEST_CASE("a bucket that is full halves all, and the quantiles stay")
{
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    latency seen;
    seen.record(10ms, most);
    seen.record(1s, most);
    CHECK(seen.quantile(0.49) < 12ms);
    CHECK(seen.quantile(0.51) == 1s);
    seen.record(10ms, most);
    seen.record(10ms);
    CHECK(seen.count() == 3 * std::uint64_t{most} + 1);
    CHECK(seen.quantile(0.6) < 12ms);
    CHECK(seen.quantile(0.7) == 1s);
    seen += latency{seen};
    CHECK(seen.quantile(0.6) < 12ms);
    CHECK(seen.quantile(0.7) == 1s);
    latency left;
    left.record(10ms, most);
    latency right{left};
    right.record(1s, most);
    left += right;
    CHECK(left.quantile(0.6) < 12ms);
    CHECK(left.quantile(0.7) == 1s);
    seen.record(5s, 0);
    CHECK(seen.count() == 6 * std::uint64_t{most} + 2);
}

TEST_CASE("lengths add up, and a sum too long to hold stays the longest")
{
    latency seen;
    seen.record(2s, 3);
    seen.record(-1s);
    latency other;
    other.record(1s);
    seen += other;
    CHECK(seen.sum() == 7s);
    seen.record(duration::max() / 2, 3);
    CHECK(seen.sum() == duration::max());
    seen.record(1s);
    seen += other;
    CHECK(seen.sum() == duration::max());
}
