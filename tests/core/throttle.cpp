// The throttle: so many a second, the latest wins, and the last one always arrives.
#include <rejoinder/core/throttle.hpp>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

} // namespace

TEST_CASE("the first event goes at once, and of those that follow the latest goes after the interval")
{
    throttle<int> events;
    CHECK(events.next_deadline() == never);
    CHECK(events.offer("progress", 1, start) == 1);
    CHECK(events.next_deadline() == never);
    CHECK(!events.offer("progress", 2, start + 10ms));
    CHECK(!events.offer("progress", 3, start + 20ms));
    CHECK(events.next_deadline() == start + 100ms);
    CHECK(!events.release(start + 100ms - 1ns));
    const auto event = events.release(start + 100ms);
    REQUIRE(event);
    CHECK(event->name == "progress");
    CHECK(event->value == 3);
    CHECK(!events.release(start + 100ms));
    CHECK(events.next_deadline() == never);
    CHECK(!events.offer("progress", 4, start + 150ms));
    CHECK(events.next_deadline() == start + 200ms);
    CHECK(events.offer("other", 5, start + 150ms) == 5);
}

TEST_CASE("an event does not overtake the one that is held")
{
    throttle<int> events;
    CHECK(events.offer("a", 1, start));
    CHECK(!events.offer("a", 2, start + 50ms));
    CHECK(!events.offer("a", 3, start + 1h)); // release was not asked meanwhile
    CHECK(events.release(start + 1h)->value == 3);
    CHECK(!events.release(start + 2h));
}

TEST_CASE("of several that are due the longest due goes first")
{
    throttle<int> events;
    for (const auto* name : {"c", "a", "b"}) {
        CHECK(events.offer(name, 0, start + (name[0] == 'b' ? 0ms : name[0] == 'c' ? 10ms : 20ms)));
        CHECK(!events.offer(name, 1, start + 30ms));
    }
    std::string order;
    while (const auto event = events.release(start + 1s)) {
        order += event->name;
    }
    CHECK(order == "bca");
}

TEST_CASE("a second never sees more than its number, and the last event arrives")
{
    std::mt19937 random{21};
    throttle<int> events{{.per_second = 7}};
    std::map<std::string, std::vector<instant>> gone;
    std::map<std::string, int> last_offered;
    std::map<std::string, int> last_gone;
    auto now = start;
    const auto release_all = [&] {
        while (auto event = events.release(now)) {
            gone[event->name].push_back(now);
            REQUIRE(event->value > last_gone[event->name]);
            last_gone[event->name] = event->value;
        }
    };
    for (int i = 1; i != 20000; ++i) {
        now += std::chrono::milliseconds{random() % 20};
        release_all();
        const std::string name(1, static_cast<char>('a' + random() % 5));
        last_offered[name] = i;
        if (const auto value = events.offer(name, i, now)) {
            gone[name].push_back(now);
            last_gone[name] = *value;
        }
    }
    while (events.next_deadline() != never) {
        now = std::max(now, events.next_deadline());
        release_all();
    }
    CHECK(last_gone == last_offered);
    for (const auto& [name, times] : gone) {
        REQUIRE(times.size() > 500);
        for (std::size_t i = 7; i < times.size(); ++i) {
            REQUIRE(times[i] - times[i - 7] >= 1s);
        }
    }
}

TEST_CASE("quiet names make room for new ones, and past the bound events go unthrottled")
{
    throttle<int> events{{.names_max = 2}};
    CHECK(events.offer("a", 1, start));
    CHECK(events.offer("b", 1, start));
    CHECK(!events.offer("b", 2, start + 50ms));
    CHECK(events.offer("c", 1, start + 50ms) == 1);
    CHECK(events.offer("c", 2, start + 50ms) == 2);
    CHECK(events.unthrottled() == 2);
    CHECK(events.names() == 2);
    CHECK(events.offer("c", 3, start + 100ms) == 3); // a has been quiet for its interval
    CHECK(!events.offer("c", 4, start + 100ms));
    CHECK(events.unthrottled() == 2);
    CHECK(events.names() == 2);
    CHECK(events.release(start + 100ms)->name == "b");
    throttle<int> none{{.names_max = 0}};
    CHECK(none.offer("a", 1, start) == 1);
    CHECK(none.unthrottled() == 1);
}

TEST_CASE("before a link closes, what is held can be had")
{
    throttle<std::unique_ptr<int>> events;
    for (const auto* name : {"a", "b"}) {
        CHECK(events.offer(name, std::make_unique<int>(1), start));
        CHECK(!events.offer(name, std::make_unique<int>(2), start));
    }
    CHECK(*events.flush()->value == 2);
    CHECK(*events.flush()->value == 2);
    CHECK(!events.flush());
    CHECK(events.next_deadline() == never);
}

TEST_CASE("a rate of zero holds nothing, and a huge one does not overflow")
{
    throttle<int> free{{.per_second = 0}};
    CHECK(free.offer("a", 1, start));
    CHECK(free.offer("a", 2, start));
    CHECK(free.names() == 0);
    throttle<int> fast{{.per_second = 4'000'000'000}};
    CHECK(fast.offer("a", 1, start));
    CHECK(!fast.offer("a", 2, start));
    CHECK(fast.next_deadline() == start + 1ns);
    throttle<int> late;
    CHECK(late.offer("a", 1, instant::max()));
    CHECK(!late.offer("a", 2, instant::max() - 1ns));
    CHECK(late.next_deadline() == never);
}
