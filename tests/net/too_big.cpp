// Messages that a session takes and a frame cannot carry: whoever waits for them hears it at once, and what is true.
#include <rejoinder/net/connection.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty;

namespace {

// With its quotes, as large as the session's limit allows: with the rest of its message around it no frame carries it.
const std::string just_below((std::size_t{1} << 20) - 10, 'x');

struct ending {
    std::error_code error;
    certainty said;
};

struct sizes : house {
    int calls = 0;
    std::vector<ending> ended;

    sizes()
    {
        const auto eat = [this](const rejoinder::json&) {
            ++calls;
            return 1;
        };
        hub->on("eat", eat);
        tab->on("eat", eat);
        hub->on("make", [this](int length) {
            ++calls;
            return std::string(static_cast<std::size_t>(length), 'x');
        });
        meet();
    }

    auto done()
    {
        return [this](std::error_code ec, const rejoinder::reply& answer) { ended.push_back({ec, answer.certainty()}); };
    }
};

} // namespace

TEST_CASE("a call that no frame carries was never sent, and leaves nothing pending")
{
    sizes at;
    const auto frames = at.tab->counts().frames_out;
    SECTION("a request") { at.tab->async_request("eat", just_below, at.done()); }
    SECTION("one that may be repeated is not repeated") { at.tab->async_request("eat", just_below, {.repeat = rejoinder::repeatable::idempotent}, at.done()); }
    SECTION("a delivery") { at.tab->async_deliver("eat", just_below, at.done()); }
    SECTION("a hub's") { at.hub->async_request(rejoinder::user{"42"}, "eat", just_below, at.done()); }
    CHECK(at.ended.empty()); // not from inside the call
    at.meet();
    REQUIRE(at.ended.size() == 1);
    CHECK(at.ended[0].error == rejoinder::errc::too_big);
    CHECK(rejoinder::certainty_of(at.ended[0].error) == certainty::never_sent);
    CHECK(at.ended[0].said == certainty::never_sent);
    CHECK(at.calls == 0);
    CHECK(at.tab->pending() == 0);
    CHECK(at.tab->counts().frames_out == frames);

    at.tab->async_request("eat", 1, at.done());
    at.meet();
    REQUIRE(at.ended.size() == 2);
    CHECK_FALSE(at.ended[1].error);
}

TEST_CASE("a call that waited for its link ends the same way once there is one")
{
    sizes at;
    at.tab->disconnect();
    at.tab->async_request("eat", just_below, at.done());
    at.tab->async_request("eat", 1, at.done());
    at.meet();
    CHECK(at.ended.empty());
    at.tab->connect();
    at.meet();
    REQUIRE(at.ended.size() == 2);
    CHECK(at.ended[0].error == rejoinder::errc::too_big);
    CHECK(at.ended[0].said == certainty::never_sent);
    CHECK_FALSE(at.ended[1].error);
    CHECK(at.tab->connected());
}

TEST_CASE("an answer that no frame carries is lost, and the asker knows that the handler ran")
{
    sizes at;
    at.tab->async_request("make", static_cast<int>(just_below.size()), at.done());
    at.meet();
    REQUIRE(at.ended.size() == 1);
    CHECK(at.ended[0].error == rejoinder::errc::answer_lost);
    CHECK(at.ended[0].said == certainty::acknowledged);
    CHECK(at.calls == 1);
    CHECK(at.tab->pending() == 0);
    CHECK(at.tab->connected());
}
