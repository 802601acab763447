// The numbers of a latency that people look at.
#include <rejoinder/core/latency_summary.hpp>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

TEST_CASE("a summary of nothing is zero")
{
    STATIC_REQUIRE(summary_of(latency{}) == latency_summary{});
}

TEST_CASE("a summary holds number, sum, quantiles and the longest")
{
    latency seen;
    for (int i = 1; i <= 100; ++i) {
        seen.record(i * 1ms);
    }
    const auto all = summary_of(seen);
    CHECK(all.count == 100);
    CHECK(all.sum == 5050ms);
    CHECK(all.p50 >= 50ms);
    CHECK(all.p50 <= 57ms);
    CHECK(all.p90 >= 90ms);
    CHECK(all.p90 <= 100ms);
    CHECK(all.p99 >= 99ms);
    CHECK(all.longest == 100ms);
}
