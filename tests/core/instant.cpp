// Tests of instants: adding a length of time never overflows.
#include <rejoinder/core/instant.hpp>

#include <chrono>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

TEST_CASE("instant: later adds a length, and what is too long to add is never")
{
    constexpr instant now = instant{} + 5s;
    STATIC_REQUIRE(later(now, 2s) == instant{} + 7s);
    STATIC_REQUIRE(later(now, 0s) == now);
    STATIC_REQUIRE(later(now, -2s) == instant{} + 3s);
    STATIC_REQUIRE(later(now, duration::max()) == never);
    STATIC_REQUIRE(later(now, never - now) == never);
    STATIC_REQUIRE(later(now, never - now - duration{1}) == never - duration{1});
    STATIC_REQUIRE(later(never, 1s) == never);
}
