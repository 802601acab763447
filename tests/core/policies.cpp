// Tests of the policy bundle: the design's defaults, each behaviour replaceable alone, a table of timeouts by name.
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/session.hpp>

#include <chrono>
#include <type_traits>

#include "support/receipts.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

struct once : default_policies {
    using retry = no_retry;
};

} // namespace

TEST_CASE("policies: each default satisfies its concept")
{
    STATIC_REQUIRE(registry_of<default_policies::registry<int>, int>);
    STATIC_REQUIRE(ack_policy<default_policies::ack>);
    STATIC_REQUIRE(retry_policy<default_policies::retry>);
    STATIC_REQUIRE(backoff_schedule<default_policies::backoff>);
    STATIC_REQUIRE(grace_policy<default_policies::grace>);
}

TEST_CASE("policies: one behaviour is replaced, and the others stay")
{
    STATIC_REQUIRE(std::is_same_v<decltype(session_options<receipts>{}.retry), standard_retry>);
    STATIC_REQUIRE(std::is_same_v<decltype(session_options<receipts>{}.ack), acknowledge_on_receipt>);
    STATIC_REQUIRE(std::is_same_v<decltype(session_options<once>{}.retry), no_retry>);
    STATIC_REQUIRE(std::is_same_v<decltype(session_options<once>{}.ack), acknowledge_on_handled>);
}

TEST_CASE("policies: the numbers are the design's")
{
    const session_options<> numbers;
    CHECK(numbers.timeout == 60s);
    CHECK(numbers.capacity == 1024);
    CHECK(numbers.message_bytes_max == 1U << 20);
    CHECK(numbers.bad_messages_per_minute == 16);
    CHECK(numbers.outbox.messages_max == 100);
    CHECK(numbers.outbox.ttl == 1h);
    CHECK(numbers.outbox.on_overflow == overflow::reject_newest);
    CHECK(numbers.heartbeat.ping_every == 20s);
    CHECK(numbers.heartbeat.dead_after == 60s);
    CHECK(numbers.heartbeat.ack_timeout == 10s);
    CHECK(numbers.retry.attempts == 3);
}

TEST_CASE("policies: a name has its own timeout, or the one of all")
{
    session_options<> numbers;
    numbers.timeouts = {{"sync", 300s}, {"orders", 180s}};
    CHECK(numbers.timeout_of("sync") == 300s);
    CHECK(numbers.timeout_of("orders") == 180s);
    CHECK(numbers.timeout_of("syn") == 60s);
    CHECK(numbers.timeout_of("") == 60s);
}
