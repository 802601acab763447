// Tests of the replay window: what is kept, what is known to be missing, and what goes out again.
#include <rejoinder/core/replay_window.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr instant begin_of_replays = instant{} + 1h;

std::vector<std::string> take_replays(replay_window& window)
{
    std::vector<std::string> all;
    while (window.ahead() != 0) {
        all.push_back(window.next().name + window.next().payload);
        window.emitted();
    }
    return all;
}

void say_to(replay_window& window, int count, instant now = begin_of_replays)
{
    for (int i = 0; i != count; ++i) {
        window.add("n", {std::to_string(window.last() + 1)}, 0, now);
    }
}

using replayed = std::vector<std::string>;

} // namespace

TEST_CASE("replay window: what a peer has not seen goes out again, as often as it comes back")
{
    replay_window window{{}};
    say_to(window, 3);
    CHECK(take_replays(window) == replayed{"n1", "n2", "n3"});
    window.rest(begin_of_replays);
    say_to(window, 1);
    window.rest(begin_of_replays);
    for (int again = 0; again != 2; ++again) {
        REQUIRE(window.covers(1, begin_of_replays));
        window.rewind(1);
        CHECK(take_replays(window) == replayed{"n2", "n3", "n4"});
    }
    REQUIRE(window.covers(0, begin_of_replays));
    window.rewind(0);
    CHECK(window.ahead() == 4);
    window.rewind(4);
    CHECK(window.ahead() == 0);
    CHECK(window.ahead_bytes() == 0);
    CHECK_FALSE(window.covers(5, begin_of_replays)); // nobody can have seen it
    CHECK_FALSE(window.covers(~std::uint64_t{0}, begin_of_replays));
}

TEST_CASE("replay window: what a bound drops is known to be missing")
{
    replay_window window{{.count_max = 3, .bytes_max = 100, .age_max = 10s}};
    say_to(window, 4);
    CHECK(window.size() == 4); // all of them are to be emitted
    CHECK(take_replays(window).size() == 4);
    say_to(window, 1);
    CHECK_FALSE(window.covers(1, begin_of_replays));
    CHECK(take_replays(window) == replayed{"n5"});
    CHECK(window.covers(2, begin_of_replays));
    SECTION("bytes")
    {
        window.add("n", {std::string(200, 'x')}, 0, begin_of_replays);
        CHECK(take_replays(window).size() == 1);
        CHECK(window.size() == 1);
        window.rest(begin_of_replays);
        CHECK(window.size() == 0);
        CHECK(window.bytes() == 0);
        CHECK_FALSE(window.covers(5, begin_of_replays));
        CHECK(window.covers(6, begin_of_replays));
    }
    SECTION("age")
    {
        CHECK(window.covers(4, begin_of_replays + 9s));
        CHECK_FALSE(window.covers(4, begin_of_replays + 10s));
        CHECK(window.covers(5, begin_of_replays + 10h));
    }
    SECTION("nobody is there")
    {
        for (int i = 0; i != 4; ++i) {
            say_to(window, 1);
            window.rest(begin_of_replays);
        }
        CHECK(window.size() == 3);
        CHECK_FALSE(window.covers(5, begin_of_replays));
        CHECK(window.covers(6, begin_of_replays));
    }
}

TEST_CASE("replay window: what was not taken is missing, too")
{
    replay_window window{{}};
    say_to(window, 1);
    window.lose();
    say_to(window, 1);
    CHECK_FALSE(window.covers(1, begin_of_replays));
    CHECK(window.covers(2, begin_of_replays));
    window.rewind(2);
    CHECK(take_replays(window) == replayed{"n3"});
}
