// Disconnect statistics: totals, the users with most, and what is still sure at the bound.
#include <rejoinder/core/disconnect_stats.hpp>

#include <map>
#include <numeric>
#include <random>
#include <string>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

} // namespace

TEST_CASE("nothing is known before the first disconnect")
{
    const disconnect_stats stats;
    CHECK(stats.total() == 0);
    CHECK(stats.of(close_reason::silent) == 0);
    CHECK(stats.last() == instant::min());
    CHECK(stats.find("42") == nullptr);
    CHECK(stats.top(10).empty());
}

TEST_CASE("disconnects are counted by reason and by user")
{
    disconnect_stats stats;
    stats.record("42", close_reason::silent, start);
    stats.record("42", close_reason::silent, start + 1s);
    stats.record("42", close_reason::going_away, start + 2s);
    stats.record("7", close_reason::silent, start + 3s);
    stats.record("", close_reason::refused, start + 4s);
    CHECK(stats.total() == 5);
    CHECK(stats.of(close_reason::silent) == 3);
    CHECK(stats.of(close_reason::refused) == 1);
    CHECK(stats.last() == start + 4s);
    CHECK(stats.users() == 2);
    const auto* user = stats.find("42");
    REQUIRE(user != nullptr);
    CHECK(user->count == 3);
    CHECK(user->of(close_reason::silent) == 2);
    CHECK(user->of(close_reason::going_away) == 1);
    CHECK(user->last == start + 2s);
    CHECK(user->certainly() == 3);
    const auto top = stats.top(1);
    REQUIRE(top.size() == 1);
    CHECK(top[0]->user == "42");
    CHECK(stats.top(10).size() == 2);
    CHECK(stats.top(0).empty());
    CHECK(stats.frequent(2).size() == 1);
    CHECK(stats.frequent(4).empty());
}

TEST_CASE("users of equal counts stand by name")
{
    disconnect_stats stats;
    for (const auto* name : {"c", "a", "b"}) {
        stats.record(name, close_reason::normal, start);
    }
    std::string order;
    for (const auto* user : stats.top(3)) {
        order += user->user;
    }
    CHECK(order == "abc");
}

TEST_CASE("at the bound a new user takes the place of the one with fewest, and its count is marked as unsure")
{
    disconnect_stats stats{{.users_max = 2}};
    for (int i = 0; i != 5; ++i) {
        stats.record("often", close_reason::silent, start);
    }
    stats.record("rare", close_reason::silent, start);
    stats.record("new", close_reason::idle, start + 1s);
    CHECK(stats.users() == 2);
    CHECK(stats.find("rare") == nullptr);
    const auto* user = stats.find("new");
    REQUIRE(user != nullptr);
    CHECK(user->count == 2);
    CHECK(user->overcount == 1);
    CHECK(user->certainly() == 1);
    CHECK(user->of(close_reason::silent) == 0);
    CHECK(user->of(close_reason::idle) == 1);
    CHECK(user->last == start + 1s);
    CHECK(stats.frequent(2).size() == 1);
    disconnect_stats none{{.users_max = 0}};
    none.record("a", close_reason::idle, start);
    CHECK(none.users() == 0);
    CHECK(none.total() == 1);
}

TEST_CASE("of users with equally few the one longest quiet gives way")
{
    disconnect_stats stats{{.users_max = 2}};
    stats.record("late", close_reason::idle, start + 5s);
    stats.record("early", close_reason::idle, start);
    stats.record("new", close_reason::idle, start + 6s);
    CHECK(stats.find("early") == nullptr);
    CHECK(stats.find("late") != nullptr);
}

TEST_CASE("counts bound the truth, and no frequent user is missed")
{
    std::mt19937 random{31};
    disconnect_stats stats{{.users_max = 20}};
    std::map<std::string, std::uint64_t> truth;
    for (int i = 0; i != 20000; ++i) {
        const auto number = random() % 2 == 0 ? random() % 5 : random() % 500;
        const auto user = std::to_string(number);
        ++truth[user];
        stats.record(user, static_cast<close_reason>(random() % close_reason_count), start + 1ms * i);
        REQUIRE(stats.users() <= 20);
    }
    for (const auto& [user, count] : truth) {
        const auto* found = stats.find(user);
        if (count > stats.total() / 20) {
            REQUIRE(found != nullptr);
        }
        if (found != nullptr) {
            CHECK(found->count >= count);
            CHECK(found->certainly() <= count);
            CHECK(std::accumulate(found->reasons.begin(), found->reasons.end(), std::uint64_t{0}) ==
                  found->certainly());
        }
    }
    CHECK(stats.frequent(1000).size() == 5);
}

TEST_CASE("what is older than an instant is forgotten, and the totals stay")
{
    disconnect_stats stats;
    stats.record("a", close_reason::silent, start);
    stats.record("b", close_reason::silent, start + 10s);
    stats.record("c", close_reason::silent, start);
    stats.record("c", close_reason::silent, start + 20s);
    stats.record("c", close_reason::silent, start + 5s); // a clock that goes back does not age anybody
    CHECK(stats.forget_before(start) == 0);
    CHECK(stats.forget_before(start + 10s) == 1);
    CHECK(stats.find("a") == nullptr);
    CHECK(stats.forget_before(start + 20s) == 1);
    CHECK(stats.find("c")->last == start + 20s);
    CHECK(stats.forget_before(instant::max()) == 1);
    CHECK(stats.total() == 5);
}

TEST_CASE("who had no disconnect for the time that users are kept is forgotten by what others record")
{
    disconnect_stats stats{{.keep_for = 24h}};
    stats.record("old", close_reason::silent, start);
    stats.record("steady", close_reason::silent, start);
    stats.record("steady", close_reason::silent, start + 20h);
    stats.record("new", close_reason::silent, start + 26h);
    CHECK(stats.find("old") == nullptr);
    REQUIRE(stats.find("steady") != nullptr);
    CHECK(stats.find("steady")->count == 2);
    CHECK(stats.total() == 4);
    CHECK(stats.forget_old(start + 45h) == 1);
    CHECK(stats.users() == 1);
    disconnect_stats never_forgets{{.keep_for = duration::zero()}};
    never_forgets.record("old", close_reason::silent, start);
    never_forgets.record("new", close_reason::silent, start + 10'000h);
    CHECK(never_forgets.users() == 2);
}

TEST_CASE("a million users in a day take the memory of a hundred")
{
    disconnect_stats stats;
    constexpr int many = 1'000'000;
    std::string user;
    for (int i = 0; i != many; ++i) {
        user.assign("user_of_a_day_").append(std::to_string(i));
        stats.record(user, close_reason::going_away, start + i * 86ms); // a day and a bit
        if (i % 1000 == 0) {
            stats.record("noisy", close_reason::silent, start + i * 86ms);
        }
    }
    CHECK(stats.users() == 100);
    CHECK(stats.total() == many + many / 1000);
    CHECK(stats.of(close_reason::going_away) == many);
    CHECK(stats.forget_old(start + many * 86ms + 25h) == 100);
    CHECK(stats.users() == 0);
    CHECK(stats.total() == many + many / 1000);
}
