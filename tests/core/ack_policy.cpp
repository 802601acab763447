// Ack policies: the three of the library, and one of a user's.
#include <rejoinder/core/ack_policy.hpp>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

struct by_name {
    constexpr ack_when when(std::string_view name) const
    {
        return name.starts_with("log.") ? ack_when::received : ack_when::handled;
    }
};

struct undecided {
    bool when(std::string_view) const { return true; }
};

struct changing_acks {
    ack_when when(std::string_view) { return ack_when::handled; }
};

} // namespace

TEST_CASE("each policy has its moment for every name")
{
    STATIC_REQUIRE(acknowledge_on_handled{}.when("job_done") == ack_when::handled);
    STATIC_REQUIRE(acknowledge_on_receipt{}.when("job_done") == ack_when::received);
    STATIC_REQUIRE(acknowledge_none{}.when("") == ack_when::none);
}

TEST_CASE("a policy may decide by name")
{
    STATIC_REQUIRE(by_name{}.when("log.line") == ack_when::received);
    STATIC_REQUIRE(by_name{}.when("job_done") == ack_when::handled);
}

TEST_CASE("the ack concept takes what answers and rejects the rest")
{
    STATIC_REQUIRE(ack_policy<acknowledge_on_handled>);
    STATIC_REQUIRE(ack_policy<acknowledge_on_receipt>);
    STATIC_REQUIRE(ack_policy<acknowledge_none>);
    STATIC_REQUIRE(ack_policy<by_name>);
    STATIC_REQUIRE(!ack_policy<undecided>);
    STATIC_REQUIRE(!ack_policy<changing_acks>);
    STATIC_REQUIRE(!ack_policy<ack_when>);
}

TEST_CASE("each moment has its name")
{
    STATIC_REQUIRE(name_of(ack_when::received) == "received");
    STATIC_REQUIRE(name_of(ack_when::handled) == "handled");
    STATIC_REQUIRE(name_of(ack_when::none) == "none");
}
