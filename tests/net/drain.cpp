// A hub that goes down in good order: what runs ends, peers are told when to come back, and not all at once.
#include <rejoinder/net/shutdown_options.hpp>

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/raw_peer.hpp"
#include "support/tokens.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::errc;
using rejoinder::shutdown_options;

namespace {

struct drained_house : house {
    int completed = 0;
    std::error_code how_it_ended;
    std::vector<rejoinder::responder> kept;
    int detached = 0;

    explicit drained_house(rejoinder::hub_options<> options = {}) : house(std::move(options))
    {
        hub->on("work", [this](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
        hub->on_detach([this](const rejoinder::identity&) { ++detached; });
        meet();
    }

    void shut_down(const shutdown_options& how = {.limit = 20s})
    {
        hub->async_shutdown(how, [this](std::error_code ec) {
            ++completed;
            how_it_ended = ec;
        });
        CHECK(completed == 0);
        meet();
    }
};

} // namespace

TEST_CASE("a hub without work goes down at once, and its clients stay away for as long as they are told")
{
    drained_house at;
    const auto attempts = at.board->attempts;
    at.shut_down({.limit = 20s, .retry_after = 80ms, .spread = 0s});
    CHECK(at.completed == 1);
    CHECK_FALSE(at.how_it_ended);
    CHECK(at.hub->connections() == 0);
    CHECK_FALSE(at.tab->connected());
    driven::pass(at.io, 60ms);
    CHECK(at.board->attempts == attempts); // a lost link would have been dialled again at once
    CHECK(at.detached == 0);
}

TEST_CASE("a client that was told to come back later does so, and goes on with another hub")
{
    rejoinder::client_options<> eager;
    eager.backoff.schedule = rejoinder::sequence_backoff{1ms};
    house at{{}, eager};
    at.meet();
    REQUIRE(at.tab->connected());
    at.hub->async_shutdown({.limit = 20s, .retry_after = 50ms, .spread = 0s}, [](std::error_code) {});
    const auto told = std::chrono::steady_clock::now();
    at.meet();
    at.hub = std::make_unique<rejoinder::hub<>>(at.io.get_executor());
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
    CHECK(std::chrono::steady_clock::now() - told >= 50ms);
}

TEST_CASE("a hub that goes down finishes what runs, refuses new requests after a while, and accepts nobody")
{
    drained_house at;
    std::vector<std::error_code> ended;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) { ended.push_back(ec); };
    at.tab->async_request("work", 1, done);
    at.meet();
    REQUIRE(at.kept.size() == 1);
    at.hub->on("quick", [](int) {});
    at.shut_down({.limit = 20s, .refuse_after = 20ms});
    CHECK(at.completed == 0);
    CHECK(at.tab->connected());
    at.tab->async_request("quick", 2, done);
    at.meet();
    CHECK(std::exchange(ended, {}) == std::vector<std::error_code>(1)); // it is not quiet yet, and served on

    driven::pass(at.io, 40ms);
    at.tab->async_deliver("quick", 3, done);
    at.meet();
    CHECK(std::exchange(ended, {}) == std::vector<std::error_code>(1));
    at.tab->async_request("quick", 4, done);
    at.meet();
    REQUIRE(ended.size() == 1);
    CHECK(ended.front() == errc::busy);
    CHECK(rejoinder::certainty_of(ended.front()) == rejoinder::certainty::not_executed);
    const auto late = at.make_tab("7");
    at.meet();
    CHECK_FALSE(late->connected());

    at.kept.front().answer();
    at.meet();
    CHECK(ended == std::vector{make_error_code(errc::busy), std::error_code{}}); // the answer left before the goodbye
    CHECK(at.completed == 1);
    CHECK_FALSE(at.how_it_ended);
}

TEST_CASE("a hub that goes down waits for the answers that it has asked for")
{
    drained_house at;
    std::vector<rejoinder::responder> asked;
    at.tab->on("who", [&](rejoinder::responder answer) { asked.push_back(std::move(answer)); });
    std::string answered;
    at.hub->async_request(rejoinder::user{"42"}, "who", 1,
                          [&](std::error_code ec, const rejoinder::reply& answer) { answered = ec ? ec.message() : answer.as<std::string>(); });
    at.meet();
    at.shut_down();
    CHECK(at.completed == 0);
    REQUIRE(asked.size() == 1);
    asked.front().answer("I");
    at.meet();
    CHECK(answered == "I");
    CHECK(at.completed == 1);
}

TEST_CASE("a hub that goes down waits for a clean-up, and for a handler whose asker has lost its link")
{
    drained_house at{{.grace = 1ms}};
    asio::steady_timer cleaning{at.io, asio::steady_timer::time_point::max()};
    bool begun = false;
    at.hub->on_detach([&](const rejoinder::identity&) -> asio::awaitable<void> {
        begun = true;
        try {
            co_await cleaning.async_wait(asio::use_awaitable);
        } catch (const std::system_error&) {
        }
    });
    at.tab->async_request("work", 1, [](std::error_code, const rejoinder::reply&) {});
    at.meet();
    at.tab->disconnect();
    REQUIRE(driven::until(at.io, [&] { return begun; }));
    at.shut_down();
    CHECK(at.completed == 0);
    at.kept.front().answer();
    at.meet();
    CHECK(at.completed == 0);
    cleaning.cancel();
    at.meet();
    CHECK(at.completed == 1);
    CHECK_FALSE(at.how_it_ended);
}

TEST_CASE("at its limit a shutdown ends the rest, and completes once")
{
    drained_house at;
    int stopped = 0;
    std::error_code ended;
    at.hub->on("work", [&](rejoinder::responder answer) {
        answer.on_cancel([&] { ++stopped; });
        at.kept.push_back(std::move(answer));
    });
    at.tab->on("who", [&](rejoinder::responder answer) { at.kept.push_back(std::move(answer)); });
    at.tab->async_request("work", 1, [](std::error_code, const rejoinder::reply&) {});
    at.hub->async_request(rejoinder::user{"42"}, "who", 1, [&](std::error_code ec, const rejoinder::reply&) { ended = ec; });
    at.meet();
    REQUIRE(at.kept.size() == 2);
    const auto attempts = at.board->attempts;
    at.shut_down({.limit = 20ms, .retry_after = 1h});
    CHECK(driven::until(at.io, [&] { return at.completed == 1; }));
    CHECK(at.how_it_ended == errc::timed_out);
    CHECK(ended == asio::error::operation_aborted);
    CHECK(stopped == 1);
    CHECK(at.hub->connections() == 0);
    driven::pass(at.io, 20ms);
    CHECK(at.completed == 1);
    CHECK(at.board->attempts == attempts); // it was told when to come back
}

TEST_CASE("a second shutdown joins the first; a cancelled wait stops nothing; a stopped hub is down already")
{
    drained_house at;
    at.tab->async_request("work", 1, [](std::error_code, const rejoinder::reply&) {});
    at.meet();
    at.shut_down();
    asio::cancellation_signal signal;
    std::vector<std::error_code> others;
    at.hub->async_shutdown(1h, asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec) { others.push_back(ec); }));
    at.hub->async_shutdown(1h, [&](std::error_code ec) { others.push_back(ec); });
    signal.emit(asio::cancellation_type::total);
    at.meet();
    CHECK(others == std::vector<std::error_code>{asio::error::operation_aborted});
    CHECK(at.completed == 0);
    at.kept.front().answer();
    at.meet();
    CHECK(at.completed == 1);
    CHECK(others.size() == 2);
    CHECK_FALSE(others.back());
    at.hub->async_shutdown(1h, [&](std::error_code ec) { others.push_back(ec); });
    CHECK(others.size() == 2);
    at.meet();
    CHECK(others.size() == 3);
    std::error_code late;
    at.hub->async_request(rejoinder::user{"42"}, "who", 1, [&](std::error_code ec, const rejoinder::reply&) { late = ec; });
    at.meet();
    CHECK(late == asio::error::operation_aborted);
}

TEST_CASE("a hub that is destroyed on its way down, or with its context, leaves nobody waiting")
{
    auto at = std::make_unique<drained_house>();
    at->tab->async_request("work", 1, [](std::error_code, const rejoinder::reply&) {});
    at->meet();
    at->shut_down();
    if (GENERATE(true, false)) {
        at->hub.reset();
        at->meet();
        CHECK(at->completed == 1);
        CHECK(at->how_it_ended == asio::error::operation_aborted);
    }
}

TEST_CASE("a shutdown completes by every kind of token, once and not inside its initiation")
{
    drained_house at;
    tokens::each<>(
        at.io, [&](auto&& token) { return at.hub->async_shutdown(5s, std::forward<decltype(token)>(token)); }, [] {});
}

TEST_CASE("answers that are larger than the write queue all leave before the goodbye")
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    std::vector<rejoinder::responder> kept;
    hub.on("export", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client tab{io.get_executor(), rejoinder::tcp_connector{port}};
    constexpr std::size_t size = 900'000;
    std::size_t came = 0;
    for (int i = 0; i != 5; ++i) {
        tab.async_request("export", i, [&](std::error_code ec, const rejoinder::reply& answer) { came += ec ? 0 : answer.payload().bytes.size(); });
    }
    REQUIRE(driven::until(io, [&] { return kept.size() == 5; }));
    bool completed = false;
    hub.async_shutdown(20s, [&](std::error_code ec) {
        CHECK_FALSE(ec);
        completed = true;
    });
    for (auto& one : kept) {
        one.answer(std::string(size - 2, 'x')); // and its quotes
    }
    CHECK(driven::until(io, [&] { return completed; }));
    CHECK(came == 5 * size);
}

TEST_CASE("peers.md: thundering herds after a deploy: each peer is told its own time to come back, and the port is closed")
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    hub.authenticate(identity_of_auth);
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    constexpr int herd = 16;
    std::vector<std::unique_ptr<raw_peer>> peers;
    for (int i = 0; i != herd; ++i) {
        peers.push_back(std::make_unique<raw_peer>(io, port));
        REQUIRE_FALSE(peers.back()->join(std::to_string(i)).empty());
    }
    raw_peer nobody{io, port}; // who has not said hello yet
    driven::settle(io);
    bool completed = false;
    hub.async_shutdown({.limit = 20s, .retry_after = 2s, .spread = 8s}, [&](std::error_code ec) {
        CHECK_FALSE(ec);
        completed = true;
    });
    std::set<int> times;
    for (const auto& one : peers) {
        const auto bye = one->receive(R"(["bye")");
        const auto at = bye.find(R"("retry_after":)");
        REQUIRE(bye.find(R"("shutting_down")") != std::string::npos);
        REQUIRE(at != std::string::npos);
        const auto time = std::stoi(bye.substr(at + 14));
        CHECK(time >= 2'000);
        CHECK(time <= 10'000);
        times.insert(time);
        one->close();
    }
    CHECK(times.size() > herd / 2);
    CHECK(*times.rbegin() - *times.begin() > 1'000);
    const auto refused = nobody.receive(R"(["refuse")");
    CHECK(refused.find(R"("retry_after":)") != std::string::npos);
    nobody.close();
    CHECK(driven::until(io, [&] { return completed; }));
    asio::ip::tcp::socket late{io};
    std::error_code ec;
    late.connect(port, ec);
    CHECK(ec == asio::error::connection_refused);
}
