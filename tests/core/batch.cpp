// Tests of the batch: what comes one by one leaves together, in time, in order, all of it.
#include <rejoinder/core/batch.hpp>

#include <chrono>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

TEST_CASE("batch: the first value waits for others as long as it may, and they leave in their order")
{
    batch<int> all{{.every = 100ms}};
    const auto now = instant{} + 1h;
    CHECK(all.next_deadline() == never);
    all.add(1, now);
    all.add(2, now + 60ms);
    all.add(3, now + 99ms);
    CHECK(all.next_deadline() == now + 100ms);
    CHECK(all.release(now + 99ms).empty());
    CHECK(all.release(now + 100ms) == std::vector{1, 2, 3});
    CHECK(all.next_deadline() == never);
    CHECK(all.release(now + 1h).empty());
    all.add(4, now + 1h);
    CHECK(all.next_deadline() == now + 1h + 100ms);
}

TEST_CASE("batch: a full one goes at once, so that none is lost")
{
    batch<int> all{{.every = 100ms, .values_max = 2}};
    const auto now = instant{} + 1h;
    all.add(1, now);
    CHECK(all.release(now).empty());
    all.add(2, now);
    CHECK(all.next_deadline() == now);
    CHECK(all.release(now) == std::vector{1, 2});
}

TEST_CASE("batch: flushed, it gives what it has, and takes the memory back")
{
    batch<int> all;
    all.add(1, instant{} + 1h);
    auto taken = all.flush();
    CHECK(taken == std::vector{1});
    const auto* const memory = taken.data();
    all.give_back(std::move(taken));
    CHECK(all.size() == 0);
    all.add(2, instant{} + 1h);
    CHECK(all.flush().data() == memory);
}
