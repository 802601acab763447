// Links that nobody uses: closed where that is configured, and opened again by whoever has something to say.
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"
#include "support/memory_peer.hpp"

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <string>
#include <system_error>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::link_state;

namespace {

rejoinder::heartbeat_options with_idle(rejoinder::duration length)
{
    return {.idle_after = length};
}

// One side closes what is idle for 60 ms, the other one never does.
struct sleepy_house : house {
    std::vector<std::string> ends;

    explicit sleepy_house(rejoinder::side sleepy)
        : house({.session = {.heartbeat = with_idle(sleepy == rejoinder::side::hub ? 60ms : 0ms)}},
                {.session = {.heartbeat = with_idle(sleepy == rejoinder::side::client ? 60ms : 0ms)}})
    {
        hub->on_event([this](const rejoinder::event& told) {
            if (told.name == "ws_disconnect") {
                ends.emplace_back(told.reason);
            }
        });
        hub->on("slow", [this](int length) -> asio::awaitable<int> {
            asio::steady_timer timer{io, std::chrono::milliseconds{length}};
            co_await timer.async_wait(asio::use_awaitable);
            co_return length;
        });
        meet();
    }
};

} // namespace

TEST_CASE("a link that nobody uses is closed in its time, by the side that wants that, and opened again for the next call")
{
    const auto sleepy = GENERATE(rejoinder::side::hub, rejoinder::side::client);
    sleepy_house at{sleepy};
    REQUIRE(at.tab->connected());
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(driven::until(at.io, [&] { return !at.ends.empty(); }));
    CHECK(std::chrono::steady_clock::now() - begun >= 40ms);
    CHECK(at.ends.front() == "idle");
    driven::pass(at.io, 150ms);
    CHECK(at.tab->state_of_link() == link_state::disconnected); // not at once again, for nothing
    CHECK(at.board->attempts == 1);
    bool over = false;
    at.tab->async_request("slow", 1, [&](std::error_code ec, const rejoinder::reply&) {
        over = true;
        CHECK_FALSE(ec);
    });
    CHECK(driven::until(at.io, [&] { return over; }));
    CHECK(at.hub->counts().resumes == 1);
}

TEST_CASE("a handler that runs, and the call that waits for it, keep an idle link open on either side")
{
    const auto sleepy = GENERATE(rejoinder::side::hub, rejoinder::side::client);
    sleepy_house at{sleepy};
    bool over = false;
    at.tab->async_request("slow", 250, [&](std::error_code ec, const rejoinder::reply&) {
        over = true;
        CHECK_FALSE(ec);
    });
    REQUIRE(driven::until(at.io, [&] { return over; }));
    CHECK(at.ends.empty());
    CHECK(at.board->attempts == 1);
    CHECK(driven::until(at.io, [&] { return !at.ends.empty(); })); // then it is idle
}

TEST_CASE("a call that crosses the other side's word that the link is idle is not left asleep")
{
    house at;
    at.tab.reset();
    at.hub.reset();
    at.board->hold = false;
    auto [mine, other] = rejoinder::memory_pair(at.io.get_executor(), at.io.get_executor());
    at.board->ready = std::make_shared<rejoinder::memory>(std::move(mine));
    at.tab = at.make_tab("42");
    memory_peer hub{at.io, std::move(other)};
    driven::settle(at.io);
    REQUIRE_FALSE(hub.first(R"(["hello")").empty());
    hub.say(R"(["welcome",{"v":1,"session":"1","token":"t","resumed":false,"capacity":8}])");
    REQUIRE(at.tab->connected());
    auto [again, second] = rejoinder::memory_pair(at.io.get_executor(), at.io.get_executor());
    at.board->ready = std::make_shared<rejoinder::memory>(std::move(again));
    at.tab->async_request("ask", 1, [](std::error_code, const rejoinder::reply&) {});
    hub.say(R"(["bye","idle"])");
    CHECK(driven::until(at.io, [&] { return at.board->attempts == 2; }));
}

TEST_CASE("a link is never idle unless that is configured")
{
    house at;
    at.meet();
    CHECK(at.hub->connections() == 1);
    CHECK(rejoinder::heartbeat_options{}.idle_after == 0s);
}
