// Tests of the timing wheel, against a sorted map where the order matters.
#include <rejoinder/core/timer_wheel.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr instant zero_hour{};

std::vector<std::uint64_t> expire_all(timer_wheel<>& wheel, instant now)
{
    std::vector<std::uint64_t> values;
    while (const auto value = wheel.expire(now)) {
        values.push_back(*value);
    }
    return values;
}

using values = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("timer_wheel: an empty wheel waits for ever and expires nothing")
{
    timer_wheel wheel;
    CHECK(wheel.empty());
    CHECK(wheel.next_expiry() == never);
    CHECK_FALSE(wheel.expire(zero_hour + 100h));
    CHECK_FALSE(wheel.cancel(timer_id{}));
    CHECK_FALSE(wheel.active(timer_id{}));
    CHECK_FALSE(wheel.cancel({7, 1}));
}

TEST_CASE("timer_wheel: a timer fires once, at its deadline and not before")
{
    timer_wheel wheel;
    const auto timer = wheel.schedule(zero_hour + 5s, 42);
    CHECK(wheel.active(timer));
    CHECK(wheel.size() == 1);
    CHECK(wheel.next_expiry() == zero_hour + 5s);
    CHECK_FALSE(wheel.expire(zero_hour + 5s - 1ns));
    CHECK(wheel.next_expiry() == zero_hour + 5s);
    CHECK(wheel.expire(zero_hour + 5s) == 42U);
    CHECK_FALSE(wheel.active(timer));
    CHECK_FALSE(wheel.expire(zero_hour + 5s));
    CHECK_FALSE(wheel.expire(zero_hour + 50s));
    CHECK(wheel.next_expiry() == never);
}

TEST_CASE("timer_wheel: a deadline within a millisecond is rounded up to the whole one")
{
    timer_wheel wheel;
    wheel.schedule(zero_hour + 10ms + 1ns, 1);
    CHECK(wheel.next_expiry() == zero_hour + 11ms);
    CHECK_FALSE(wheel.expire(zero_hour + 10ms + 999us));
    CHECK(wheel.expire(zero_hour + 11ms) == 1U);
}

TEST_CASE("timer_wheel: an origin within a millisecond makes no timer early or late")
{
    const auto origin = zero_hour + 400us;
    timer_wheel wheel{origin};
    wheel.schedule(origin + 1ms, 1);
    CHECK_FALSE(wheel.expire(zero_hour + 1399us));
    CHECK(wheel.expire(zero_hour + 2ms) == 1U);
}

TEST_CASE("timer_wheel: timers of one millisecond fire in the order of scheduling, even across levels")
{
    timer_wheel wheel;
    const auto when = zero_hour + 300s;
    wheel.schedule(when, 1);
    CHECK(expire_all(wheel, zero_hour + 200s).empty());
    wheel.schedule(when, 2);
    CHECK(expire_all(wheel, zero_hour + 299s).empty());
    wheel.schedule(when, 3);
    wheel.schedule(when - 1ms, 0);
    CHECK(expire_all(wheel, when - 2ms).empty());
    wheel.schedule(when, 4);
    CHECK(expire_all(wheel, when) == values{0, 1, 2, 3, 4});
}

TEST_CASE("timer_wheel: a jump of days fires everything on the way in the order of deadlines")
{
    timer_wheel wheel;
    wheel.schedule(zero_hour + 72h, 4);
    wheel.schedule(zero_hour + 1ms, 1);
    wheel.schedule(zero_hour + 71h + 59min, 3);
    wheel.schedule(zero_hour + 20s, 2);
    wheel.schedule(zero_hour + 24h * 365, 5);
    CHECK(expire_all(wheel, zero_hour + 80h) == values{1, 2, 3, 4});
    CHECK(wheel.size() == 1);
    CHECK(wheel.next_expiry() == zero_hour + 24h * 365);
}

TEST_CASE("timer_wheel: what is due when it is scheduled fires in the same loop")
{
    timer_wheel wheel;
    wheel.schedule(zero_hour + 1s, 1);
    wheel.schedule(zero_hour + 3s, 3);
    const auto now = zero_hour + 10s;
    CHECK(wheel.expire(now) == 1U);
    wheel.schedule(zero_hour + 2s, 2);
    wheel.schedule(now, 5);
    wheel.schedule(now + 1ms, 6);
    CHECK(wheel.expire(now) == 2U);
    wheel.schedule(zero_hour, 20);
    CHECK(wheel.expire(now) == 20U);
    CHECK(wheel.expire(now) == 3U);
    CHECK(wheel.expire(now) == 5U);
    CHECK_FALSE(wheel.expire(now));
    wheel.schedule(zero_hour + 4s, 7);
    CHECK(wheel.next_expiry() <= now);
    CHECK(wheel.expire(now) == 7U);
    CHECK(wheel.expire(now + 1ms) == 6U);
}

TEST_CASE("timer_wheel: a timer cancelled within the loop doesn't fire in it")
{
    timer_wheel wheel;
    wheel.schedule(zero_hour + 1s, 1);
    const auto same = wheel.schedule(zero_hour + 1s, 2);
    const auto after = wheel.schedule(zero_hour + 2s, 3);
    CHECK(wheel.expire(zero_hour + 5s) == 1U);
    CHECK(wheel.cancel(same));
    CHECK(wheel.cancel(after));
    CHECK_FALSE(wheel.expire(zero_hour + 5s));
    CHECK(wheel.empty());
}

TEST_CASE("timer_wheel: a stale id cancels nothing, also when its place is used again")
{
    timer_wheel wheel;
    const auto first = wheel.schedule(zero_hour + 1s, 1);
    CHECK(wheel.cancel(first));
    CHECK_FALSE(wheel.cancel(first));
    const auto second = wheel.schedule(zero_hour + 1s, 2);
    CHECK(second.index == first.index);
    CHECK_FALSE(wheel.cancel(first));
    CHECK(wheel.active(second));
    wheel.clear();
    CHECK_FALSE(wheel.active(second));
    CHECK(wheel.next_expiry() == never);
    wheel.shrink();
    const auto third = wheel.schedule(zero_hour + 1s, 3);
    CHECK_FALSE(wheel.cancel(first));
    CHECK_FALSE(wheel.cancel(second));
    CHECK(wheel.cancel(third));
}

TEST_CASE("timer_wheel: shrink keeps pending timers")
{
    timer_wheel wheel;
    const auto timer = wheel.schedule(zero_hour + 1s, 1);
    wheel.shrink();
    CHECK(wheel.active(timer));
    CHECK(wheel.expire(zero_hour + 1s) == 1U);
}

TEST_CASE("timer_wheel: time that goes back counts as the last time")
{
    timer_wheel wheel;
    CHECK_FALSE(wheel.expire(zero_hour + 10s));
    wheel.schedule(zero_hour + 9s, 1);
    CHECK(wheel.expire(zero_hour + 5s) == 1U);
    wheel.schedule(zero_hour + 10s + 1ms, 2);
    CHECK_FALSE(wheel.expire(zero_hour));
    CHECK(wheel.next_expiry() == zero_hour + 10s + 1ms);
    CHECK_FALSE(wheel.expire(zero_hour + 10s));
    CHECK(wheel.expire(zero_hour + 11s) == 2U);
}

TEST_CASE("timer_wheel: the ends of time do not overflow")
{
    timer_wheel wheel{instant::min()};
    wheel.schedule(never, 9);
    wheel.schedule(never - 1s, 8);
    wheel.schedule(instant::min(), 0);
    wheel.schedule(zero_hour, 1);
    CHECK(wheel.expire(instant::min()) == std::nullopt);
    CHECK(expire_all(wheel, instant::min() + 1ms) == values{0});
    CHECK(wheel.next_expiry() == zero_hour);
    CHECK(expire_all(wheel, zero_hour) == values{1});
    CHECK(expire_all(wheel, never - 1ms) == values{8});
    CHECK(wheel.size() == 1);
    CHECK(wheel.next_expiry() == never);
    CHECK(expire_all(wheel, never).empty());
}

TEST_CASE("timer_wheel: following next_expiry alone reaches every deadline at its millisecond")
{
    timer_wheel wheel;
    std::mt19937_64 random{3};
    for (std::uint64_t i = 0; i != 200; ++i) {
        const auto milliseconds = random() % (std::uint64_t{1} << (random() % 34));
        wheel.schedule(zero_hour + std::chrono::milliseconds{milliseconds}, milliseconds);
    }
    std::size_t wakes = 0;
    while (!wheel.empty()) {
        const auto now = wheel.next_expiry();
        REQUIRE(now != never);
        ++wakes;
        while (const auto value = wheel.expire(now)) {
            REQUIRE(zero_hour + std::chrono::milliseconds{*value} == now);
        }
    }
    CHECK(wakes <= 200 * 6);
}

TEST_CASE("timer_wheel: an idle program with a few timers sleeps through to the first")
{
    timer_wheel wheel;
    const auto now = zero_hour + 1000h + 17ms;
    wheel.expire(now);
    wheel.schedule(now + 20s, 1);
    wheel.schedule(now + 5min, 2);
    CHECK(wheel.next_expiry() == now + 20s);
    CHECK(wheel.expire(now + 20s) == 1U);
    CHECK_FALSE(wheel.expire(now + 20s));
    CHECK(wheel.next_expiry() == now + 5min);
}

TEST_CASE("timer_wheel: a random history agrees with a sorted map")
{
    const auto seed = GENERATE(1U, 2U, 3U, 4U);
    std::mt19937_64 random{seed};
    timer_wheel wheel;
    std::map<std::pair<std::uint64_t, std::uint64_t>, timer_id> model; // (tick, order) → id
    std::map<std::uint64_t, std::uint64_t> tick_of;                    // value → tick
    std::vector<std::pair<std::uint64_t, timer_id>> given;             // every id ever, stale ones too
    std::uint64_t now = 0; // microseconds
    std::uint64_t order = 0;

    const auto add = [&](std::uint64_t micros) {
        const auto timer = wheel.schedule(zero_hour + std::chrono::microseconds{micros}, order);
        const auto tick = std::max((micros + 999) / 1000, now / 1000);
        model.emplace(std::pair{tick, order}, timer);
        tick_of[order] = tick;
        given.emplace_back(order, timer);
        ++order;
    };
    const auto cancel_any = [&] {
        const auto& [value, timer] = given[random() % given.size()];
        const bool pending = model.erase({tick_of[value], value}) == 1;
        REQUIRE(wheel.active(timer) == pending);
        REQUIRE(wheel.cancel(timer) == pending);
    };
    const auto advance = [&] {
        now += random() % (std::uint64_t{1} << (random() % 33));
        while (const auto value = wheel.expire(zero_hour + std::chrono::microseconds{now})) {
            REQUIRE_FALSE(model.empty());
            REQUIRE(model.begin()->first == std::pair{tick_of[*value], *value});
            REQUIRE(model.begin()->first.first <= now / 1000);
            model.erase(model.begin());
        }
        REQUIRE((model.empty() || model.begin()->first.first > now / 1000));
    };

    for (int step = 0; step != 20000; ++step) {
        const auto what = random() % 10;
        if (model.empty() && step % 2 == 0) {
            wheel.shrink(); // few timers again
        }
        if (what < 6 && (seed % 2 == 0 || model.size() < 18)) {
            const auto back = random() % 8 == 0 ? std::min<std::uint64_t>(now, random() % 5000) : 0;
            add(now - back + random() % (std::uint64_t{1} << (random() % 42)));
        } else if (what < 8 && !given.empty()) {
            cancel_any();
        } else {
            advance();
        }
        REQUIRE(wheel.size() == model.size());
        if (model.empty()) {
            REQUIRE(wheel.next_expiry() == never);
        } else {
            REQUIRE(wheel.next_expiry() <= zero_hour + std::chrono::milliseconds{model.begin()->first.first});
        }
    }
}

TEST_CASE("timer_wheel: a million timers fire once each, in order")
{
    timer_wheel<std::uint32_t> wheel;
    constexpr std::uint32_t count = 1'000'000;
    std::vector<std::uint32_t> deadline(count);
    std::mt19937 random{7};
    std::uint32_t cancelled = 0;
    for (std::uint32_t i = 0; i != count; ++i) {
        deadline[i] = static_cast<std::uint32_t>(random() % 3'600'000);
        const auto timer = wheel.schedule(zero_hour + std::chrono::milliseconds{deadline[i]}, i);
        if (i % 10 == 0) {
            cancelled += wheel.cancel(timer) ? 1 : 0;
        }
    }
    std::uint32_t fired = 0;
    std::uint32_t last = 0;
    bool in_order = true;
    for (auto now = zero_hour; now <= zero_hour + 1h; now += 7s) {
        while (const auto value = wheel.expire(now)) {
            in_order = in_order && deadline[*value] >= last && zero_hour + std::chrono::milliseconds{deadline[*value]} <= now
                && *value % 10 != 0;
            last = deadline[*value];
            ++fired;
        }
    }
    while (wheel.expire(zero_hour + 2h)) {
        ++fired;
    }
    CHECK(in_order);
    CHECK(cancelled == count / 10);
    CHECK(fired == count - cancelled);
    CHECK(wheel.empty());
}

TEST_CASE("timer_wheel: a wheel that is moved keeps its timers")
{
    timer_wheel<> one;
    const auto timer = one.schedule(zero_hour + 1s, 1);
    timer_wheel<> other{std::move(one)};
    CHECK(other.active(timer));
    one = timer_wheel<>{};
    CHECK(one.next_expiry() == never);
    CHECK(other.expire(zero_hour + 1s) == 1U);
}
