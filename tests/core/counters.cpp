// The counters and the table that names them.
#include <rejoinder/core/counters.hpp>

#include <set>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("the table names every counter once")
{
    std::set<std::string_view> names;
    counters all;
    std::uint64_t number = 0;
    for (const auto& entry : counter_table) {
        CHECK(names.insert(entry.name).second);
        CHECK(all.*entry.member == 0); // nobody else's
        all.*entry.member = ++number;
    }
    CHECK(number == sizeof(counters) / sizeof(std::uint64_t));
    CHECK(all.requests_sent == 1);
    CHECK(all.handler_failures == number);
}

TEST_CASE("the table stands in the order of the declaration, by the declared names")
{
    constexpr counters none;
    std::size_t index = 0;
    for (const auto& entry : counter_table) {
        CHECK(&(none.*entry.member) == &none.requests_sent + index++);
    }
    for (const auto& entry : counter_table) {
        if (entry.name == "late_replies") {
            CHECK(entry.member == &counters::late_replies);
        }
        if (entry.name == "bytes_out") {
            CHECK(entry.member == &counters::bytes_out);
        }
    }
}

TEST_CASE("counters add up one by one")
{
    counters left;
    counters right;
    std::uint64_t number = 0;
    for (const auto& entry : counter_table) {
        left.*entry.member = ++number;
        right.*entry.member = 1000 * number;
    }
    left += right;
    number = 0;
    for (const auto& entry : counter_table) {
        CHECK(left.*entry.member == 1001 * ++number);
    }
    left += left;
    CHECK(left.requests_sent == 2002);
    CHECK(counters{} == counters{});
    CHECK(left != right);
    STATIC_REQUIRE([] {
        counters sum{.resent = 2};
        sum += counters{.resent = 3, .retries = 1};
        return sum.resent == 5 && sum.retries == 1 && sum.refused == 0;
    }());
}
