// What a hub does with bad input, written to its TCP port as raw bytes: each row of the design's table.
#include <rejoinder/net/connection.hpp>

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/raw_peer.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::json;

namespace {

struct add : rejoinder::contract<std::vector<int>, int> {
    static constexpr std::string_view name = "add";
};

// A hub on a port, and what it told.
struct open_hub {
    asio::io_context io;
    std::unique_ptr<rejoinder::hub<>> hub;
    asio::ip::tcp::endpoint port;
    std::vector<std::string> events;
    std::vector<rejoinder::peer> attached;

    explicit open_hub(rejoinder::hub_options<> options = {}) : hub(std::make_unique<rejoinder::hub<>>(io.get_executor(), std::move(options)))
    {
        hub->authenticate([](const rejoinder::handshake& of) -> std::optional<rejoinder::identity> {
            if (!of.auth.is_string() || of.auth.as_string() == "stranger") {
                return std::nullopt;
            }
            return identity_of_auth(of);
        });
        hub->on_attach([this](const rejoinder::peer& who) { attached.push_back(who); });
        hub->on_event([this](const rejoinder::event& told) { events.push_back(std::string{told.name} + ' ' + std::string{told.reason}); });
        hub->on("echo", [](const json& what) { return what; });
        hub->on<add>([](const std::vector<int>& all) { return all.empty() ? 0 : all.front(); });
        hub->on("throw", [](const json&) -> json { throw std::runtime_error{"out of paper"}; });
        port = rejoinder::listen(*hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    }

    [[nodiscard]] raw_peer connect() { return raw_peer{io, port}; }

    // Whether the connection still answers.
    static bool works(raw_peer& peer, int id)
    {
        peer.send(R"(["req",)" + std::to_string(id) + R"(,"echo",[1,"two"]])");
        return peer.receive(R"(["res",)" + std::to_string(id)) == R"(["res",)" + std::to_string(id) + R"(,[1,"two"]])";
    }
};

} // namespace

TEST_CASE("what is not the wire's grammar is counted, and the connection goes on")
{
    open_hub at;
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    const std::string bad = GENERATE(as<std::string>{}, "nonsense", "", "{}", "[]", R"(["unknown",1])", R"(["req","one","echo"])", R"(["req",-1,"echo"])",
                                     R"(["req",1024])", R"(["res"])", "[\"evt\",\"\xFF\"]", R"(["welcome",{"v":1,"capacity":1}])", R"(["ready"])",
                                     R"(["hello",{"v":1,"incarnation":"again"}])", R"(["refuse","busy"])");
    peer.send(bad);
    CHECK(open_hub::works(peer, 1024));
    CHECK(at.hub->counts().bad_messages == 1);
    CHECK(at.hub->connections() == 1);
}

TEST_CASE("a peer that sends more than 16 bad messages a minute is told why and closed")
{
    open_hub at;
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    for (int i = 0; i != 16; ++i) {
        peer.send("nonsense");
    }
    CHECK(open_hub::works(peer, 1024));
    peer.send("nonsense");
    CHECK(peer.receive(R"(["bye")").starts_with(R"(["bye","bad_messages")"));
    CHECK(peer.sees_end());
    CHECK(at.hub->counts().bad_messages == 17);
    CHECK(driven::until(at.io, [&] { return at.hub->connections() == 0; }));
}

TEST_CASE("a name that nobody answers is said: to the asker, in an event of the hub, and in a counter")
{
    house at;
    std::vector<std::string> told;
    at.hub->on_event([&](const rejoinder::event& one) {
        if (one.name == "no_handler") {
            told.push_back(std::string{one.kind} + ' ' + std::string{one.text} + " of " + std::string{one.who});
        }
    });
    at.meet();
    std::vector<std::string> ends;
    const auto ended = [&](std::error_code ec, const rejoinder::reply& answer) {
        CHECK(ec == rejoinder::errc::no_handler);
        ends.emplace_back(answer.text());
    };
    at.tab->async_request("twise", 1, ended);
    at.tab->async_deliver("twise", 1, ended);
    at.tab->notify("twise", 1);
    at.tab->async_request(std::string(101, 'x'), 1, ended);
    at.meet();
    CHECK(ends == std::vector<std::string>{R"(no handler for "twise")", R"(no handler for "twise")", "no handler for a name of 101 bytes"});
    REQUIRE(told.size() == 4);
    CHECK(told[0] == "request twise of 42");
    CHECK(told[1] == "delivery twise of 42");
    CHECK(told[2] == "notification twise of 42");
    CHECK(at.hub->counts().unknown_names == 4);
}

TEST_CASE("a payload that does not fit the contract is answered with the place, and the handler is not called")
{
    open_hub at;
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    peer.send(R"(["req",1024,"add",[1,2,"three"]])");
    const auto answer = peer.receive(R"(["err")");
    CHECK(answer.starts_with(R"(["err",1024,"bad_payload")"));
    CHECK(answer.find("2") != std::string::npos); // the index of the element
    CHECK(open_hub::works(peer, 1025));
    CHECK(at.hub->counts().bad_messages == 0);
}

TEST_CASE("a frame over the limit is refused before it is buffered")
{
    open_hub at;
    auto peer = at.connect();
    const bool greeted = GENERATE(true, false);
    if (greeted) {
        REQUIRE_FALSE(peer.join().empty());
    }
    const char length[] = {0x7F, static_cast<char>(0xFF), static_cast<char>(0xFF), static_cast<char>(0xFF)};
    peer.send_bytes({length, 4}); // two gigabytes are announced: none of them is waited for
    CHECK(peer.receive(R"(["bye")").starts_with(R"(["bye","too_big")"));
    CHECK(peer.sees_end());
    CHECK(driven::until(at.io, [&] { return at.hub->connections() == 0; }));
}

TEST_CASE("an unknown name is answered no_handler")
{
    open_hub at;
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    peer.send(R"(["req",1024,"nobody",1])");
    CHECK(peer.receive(R"(["err")").starts_with(R"(["err",1024,"no_handler")"));
    peer.send(R"(["msg",1025,"nobody",1])");
    CHECK(peer.receive(R"(["err")").starts_with(R"(["err",1025,"no_handler")"));
    peer.send(R"(["evt","nobody",1])");
    CHECK(open_hub::works(peer, 1026));
}

TEST_CASE("a reply that nothing waits for is counted as late, and so is a second one")
{
    open_hub at;
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    peer.send(R"(["res",4711,1])");
    CHECK(open_hub::works(peer, 1024));
    CHECK(at.hub->counts().late_replies == 1);
    int completed = 0;
    at.hub->async_request(rejoinder::user{"42"}, "ask", 1, [&](std::error_code ec, const rejoinder::reply& answer) {
        CHECK_FALSE(ec);
        CHECK(answer.as<int>() == 1);
        ++completed;
    });
    const auto question = peer.receive(R"(["req")");
    const auto id = question.substr(7, question.find(',', 7) - 7);
    peer.send(R"(["res",)" + id + ",1]");
    peer.send(R"(["res",)" + id + ",2]");
    peer.send(R"(["err",)" + id + R"(,"late"])");
    CHECK(open_hub::works(peer, 1025));
    CHECK(completed == 1);
    CHECK(at.hub->counts().late_replies == 3);
    CHECK(at.hub->counts().bad_messages == 0);
}

TEST_CASE("a handler that throws is answered with its text, and the connection goes on")
{
    open_hub at;
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    peer.send(R"(["req",1024,"throw",1])");
    CHECK(peer.receive(R"(["err")") == R"(["err",1024,"handler_error","out of paper"])");
    CHECK(open_hub::works(peer, 1025));
    CHECK(at.hub->counts().handler_failures == 1);
}

TEST_CASE("who is not authenticated is refused with a code, and nothing of it reaches the program")
{
    open_hub at;
    auto peer = at.connect();
    std::string code = "auth_refused";
    SECTION("bad credentials") { peer.send(R"(["hello",{"v":1,"incarnation":"a","auth":"stranger"}])"); }
    SECTION("none") { peer.send(R"(["hello",{"v":1,"incarnation":"a"}])"); }
    SECTION("an authenticator that throws")
    {
        at.hub->authenticate([](const rejoinder::handshake&) -> rejoinder::identity { throw std::runtime_error{"no database"}; });
        peer.send(R"(["hello",{"v":1,"incarnation":"a","auth":"42"}])");
        code = "refused";
    }
    SECTION("another version")
    {
        peer.send(R"(["hello",{"v":2,"incarnation":"a","auth":"42"}])");
        code = "incompatible";
    }
    SECTION("with a token of somebody else's session")
    {
        auto other = at.connect();
        const auto welcome = other.join("7");
        const auto begin = welcome.find(R"("token":")") + 9;
        const auto token = welcome.substr(begin, welcome.find('"', begin) - begin);
        REQUIRE(token.size() > 16);
        REQUIRE(driven::until(at.io, [&] { return at.attached.size() == 1; }));
        peer.send(R"(["hello",{"v":1,"incarnation":"a","auth":"42","token":")" + token + R"("}])");
        CHECK(peer.receive() == R"(["refuse","auth_refused"])");
        CHECK(open_hub::works(other, 1024)); // whose session is not touched
        CHECK(at.hub->sessions() == 1);
        at.attached.clear();
        other.close();
        code.clear();
    }
    if (!code.empty()) {
        CHECK(peer.receive().starts_with(R"(["refuse",")" + code + '"'));
        CHECK(at.hub->sessions() == 0);
    }
    peer.send(R"(["ready"])");
    peer.send(R"(["evt","echo",1])");
    CHECK(peer.sees_end());
    CHECK(at.attached.empty());
    CHECK(at.hub->counts().notifications_received == 0);
}

TEST_CASE("a token that is nobody's gives a new session")
{
    open_hub at;
    auto peer = at.connect();
    const auto welcome = peer.join("42", R"(,"token":"made up")");
    CHECK(welcome.find(R"("resumed":true)") == std::string::npos);
    CHECK(open_hub::works(peer, 1024));
}

TEST_CASE("anything but hello first, and anything before the welcome, ends the connection")
{
    open_hub at;
    auto peer = at.connect();
    SECTION("a request") { peer.send(R"(["req",1024,"echo",1])"); }
    SECTION("nonsense") { peer.send("nonsense"); }
    SECTION("a welcome") { peer.send(R"(["welcome",{"v":1,"capacity":1}])"); }
    SECTION("a ping") { peer.send(R"(["ping",1])"); }
    SECTION("a ready") { peer.send(R"(["ready"])"); }
    SECTION("a hello that is none") { peer.send(R"(["hello",{"v":1}])"); }
    SECTION("while the authenticator thinks")
    {
        rejoinder::hub<>& hub = *at.hub;
        hub.authenticate([&](const rejoinder::handshake& of) -> asio::awaitable<rejoinder::identity> {
            asio::steady_timer timer{co_await asio::this_coro::executor, 10ms};
            co_await timer.async_wait(asio::use_awaitable);
            co_return identity_of_auth(of);
        });
        peer.send(R"(["hello",{"v":1,"incarnation":"a","auth":"42"}])");
        SECTION("a request") { peer.send(R"(["req",1024,"echo",1])"); }
        SECTION("a second hello") { peer.send(R"(["hello",{"v":1,"incarnation":"a","auth":"42"}])"); }
    }
    CHECK(peer.sees_end());
    CHECK(at.attached.empty());
    CHECK(at.hub->sessions() == 0);
    CHECK(at.hub->counts().requests_received == 0);
    CHECK(driven::until(at.io, [&] { return at.hub->connections() == 0; }));
}

TEST_CASE("a request between welcome and ready is bad, and does not run")
{
    open_hub at;
    auto peer = at.connect();
    peer.send(R"(["hello",{"v":1,"incarnation":"a","auth":"42"}])");
    REQUIRE_FALSE(peer.receive(R"(["welcome")").empty());
    peer.send(R"(["req",1024,"echo",1])");
    peer.send(R"(["ready"])");
    CHECK(open_hub::works(peer, 1025));
    CHECK(at.hub->counts().bad_messages == 1);
    CHECK(at.hub->counts().requests_received == 1);
}

TEST_CASE("who says nothing at all is refused when its time is up")
{
    open_hub at{{.handshake_timeout = 20ms}};
    auto peer = at.connect();
    CHECK(peer.receive().starts_with(R"(["refuse","handshake_timed_out")"));
    CHECK(peer.sees_end());
}

TEST_CASE("a peer that never reads costs a bounded amount of memory, loses notifications, and is dropped at last")
{
    rejoinder::hub_options<> options;
    options.connection.write_high_water = 64 << 10;
    options.connection.patience = 100ms;
    options.connection.linger = 10ms;
    options.session.notifications_max = 64;
    options.session.capacity = 64;
    open_hub at{std::move(options)};
    auto peer = at.connect();
    REQUIRE_FALSE(peer.join().empty());
    REQUIRE(driven::until(at.io, [&] { return at.attached.size() == 1; }));
    const std::string much(10'000, '7');
    const bool talks = GENERATE(false, true); // it may well write, and be no less of a burden
    std::uint64_t taken = 0;
    int said = 0;
    REQUIRE(driven::until(at.io, [&] {
        if (talks && said++ % 16 == 0) {
            peer.send(R"(["ping",)" + std::to_string(said) + "]");
        }
        for (int i = 0; i != 100; ++i) {
            taken += at.hub->notify(rejoinder::user{"42"}, "news", rejoinder::json_text::unchecked(much));
        }
        return at.hub->connections() == 0;
    }));
    CHECK(at.hub->counts().notifications_dropped > 0);
    CHECK(std::find(at.events.begin(), at.events.end(), "ws_disconnect slow_peer") != at.events.end());
    // What the system took, and our bounds: the write queue, and what the session keeps.
    CHECK(taken < 64 + 64 + (16u << 20) / much.size());
}

TEST_CASE("a request or an answer that the channel cannot carry ends with an error, and at once")
{
    house at;
    // A payload of the largest size that a session takes is larger than a frame with everything around it.
    const std::size_t frame = std::size_t{1} << 20;
    const auto large = rejoinder::json_text::unchecked(std::string(frame - 4, '7'));
    at.hub->on("take", [](const rejoinder::json_text&) { return 1; });
    at.hub->on("give", [&](int) -> const rejoinder::json_text& { return large; });
    at.hub->on("say", [&](int, rejoinder::incoming asked) {
        asked.progress(large);
        return 2;
    });
    at.meet();
    std::error_code ended;
    int completed = 0;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) {
        ended = ec;
        ++completed;
    };
    at.tab->async_request("take", large, done);
    CHECK(completed == 0);
    at.meet();
    CHECK(completed == 1);
    CHECK(ended == rejoinder::errc::too_big);
    at.tab->async_deliver("take", large, done);
    at.meet();
    CHECK(completed == 2);
    CHECK(ended == rejoinder::errc::too_big);
    at.tab->async_request("give", 1, done);
    at.meet();
    CHECK(completed == 3);
    CHECK(ended == rejoinder::errc::answer_lost);
    CHECK(rejoinder::certainty_of(ended) == rejoinder::certainty::acknowledged);
    at.tab->async_request("say", 1, done);
    at.meet();
    CHECK(completed == 4);
    CHECK_FALSE(ended);
    CHECK(at.tab->pending() == 0);
    CHECK(at.tab->connected());
}
