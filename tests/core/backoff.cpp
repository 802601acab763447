// Schedules: their delays one by one, at the edges, and how lots spread them.
#include <rejoinder/core/backoff.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/stuck.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr unsigned unsigned_max = std::numeric_limits<unsigned>::max();

template <class S>
std::vector<duration> first_delays(const S& schedule, unsigned count)
{
    random_source source{1};
    std::vector<duration> delays;
    for (unsigned n = 1; n <= count; ++n) {
        delays.push_back(delay_of(schedule, n, source).value_or(-1s));
    }
    return delays;
}

// The smallest schedules: one that knows its delays, one that ends, one that draws.
struct plain {
    duration delay(unsigned n) const { return 1s * n; }
};
struct ending {
    std::optional<duration> delay(unsigned n) const { return n > 2 ? std::nullopt : std::optional<duration>{1s}; }
};
struct drawing {
    template <class G>
    duration delay(unsigned, G& generator) const
    {
        return duration{static_cast<duration::rep>(generator() % 100)};
    }
};
struct changing_delays {
    duration delay(unsigned) { return 1s; }
};

} // namespace

TEST_CASE("the schedule concept takes what has a delay and rejects the rest")
{
    STATIC_REQUIRE(backoff_schedule<plain>);
    STATIC_REQUIRE(backoff_schedule<ending>);
    STATIC_REQUIRE(backoff_schedule<drawing>);
    STATIC_REQUIRE(backoff_schedule<constant_backoff>);
    STATIC_REQUIRE(backoff_schedule<exponential_backoff>);
    STATIC_REQUIRE(backoff_schedule<sequence_backoff>);
    STATIC_REQUIRE(backoff_schedule<jittered<sequence_backoff>>);
    STATIC_REQUIRE(backoff_schedule<limited<capped<jittered<exponential_backoff, jitter::decorrelated>>>>);
    STATIC_REQUIRE(!backoff_schedule<changing_delays>);
    STATIC_REQUIRE(!backoff_schedule<duration>);
    STATIC_REQUIRE(!backoff_schedule<std::string>);
}

TEST_CASE("a constant schedule repeats its delay, and none is negative")
{
    CHECK(first_delays(constant_backoff{2s}, 3) == std::vector<duration>{2s, 2s, 2s});
    CHECK(first_delays(constant_backoff{-2s}, 2) == std::vector<duration>{0s, 0s});
    CHECK(first_delays(constant_backoff{duration::max()}, 1) == std::vector<duration>{duration::max()});
}

TEST_CASE("an exponential schedule doubles up to its cap")
{
    CHECK(first_delays(exponential_backoff{}, 8) == std::vector<duration>{1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s});
    CHECK(first_delays(exponential_backoff{.first = 250ms, .factor = 3, .cap = 5s}, 5) ==
          std::vector<duration>{250ms, 750ms, 2250ms, 5s, 5s});
    CHECK(first_delays(exponential_backoff{.first = 100ms, .factor = 1.5, .cap = 1s}, 4) ==
          std::vector<duration>{100ms, 150ms, 225ms, 337500us});
    STATIC_REQUIRE(exponential_backoff{}.delay(3) == 4s);
    STATIC_REQUIRE(exponential_backoff{}.delay(unsigned_max) == 30s); // at compile time an overflow would be an error
}

TEST_CASE("an exponential schedule overflows nowhere")
{
    const exponential_backoff endless{.first = 1s, .factor = 2, .cap = duration::max()};
    duration before{};
    for (unsigned n = 1; n != 200; ++n) {
        const auto delay = endless.delay(n);
        REQUIRE(delay >= before);
        before = delay;
    }
    CHECK(endless.delay(34) == 1s * (std::int64_t{1} << 33));
    CHECK(endless.delay(35) == duration::max());
    CHECK(endless.delay(unsigned_max) == duration::max());
    CHECK(exponential_backoff{.factor = 1e300}.delay(unsigned_max) == 30s);
    CHECK(exponential_backoff{.factor = std::numeric_limits<double>::infinity()}.delay(3) == 30s);
    CHECK(exponential_backoff{.factor = 1.0000001}.delay(unsigned_max) == 30s);
}

TEST_CASE("an exponential schedule that cannot grow repeats its first delay")
{
    for (const double factor : {1.0, 0.5, 0.0, -2.0, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK(exponential_backoff{.factor = factor}.delay(7) == 1s);
    }
    CHECK(exponential_backoff{.first = 0s}.delay(unsigned_max) == 0s);
    CHECK(exponential_backoff{.first = 1min, .cap = 30s}.delay(1) == 30s);
    CHECK(exponential_backoff{.cap = 0s}.delay(5) == 0s);
}

TEST_CASE("a sequence gives its delays in turn and repeats the last")
{
    CHECK(first_delays(sequence_backoff{}, 7) == std::vector<duration>{1s, 2s, 4s, 8s, 16s, 16s, 16s});
    CHECK(first_delays(sequence_backoff{0s, 100ms, 3s}, 4) == std::vector<duration>{0s, 100ms, 3s, 3s});
    CHECK(first_delays(sequence_backoff{1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s}, 9).back() == 8s);
    CHECK(sequence_backoff{5s}.delay(unsigned_max) == 5s);
    STATIC_REQUIRE(sequence_backoff{}.delay(2) == 2s);
    STATIC_REQUIRE(!std::is_constructible_v<sequence_backoff, duration, duration, duration, duration, duration,
                                            duration, duration, duration, duration>);
}

TEST_CASE("a delay before the first counts as the first")
{
    random_source source{1};
    CHECK(delay_of(exponential_backoff{}, 0, source) == 1s);
    CHECK(delay_of(sequence_backoff{}, 0, source) == 1s);
    CHECK(sequence_backoff{}.delay(0) == 1s);
}

TEST_CASE("full jitter draws from nothing to the delay")
{
    lowest low;
    highest high;
    const jittered<sequence_backoff, jitter::full> schedule;
    CHECK(delay_of(schedule, 3, low) == 0s);
    CHECK(delay_of(schedule, 3, high) == 4s);
}

TEST_CASE("equal jitter draws from half the delay to the whole")
{
    lowest low;
    highest high;
    const jittered<sequence_backoff> schedule;
    CHECK(delay_of(schedule, 3, low) == 2s);
    CHECK(delay_of(schedule, 3, high) == 4s);
    CHECK(delay_of(jittered<constant_backoff>{{duration::max()}}, 3, high) == duration::max());
    CHECK(delay_of(jittered<constant_backoff>{{1ns}}, 1, low) == 0ns);
    CHECK(delay_of(jittered<constant_backoff>{{0s}}, 1, high) == 0ns);
}

TEST_CASE("decorrelated jitter draws from the first delay to three times the one before, within the cap")
{
    lowest low;
    highest high;
    const jittered<exponential_backoff, jitter::decorrelated> schedule{.first = 1s, .cap = 20s};
    CHECK(delay_of(schedule, 1, low) == 1s);
    CHECK(delay_of(schedule, 1, high) == 3s);
    CHECK(delay_of(schedule, 2, high) == 9s);
    CHECK(delay_of(schedule, 3, high) == 20s);
    CHECK(delay_of(schedule, unsigned_max, high) == 20s);
    CHECK(delay_of(schedule, unsigned_max, low) == 1s);
    const jittered<exponential_backoff, jitter::decorrelated> endless{.first = 1s, .cap = duration::max()};
    CHECK(delay_of(endless, unsigned_max, high) == duration::max());
    random_source source{5};
    for (int i = 0; i != 2000; ++i) {
        const auto delay = delay_of(schedule, 1 + static_cast<unsigned>(i) % 40, source);
        REQUIRE(delay >= 1s);
        REQUIRE(delay <= 20s);
    }
}

TEST_CASE("jitter spreads: two clients that lost one hub do not return together")
{
    random_source source{9};
    std::set<duration> different;
    duration sum{};
    const jittered<exponential_backoff> schedule;
    for (int i = 0; i != 1000; ++i) {
        const auto delay = *delay_of(schedule, 4, source);
        REQUIRE(delay >= 4s);
        REQUIRE(delay <= 8s);
        different.insert(delay);
        sum += delay;
    }
    CHECK(different.size() > 990);
    CHECK(sum / 1000 > 5900ms);
    CHECK(sum / 1000 < 6100ms);
    std::mt19937 narrow{9};
    CHECK(delay_of(schedule, 4, narrow) >= 4s);
}

TEST_CASE("the jittered exponential schedule is filled by its fields' names")
{
    constexpr jittered<exponential_backoff> schedule{.first = 250ms, .cap = 30s};
    highest high;
    CHECK(delay_of(schedule, 1, high) == 250ms);
    CHECK(delay_of(schedule, 3, high) == 1s);
    CHECK(delay_of(schedule, 20, high) == 30s);
}

TEST_CASE("caps and limits go around any schedule")
{
    CHECK(first_delays(capped<sequence_backoff>{.cap = 3s}, 4) == std::vector<duration>{1s, 2s, 3s, 3s});
    CHECK(first_delays(limited<sequence_backoff>{.count = 2}, 4) == std::vector<duration>{1s, 2s, -1s, -1s});
    CHECK(first_delays(limited<constant_backoff>{{1s}, 0}, 1) == std::vector<duration>{-1s});
    CHECK(first_delays(capped<limited<sequence_backoff>>{{{}, 3}, 2s}, 4) == std::vector<duration>{1s, 2s, 2s, -1s});
    CHECK(first_delays(capped<ending>{{}, 2s}, 3) == std::vector<duration>{1s, 1s, -1s});
    lowest low;
    CHECK(delay_of(jittered<ending>{}, 3, low) == std::nullopt);
    CHECK(delay_of(jittered<limited<sequence_backoff>, jitter::decorrelated>{{{}, 3}}, 3, low) == 1s);
    CHECK(delay_of(jittered<limited<sequence_backoff>, jitter::decorrelated>{{{}, 3}}, 4, low) == std::nullopt);
}
