// Tests of the serial lanes: one run at a time of each name, the others in their order, and the dead passed over.
#include <rejoinder/core/serial_lanes.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <random>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

constexpr auto all_alive = [](invocation) { return true; };

} // namespace

TEST_CASE("serial_lanes: the first run enters, the next ones wait in their order")
{
    serial_lanes lanes;
    CHECK(lanes.enter(1, {10}));
    CHECK_FALSE(lanes.enter(1, {11}));
    CHECK_FALSE(lanes.enter(1, {12}));
    CHECK(lanes.enter(2, {20}));
    CHECK(lanes.leave(1, all_alive) == invocation{11});
    CHECK(lanes.leave(1, all_alive) == invocation{12});
    CHECK_FALSE(lanes.leave(1, all_alive));
    CHECK(lanes.enter(1, {13}));
    CHECK_FALSE(lanes.enter(2, {21}));
}

TEST_CASE("serial_lanes: a run that ended while it waited is passed over")
{
    serial_lanes lanes;
    CHECK(lanes.enter(1, {10}));
    CHECK_FALSE(lanes.enter(1, {11}));
    CHECK_FALSE(lanes.enter(1, {12}));
    CHECK(lanes.leave(1, [](invocation run) { return run.number != 11; }) == invocation{12});
    CHECK_FALSE(lanes.leave(1, all_alive));
}

TEST_CASE("serial_lanes: leaving a lane that nobody is in changes nothing")
{
    serial_lanes lanes;
    CHECK_FALSE(lanes.leave(1, all_alive));
    CHECK(lanes.enter(1, {10}));
    CHECK_FALSE(lanes.leave(2, all_alive));
    CHECK_FALSE(lanes.enter(1, {11}));
}

TEST_CASE("serial_lanes: agrees with a queue for each name")
{
    std::mt19937 draw{5};
    serial_lanes lanes;
    std::map<std::uint32_t, std::deque<message_id>> queues; // its front runs
    for (message_id number = 1; number != 5000; ++number) {
        const std::uint32_t lane = draw() % 4;
        auto& queue = queues[lane];
        if (draw() % 2 == 0) {
            CHECK(lanes.enter(lane, {number}) == queue.empty());
            queue.push_back(number);
        } else if (!queue.empty()) {
            queue.pop_front();
            const auto next = lanes.leave(lane, all_alive);
            REQUIRE(next.has_value() == !queue.empty());
            CHECK((!next || next->number == queue.front()));
        }
    }
}
