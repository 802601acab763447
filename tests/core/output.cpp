// Tests of outputs: values that a driver can switch on, and that move even when their completion cannot be copied.
#include <rejoinder/core/output.hpp>

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("output: an empty one asks for nothing")
{
    const output<int> none;
    CHECK(std::holds_alternative<std::monostate>(none));
}

TEST_CASE("output: a completion that only moves travels through it")
{
    using mark = std::unique_ptr<int>;
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<output<mark>>);
    output<mark> one = settled<mark>{std::make_unique<int>(7), {}, {}, {}, {}};
    output<mark> other = std::move(one);
    CHECK(*std::get<settled<mark>>(other).completion == 7);
}

TEST_CASE("output: handles that name nothing are equal to each other alone")
{
    CHECK(call{} == call{0, 0});
    CHECK_FALSE(call{1, 1} == call{1, 2});
    CHECK_FALSE(call{1, 1} == call{});
    CHECK(invocation{5} == invocation{5});
    CHECK_FALSE(invocation{5} == invocation{6});
}
