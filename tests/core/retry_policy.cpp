// Retries: what is tried again, how often, when, and never past the deadline.
#include <rejoinder/core/retry_policy.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "support/stuck.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// The smallest policy: for ever, at once.
struct stubborn {
    bool retryable(const std::error_code&) const { return true; }
    std::optional<duration> next(unsigned, const std::error_code&, duration, random_source&) const
    {
        return duration::zero();
    }
};

struct without_errors {
    std::optional<duration> next(unsigned, duration, random_source&) const { return std::nullopt; }
};

const std::error_code failed = make_error_code(errc::handler_error);
constexpr duration ever = duration::max();

} // namespace

TEST_CASE("the retry concept takes what has its expressions and rejects the rest")
{
    STATIC_REQUIRE(retry_policy<standard_retry>);
    STATIC_REQUIRE(retry_policy<scheduled_retry<constant_backoff>>);
    STATIC_REQUIRE(retry_policy<no_retry>);
    STATIC_REQUIRE(retry_policy<stubborn>);
    STATIC_REQUIRE(!retry_policy<without_errors>);
    STATIC_REQUIRE(!retry_policy<int>);
}

TEST_CASE("three attempts are made, with growing waits in between")
{
    highest high;
    const standard_retry policy;
    CHECK(policy.next(1, failed, ever, high) == 1s);
    CHECK(policy.next(2, failed, ever, high) == 2s);
    CHECK(policy.next(3, failed, ever, high) == std::nullopt);
    CHECK(policy.next(4, failed, ever, high) == std::nullopt);
}

TEST_CASE("the wait has a cap and is spread by lot")
{
    highest high;
    const standard_retry policy{.attempts = 100};
    CHECK(policy.next(3, failed, ever, high) == 4s);
    CHECK(policy.next(4, failed, ever, high) == 5s);
    CHECK(policy.next(99, failed, ever, high) == 5s);
    random_source source{1};
    CHECK(policy.next(4, failed, ever, source) >= 2500ms);
    CHECK(policy.next(4, failed, ever, source) != policy.next(4, failed, ever, source));
}

TEST_CASE("no wait reaches the deadline")
{
    highest high;
    const standard_retry policy;
    CHECK(policy.next(1, failed, 1s + 1ns, high) == 1s);
    CHECK(policy.next(1, failed, 1s, high) == std::nullopt);
    CHECK(policy.next(1, failed, 0s, high) == std::nullopt);
    CHECK(policy.next(1, failed, -5s, high) == std::nullopt);
    const scheduled_retry<constant_backoff> at_once{.backoff = {0s}};
    CHECK(at_once.next(1, failed, 0s, high) == std::nullopt);
    CHECK(at_once.next(1, failed, 1ns, high) == 0s);
}

TEST_CASE("only what may pass is tried again")
{
    const standard_retry policy;
    random_source source{1};
    constexpr std::array passing{errc::handler_error, errc::busy, errc::timed_out, errc::interrupted};
    for (int value = 1; value <= static_cast<int>(errc::untrusted); ++value) {
        const auto kind = static_cast<errc>(value);
        const bool expected = std::find(passing.begin(), passing.end(), kind) != passing.end();
        CAPTURE(std::string{name_of(kind)});
        CHECK(policy.retryable(make_error_code(kind)) == expected);
        CHECK(policy.next(1, make_error_code(kind), ever, source).has_value() == expected);
        CHECK(policy.retryable(make_error_code(kind, certainty::not_executed)) == expected);
    }
    CHECK(!policy.retryable(std::make_error_code(std::errc::timed_out)));
    CHECK(!policy.retryable({}));
}

TEST_CASE("no attempts count as one, and one is not repeated")
{
    random_source source{1};
    CHECK(!standard_retry{.attempts = 0}.next(1, failed, ever, source));
    CHECK(!standard_retry{.attempts = 1}.next(1, failed, ever, source));
    CHECK(!no_retry{}.next(1, failed, ever, source));
    CHECK(!no_retry{}.retryable(failed));
}

TEST_CASE("a schedule that ends ends the retries")
{
    random_source source{1};
    const scheduled_retry<limited<constant_backoff>> policy{.attempts = 10, .backoff = {{1s}, 2}};
    CHECK(policy.next(2, failed, ever, source) == 1s);
    CHECK(policy.next(3, failed, ever, source) == std::nullopt);
}
