// Where a client says that it stands: its states, its verdicts, the ways that it takes, and what both sides' events say of its connections.
#include <rejoinder/core/client_status.hpp>

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/first_of.hpp>
#include <rejoinder/net/listener.hpp>

#include "support/house.hpp"
#include "support/raw_peer.hpp"

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::client_status;
using rejoinder::link_verdict;
using rejoinder::standing;

namespace {

struct told_status {
    std::vector<client_status> seen;

    explicit told_status(rejoinder::client<>& of)
    {
        of.on_status([this](const client_status& now) { seen.push_back(now); });
    }
};

struct noted {
    std::string name, reason, text, metadata;
    std::uint64_t connection = 0;
};

struct log_of {
    std::vector<noted> seen;

    rejoinder::event_sink sink()
    {
        return [this](const rejoinder::event& one) {
            const auto why = one.name == "connect_failed" ? one.kind : one.reason; // the verdict
            seen.push_back({std::string{one.name}, std::string{why}, std::string{one.text}, std::string{one.metadata}, one.connection});
        };
    }
    [[nodiscard]] const noted* find(const std::string& name, const std::string& reason = {}) const
    {
        for (const auto& one : seen) {
            if (one.name == name && (reason.empty() || one.reason == reason)) {
                return &one;
            }
        }
        return nullptr;
    }
};

// Says the same to whoever connects, whatever that says.
struct stranger {
    asio::ip::tcp::acceptor port;
    std::string words;
    std::vector<std::shared_ptr<asio::ip::tcp::socket>> callers;

    stranger(asio::io_context& io, std::string says) : port(io, {asio::ip::address_v4::loopback(), 0}), words(std::move(says)) { accept(); }

    void accept()
    {
        port.async_accept([this](std::error_code ec, asio::ip::tcp::socket caller) {
            if (ec) {
                return;
            }
            callers.push_back(std::make_shared<asio::ip::tcp::socket>(std::move(caller)));
            asio::async_write(*callers.back(), asio::buffer(words), [kept = callers.back()](std::error_code, std::size_t) {});
            accept();
        });
    }
};

} // namespace

TEST_CASE("a client's status says where it stands, since when, why, and what comes next")
{
    house at{{}, hasty()};
    told_status told{*at.tab};
    CHECK(at.tab->status().state == standing::disconnected);
    const auto before = std::chrono::steady_clock::now();
    at.meet();
    auto now = at.tab->status();
    CHECK(now.state == standing::connected);
    CHECK(now.verdict == link_verdict::none);
    CHECK(now.since >= before);
    CHECK(now.connected_since == now.since);
    CHECK_FALSE(now.disconnected_since);
    CHECK(now.connection_id.size() == 16);
    CHECK(now.next_try_at == rejoinder::never);
    REQUIRE(told.seen.size() == 2);
    CHECK(told.seen[0].state == standing::connecting);
    CHECK(told.seen[1].state == standing::connected);

    at.board->failing = asio::error::connection_refused;
    at.hub.reset();
    REQUIRE(driven::until(at.io, [&] { return at.tab->status().attempts >= 2 && at.tab->status().state == standing::disconnected; }));
    now = at.tab->status();
    CHECK(now.verdict == link_verdict::down);
    CHECK(now.last_error == asio::error::connection_refused);
    CHECK(now.next_try_at != rejoinder::never);
    CHECK(now.disconnected_since > now.connected_since);
    at.tab->disconnect();
    at.meet();
    CHECK(at.tab->status().state == standing::disconnected);
    CHECK(at.tab->status().next_try_at == rejoinder::never);
}

TEST_CASE("a silent endless reconnect loop: refused, unresolvable and incompatible are told apart from down, and end it")
{
    house at{{}, hasty()};
    log_of log;
    at.tab->on_event(log.sink());
    link_verdict expected{};
    int attempts = 1;
    SECTION("wrong credentials")
    {
        at.hub->authenticate([](const rejoinder::handshake&) -> std::optional<rejoinder::identity> { return std::nullopt; });
        expected = link_verdict::refused;
    }
    SECTION("another version")
    {
        at.hub->authenticate([](const rejoinder::handshake&) -> rejoinder::authentication { return rejoinder::refusal{rejoinder::errc::incompatible}; });
        expected = link_verdict::incompatible;
    }
    SECTION("a name that does not exist")
    {
        at.board->failing = asio::error::host_not_found;
        expected = link_verdict::unresolvable;
        attempts = 5; // a name may be missing while its service is being deployed
    }
    REQUIRE(driven::until(at.io, [&] { return at.tab->status().state == standing::failed; }));
    at.meet();
    CHECK(at.tab->status().verdict == expected);
    CHECK(at.board->attempts == attempts);
    CHECK(log.find("connect_failed", std::string{name_of(expected)}) != nullptr);
    CHECK(log.find("client_state", "failed") != nullptr);
}

TEST_CASE("a silent endless reconnect loop: what is down, or a resolver that cannot ask, is tried on")
{
    house at{{}, hasty()};
    at.board->failing = GENERATE(std::error_code{asio::error::connection_refused}, std::error_code{asio::error::host_not_found_try_again});
    REQUIRE(driven::until(at.io, [&] { return at.board->attempts >= 8; }));
    CHECK(at.tab->status().verdict == link_verdict::down);
    CHECK(at.tab->status().attempts >= 5);
    at.board->failing = {};
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
    CHECK(at.tab->status().verdict == link_verdict::none);
}

TEST_CASE("a name that was known is waited for when it is gone")
{
    house at{{}, hasty()};
    at.meet();
    at.board->failing = asio::error::host_not_found;
    at.hub->close(at.hub->members(rejoinder::room{"user_42"}).at(0));
    REQUIRE(driven::until(at.io, [&] { return at.board->attempts >= 8; }));
    CHECK(at.tab->status().verdict == link_verdict::unresolvable);
    CHECK(at.tab->status().state != standing::failed);
    at.board->failing = {};
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
}

TEST_CASE("a peer that speaks another protocol is a verdict, not a loop")
{
    asio::io_context io;
    const std::string words = GENERATE(std::string{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"}, std::string("\0\0\0\2{}", 6));
    stranger web{io, words};
    rejoinder::client tab{io.get_executor(), rejoinder::tcp_connector{web.port.local_endpoint()}, hasty()};
    REQUIRE(driven::until(io, [&] { return tab.status().state == standing::failed; }));
    CHECK(tab.status().verdict == link_verdict::garbled);
    CHECK(tab.last_error() == rejoinder::errc::bad_message);
    CHECK(web.callers.size() == 5);
}

TEST_CASE("a client told to reconnect does so at once, whatever it does, and its session goes on")
{
    house at{{}, hasty()};
    at.meet();
    REQUIRE(at.tab->connected());
    const auto first = at.tab->status().connection_id;
    SECTION("connected") {}
    SECTION("waiting")
    {
        rejoinder::client_options<> slow;
        slow.backoff.schedule = {1h};
        at.tab = at.make_tab("42", slow);
        at.board->failing = asio::error::connection_refused;
        at.meet();
        CHECK(at.tab->status().next_try_at > std::chrono::steady_clock::now() + 20min);
        at.board->failing = {};
    }
    SECTION("dialling")
    {
        at.tab->disconnect();
        at.board->hold = true;
        at.tab->connect();
        at.meet();
        CHECK(at.tab->status().state == standing::connecting);
        at.board->hold = false;
    }
    SECTION("told to stay away") { at.tab->disconnect(); }
    at.tab->reconnect();
    at.meet();
    CHECK(at.tab->connected());
    CHECK(at.tab->status().connection_id != first);
    CHECK(at.hub->connections() == 1);
}

TEST_CASE("a mid-session cut is followed by an immediate attempt, a goodbye by a jittered one")
{
    rejoinder::client_options<> slow;
    slow.backoff.schedule = {1h};
    house at{{}, slow};
    at.meet();
    driven::pass(at.io, 1ms);
    const auto whom = at.hub->members(rejoinder::room{"user_42"}).at(0);
    SECTION("cut")
    {
        at.hub->close(whom, rejoinder::close_reason::silent); // without a word
        CHECK(driven::until(at.io, [&] { return at.board->attempts == 2 && at.tab->connected(); }, 1s));
    }
    SECTION("goodbye")
    {
        at.hub->close(whom, rejoinder::close_reason::going_away);
        at.meet();
        CHECK(at.board->attempts == 1);
        CHECK(at.tab->status().next_try_at > std::chrono::steady_clock::now() + 20min);
    }
}

TEST_CASE("a goodbye is no broken link: the client's error, its observers and its events say who closed it")
{
    rejoinder::client_options<> slow;
    slow.backoff.schedule = {1h};
    house at{{}, slow};
    at.meet();
    std::string heard;
    log_of log;
    at.tab->on_state([&](rejoinder::link_state link, std::error_code why) {
        heard = link == rejoinder::link_state::waiting ? why.message() : heard;
    });
    at.tab->on_event(log.sink());
    const auto whom = at.hub->members(rejoinder::room{"user_42"}).at(0);
    rejoinder::errc expected{};
    std::string words;
    SECTION("the hub shuts down")
    {
        at.hub->async_shutdown({.retry_after = 1h}, [](std::error_code) {});
        expected = rejoinder::errc::peer_went_away;
        words = "shutting_down";
    }
    SECTION("the hub is destroyed")
    {
        at.hub.reset();
        expected = rejoinder::errc::peer_went_away;
        words = "going_away";
    }
    SECTION("the hub closes this one")
    {
        at.hub->close(whom, rejoinder::close_reason::flooding);
        expected = rejoinder::errc::closed_by_peer;
        words = "the peer closed the connection: flooding";
    }
    REQUIRE(driven::until(at.io, [&] { return !heard.empty() && !at.tab->connected(); }));
    CHECK(at.tab->last_error() == expected);
    CHECK(at.tab->status().verdict == link_verdict::down);
    CHECK(heard.find(words) != std::string::npos);
    const auto* down = log.find("ws_disconnect");
    REQUIRE(down != nullptr);
    CHECK(down->text.find(words) != std::string::npos);
    const auto* stands = log.find("client_state", "disconnected");
    REQUIRE(stands != nullptr);
    CHECK(stands->text == heard);
}

TEST_CASE("once a client is connected, what was wrong before is over")
{
    house at{{}, hasty()};
    log_of log;
    std::error_code told = asio::error::connection_refused;
    at.tab->on_event(log.sink());
    at.tab->on_status([&](const client_status& now) { told = now.last_error; });
    at.board->failing = asio::error::connection_refused;
    REQUIRE(driven::until(at.io, [&] { return at.tab->status().attempts >= 2; }));
    CHECK(told == asio::error::connection_refused);
    at.board->failing = {};
    REQUIRE(driven::until(at.io, [&] { return at.tab->connected() && !told; }));
    CHECK_FALSE(at.tab->last_error());
    const auto* stands = log.find("client_state", "connected");
    REQUIRE(stands != nullptr);
    CHECK(stands->text.empty());
}

TEST_CASE("a server that says when to come back is obeyed, in a refusal as in a goodbye, and not by all at once")
{
    asio::io_context io;
    const std::string says = GENERATE(
        raw_peer::framed(R"(["refuse","busy","later",{"retry_after":30000}])"),
        raw_peer::framed(R"(["welcome",{"v":1,"token":"t","capacity":1}])") + raw_peer::framed(R"(["bye","shutting_down","",{"retry_after":30000}])"));
    stranger hub{io, says};
    std::set<rejoinder::instant> when;
    std::vector<std::unique_ptr<rejoinder::client<>>> all;
    for (int i = 0; i != 8; ++i) {
        all.push_back(std::make_unique<rejoinder::client<>>(io.get_executor(), rejoinder::tcp_connector{hub.port.local_endpoint()}, hasty()));
    }
    const auto from = std::chrono::steady_clock::now();
    const auto waits = [](const auto& one) { return one->status().next_try_at != rejoinder::never && one->status().verdict == link_verdict::down; };
    REQUIRE(driven::until(io, [&] { return std::all_of(all.begin(), all.end(), waits); }));
    for (const auto& one : all) {
        when.insert(one->status().next_try_at);
    }
    CHECK(*when.begin() >= from + 29s);
    CHECK(*when.rbegin() <= std::chrono::steady_clock::now() + 37500ms);
    CHECK(*when.rbegin() - *when.begin() > 100ms);
    CHECK(hub.callers.size() == 8);
}

TEST_CASE("of several ways a client takes the first that leads to the hub, over whatever transport, and goes back by it")
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor(), {.grace = 10s}};
    std::vector<std::string> from;
    hub.authenticate([&](const rejoinder::handshake& hello) {
        from.push_back(hello.from);
        return rejoinder::identity{"42"};
    });
    asio::ip::tcp::acceptor nobody{io, {asio::ip::address_v4::loopback(), 0}};
    const auto dead = nobody.local_endpoint();
    nobody.close();
    auto mute = std::make_shared<memory_switchboard>();
    mute->failing = asio::error::connection_refused;
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client_options<> options = hasty();
    options.backoff.schedule = {1h};
    rejoinder::client tab{io.get_executor(), rejoinder::first_of{rejoinder::tcp_connector{dead}, memory_connector{mute}, rejoinder::tcp_connector{port}},
                          options};
    REQUIRE(driven::until(io, [&] { return tab.connected(); }));
    CHECK(tab.status().attempts == 0);
    CHECK(mute->attempts == 1);
    hub.close(hub.members(rejoinder::room{"user_42"}).at(0));
    REQUIRE(driven::until(io, [&] { return from.size() == 2 && tab.connected(); }));
    CHECK(mute->attempts == 1);
    CHECK(hub.counts().resumes == 1);
}

TEST_CASE("what a client says of itself, and each connection's id, stand in the events of both sides")
{
    auto options = hasty();
    options.metadata = R"( {"app":"shop", "X-Request-ID":"r-1"} )";
    house at{{}, options};
    log_of of_hub;
    log_of of_tab;
    rejoinder::json shown;
    at.hub->on_event(of_hub.sink());
    at.tab->on_event(of_tab.sink());
    at.hub->authenticate([&](const rejoinder::handshake& hello) {
        shown = hello.metadata;
        return rejoinder::identity{"42"};
    });
    at.meet();
    const auto id = at.tab->status().connection_id;
    const rejoinder::json expected = {{"app", "shop"}, {"X-Request-ID", "r-1"}, {"connection_id", id}};
    CHECK(shown == expected);
    for (const auto* log : {&of_hub, &of_tab}) {
        const auto* up = log->find("ws_connect", "new");
        REQUIRE(up != nullptr);
        CHECK(boost::json::parse(up->metadata) == expected);
    }
    at.tab->reconnect();
    at.meet();
    CHECK(at.tab->status().connection_id != id);
    for (const auto* log : {&of_hub, &of_tab}) {
        const auto* down = log->find("ws_disconnect");
        REQUIRE(down != nullptr);
        CHECK(down->metadata.find(id) != std::string::npos);
        const auto* again = log->find("ws_connect", "resumed");
        REQUIRE(again != nullptr);
        CHECK(again->metadata.find(at.tab->status().connection_id) != std::string::npos);
    }
}

TEST_CASE("a client may be destroyed by who looks on, in any state")
{
    house at{{}, hasty()};
    const auto when = GENERATE(standing::connecting, standing::connected, standing::disconnected, standing::polling);
    const auto ask = [](const rejoinder::poll_answer<int>& answer) { answer({}, 1); };
    at.tab->poll_when_down(rejoinder::poller{at.io.get_executor(), ask, [](int) { return false; }, {.after_attempts = 3}});
    at.tab->on_status([&](const client_status& now) {
        if (now.state == when) {
            at.tab.reset();
        }
    });
    at.meet();
    if (at.tab != nullptr) {
        at.board->failing = asio::error::connection_refused;
        at.hub.reset();
    }
    CHECK(driven::until(at.io, [&] { return at.tab == nullptr; }));
    at.meet();
}
