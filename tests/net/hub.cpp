// A hub's own affairs: presence, rooms, crowds, and what it answers to whom.
#include <rejoinder/net/hub.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::json;
using rejoinder::presence;
using rejoinder::room;
using rejoinder::user;

namespace {

// Clients that say what they hear.
struct crowd : house {
    using client = std::unique_ptr<rejoinder::client<>>;

    std::vector<std::string> heard;
    std::vector<rejoinder::peer> peers;
    std::vector<client> more;

    explicit crowd(rejoinder::hub_options<> options = {}) : house(std::move(options))
    {
        hub->on_attach([this](const rejoinder::peer& who) { peers.push_back(who); });
        listen(*tab, "42a");
        meet();
    }

    void listen(rejoinder::client<>& one, const std::string& as)
    {
        one.on("news", [this, as](int what) { heard.push_back(as + ':' + std::to_string(what)); });
        one.on("who", [as](int) { return as; });
    }

    rejoinder::client<>& add(const std::string& who, const std::string& as)
    {
        more.push_back(make_tab(who));
        listen(*more.back(), as);
        meet();
        return *more.back();
    }

    std::vector<std::string> take_heard()
    {
        meet();
        auto all = std::exchange(heard, {});
        std::sort(all.begin(), all.end());
        return all;
    }
};

using names = std::vector<std::string>;

} // namespace

TEST_CASE("a notification goes to all sessions of a user, to all in a room, or to one peer")
{
    crowd at;
    at.add("42", "42b");
    at.add("7", "7a");
    REQUIRE(at.peers.size() == 3);
    CHECK(at.hub->notify(user{"42"}, "news", 1) == 2);
    CHECK(at.take_heard() == names{"42a:1", "42b:1"});
    CHECK(at.hub->notify(room{"user_7"}, "news", 2) == 1);
    CHECK(at.take_heard() == names{"7a:2"});
    CHECK(at.hub->notify(at.peers[1], "news", 3) == 1);
    CHECK(at.take_heard() == names{"42b:3"});
    CHECK(at.hub->notify(user{"nobody"}, "news", 4) == 0);
    CHECK(at.hub->notify(rejoinder::peer{}, "news", 4) == 0);

    at.hub->join(at.peers[0], room{"readers"});
    at.hub->join(at.peers[2], room{"readers"});
    at.hub->join(at.peers[2], room{"readers"});
    CHECK(at.hub->members(room{"readers"}) == std::vector{at.peers[0], at.peers[2]});
    CHECK(at.hub->notify(room{"readers"}, "news", 5) == 2);
    CHECK(at.take_heard() == names{"42a:5", "7a:5"});
    at.hub->leave(at.peers[0], room{"readers"});
    CHECK(at.hub->notify(room{"readers"}, "news", 6) == 1);
    CHECK(at.take_heard() == names{"7a:6"});
}

TEST_CASE("who joins a user's own room does not take the user's place there")
{
    crowd at;
    at.add("7", "7a");
    at.hub->join(at.peers[1], room{"user_42"});
    CHECK(at.hub->members(room{"user_42"}) == at.peers);
    CHECK(at.hub->notify(room{"user_42"}, "news", 1) == 2);
    at.hub->join(at.peers[0], room{"user_42"}); // which is there already
    CHECK(at.hub->notify(room{"user_42"}, "news", 1) == 2);
}

TEST_CASE("a room's request ends with the first answer, and the others are cancelled")
{
    crowd at;
    auto& slow = at.add("7", "7a");
    int stopped = 0;
    std::vector<rejoinder::responder> kept;
    slow.on("who", [&](rejoinder::responder answer) {
        answer.on_cancel([&] { ++stopped; });
        kept.push_back(std::move(answer));
    });
    at.hub->join(at.peers[0], room{"all"});
    at.hub->join(at.peers[1], room{"all"});
    std::string answered;
    at.hub->async_request(room{"all"}, "who", 1, [&](std::error_code ec, const rejoinder::reply& answer) {
        CHECK_FALSE(ec);
        answered = answer.as<std::string>();
    });
    at.meet();
    CHECK(answered == "42a");
    CHECK(stopped == 1);

    SECTION("if all fail, so does it")
    {
        at.tab->off("who");
        slow.off("who");
        std::error_code failed;
        at.hub->async_request(room{"all"}, "who", 1, [&](std::error_code ec, const rejoinder::reply&) { failed = ec; });
        at.meet();
        CHECK(failed == rejoinder::errc::no_handler);
    }
    SECTION("one failure is no answer while another may come")
    {
        at.tab->off("who");
        slow.on("who", [](int) { return "late"; });
        at.hub->async_request(room{"all"}, "who", 1, [&](std::error_code ec, const rejoinder::reply& answer) {
            CHECK_FALSE(ec);
            answered = answer.as<std::string>();
        });
        at.meet();
        CHECK(answered == "late");
    }
    SECTION("a delivery ends when all have it")
    {
        at.tab->on("take", [](int) {});
        std::vector<rejoinder::responder> waiting;
        slow.on("take", [&](rejoinder::responder answer) { waiting.push_back(std::move(answer)); });
        int completed = 0;
        at.hub->async_deliver(room{"all"}, "take", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK_FALSE(ec);
            ++completed;
        });
        at.meet();
        CHECK(completed == 0);
        REQUIRE(waiting.size() == 1);
        waiting.front().answer();
        at.meet();
        CHECK(completed == 1);
    }
    SECTION("an empty one is not connected")
    {
        std::error_code failed;
        at.hub->async_request(room{"nobody's"}, "who", 1, [&](std::error_code ec, const rejoinder::reply&) { failed = ec; });
        at.meet();
        CHECK(failed == rejoinder::errc::not_connected);
        CHECK(rejoinder::certainty_of(failed) == rejoinder::certainty::never_sent);
    }
}

TEST_CASE("a user is asked in the session that attached last, a peer in its own")
{
    crowd at;
    at.add("42", "42b");
    const auto asked = [&](const auto& whom) {
        std::string answered;
        at.hub->async_request(whom, "who", 1, [&](std::error_code ec, const rejoinder::reply& answer) {
            CHECK_FALSE(ec);
            answered = answer.as<std::string>();
        });
        at.meet();
        return answered;
    };
    CHECK(asked(user{"42"}) == "42b");
    CHECK(asked(at.peers[0]) == "42a");
    at.more.clear();
    at.meet();
    CHECK(asked(user{"42"}) == "42a");
}

TEST_CASE("what a hub sends to a peer does not count as hearing it: the silent one gives its place away")
{
    crowd at{{.connections_per_identity = 2, .probe_wait = 450ms, .session = {.heartbeat = {.ack_timeout = 300ms, .probe_least = 300ms}}}};
    // The first tab's end is held, and nobody reads or writes there any more: a zombie.
    auto [zombie, other] = rejoinder::memory_pair(at.io.get_executor(), at.io.get_executor());
    at.tab.reset();
    at.meet();
    at.hub->serve(std::move(other));
    const auto say = [&](std::string_view words) {
        zombie.begin().append(words);
        zombie.commit(rejoinder::encoding::text);
        zombie.async_flush([](std::error_code) {});
        at.meet();
    };
    say(R"(["hello",{"v":1,"incarnation":"zombie","auth":"42"}])");
    zombie.async_receive([](std::error_code, rejoinder::frame_batch) {});
    at.meet();
    say(R"(["ready"])");
    REQUIRE(at.peers.size() == 2);
    driven::pass(at.io, 5ms);
    auto& second = at.add("42", "42b");
    REQUIRE(second.connected());
    driven::pass(at.io, 5ms);
    at.hub->notify(at.peers[1], "news", 1); // to the zombie, after the second one was heard last
    at.meet();
    const int attempts = at.board->attempts;
    auto& third = at.add("42", "42c");
    CHECK(driven::until(at.io, [&] { return third.connected(); }));
    CHECK(at.board->attempts == attempts + 1); // the place was free before its patience was over
    CHECK(second.connected());
    CHECK(at.hub->connections() == 2);
}

TEST_CASE("an identity's absence is told once, a grace after its last link, and not to who is back before")
{
    int detached = 0;
    int ended = 0;
    crowd at{{.grace = 30ms, .lease = 60ms}};
    at.hub->on_detach([&](const rejoinder::identity& who) {
        CHECK(who.name() == "42");
        ++detached;
    });
    at.hub->on_session_end([&](const rejoinder::peer&) { ++ended; });
    const rejoinder::identity who{"42"};
    CHECK(at.hub->presence_of(who) == presence::present);
    at.tab->disconnect();
    at.meet();
    CHECK(at.hub->presence_of(who) == presence::grace);
    at.tab->connect();
    at.meet();
    CHECK(at.hub->presence_of(who) == presence::present);
    driven::pass(at.io, 60ms);
    CHECK(detached == 0);
    CHECK(at.hub->counts().detaches_cancelled == 1);
    CHECK(at.peers.size() == 1); // the same session
    at.tab->disconnect();
    CHECK(driven::until(at.io, [&] { return ended == 1; }));
    CHECK(detached == 1);
    CHECK(at.hub->sessions() == 0);
    CHECK(at.hub->presence_of(who) == presence::absent);
    at.tab->connect();
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
    driven::settle(at.io);
    CHECK(at.peers.size() == 2);
}

TEST_CASE("a slow clean-up delays who comes back, and nobody else")
{
    crowd at{{.grace = 1ms}};
    asio::steady_timer running{at.io, asio::steady_timer::time_point::max()};
    bool cleaning = false;
    at.hub->on_detach([&](const rejoinder::identity&) -> asio::awaitable<void> {
        cleaning = true;
        try {
            co_await running.async_wait(asio::use_awaitable);
        } catch (const std::system_error&) {
        }
    });
    at.tab->disconnect();
    REQUIRE(driven::until(at.io, [&] { return cleaning; }));
    at.tab->connect();
    auto& other = at.add("7", "7a");
    CHECK(other.connected());
    CHECK_FALSE(at.tab->connected());
    CHECK(at.hub->notify(user{"7"}, "news", 1) == 1);
    CHECK(at.take_heard() == names{"7a:1"});
    CHECK_FALSE(at.tab->connected());
    running.cancel();
    at.meet();
    CHECK(at.tab->connected());
}

TEST_CASE("a name that is serial runs one at a time, in order; another one overlaps")
{
    crowd at;
    int running = 0;
    int most = 0;
    std::vector<int> order;
    const auto work = [&](int number) -> asio::awaitable<int> {
        most = std::max(most, ++running);
        order.push_back(number);
        asio::steady_timer timer{co_await asio::this_coro::executor, 1ms};
        co_await timer.async_wait(asio::use_awaitable);
        --running;
        co_return number;
    };
    const auto how = GENERATE(rejoinder::handling::serial, rejoinder::handling::overlapping);
    at.hub->on("work", work, how);
    int answered = 0;
    for (int i = 0; i != 5; ++i) {
        at.tab->async_request("work", i, [&, i](std::error_code ec, const rejoinder::reply& answer) {
            CHECK_FALSE(ec);
            CHECK(answer.as<int>() == i);
            ++answered;
        });
    }
    CHECK(driven::until(at.io, [&] { return answered == 5; }));
    CHECK(order == std::vector{0, 1, 2, 3, 4});
    CHECK(most == (how == rejoinder::handling::serial ? 1 : 5));
}

TEST_CASE("a call to an absent user fails at once, waits if it is told to, and has an end in any case")
{
    crowd at;
    std::error_code ended;
    int completed = 0;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) {
        ended = ec;
        ++completed;
    };
    SECTION("at once")
    {
        at.hub->async_request(user{"7"}, "who", 1, done);
        at.meet();
        CHECK(ended == rejoinder::errc::not_connected);
    }
    SECTION("it waits, and is asked")
    {
        at.hub->async_request(user{"7"}, "who", 1, {.timeout = 5s, .when_absent = rejoinder::absent::wait}, done);
        at.meet();
        CHECK(completed == 0);
        at.add("7", "7a");
        CHECK_FALSE(ended);
    }
    SECTION("it waits until its deadline")
    {
        at.hub->async_request(user{"7"}, "who", 1, {.timeout = 5ms, .when_absent = rejoinder::absent::wait}, done);
        CHECK(driven::until(at.io, [&] { return completed == 1; }));
        CHECK(ended == rejoinder::errc::timed_out);
        CHECK(rejoinder::certainty_of(ended) == rejoinder::certainty::never_sent);
    }
    SECTION("it waits, a delivery, until its time to live is over")
    {
        at.hub->async_deliver(user{"7"}, "who", 1, {.timeout = 5ms, .when_absent = rejoinder::absent::wait}, done);
        CHECK(driven::until(at.io, [&] { return completed == 1; }));
        CHECK(ended == rejoinder::errc::expired);
    }
    CHECK(completed == 1);
}

TEST_CASE("a call to an absent user finds no place at the bound")
{
    crowd at{{.parked = {.each_max = 2}}};
    std::vector<std::error_code> ended;
    for (int i = 0; i != 3; ++i) {
        at.hub->async_request(user{"7"}, "who", 1, {.timeout = 5s, .when_absent = rejoinder::absent::wait},
                              [&](std::error_code ec, const rejoinder::reply&) { ended.push_back(ec); });
    }
    at.meet();
    REQUIRE(ended.size() == 1);
    CHECK(ended.front() == rejoinder::errc::queue_full);
    at.add("7", "7a");
    CHECK(ended.size() == 3);
}

TEST_CASE("a call to a user that reloads meanwhile is asked of its next session if it may be")
{
    crowd at;
    auto& first = at.add("7", "7a");
    std::vector<rejoinder::responder> kept;
    first.on("who", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    std::error_code ended;
    int completed = 0;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) {
        ended = ec;
        ++completed;
    };
    const auto repeat = GENERATE(rejoinder::repeatable::idempotent, rejoinder::repeatable::no);
    at.hub->async_request(user{"7"}, "who", 1, {.timeout = 20s, .repeat = repeat, .when_absent = rejoinder::absent::wait}, done);
    at.meet();
    REQUIRE(kept.size() == 1);
    const auto old = at.peers.back();
    at.more.clear(); // it leaves, and its session is dormant
    at.meet();
    CHECK(completed == 0);
    at.add("7", "7b"); // another incarnation without its token: a second session
    CHECK(completed == 0); // the first one may come back within its lease
    kept.clear();
    at.hub.reset();
    at.meet();
    CHECK(completed == 1);
    CHECK(ended == asio::error::operation_aborted);
}

TEST_CASE("at its bound of connections a hub closes who comes")
{
    crowd at{{.connections_max = 2}};
    at.add("7", "7a");
    auto [mine, other] = rejoinder::memory_pair(at.io.get_executor(), at.io.get_executor());
    CHECK_FALSE(at.hub->serve(std::move(other)));
    std::error_code ended;
    mine.async_receive([&](std::error_code ec, rejoinder::frame_batch) { ended = ec; });
    at.meet();
    CHECK(ended == asio::error::eof);
}

TEST_CASE("a peer that is closed is told why, and may come back")
{
    crowd at;
    at.hub->close(at.peers.front());
    at.meet();
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
    CHECK(at.board->attempts == 2);
    CHECK(at.hub->counts().resumes == 1);
}
