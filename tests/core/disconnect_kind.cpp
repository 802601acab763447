// The kinds of disconnect: each reason has one, each kind has a name.
#include <rejoinder/core/disconnect_kind.hpp>

#include <set>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("each reason belongs to a kind, and each kind has a reason")
{
    std::set<disconnect_kind> met;
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        met.insert(kind_of(static_cast<close_reason>(i)));
    }
    CHECK(met.size() == disconnect_kind_count);
    CHECK(kind_of(close_reason::going_away) == disconnect_kind::clean); // a reload closes cleanly
    CHECK(kind_of(close_reason::silent) == disconnect_kind::network);
    CHECK(kind_of(close_reason::slow_peer) == disconnect_kind::fault);
    CHECK(kind_of(close_reason::shutting_down) == disconnect_kind::local);
}

TEST_CASE("each kind of disconnect has a name of its own")
{
    std::set<std::string_view> names;
    for (std::size_t i = 0; i != disconnect_kind_count; ++i) {
        CHECK(names.insert(name_of(static_cast<disconnect_kind>(i))).second);
    }
    CHECK(name_of(disconnect_kind::network) == "network");
    CHECK(name_of(disconnect_kind::local) == "local");
}
