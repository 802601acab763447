// Tests of the retry budget: retries are a share of the calls.
#include <rejoinder/core/retry_budget.hpp>

#include <chrono>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

} // namespace

TEST_CASE("retry budget: after the reserve, a hundred calls earn as many retries as the share says")
{
    retry_budget budget{{.percent = 20, .reserve = 3, .per_second = 0}};
    for (int i = 0; i != 3; ++i) {
        CHECK(budget.take(start));
    }
    CHECK_FALSE(budget.take(start));
    int retries = 0;
    for (int i = 0; i != 100; ++i) {
        budget.called(start);
        retries += budget.take(start) ? 1 : 0;
    }
    CHECK(retries == 20);
}

TEST_CASE("retry budget: what is saved is bounded by the reserve")
{
    retry_budget budget{{.percent = 100, .reserve = 2, .per_second = 1}};
    for (int i = 0; i != 10; ++i) {
        budget.called(start);
    }
    CHECK(budget.available(start + 1h) == 2);
    CHECK(budget.take(start + 1h));
    CHECK(budget.take(start + 1h));
    CHECK_FALSE(budget.take(start + 1h));
}

TEST_CASE("retry budget: time earns retries for whoever calls seldom, a clock that goes back none")
{
    retry_budget budget{{.percent = 0, .reserve = 1, .per_second = 1}};
    CHECK(budget.take(start));
    CHECK_FALSE(budget.take(start + 999ms));
    CHECK(budget.take(start + 1s));
    budget.called(start - 1h);
    CHECK_FALSE(budget.take(start - 1h));
}

TEST_CASE("retry budget: no reserve allows none, the largest as good as all")
{
    retry_budget none{{.reserve = 0}};
    none.called(start);
    CHECK_FALSE(none.take(start + 1h));
    retry_budget all{{.percent = 0, .reserve = UINT32_MAX, .per_second = 0}};
    for (int i = 0; i != 10'000; ++i) {
        all.called(start);
        REQUIRE(all.take(start));
    }
}
