// Whom a hub speaks to: rooms, all but some, one of a user's sessions or all of them, and the outcome of each.
#include <rejoinder/net/hub.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/except.hpp>
#include <rejoinder/net/peer_outcome.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::ask_all_options;
using rejoinder::ending;
using rejoinder::except;
using rejoinder::peer_outcome;
using rejoinder::reach;
using rejoinder::room;
using rejoinder::user;

namespace {

// Tabs "0", "1", ... in the room "all". Each says what it is asked, and answers at once, or keeps the question.
struct hall : house {
    struct tab_of_hall {
        std::unique_ptr<rejoinder::client<>> line;
        std::vector<rejoinder::responder> kept;
        int stopped = 0;
    };

    std::vector<std::string> heard;
    std::vector<rejoinder::peer> peers;
    std::vector<std::unique_ptr<tab_of_hall>> tabs;

    explicit hall(int count, const std::string& who = "42", rejoinder::hub_options<> options = {}) : house(std::move(options))
    {
        tab.reset();
        hub->on_attach([this](const rejoinder::peer& one) {
            peers.push_back(one);
            hub->join(one, room{"all"});
        });
        for (int i = 0; i != count; ++i) {
            tabs.push_back(std::make_unique<tab_of_hall>());
            tabs.back()->line = make_tab(who);
            answers(i);
            meet();
        }
        REQUIRE(peers.size() == static_cast<std::size_t>(count));
    }

    tab_of_hall& at(int i) { return *tabs[static_cast<std::size_t>(i)]; }
    [[nodiscard]] const rejoinder::peer& who(int i) const { return peers[static_cast<std::size_t>(i)]; }

    void answers(int i)
    {
        at(i).line->on("news", [this, i](int) { heard.push_back(std::to_string(i)); });
        at(i).line->on("who", [this, i](int) {
            heard.push_back(std::to_string(i));
            return i;
        });
    }

    void keeps(int i)
    {
        auto& one = at(i);
        one.line->on("who", [this, i, &one](rejoinder::responder answer) {
            heard.push_back(std::to_string(i));
            answer.on_cancel([&one] { ++one.stopped; });
            one.kept.push_back(std::move(answer));
        });
    }

    std::vector<std::string> take_heard()
    {
        meet();
        auto all = std::exchange(heard, {});
        std::sort(all.begin(), all.end());
        return all;
    }

    struct result {
        int completed = 0;
        std::error_code error;
        std::vector<peer_outcome> outcomes;
    };

    template <class Target>
    std::shared_ptr<result> ask_all(const Target& to, const ask_all_options& how)
    {
        auto got = std::make_shared<result>();
        hub->async_ask_all(to, "who", 1, how, [got](std::error_code ec, std::vector<peer_outcome> outcomes) {
            ++got->completed;
            got->error = ec;
            got->outcomes = std::move(outcomes);
        });
        CHECK(got->completed == 0);
        meet();
        return got;
    }
};

using names = std::vector<std::string>;

std::vector<ending> endings_of(const std::vector<peer_outcome>& outcomes)
{
    std::vector<ending> all;
    for (const auto& one : outcomes) {
        all.push_back(one.how());
    }
    return all;
}

} // namespace

TEST_CASE("everybody in a room but some hears it, and every tab of a user but the one that spoke")
{
    hall at{3};
    CHECK(at.hub->notify(except(room{"all"}, at.who(1)), "news", 1) == 2);
    CHECK(at.take_heard() == names{"0", "2"});
    CHECK(at.hub->notify(except(room{"all"}, at.who(1), at.who(2)), "news", 1) == 1);
    CHECK(at.take_heard() == names{"0"});
    CHECK(at.hub->notify(except(room{"all"}, at.peers), "news", 1) == 0);
    CHECK(at.hub->notify(except(user{"42"}, at.who(0)), "news", 1) == 2);
    CHECK(at.take_heard() == names{"1", "2"});
    const auto got = at.ask_all(except(room{"all"}, at.who(0)), {});
    CHECK(got->outcomes.size() == 2);
    CHECK(at.hub->rooms_of(at.who(0)) == std::vector{room{"all"}});
    at.hub->leave(at.who(0), room{"all"});
    CHECK(at.hub->rooms_of(at.who(0)).empty());
}

TEST_CASE("a target that owns memory stands in a co_await expression")
{
    hall at{2};
    bool asked = false;
    asio::co_spawn(
        at.io,
        [&]() -> asio::awaitable<void> {
            const auto answer = co_await at.hub->async_request(except(room{"all"}, at.who(1)), "who", 1, asio::use_awaitable);
            CHECK(answer.as<int>() == 0);
            const auto all = co_await at.hub->async_ask_all(room{"all"}, "who", 1, {.timeout = 5s}, asio::use_awaitable);
            CHECK(all.size() == 2);
            asked = true;
        },
        tokens::rethrow);
    CHECK(driven::until(at.io, [&] { return asked; }));
}

TEST_CASE("a user is asked in every session if the caller says so: the first answer wins, and the others are cancelled")
{
    hall at{3};
    at.keeps(0);
    at.keeps(2);
    int answered = -1;
    at.hub->async_request(user{"42"}, "who", 1, {.sessions = reach::every}, [&](std::error_code ec, const rejoinder::reply& answer) {
        CHECK_FALSE(ec);
        answered = answer.as<int>();
    });
    CHECK(at.take_heard() == names{"0", "1", "2"});
    CHECK(answered == 1);
    CHECK(at.at(0).stopped == 1);
    CHECK(at.at(2).stopped == 1);
}

TEST_CASE("a hedged request asks the next session only when those before it are silent for that long, or have failed")
{
    hall at{3};
    const auto ask = [&](rejoinder::duration hedge, std::shared_ptr<std::pair<std::error_code, int>> got) {
        at.hub->async_request(user{"42"}, "who", 1, {.sessions = reach::every, .hedge = hedge},
                              [got](std::error_code ec, const rejoinder::reply& answer) {
                                  *got = {ec, ec ? -2 : answer.as<int>()};
                              });
        at.meet();
    };
    const auto got = std::make_shared<std::pair<std::error_code, int>>(std::error_code{}, -1);
    SECTION("the newest answers in time: nobody else is asked")
    {
        ask(1h, got);
        CHECK(got->second == 2);
        CHECK(at.take_heard() == names{"2"});
    }
    SECTION("it is silent: the next one is asked beside it, and its answer wins")
    {
        at.keeps(2);
        ask(20ms, got);
        CHECK(at.take_heard() == names{"2"});
        CHECK(driven::until(at.io, [&] { return got->second == 1; }));
        CHECK(at.take_heard() == names{"1"});
        CHECK(at.at(2).stopped == 1);
    }
    SECTION("it fails: the next one is asked at once")
    {
        at.at(2).line->off("who");
        at.at(1).line->off("who");
        ask(1h, got);
        CHECK(got->second == 0);
    }
    SECTION("all fail: so does the call, with the last error")
    {
        for (int i = 0; i != 3; ++i) {
            at.at(i).line->off("who");
        }
        ask(1h, got);
        CHECK(got->first == rejoinder::errc::no_handler);
    }
    SECTION("the hub goes first")
    {
        at.keeps(2);
        ask(1h, got);
        at.hub.reset();
        at.meet();
        CHECK(got->first == asio::error::operation_aborted);
    }
}

TEST_CASE("cancelling a hedged request ends it, and asks nobody more")
{
    hall at{2};
    at.keeps(1);
    asio::cancellation_signal signal;
    std::error_code ended;
    at.hub->async_request(user{"42"}, "who", 1, {.sessions = reach::every, .hedge = 10ms},
                          asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const rejoinder::reply&) { ended = ec; }));
    at.meet();
    signal.emit(asio::cancellation_type::terminal);
    at.meet();
    CHECK(ended == asio::error::operation_aborted);
    driven::pass(at.io, 30ms);
    CHECK(at.take_heard() == names{"1"});
    CHECK(at.at(1).stopped == 1);
}

TEST_CASE("peers.md: a broadcast's acks come back as an outcome for each peer, by name, not as an anonymous list")
{
    hall at{5};
    at.at(1).line->on("who", [](int) -> int { throw rejoinder::failure{"no", "not I"}; });
    at.keeps(2);
    at.keeps(3);
    at.keeps(4);
    at.at(3).line->disconnect();
    at.meet();
    const auto got = at.ask_all(room{"all"}, {.timeout = 60ms, .when_absent = rejoinder::absent::wait});
    CHECK(got->completed == 0);
    at.at(4).line.reset(); // its session is dormant when the time is up
    CHECK(driven::until(at.io, [&] { return got->completed == 1; }));
    CHECK_FALSE(got->error);
    REQUIRE(endings_of(got->outcomes) ==
            std::vector{ending::answered, ending::failed, ending::timed_out, ending::left, ending::left});
    for (int i = 0; i != 5; ++i) {
        CHECK(got->outcomes[static_cast<std::size_t>(i)].peer() == at.who(i));
    }
    CHECK(got->outcomes[0].answer().as<int>() == 0);
    CHECK(got->outcomes[1].error() == rejoinder::errc::remote_error);
    CHECK(got->outcomes[1].answer().code() == "no");
    CHECK(got->outcomes[2].error() == rejoinder::errc::timed_out);
    CHECK(rejoinder::certainty_of(got->outcomes[3].error()) == rejoinder::certainty::never_sent);
    CHECK(rejoinder::certainty_of(got->outcomes[4].error()) == rejoinder::certainty::maybe_executed);
}

TEST_CASE("who has no link left a broadcast at once, unless it is waited for")
{
    hall at{2};
    at.at(1).line->disconnect();
    at.meet();
    auto got = at.ask_all(room{"all"}, {});
    CHECK(got->completed == 1);
    CHECK(endings_of(got->outcomes) == std::vector{ending::answered, ending::left});
    got = at.ask_all(room{"all"}, {.when_absent = rejoinder::absent::wait});
    CHECK(got->completed == 0);
    at.at(1).line->connect();
    at.meet();
    CHECK(endings_of(got->outcomes) == std::vector{ending::answered, ending::answered});
}

TEST_CASE("a broadcast ends early with its quorum, or with the first n, and the others are cancelled")
{
    hall at{4};
    at.keeps(1);
    at.keeps(3);
    SECTION("a quorum")
    {
        const auto got = at.ask_all(room{"all"}, {.quorum = 2});
        CHECK(got->completed == 1);
        CHECK_FALSE(got->error);
        CHECK(endings_of(got->outcomes) == std::vector{ending::answered, ending::given_up, ending::answered, ending::given_up});
        CHECK(at.at(1).stopped == 1);
        CHECK(at.at(3).stopped == 1);
        CHECK(got->completed == 1);
    }
    SECTION("the first one")
    {
        const auto got = at.ask_all(room{"all"}, {.first = 1});
        CHECK(got->completed == 1);
        const auto all = endings_of(got->outcomes);
        CHECK(std::count(all.begin(), all.end(), ending::answered) == 1);
    }
    SECTION("a quorum that cannot be had any more is an error as soon as that is known")
    {
        at.at(0).line->off("who");
        at.at(2).line->off("who");
        const auto got = at.ask_all(room{"all"}, {.quorum = 3});
        CHECK(got->completed == 1);
        CHECK(got->error == rejoinder::errc::no_quorum);
        CHECK(at.at(1).stopped == 1);
    }
    SECTION("more than there are is an error before anybody is asked")
    {
        const auto got = at.ask_all(room{"all"}, {.quorum = 5});
        CHECK(got->error == rejoinder::errc::no_quorum);
        CHECK(rejoinder::certainty_of(got->error) == rejoinder::certainty::never_sent);
        CHECK(at.take_heard().empty());
    }
    SECTION("fewer than the first n are no error")
    {
        at.at(1).line->off("who");
        at.at(3).line->off("who");
        const auto got = at.ask_all(room{"all"}, {.first = 3});
        CHECK(got->completed == 1);
        CHECK_FALSE(got->error);
    }
    SECTION("nobody there")
    {
        CHECK(at.ask_all(room{"empty"}, {})->completed == 1);
        CHECK_FALSE(at.ask_all(room{"empty"}, {})->error);
        CHECK(at.ask_all(user{"7"}, {.quorum = 1})->error == rejoinder::errc::no_quorum);
    }
}

TEST_CASE("a broadcast that is cancelled, or whose hub is destroyed, completes once with the outcomes so far")
{
    hall at{2};
    at.keeps(1);
    asio::cancellation_signal signal;
    hall::result got;
    at.hub->async_ask_all(room{"all"}, "who", 1, {},
                          asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, std::vector<peer_outcome> outcomes) {
                              ++got.completed;
                              got.error = ec;
                              got.outcomes = std::move(outcomes);
                          }));
    at.meet();
    CHECK(got.completed == 0);
    if (GENERATE(true, false)) {
        signal.emit(asio::cancellation_type::total);
        at.meet();
        CHECK(at.at(1).stopped == 1);
    } else {
        at.hub.reset();
        at.meet();
    }
    CHECK(got.completed == 1);
    CHECK(got.error == asio::error::operation_aborted);
    CHECK(endings_of(got.outcomes) == std::vector{ending::answered, ending::given_up});
}

TEST_CASE("a delivery to all ends when each has acknowledged it or failed")
{
    hall at{2};
    at.at(1).line->off("news");
    std::vector<peer_outcome> outcomes;
    at.hub->async_deliver_all(room{"all"}, "news", 1, {}, [&](std::error_code ec, std::vector<peer_outcome> all) {
        CHECK_FALSE(ec);
        outcomes = std::move(all);
    });
    at.meet();
    CHECK(endings_of(outcomes) == std::vector{ending::answered, ending::failed});
}

TEST_CASE("a question to all completes by every kind of token, once and not inside its initiation")
{
    hall at{2};
    tokens::each<std::vector<peer_outcome>>(
        at.io, [&](auto&& token) { return at.hub->async_ask_all(room{"all"}, "who", 1, {}, std::forward<decltype(token)>(token)); },
        [](const std::vector<peer_outcome>& all) { CHECK(all.size() == 2); });
}

TEST_CASE("at its bound of connections the one that was silent longest gives way to the newest, and stays away")
{
    hall at{2, "42", {.connections_per_identity = 2, .on_crowding = rejoinder::crowding::drop_oldest}};
    driven::pass(at.io, 5ms);
    int answered = -1;
    at.hub->async_request(at.who(1), "who", 1, [&](std::error_code, const rejoinder::reply& answer) { answered = answer.as<int>(); });
    at.meet();
    REQUIRE(answered == 1); // it was heard last
    const auto third = at.make_tab("42");
    at.meet();
    CHECK(third->connected());
    CHECK(at.at(1).line->connected());
    CHECK(at.at(0).line->state_of_link() == rejoinder::link_state::failed);
    CHECK(at.at(0).line->last_error() == rejoinder::errc::replaced);
    CHECK(at.hub->connections() == 2);
}
