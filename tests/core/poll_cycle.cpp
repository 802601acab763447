// Tests of the poll cycle: when a poll begins, is tried again, and stops.
#include <rejoinder/core/poll_cycle.hpp>

#include <chrono>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

struct poll_bench {
    poll_cycle cycle{{.backoff = {.first = 2s}}};
    instant now = instant{} + 1h;

    // How long until it asks; what it says meanwhile must be nothing.
    duration until_asked()
    {
        const auto from = now;
        now = cycle.next_deadline();
        CHECK(cycle.advance(now) == polling::ask);
        return now - from;
    }
};

} // namespace

TEST_CASE("poll cycle: it polls at once, then every five seconds")
{
    poll_bench b;
    CHECK(b.cycle.next_deadline() == never);
    CHECK(b.cycle.advance(b.now) == polling::nothing);
    b.cycle.start(b.now);
    CHECK(b.until_asked() == 0s);
    for (int i = 0; i != 3; ++i) {
        CHECK(b.cycle.advance(b.now) == polling::nothing);
        b.now += 1s;
        CHECK(b.cycle.succeeded(b.now));
        CHECK(b.until_asked() == 4s); // from its begin
    }
    CHECK(b.cycle.answered() == 3);
}

TEST_CASE("poll cycle: a poll that takes longer than the interval is followed by the next one, not joined by it")
{
    poll_bench b;
    b.cycle.start(b.now);
    CHECK(b.until_asked() == 0s);
    b.now += 7s;
    CHECK(b.cycle.advance(b.now) == polling::nothing);
    CHECK(b.cycle.succeeded(b.now));
    CHECK(b.until_asked() == 0s);
}

TEST_CASE("poll cycle: a poll has three tries with backoff; then somebody is told, and it goes on after the interval")
{
    poll_bench b;
    b.cycle.start(b.now);
    CHECK(b.until_asked() == 0s);
    b.cycle.failed(b.now);
    const auto first = b.until_asked();
    CHECK(first >= 1s);
    CHECK(first <= 2s);
    b.cycle.failed(b.now);
    const auto second = b.until_asked();
    CHECK(second >= 2s);
    CHECK(second <= 4s);
    b.cycle.failed(b.now);
    CHECK(b.cycle.next_deadline() <= b.now);
    CHECK(b.cycle.advance(b.now) == polling::lament);
    CHECK(b.cycle.in_vain() == 1);
    CHECK(b.until_asked() == 5s);
    CHECK(b.cycle.succeeded(b.now));
    CHECK(b.until_asked() == 5s);
}

TEST_CASE("poll cycle: a try that takes too long is cancelled, counts as failed, and holds the next one up until it has ended")
{
    poll_bench b;
    b.cycle.start(b.now);
    CHECK(b.until_asked() == 0s);
    CHECK(b.cycle.next_deadline() == b.now + 10s);
    b.now += 10s;
    CHECK(b.cycle.advance(b.now) == polling::cancel);
    CHECK(b.cycle.advance(b.now + 1h) == polling::nothing); // never two at once
    CHECK(b.cycle.next_deadline() == never);
    SECTION("and its late answer means nothing") { CHECK_FALSE(b.cycle.succeeded(b.now + 1h)); }
    SECTION("or fails") { b.cycle.failed(b.now + 1h); }
    CHECK(b.cycle.advance(b.now + 1h) == polling::ask);
}

TEST_CASE("poll cycle: stopped, it asks no more; started again, not before the last try has ended")
{
    poll_bench b;
    b.cycle.start(b.now);
    CHECK(b.until_asked() == 0s);
    CHECK(b.cycle.stop());
    CHECK_FALSE(b.cycle.running());
    CHECK(b.cycle.asking());
    CHECK(b.cycle.advance(b.now + 1h) == polling::nothing);
    b.cycle.start(b.now);
    CHECK(b.cycle.advance(b.now) == polling::nothing);
    CHECK_FALSE(b.cycle.succeeded(b.now));
    CHECK(b.until_asked() == 0s);
    CHECK(b.cycle.succeeded(b.now));
    CHECK_FALSE(b.cycle.stop());
    CHECK(b.cycle.next_deadline() == never);
}

TEST_CASE("poll cycle: stopped between two tries, it begins with the first one again and complains of nothing")
{
    poll_bench b;
    b.cycle.start(b.now);
    for (int i = 0; i != 3; ++i) {
        static_cast<void>(b.until_asked());
        b.cycle.failed(b.now);
    }
    CHECK_FALSE(b.cycle.stop());
    CHECK(b.cycle.advance(b.now) == polling::nothing);
    b.cycle.start(b.now);
    CHECK(b.until_asked() == 0s);
    b.cycle.failed(b.now);
    CHECK(b.until_asked() <= 2s);
}
