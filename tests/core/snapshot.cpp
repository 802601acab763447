// A snapshot's sums over its disconnects.
#include <rejoinder/core/snapshot.hpp>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("a snapshot adds its disconnects up by reason, by kind and in all")
{
    snapshot taken;
    CHECK(taken.disconnects() == 0);
    taken.all_reasons[static_cast<std::size_t>(close_reason::silent)] = 2;
    taken.all_reasons[static_cast<std::size_t>(close_reason::link_lost)] = 3;
    taken.all_reasons[static_cast<std::size_t>(close_reason::normal)] = 5;
    CHECK(taken.disconnects(close_reason::silent) == 2);
    CHECK(taken.disconnects(close_reason::idle) == 0);
    CHECK(taken.disconnects(disconnect_kind::network) == 5);
    CHECK(taken.disconnects(disconnect_kind::clean) == 5);
    CHECK(taken.disconnects(disconnect_kind::fault) == 0);
    CHECK(taken.disconnects() == 10);
}
