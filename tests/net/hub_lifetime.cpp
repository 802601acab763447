// A hub's ends: those of its links before they are anybody's, and its own in the middle of what it does.
#include <rejoinder/net/hub.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/memory_peer.hpp"

#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

constexpr std::string_view greeting_of_42 = R"(["hello",{"v":1,"incarnation":"one","auth":"42"}])";

// A hub alone.
struct bare_hub {
    asio::io_context io;
    std::unique_ptr<rejoinder::hub<>> hub;

    explicit bare_hub(rejoinder::hub_options<> options = {}) : hub(std::make_unique<rejoinder::hub<>>(io.get_executor(), std::move(options)))
    {
        hub->authenticate(identity_of_auth);
    }

    memory_peer connect() { return {io, *hub}; }
};

} // namespace

TEST_CASE("a peer that refuses a hub is closed, and takes no place from then on")
{
    bare_hub at{{.connections_max = 3}};
    int told = 0;
    at.hub->on_event([&](const rejoinder::event& one) { told += one.name == "ws_disconnect" ? 1 : 0; });
    std::vector<memory_peer> peers;
    for (int i = 0; i != 20; ++i) {
        peers.push_back(at.connect());
        peers.back().say(R"(["refuse","busy"])");
    }
    CHECK(at.hub->connections() == 0);
    CHECK(told == 20);
    CHECK(std::all_of(peers.begin(), peers.end(), [](const memory_peer& one) { return one.ended(); }));

    SECTION("nor does it reach a hub that is gone")
    {
        at.hub.reset();
        for (auto& one : peers) {
            one.say(greeting_of_42);
        }
    }
    SECTION("nor one that is there")
    {
        for (auto& one : peers) {
            one.say(greeting_of_42);
        }
        CHECK(at.hub->sessions() == 0);
    }
}

TEST_CASE("no more peers get in than a hub takes, whatever those say that are in")
{
    bare_hub at{{.connections_max = 3}};
    std::vector<memory_peer> peers;
    for (int i = 0; i != 6; ++i) {
        peers.push_back(at.connect());
    }
    driven::settle(at.io);
    CHECK(at.hub->connections() == 3);
    CHECK(std::count_if(peers.begin(), peers.end(), [](const memory_peer& one) { return one.ended(); }) == 3);
    peers.front().say(R"(["welcome",{"v":1,"capacity":1}])");
    CHECK(peers.front().ended());
    CHECK(at.hub->connections() == 2);
    auto late = at.connect();
    CHECK_FALSE(late.join("late").empty());
    CHECK(at.hub->connections() == 3);
}

TEST_CASE("a hub may be destroyed by a call that times out, while another one that waits for somebody is due as well")
{
    house at;
    std::vector<rejoinder::responder> kept;
    at.tab->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.meet();
    std::error_code asked;
    std::error_code parked;
    at.hub->async_request(rejoinder::user{"42"}, "keep", 1, {.timeout = 5ms}, [&](std::error_code ec, const rejoinder::reply&) {
        asked = ec;
        at.hub.reset();
    });
    at.hub->async_request(rejoinder::user{"7"}, "keep", 1, {.timeout = 5ms, .when_absent = rejoinder::absent::wait},
                          [&](std::error_code ec, const rejoinder::reply&) { parked = ec; });
    driven::settle(at.io);
    const auto both_due = std::chrono::steady_clock::now() + 10ms;
    while (std::chrono::steady_clock::now() < both_due) { // the hub is kept from looking, so that it finds both at once
    }
    REQUIRE(driven::until(at.io, [&] { return asked && parked; }));
    CHECK(asked == rejoinder::errc::timed_out);
    CHECK(parked == asio::error::operation_aborted);
}

TEST_CASE("an observer is not called any more once its hub or client is destroyed")
{
    bare_hub at{{.lease = 1ms}};
    auto watched = std::make_unique<int>(0); // the observers' memory ends with what they watch
    SECTION("of a session that begins")
    {
        at.hub->on_attach([seen = watched.get()](const rejoinder::peer&) { ++*seen; });
        auto peer = at.connect();
        peer.say_only(greeting_of_42);
        while (at.hub->sessions() == 0) {
            REQUIRE(at.io.run_one_for(1s) == 1);
        }
        at.hub.reset();
    }
    SECTION("of a session that ends")
    {
        at.hub->on_session_end([seen = watched.get()](const rejoinder::peer&) { ++*seen; });
        auto peer = at.connect();
        peer.join("one");
        REQUIRE(at.hub->sessions() == 1);
        peer.close();
        while (at.hub->sessions() != 0) {
            at.io.restart();
            REQUIRE(at.io.run_one_for(1s) == 1);
        }
        at.hub.reset();
    }
    SECTION("of a client's link")
    {
        auto tab = std::make_unique<rejoinder::client<>>(at.io.get_executor(), memory_connector{*at.hub});
        driven::settle(at.io);
        REQUIRE(tab->connected());
        tab->on_state([seen = watched.get()](rejoinder::link_state, std::error_code) { ++*seen; });
        tab->disconnect();
        tab.reset();
    }
    watched.reset();
    driven::settle(at.io);
}

TEST_CASE("the authenticator of a connection that is gone is cancelled")
{
    bare_hub at{{.handshake_timeout = 5ms, .connections_max = 3}};
    int running = 0;
    int begun = 0;
    at.hub->authenticate([&](const rejoinder::handshake&) -> asio::awaitable<rejoinder::identity> {
        asio::steady_timer never{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
        ++begun;
        ++running;
        std::error_code ended;
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        --running;
        co_return rejoinder::identity{"42"};
    });
    SECTION("because its peer left")
    {
        for (int i = 0; i != 10; ++i) {
            auto peer = at.connect();
            peer.say(greeting_of_42);
            peer.close();
        }
        CHECK(begun == 10);
        CHECK(running == 0);
    }
    SECTION("because it took too long")
    {
        auto peer = at.connect();
        peer.say(greeting_of_42);
        CHECK(running == 1);
        CHECK(driven::until(at.io, [&] { return peer.ended(); }));
        driven::settle(at.io);
        CHECK(running == 0);
    }
    CHECK(at.hub->sessions() == 0);
}

TEST_CASE("authenticators that do not end are bounded as connections are, though theirs are gone")
{
    bare_hub at{{.connections_max = 3}};
    int running = 0;
    asio::steady_timer open{at.io, asio::steady_timer::time_point::max()};
    at.hub->authenticate([&](const rejoinder::handshake&) -> asio::awaitable<rejoinder::identity> {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        ++running;
        std::error_code ended;
        co_await open.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        --running;
        co_return rejoinder::identity{"42"};
    });
    for (int i = 0; i != 10; ++i) {
        auto peer = at.connect();
        peer.say(greeting_of_42);
        peer.close();
    }
    CHECK(running == 3);
    auto late = at.connect();
    late.say(greeting_of_42);
    CHECK(late.first(R"(["refuse")").starts_with(R"(["refuse","busy")"));
    open.cancel();
    driven::settle(at.io);
    CHECK(running == 0);
    CHECK(at.hub->sessions() == 0);
    auto next = at.connect();
    next.say(greeting_of_42);
    CHECK(running == 1);
}

TEST_CASE("a peer of another version is told so, on either side, and nothing else of it is read")
{
    SECTION("a client's hello")
    {
        bare_hub at;
        int attached = 0;
        at.hub->on_attach([&](const rejoinder::peer&) { ++attached; });
        auto peer = at.connect();
        peer.say(R"(["hello",{"v":7}])");
        CHECK(peer.first(R"(["refuse")").starts_with(R"(["refuse","incompatible")"));
        CHECK(peer.ended());
        CHECK(attached == 0);
        CHECK(at.hub->connections() == 0);
        CHECK(at.hub->counts().bad_messages == 0);
    }
    SECTION("a hub's welcome")
    {
        asio::io_context io;
        std::vector<memory_peer> hubs;
        memory_connector connector{[&](rejoinder::memory other) {
            hubs.emplace_back(io, std::move(other));
            return true;
        }};
        rejoinder::client<> tab{io.get_executor(), connector};
        driven::settle(io);
        REQUIRE(hubs.size() == 1);
        hubs[0].say(R"(["welcome",{"v":7}])");
        CHECK(hubs[0].first(R"(["refuse")").starts_with(R"(["refuse","incompatible")"));
        CHECK(hubs[0].ended());
        CHECK(tab.state_of_link() == rejoinder::link_state::failed);
        CHECK(tab.last_error() == rejoinder::errc::incompatible);
        CHECK(hubs.size() == 1);
    }
}

TEST_CASE("assigning over a hub or a client ends the one that it was, at once")
{
    house at;
    std::vector<rejoinder::responder> kept;
    at.hub->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.tab->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.meet();
    std::vector<std::error_code> ended;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) { ended.push_back(ec); };
    SECTION("a client")
    {
        at.tab->async_request("keep", 1, done);
        at.meet();
        auto other = at.make_tab("7");
        *at.tab = std::move(*other);
        at.meet();
        CHECK(at.hub->presence_of(rejoinder::identity{"42"}) != rejoinder::presence::present);
        CHECK(at.hub->presence_of(rejoinder::identity{"7"}) == rejoinder::presence::present);
        CHECK(at.tab->connected());
    }
    SECTION("a hub")
    {
        at.hub->async_request(rejoinder::user{"42"}, "keep", 1, done);
        at.meet();
        rejoinder::hub<> other{at.io.get_executor()};
        at.board->failing = asio::error::connection_refused;
        *at.hub = std::move(other);
        at.meet();
        CHECK_FALSE(at.tab->connected());
        CHECK(at.hub->sessions() == 0);
    }
    CHECK(ended == std::vector<std::error_code>{asio::error::operation_aborted});
}

TEST_CASE("a call that waits for its user is asked of the next session when this one ends, also from inside a handler of it")
{
    bare_hub at;
    std::vector<rejoinder::peer> peers;
    at.hub->on_attach([&](const rejoinder::peer& who) { peers.push_back(who); });
    at.hub->on("leave", [&](const rejoinder::peer& from) { at.hub->close(from); });
    auto old_page = at.connect();
    const auto token = word_after(old_page.join("old"), "token");
    std::error_code failed;
    std::string answered;
    at.hub->async_request(rejoinder::user{"42"}, "ask", 1, {.repeat = rejoinder::repeatable::idempotent, .when_absent = rejoinder::absent::wait},
                          [&](std::error_code ec, const rejoinder::reply& word) {
                              failed = ec;
                              answered = ec ? "nothing" : word.as<std::string>();
                          });
    driven::settle(at.io);
    REQUIRE_FALSE(old_page.first(R"(["req")").empty());
    auto new_page = at.connect(); // a reload: it has the token, and is another incarnation (rule 2)
    REQUIRE_FALSE(new_page.join("new", "42", token).empty());
    REQUIRE(peers.size() == 2);
    CHECK(new_page.first(R"(["req")").empty());
    SECTION("its connection ends") { old_page.close(); }
    SECTION("the program closes it")
    {
        at.hub->close(peers[0]);
        driven::settle(at.io);
    }
    SECTION("a handler of its own closes it") { old_page.say(R"(["req",1024,"leave",1])"); }
    CHECK(at.hub->sessions() == 1);
    CHECK(answered.empty());
    const auto question = new_page.first(R"(["req")");
    REQUIRE_FALSE(question.empty());
    new_page.say(R"(["res",)" + question.substr(7, question.find(',', 7) - 7) + R"(,"here"])");
    CHECK(answered == "here");
    CHECK_FALSE(failed);
}

TEST_CASE("what fed a hub and is gone is forgotten by it")
{
    bare_hub at;
    const auto watched = std::make_shared<int>(0);
    for (int i = 0; i != 100; ++i) {
        const auto feeder = std::make_shared<int>(i);
        at.hub->keep_until_stopped(feeder, [watched] { ++*watched; });
    }
    CHECK(watched.use_count() <= 3);
    auto last = std::make_shared<int>(0);
    at.hub->keep_until_stopped(last, [watched] { ++*watched; });
    CHECK(watched.use_count() == 2);
    at.hub.reset();
    CHECK(*watched == 1);
    CHECK(watched.use_count() == 1);
}

TEST_CASE("who claims nothing, or no name, is refused for good; a name is taken whole")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    std::string came;
    hub.authenticate([](const rejoinder::handshake& hello) { return hello.claimed_identity(); });
    hub.on_attach([&](const rejoinder::peer& who) { came = who.who().name(); });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    const std::string auth = GENERATE("", "42", R"("")", R"({"id":"42"})", R"("42\u0000evil")");
    rejoinder::client<> client{io.get_executor(), rejoinder::tcp_connector{port}, {.auth = auth}};
    REQUIRE(driven::until(io, [&] { return !came.empty() || client.status().state == rejoinder::standing::failed; }));
    if (auth.find("evil") == std::string::npos) {
        CHECK(client.last_error() == rejoinder::errc::auth_refused);
    } else {
        CHECK(came == std::string("42\0evil", 7));
    }
}

TEST_CASE("a failure that an authenticator throws is a refusal in its words")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    const std::string code = GENERATE("refused", "busy");
    hub.authenticate([&](const rejoinder::handshake&) -> rejoinder::identity { throw rejoinder::failure{code, "the account is closed"}; });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client<> client{io.get_executor(), rejoinder::tcp_connector{port}};
    std::string why;
    client.on_state([&](rejoinder::link_state, std::error_code ec) { why = ec.message(); });
    REQUIRE(driven::until(io, [&] { return why.find("the account is closed") != std::string::npos; }));
    CHECK((client.status().state == rejoinder::standing::failed) == (code == "refused"));
    CHECK(client.last_error() == (code == "refused" ? rejoinder::errc::auth_refused : rejoinder::errc::busy));
}

TEST_CASE("an authenticator that throws refuses, and its words are an event, not the client's business")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    std::string said;
    hub.on_event([&](const rejoinder::event& one) { said = one.name == "authenticator_failed" ? std::string{one.text} : said; });
    hub.authenticate([](const rejoinder::handshake&) -> rejoinder::identity { throw std::runtime_error("no data base"); });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client<> client{io.get_executor(), rejoinder::tcp_connector{port}};
    REQUIRE(driven::until(io, [&] { return client.last_error() == rejoinder::errc::refused; }));
    CHECK(said == "no data base");
}
