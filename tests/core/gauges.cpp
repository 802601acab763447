// The gauges and the table that names them.
#include <rejoinder/core/gauges.hpp>

#include <rejoinder/core/counters.hpp>

#include <set>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("the table names every gauge once, in the order of the declaration, and says what it means")
{
    std::set<std::string_view> names;
    for (const auto& entry : counter_table) {
        names.insert(entry.name);
        CHECK(entry.meaning.ends_with('.'));
    }
    const gauges none;
    std::size_t index = 0;
    for (const auto& entry : gauge_table) {
        CHECK(names.insert(entry.name).second); // no counter has it either: both stand in one page
        CHECK(&(none.*entry.member) == &none.connections + index++);
        CHECK(entry.meaning.ends_with('.'));
    }
}
