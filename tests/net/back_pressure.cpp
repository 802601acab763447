// Back-pressure: calls that wait for room or fail at once, peers that send too much, and marks on what waits to be written.
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include <rejoinder/wire/event_codec.hpp>

#include "support/house.hpp"
#include "support/memory_peer.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::call_options;
using rejoinder::errc;
using rejoinder::full;

namespace {

rejoinder::client_options<> small_client(std::uint32_t capacity, std::uint32_t waiters = 1024)
{
    rejoinder::client_options<> options;
    options.session.capacity = capacity;
    options.session.room_waiters_max = waiters;
    return options;
}

// A hub that keeps what it is asked, and a tab that may ask two things at once.
struct full_house : house {
    std::vector<rejoinder::responder> kept;
    std::vector<std::pair<int, std::error_code>> ended;

    explicit full_house(rejoinder::client_options<> options = small_client(2)) : house({}, std::move(options))
    {
        hub->on("work", [this](int, rejoinder::responder answer) { kept.push_back(std::move(answer)); });
        meet();
    }

    void ask(int number, const call_options& how)
    {
        tab->async_request("work", number, how, [this, number](std::error_code ec, const rejoinder::reply&) { ended.emplace_back(number, ec); });
    }

    // Answers the oldest question.
    void answer()
    {
        REQUIRE_FALSE(kept.empty());
        auto first = std::move(kept.front());
        kept.erase(kept.begin());
        first.answer();
        meet();
    }

    void fill()
    {
        ask(1, {});
        ask(2, {});
        meet();
        REQUIRE(kept.size() == 2);
    }
};

} // namespace

TEST_CASE("peers.md: no back-pressure: at the bound a call fails at once, or waits for room, and nothing grows")
{
    full_house at{small_client(2, 3)};
    at.fill();
    at.ask(3, {});
    at.meet();
    REQUIRE(at.ended.size() == 1);
    CHECK(at.ended[0].second == errc::queue_full);
    CHECK(rejoinder::certainty_of(at.ended[0].second) == rejoinder::certainty::never_sent);
    for (int i = 4; i != 8; ++i) {
        at.ask(i, {.when_full = full::wait});
    }
    at.meet();
    REQUIRE(at.ended.size() == 2); // the line is bounded, too
    CHECK(at.ended[1].first == 7);
    CHECK(at.ended[1].second == errc::queue_full);
    CHECK(at.tab->pending() == 2);
    CHECK(at.tab->counts().refused == 2);
    std::vector<int> order;
    while (!at.kept.empty()) {
        CHECK(at.kept.size() <= 2);
        at.answer();
    }
    for (std::size_t i = 2; i != at.ended.size(); ++i) {
        CHECK_FALSE(at.ended[i].second);
        order.push_back(at.ended[i].first);
    }
    CHECK(order == std::vector{1, 2, 4, 5, 6});
}

TEST_CASE("a call that waits for room counts its deadline, and can be cancelled")
{
    full_house at;
    at.fill();
    SECTION("its deadline")
    {
        at.ask(3, {.timeout = 10ms, .when_full = full::wait});
        CHECK(driven::until(at.io, [&] { return !at.ended.empty(); }));
        CHECK(at.ended[0].second == errc::timed_out);
        CHECK(rejoinder::certainty_of(at.ended[0].second) == rejoinder::certainty::never_sent);
        CHECK(at.tab->counts().timeouts == 1);
    }
    SECTION("cancelled")
    {
        asio::cancellation_signal signal;
        rejoinder::certainty sure{};
        at.tab->async_request("work", 3, {.when_full = full::wait},
                              asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const rejoinder::reply& how) {
                                  at.ended.emplace_back(3, ec);
                                  sure = how.certainty();
                              }));
        at.meet();
        CHECK(at.ended.empty());
        signal.emit(asio::cancellation_type::total);
        at.meet();
        REQUIRE(at.ended.size() == 1);
        CHECK(at.ended[0].second == asio::error::operation_aborted);
        CHECK(sure == rejoinder::certainty::never_sent);
    }
    SECTION("cancelled when it has got its room")
    {
        asio::cancellation_signal signal;
        at.tab->async_request("work", 3, {.when_full = full::wait},
                              asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const rejoinder::reply&) {
                                  at.ended.emplace_back(3, ec);
                              }));
        at.answer();
        REQUIRE(at.kept.size() == 2);
        signal.emit(asio::cancellation_type::total);
        at.meet();
        CHECK(at.ended.back().first == 3);
        CHECK(at.ended.back().second == asio::error::operation_aborted);
        CHECK(at.kept.back().cancelled());
    }
    SECTION("the client goes")
    {
        at.ask(3, {.when_full = full::wait});
        at.tab.reset();
        at.meet();
        CHECK(at.ended.size() == 3);
        for (const auto& [number, ec] : at.ended) {
            CHECK(ec == asio::error::operation_aborted);
        }
    }
    SECTION("the context goes, and it is destroyed uncalled")
    {
        at.ask(3, {.when_full = full::wait});
    }
}

TEST_CASE("a call waits for room in a full outbox while the link is down, and goes out once it is up")
{
    auto options = small_client(16);
    options.session.outbox.messages_max = 1;
    full_house at{std::move(options)};
    at.tab->disconnect();
    at.meet();
    at.ask(1, {});
    at.ask(2, {});
    at.ask(3, {.when_full = full::wait});
    at.ask(4, {.when_full = full::wait});
    at.meet();
    REQUIRE(at.ended.size() == 1);
    CHECK(at.ended[0].first == 2);
    CHECK(at.ended[0].second == errc::queue_full);
    at.tab->connect();
    at.meet();
    CHECK(at.kept.size() == 3);
}

TEST_CASE("a hub's call waits for room in the session that it is for")
{
    rejoinder::hub_options<> options;
    options.session.capacity = 1;
    house at{options};
    std::vector<rejoinder::responder> kept;
    at.tab->on("work", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.meet();
    std::vector<std::error_code> ended;
    for (int i = 0; i != 2; ++i) {
        at.hub->async_request(rejoinder::user{"42"}, "work", i, {.when_full = full::wait},
                              [&](std::error_code ec, const rejoinder::reply&) { ended.push_back(ec); });
    }
    at.meet();
    REQUIRE(kept.size() == 1);
    SECTION("and gets it")
    {
        kept.front().answer();
        at.meet();
        REQUIRE(kept.size() == 2);
        kept.back().answer();
        at.meet();
        CHECK(ended == std::vector<std::error_code>(2));
    }
    SECTION("which ends first")
    {
        kept.clear();
        at.hub.reset();
        at.meet();
        CHECK(ended.size() == 2);
        CHECK(ended.back() == asio::error::operation_aborted);
    }
}

TEST_CASE("a peer over its rate is told busy, its notifications are dropped, and a flood ends its connection")
{
    rejoinder::hub_options<> options;
    options.session.inbound = {.per_second = 1, .burst = 3, .flood = 4};
    house at{options};
    int ran = 0;
    std::string why;
    at.hub->on("work", [&](int) { return ++ran; });
    at.hub->on("say", [&](int) { ++ran; });
    at.hub->on_event([&](const rejoinder::event& one) { why = one.name == "ws_disconnect" ? one.reason : why; });
    at.meet();
    std::vector<std::error_code> ended;
    for (int i = 0; i != 5; ++i) {
        at.tab->async_request("work", i, [&](std::error_code ec, const rejoinder::reply&) { ended.push_back(ec); });
    }
    at.meet();
    CHECK(ran == 3);
    REQUIRE(ended.size() == 5);
    CHECK(std::count(ended.begin(), ended.end(), std::error_code{}) == 3);
    CHECK(ended.back() == errc::busy);
    CHECK(rejoinder::certainty_of(ended.back()) == rejoinder::certainty::not_executed);
    at.tab->notify("say", 1);
    at.meet();
    CHECK(ran == 3);
    CHECK(at.hub->counts().over_rate == 3);
    CHECK(at.hub->counts().notifications_dropped == 1);
    CHECK(at.hub->connections() == 1);
    at.tab->notify("say", 1);
    at.tab->notify("say", 1);
    at.meet();
    CHECK(why == "flooding");
}

TEST_CASE("notifications that wait for the connection are bounded in bytes, too; the others are dropped and counted")
{
    rejoinder::hub_options<> options;
    options.session.notification_bytes_max = 1000;
    options.connection = {.write_high_water = 1, .write_low_water = 0};
    house at{options};
    std::size_t heard = 0;
    at.tab->on("news", [&](const std::string&) { ++heard; });
    at.meet();
    for (int i = 0; i != 10; ++i) {
        at.hub->notify(rejoinder::user{"42"}, "news", std::string(300, 'x'));
    }
    CHECK(at.hub->counts().notifications_dropped == 5); // one is under way, one is next, three wait for the connection
    at.meet();
    CHECK(heard == 5);
    at.hub->notify(rejoinder::user{"42"}, "news", std::string(300, 'x'));
    at.meet();
    CHECK(heard == 6);
}

TEST_CASE("A notification of the moment is dropped and counted where the link is down or lags, and taken otherwise")
{
    using rejoinder::congested;
    asio::io_context io;
    rejoinder::hub_options<> options;
    options.connection.write_high_water = 100;
    options.connection.write_low_water = 0;
    rejoinder::hub<> hub{io.get_executor(), options};
    hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
    const rejoinder::user page{"42"};
    auto [mine, there] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
    hub.serve(std::move(there), rejoinder::event_codec{});
    driven::settle(io);
    const std::string place(60, 'x');
    CHECK(hub.notify(page, "place", place, congested::drop) == 1); // goes out, and nobody reads it
    driven::settle(io);
    CHECK(hub.notify(page, "place", place, congested::drop) == 1);
    CHECK(hub.notify(page, "place", place, congested::drop) == 1);
    driven::settle(io);
    CHECK(hub.counts().notifications_dropped == 0);
    CHECK(hub.notify(page, "place", place, congested::drop) == 0);
    CHECK(hub.notify(page, "news", place) == 1); // this one waits
    CHECK(hub.counts().notifications_dropped == 1);
    memory_peer reader{io, std::move(mine)};
    driven::settle(io);
    CHECK(reader.heard().size() == 4);
    CHECK(reader.heard().back().find("news") != std::string::npos);
    CHECK(hub.notify(page, "place", place, congested::drop) == 1);
    driven::settle(io);
    CHECK(reader.heard().size() == 5);
    reader.close();
    CHECK(hub.notify(page, "place", place, congested::drop) == 0);

    house none;
    CHECK_FALSE(none.tab->notify("place", 1, congested::drop)); // not connected yet
    CHECK(none.tab->counts().notifications_dropped == 1);
    none.meet();
    CHECK(none.tab->notify("place", 1, congested::drop));
}
