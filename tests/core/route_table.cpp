// Tests of the route table: names, a fallback for all others, and no memory of what was removed.
#include <rejoinder/core/route_table.hpp>

#include <string>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("route_table: finds what was set, and nothing else")
{
    route_table routes;
    CHECK(routes.find("echo") == nullptr);
    routes.set("echo", {1});
    routes.set("log", {2, handling::serial});
    REQUIRE(routes.find("echo") != nullptr);
    CHECK(*routes.find("echo") == route{1, handling::overlapping});
    CHECK(*routes.find("log") == route{2, handling::serial});
    CHECK(routes.find("ech") == nullptr);
    CHECK(routes.find("") == nullptr);
    CHECK(routes.size() == 2);
}

TEST_CASE("route_table: setting a name again replaces its route, removing it forgets it")
{
    route_table routes;
    routes.set("echo", {1});
    routes.set("echo", {7});
    CHECK(routes.find("echo")->handler == 7);
    CHECK(routes.size() == 1);
    routes.remove("echo");
    routes.remove("echo");
    CHECK(routes.find("echo") == nullptr);
    CHECK(routes.size() == 0);
}

TEST_CASE("route_table: the fallback answers for names that have no route of their own")
{
    route_table routes;
    routes.set("echo", {1});
    routes.set_fallback({9, handling::serial});
    CHECK(routes.find("echo")->handler == 1);
    CHECK(*routes.find("whatever") == route{9, handling::serial});
    routes.remove("echo");
    CHECK(routes.find("echo")->handler == 9);
}

TEST_CASE("route_table: names are bytes: an embedded zero and a long name are names")
{
    route_table routes;
    const std::string zero{"a\0b", 3};
    const std::string lengthy(5000, 'x');
    routes.set(zero, {1});
    routes.set(lengthy, {2});
    CHECK(routes.find(zero)->handler == 1);
    CHECK(routes.find("a") == nullptr);
    CHECK(routes.find(lengthy)->handler == 2);
}
