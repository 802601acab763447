// Links that break, over real sockets: what was asked is answered once, whatever happens to the connection meanwhile.
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/proxy.hpp"
#include "support/raw_peer.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty;
using rejoinder::certainty_of;
using rejoinder::link_state;
using rejoinder::user;

namespace {

// Numbers for a test that breaks links: silence is found in tens of milliseconds, and the way back is short.
rejoinder::heartbeat_options watchful()
{
    return {.ping_every = 200ms, .dead_after = 2s, .ack_timeout = 100ms, .probe_least = 10ms, .pong_least = 50ms};
}

rejoinder::hub_options<> of_hub(rejoinder::duration grace = 5s)
{
    rejoinder::hub_options<> options;
    options.grace = grace;
    options.session.heartbeat = watchful();
    return options;
}

rejoinder::client_options<> of_tab()
{
    rejoinder::client_options<> options;
    options.auth = "\"42\"";
    options.backoff.schedule = {5ms, 10ms, 20ms};
    options.connect_timeout = 300ms;
    options.session.heartbeat = watchful();
    return options;
}

// A hub, a client, and a network between them that does as it is told.
struct network {
    asio::io_context io;
    rejoinder::hub<> hub;
    asio::ip::tcp::endpoint port;
    proxy between;
    std::unique_ptr<rejoinder::client<>> tab;
    std::map<int, int> executed;     // how often each number was worked on
    std::function<void()> at_work{}; // done once, when the next work begins: so that what breaks then breaks before the answer

    explicit network(rejoinder::hub_options<> options = of_hub())
        : hub(io.get_executor(), std::move(options)), port(rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint()),
          between(io, port), tab(make_tab())
    {
        hub.authenticate(identity_of_auth);
        hub.on("work", [this](int number) { return work(number); });
        tab->on("work", [this](int number) { return work(number); });
        REQUIRE(until([&] { return tab->connected(); }));
        driven::settle(io);
    }

    std::unique_ptr<rejoinder::client<>> make_tab()
    {
        return std::make_unique<rejoinder::client<>>(io.get_executor(), rejoinder::tcp_connector{between.endpoint()}, of_tab());
    }

    asio::awaitable<int> work(int number)
    {
        ++executed[number];
        if (at_work) {
            std::exchange(at_work, nullptr)();
        }
        asio::steady_timer timer{io, 20ms};
        co_await timer.async_wait(asio::use_awaitable);
        co_return number * 2;
    }

    template <class Condition>
    bool until(Condition holds)
    {
        return driven::until(io, std::move(holds));
    }

    [[nodiscard]] bool once(int count) const
    {
        return executed.size() == static_cast<std::size_t>(count) &&
               std::all_of(executed.begin(), executed.end(), [](const auto& one) { return one.second == 1; });
    }
};

// One question in flight.
struct asking {
    bool over = false;
    std::error_code error{};
    int answer = 0;

    auto done()
    {
        return [this](std::error_code ec, const rejoinder::reply& got) {
            CHECK_FALSE(over);
            over = true;
            error = ec;
            if (!ec && !got.payload().bytes.empty()) {
                answer = got.as<int>();
            }
        };
    }
};

} // namespace

TEST_CASE("a request in flight survives its link, and runs once")
{
    network at;
    asking one;
    const bool by_hub = GENERATE(true, false);
    if (by_hub) {
        at.hub.async_request(user{"42"}, "work", 7, one.done());
    } else {
        at.tab->async_request("work", 7, one.done());
    }
    at.at_work = [&] { at.between.cut(); };
    REQUIRE(at.until([&] { return one.over; }));
    CHECK_FALSE(one.error);
    CHECK(one.answer == 14);
    CHECK(at.once(1));
    CHECK(at.hub.counts().resumes >= 1);
    CHECK(at.hub.sessions() == 1);
}

TEST_CASE("an answer that was lost on the way is given again, and the handler does not run again")
{
    network at;
    asking one;
    at.hub.on("at_once", [&](int number) {
        ++at.executed[number];
        at.between.freeze(proxy::way::down); // the answer goes into a link that is dead on the way back
        return number * 2;
    });
    at.tab->async_request("at_once", 7, one.done());
    REQUIRE(at.until([&] { return one.over; }));
    CHECK(one.answer == 14);
    CHECK(at.once(1));
    CHECK(at.hub.counts().answers_replayed >= 1);
    CHECK(at.between.accepted() >= 2);
}

TEST_CASE("a zombie link is found by its silence and left, long before the deadline")
{
    network at;
    asking one;
    at.between.freeze();
    const auto begun = std::chrono::steady_clock::now();
    SECTION("by the client") { at.tab->async_request("work", 7, one.done()); }
    SECTION("by the hub") { at.hub.async_request(user{"42"}, "work", 7, one.done()); }
    REQUIRE(at.until([&] { return one.over; }));
    CHECK(one.answer == 14);
    CHECK(at.once(1));
    CHECK(std::chrono::steady_clock::now() - begun < 2s);
    CHECK(at.tab->counts().links_dropped + at.hub.counts().links_dropped >= 1);
}

TEST_CASE("cut at any byte, each question has one answer and one execution")
{
    const auto up = GENERATE(range(1, 260, 23));
    network at;
    const bool downwards = GENERATE(true, false);
    at.between.cut_after(downwards ? proxy::way::down : proxy::way::up, static_cast<std::size_t>(up));
    std::vector<asking> all(6);
    for (std::size_t i = 0; i != all.size(); ++i) {
        if (i % 3 == 0) {
            at.tab->async_deliver("work", static_cast<int>(i), all[i].done());
        } else if (i % 3 == 1) {
            at.tab->async_request("work", static_cast<int>(i), all[i].done());
        } else {
            at.hub.async_request(user{"42"}, "work", static_cast<int>(i), {.timeout = 20s, .when_absent = rejoinder::absent::wait}, all[i].done());
        }
    }
    // Let a few connections be cut, then let them be.
    at.until([&] { return at.between.accepted() >= 3 || std::all_of(all.begin(), all.end(), [](const asking& one) { return one.over; }); });
    at.between.cut_after(proxy::way::down, proxy::for_ever);
    at.between.cut_after(proxy::way::up, proxy::for_ever);
    at.between.cut();
    REQUIRE(at.until([&] { return std::all_of(all.begin(), all.end(), [](const asking& one) { return one.over; }); }));
    for (const auto& one : all) {
        // A welcome that is lost with its token leaves an orphan session: what the hub asked there may be lost with it, and says so.
        if (one.error) {
            CHECK(certainty_of(one.error) == certainty::maybe_executed);
        }
    }
    for (const auto& [number, times] : at.executed) {
        CHECK(times == 1);
    }
}

TEST_CASE("a handler that is slow for longer than the ack timeout costs no link")
{
    network at;
    asking one;
    at.hub.on("slow", [&](int number) -> asio::awaitable<int> {
        asio::steady_timer timer{at.io, 400ms};
        co_await timer.async_wait(asio::use_awaitable);
        co_return number;
    });
    at.tab->async_request("slow", 7, one.done());
    REQUIRE(at.until([&] { return one.over; }));
    CHECK(one.answer == 7);
    CHECK(at.between.accepted() == 1);
    CHECK(at.tab->counts().probes_sent >= 1);
    CHECK(at.tab->counts().links_dropped == 0);
}

TEST_CASE("what is delivered offline arrives in order, once, when the link is back")
{
    network at;
    std::vector<int> order;
    at.hub.on("note", [&](int number) { order.push_back(number); });
    at.between.refuse(true);
    at.between.cut();
    REQUIRE(at.until([&] { return !at.tab->connected(); }));
    std::vector<asking> all(20);
    for (std::size_t i = 0; i != all.size(); ++i) {
        at.tab->async_deliver("note", static_cast<int>(i), all[i].done());
    }
    driven::pass(at.io, 30ms);
    CHECK(order.empty());
    at.between.refuse(false);
    REQUIRE(at.until([&] { return all.back().over; }));
    REQUIRE(order.size() == all.size());
    CHECK(std::is_sorted(order.begin(), order.end()));
    for (const auto& one : all) {
        CHECK(one.over);
        CHECK_FALSE(one.error);
    }
}

TEST_CASE("back within the grace the program notices nothing; away for longer, it is told once")
{
    network at{of_hub(400ms)};
    int detached = 0;
    at.hub.on_detach([&](const rejoinder::identity&) { ++detached; });
    at.between.cut();
    REQUIRE(at.until([&] { return at.hub.counts().resumes == 1; }));
    driven::pass(at.io, 200ms);
    CHECK(detached == 0);
    CHECK(at.hub.counts().detaches_cancelled == 1);
    at.between.refuse(true);
    at.between.cut();
    REQUIRE(at.until([&] { return detached == 1; }));
    at.between.refuse(false);
    REQUIRE(at.until([&] { return at.tab->connected(); }));
    driven::pass(at.io, 200ms);
    CHECK(detached == 1);
    CHECK(at.hub.counts().resumes == 2); // the lease is longer than the grace
}

TEST_CASE("a page that reloads within the grace is a new session of the same presence")
{
    network at{of_hub(500ms)};
    int detached = 0;
    int attached = 0;
    at.hub.on_detach([&](const rejoinder::identity&) { ++detached; });
    at.hub.on_attach([&](const rejoinder::peer&) { ++attached; });
    asking lost;
    at.tab->async_request("work", 7, lost.done());
    at.tab.reset();
    at.tab = at.make_tab();
    at.tab->on("work", [&](int number) { return at.work(number); });
    REQUIRE(at.until([&] { return attached == 1; }));
    CHECK(lost.over);
    CHECK(lost.error == asio::error::operation_aborted);
    asking again;
    at.hub.async_request(user{"42"}, "work", 8, again.done());
    REQUIRE(at.until([&] { return again.over; }));
    CHECK(again.answer == 16);
    driven::pass(at.io, 50ms);
    CHECK(detached == 0);
    CHECK(at.executed[7] <= 1);
}

TEST_CASE("a hub that restarts has lost its sessions: who was waiting is told so, and goes on")
{
    asio::io_context io;
    auto hub = std::make_unique<rejoinder::hub<>>(io.get_executor(), of_hub());
    const auto port = rejoinder::listen(*hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    std::vector<rejoinder::responder> kept;
    const auto set_up = [&] {
        hub->authenticate(identity_of_auth);
        hub->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
        hub->on("ask", [](int number) { return number; });
    };
    set_up();
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{port}, of_tab()};
    asking sent;
    tab.async_request("keep", 1, sent.done());
    REQUIRE(driven::until(io, [&] { return kept.size() == 1; }));
    hub.reset();
    kept.clear();
    asking waiting;
    REQUIRE(driven::until(io, [&] { return !tab.connected(); }));
    tab.async_request("ask", 2, waiting.done());
    hub = std::make_unique<rejoinder::hub<>>(io.get_executor(), of_hub());
    rejoinder::listen(*hub, port);
    set_up();
    REQUIRE(driven::until(io, [&] { return sent.over && waiting.over; }));
    CHECK(sent.error == rejoinder::errc::session_lost);
    CHECK(certainty_of(sent.error) == certainty::maybe_executed);
    CHECK_FALSE(waiting.error);
    CHECK(waiting.answer == 2);
}

TEST_CASE("whose session another connection resumes is told that it is replaced, and stops")
{
    network at;
    // The tab's own hello, overheard on the way: its token in a stranger's hands who also has the user's credentials.
    std::string token;
    std::string incarnation;
    at.tab.reset();
    asio::ip::tcp::acceptor spy{at.io, {asio::ip::address_v4::loopback(), 0}};
    rejoinder::client<> tab{at.io.get_executor(), rejoinder::tcp_connector{spy.local_endpoint()}, of_tab()};
    std::optional<raw_peer> tab_side;
    spy.async_accept([&](std::error_code ec, asio::ip::tcp::socket from) {
        REQUIRE_FALSE(ec);
        tab_side.emplace(at.io, std::move(from));
    });
    REQUIRE(at.until([&] { return tab_side.has_value(); }));
    raw_peer hub_side{at.io, at.port};
    const auto hello = tab_side->receive();
    hub_side.send(hello);
    const auto welcome = hub_side.receive();
    tab_side->send(welcome);
    hub_side.send(tab_side->receive(R"(["ready")"));
    REQUIRE(at.until([&] { return tab.connected(); }));
    const auto field = [](const std::string& text, const std::string& name) {
        const auto begin = text.find('"' + name + "\":\"") + name.size() + 4;
        return text.substr(begin, text.find('"', begin) - begin);
    };
    raw_peer other{at.io, at.port};
    other.send(R"(["hello",{"v":1,"incarnation":")" + field(hello, "incarnation") + R"(","token":")" + field(welcome, "token") +
               R"(","attempt":99,"auth":"42"}])");
    CHECK(other.receive().find(R"("resumed":true)") != std::string::npos);
    const auto bye = hub_side.receive(R"(["bye")");
    CHECK(bye.starts_with(R"(["bye","replaced")"));
    tab_side->send(bye);
    REQUIRE(at.until([&] { return tab.state_of_link() == link_state::failed; }));
    CHECK(tab.last_error() == rejoinder::errc::replaced);
    driven::pass(at.io, 50ms);
    CHECK(tab.state_of_link() == link_state::failed);
}

TEST_CASE("a half-open link is found though one way still works")
{
    network at;
    const auto which = GENERATE(proxy::way::up, proxy::way::down);
    at.between.freeze(which);
    asking one;
    at.tab->async_request("work", 7, one.done());
    asking two;
    at.hub.async_request(user{"42"}, "work", 8, {.timeout = 20s, .when_absent = rejoinder::absent::wait}, two.done());
    REQUIRE(at.until([&] { return one.over && two.over; }));
    CHECK(one.answer == 14);
    CHECK(two.answer == 16);
    CHECK(at.once(2));
}
