// What a hub and a client tell of what happens to them: events one by one, and snapshots in numbers.
#include <rejoinder/net/event.hpp>

#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/memory_peer.hpp"

#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::close_reason;
using rejoinder::json;
using rejoinder::user;

namespace {

// An event that outlives its telling.
struct kept_event {
    std::string name, who, reason, kind, text;
    std::uint64_t session, connection, attempt;
    std::uint16_t code;
    rejoinder::duration took;
    std::error_code error;
};

struct diary {
    std::vector<kept_event> all;

    rejoinder::event_sink sink()
    {
        return [this](const rejoinder::event& one) {
            all.push_back({std::string{one.name}, std::string{one.who}, std::string{one.reason}, std::string{one.kind}, std::string{one.text},
                           one.session, one.connection, one.attempt, one.code, one.took, one.error});
        };
    }
    [[nodiscard]] std::string names() const
    {
        std::string text;
        for (const auto& one : all) {
            text.append(text.empty() ? "" : " ").append(one.name);
        }
        return text;
    }
    [[nodiscard]] std::ptrdiff_t count(std::string_view name) const
    {
        return std::count_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    }
    [[nodiscard]] const kept_event& last(std::string_view name) const
    {
        const auto found = std::find_if(all.rbegin(), all.rend(), [&](const auto& one) { return one.name == name; });
        REQUIRE(found != all.rend());
        return *found;
    }
};

// A hub without the house's client, and what it tells.
struct watched_hub {
    asio::io_context io;
    diary told;
    rejoinder::hub<> hub;

    explicit watched_hub(rejoinder::hub_options<> options = {}) : hub(io.get_executor(), std::move(options))
    {
        hub.authenticate(identity_of_auth);
        hub.on_event(told.sink());
    }

    bool until(std::string_view name)
    {
        return driven::until(io, [&] { return told.count(name) != 0; });
    }
};

void unheard(std::error_code, const rejoinder::reply&) {}

} // namespace

TEST_CASE("a connection's life is told event by event, each with its fields")
{
    watched_hub at{{.grace = 40ms}};
    at.hub.on_detach([](const rejoinder::identity&) { throw std::runtime_error{"no data base"}; });
    memory_peer peer{at.io, at.hub};
    const auto token = word_after(peer.join("page"), "token");
    REQUIRE(at.told.names() == "ws_connect");
    const auto first = at.told.all.front();
    CHECK(first.who == "42");
    CHECK(first.session != 0);
    CHECK(first.connection != 0);
    CHECK(first.reason == "new");
    CHECK(first.took > 0ns);
    CHECK(first.code == 0);

    peer.close();
    REQUIRE(at.told.names() == "ws_connect ws_disconnect user_detach_delay_start");
    const auto lost = at.told.last("ws_disconnect");
    CHECK(lost.who == "42");
    CHECK(lost.session == first.session);
    CHECK(lost.connection == first.connection);
    CHECK(lost.code == 1006);
    CHECK(lost.reason == "link_lost");
    CHECK(lost.kind == "network");
    CHECK(lost.error);
    CHECK(lost.text == lost.error.message());
    CHECK(lost.took >= first.took);
    CHECK(at.told.last("user_detach_delay_start").took == 40ms);

    at.told.all.clear();
    memory_peer again{at.io, at.hub};
    again.say(R"(["hello",{"v":1,"incarnation":"page","attempt":2,"auth":"42","token":")" + token + "\"}]");
    CHECK(at.told.names() == "user_detach_cancelled ws_connect");
    CHECK(at.told.last("ws_connect").reason == "resumed");
    CHECK(at.told.last("ws_connect").attempt == 2);
    CHECK(at.told.last("ws_connect").session == first.session);

    at.told.all.clear();
    again.say(R"(["bye","going_away"])");
    CHECK(at.told.last("ws_disconnect").code == 1001);
    CHECK(at.told.last("ws_disconnect").kind == "clean");
    REQUIRE(at.until("ws_cleanup_complete"));
    CHECK(at.told.names() == "ws_disconnect user_detach_delay_start user_detach_executing registry_cleanup_start "
                             "registry_cleanup_error ws_cleanup_complete");
    CHECK(at.told.last("registry_cleanup_error").text == "no data base");
    CHECK(at.told.last("registry_cleanup_error").took > 0ns);
    CHECK(at.told.last("ws_cleanup_complete").who == "42");
}

TEST_CASE("a peer that is turned away, or breaks the protocol, is told of with the code of its close")
{
    watched_hub at;
    memory_peer stranger{at.io, at.hub};
    stranger.say("nonsense");
    CHECK(at.told.names() == "ws_disconnect");
    CHECK(at.told.last("ws_disconnect").code == 1008);
    CHECK(at.told.last("ws_disconnect").kind == "fault");
    CHECK(at.told.last("ws_disconnect").who.empty());

    at.hub.authenticate([](const rejoinder::handshake&) { return rejoinder::refusal{rejoinder::errc::auth_refused}; });
    memory_peer refused{at.io, at.hub};
    CHECK(refused.join("page").empty());
    CHECK(at.told.last("ws_disconnect").code == 4003);
    CHECK(at.told.last("ws_disconnect").reason == "refused");
    CHECK(at.told.last("ws_disconnect").kind == "refused");
    CHECK(at.told.last("ws_disconnect").text == "auth_refused");

    at.hub.authenticate(identity_of_auth);
    at.told.all.clear();
    memory_peer babbler{at.io, at.hub};
    babbler.join("babbler");
    for (int i = 0; i != 17; ++i) {
        babbler.say(i % 2 == 0 ? "nonsense" : R"(["ready"])");
    }
    CHECK(at.told.count("bad_message") == 17);
    CHECK(at.told.last("bad_message").session != 0);
    CHECK(at.told.last("ws_disconnect").reason == "bad_messages");
    CHECK(at.told.last("ws_disconnect").code == 1008);
}

TEST_CASE("calls that go wrong are told of: a timeout, an expiry, an attempt that another one follows, a handler that fails")
{
    watched_hub at;
    at.hub.on("throw", [](int) -> int { throw std::runtime_error{"out of paper"}; });
    memory_peer peer{at.io, at.hub};
    peer.join("page");
    peer.say(R"(["req",1024,"throw",1])");
    CHECK(at.told.last("handler_failed").who == "42");
    CHECK(at.told.last("handler_failed").reason == "handler_error");
    CHECK(at.told.last("handler_failed").text == "out of paper");

    at.hub.async_request(user{"42"}, "publish", 1, {.repeat = rejoinder::repeatable::idempotent}, unheard);
    driven::settle(at.io);
    const auto asked = peer.first(R"(["req",)");
    peer.say(R"(["err",)" + asked.substr(7, asked.find(',', 7) - 7) + R"(,"busy",""])");
    CHECK(at.told.last("attempt_failed").attempt == 1);
    CHECK(at.told.last("attempt_failed").reason == "busy");
    CHECK(at.told.last("attempt_failed").kind == "request");
    CHECK(at.told.last("attempt_failed").took > 0ns);
    CHECK(at.hub.counts().retries == 0); // it is to come

    CHECK(at.told.count("request_timeout") == 0);
    at.hub.async_request(user{"42"}, "never", 1, {.timeout = 30ms}, unheard);
    REQUIRE(at.until("request_timeout"));
    CHECK(at.told.last("request_timeout").who == "42");
    CHECK(at.told.last("request_timeout").reason == "maybe_executed");
    CHECK(at.told.last("request_timeout").took >= 30ms);
    at.told.all.clear();
    at.hub.async_request(user{"7"}, "parked", 1, {.timeout = 30ms, .when_absent = rejoinder::absent::wait}, unheard);
    REQUIRE(at.until("request_timeout"));
    CHECK(at.told.last("request_timeout").who == "7");
    CHECK(at.told.last("request_timeout").reason == "never_sent");
    at.hub.async_deliver(user{"42"}, "never", 1, {.timeout = 30ms}, unheard);
    REQUIRE(at.until("delivery_expired"));
    CHECK(at.told.count("request_timeout") == 1);
    CHECK(at.hub.counts().timeouts == 2);
    CHECK(at.hub.counts().expired == 1);
}

TEST_CASE("a client tells of its attempts and connections")
{
    house at;
    diary told;
    // Where it stands is told, too: tests/net/client_status.cpp.
    at.tab->on_event([note = told.sink()](const rejoinder::event& one) {
        if (one.name != "client_state") {
            note(one);
        }
    });
    at.board->failing = asio::error::connection_refused;
    at.meet();
    CHECK(told.names() == "connect_failed");
    CHECK(told.all.front().attempt == 1);
    CHECK(told.all.front().error == asio::error::connection_refused);
    CHECK(told.all.front().text == told.all.front().error.message());
    CHECK(at.tab->counts().connects_failed == 1);
    at.board->failing = {};
    at.tab->connect();
    at.meet();
    CHECK(told.names() == "connect_failed ws_connect");
    CHECK(told.all.back().reason == "new");
    CHECK(told.all.back().attempt == 2);
    CHECK(told.all.back().session != 0);
    at.tab->disconnect();
    CHECK(told.last("ws_disconnect").code == 1000);
    CHECK(told.last("ws_disconnect").kind == "clean");
    CHECK(told.last("ws_disconnect").session == told.last("ws_connect").session);
    at.tab->connect();
    at.meet();
    CHECK(told.last("ws_connect").reason == "resumed");
    at.hub.reset();
    at.meet();
    CHECK(told.last("ws_disconnect").reason == "going_away");
    CHECK(told.count("ws_connect") == 2);
    CHECK(told.count("ws_disconnect") == 2);
    CHECK(at.tab->snapshot().disconnects() == 2);
}

TEST_CASE("a snapshot says what has happened and what there is")
{
    house at{{.grace = 10s}};
    at.tab->on("ask", [](int what) { return what; });
    at.hub->on("ask", [](int what) { return what; });
    std::unique_ptr<rejoinder::responder> kept;
    at.hub->on("keep", [&](rejoinder::responder way) { kept = std::make_unique<rejoinder::responder>(std::move(way)); });
    at.meet();
    memory_peer silent{at.io, *at.hub};
    silent.join("silent", "7");
    memory_peer leaves{at.io, *at.hub};
    leaves.join("leaves", "9");
    leaves.close();

    at.tab->async_request("ask", 1, unheard);
    at.tab->async_request("ask", 2, unheard);
    at.hub->async_request(user{"42"}, "ask", 3, unheard);
    at.meet();
    silent.say(R"(["req",1024,"ask",5])");
    silent.say(R"(["req",1024,"ask",5])");
    silent.say(R"(["req",1025,"keep",5])");
    bool timed_out = false;
    at.hub->async_request(user{"7"}, "never", 1, {.timeout = 40ms}, [&](std::error_code ec, const rejoinder::reply&) {
        timed_out = ec == rejoinder::errc::timed_out;
    });
    at.hub->async_request(user{"7"}, "later", 1, unheard);
    at.hub->async_request(user{"nobody"}, "later", 1, {.when_absent = rejoinder::absent::wait}, unheard);
    REQUIRE(driven::until(at.io, [&] { return timed_out; }));

    const auto taken = at.hub->snapshot();
    CHECK(taken.uptime >= 40ms);
    CHECK(taken.counts == at.hub->counts());
    CHECK(taken.counts.duplicates_suppressed == 1);
    CHECK(taken.counts.timeouts == 1);
    CHECK(taken.counts.connects == 3);
    CHECK(taken.now.connections == 2);
    CHECK(taken.now.sessions == 3);
    CHECK(taken.now.sessions_attached == 2);
    CHECK(taken.now.sessions_dormant == 1);
    CHECK(taken.now.identities == 3);
    CHECK(taken.now.identities_present == 2);
    CHECK(taken.now.identities_in_grace == 1);
    CHECK(taken.now.identities_cleaning == 0);
    CHECK(taken.now.pending == 2); // one of them is over for its caller, but not for its peer
    CHECK(taken.now.outbox_depth == 0);
    CHECK(taken.now.parked_calls == 1);
    CHECK(taken.now.parked_bytes >= 6);
    CHECK(taken.now.running_handlers == 1);
    CHECK(taken.now.kept_answer_bytes >= 1);
    CHECK(taken.now.write_queue_bytes == 0);
    CHECK(taken.request_latency.count == 2); // the answered one, and the one that timed out
    CHECK(taken.request_latency.longest >= 40ms);
    CHECK(taken.request_latency.p50 < 40ms);
    CHECK(taken.round_trip.count == 1); // nobody else answers pings
    CHECK(taken.disconnects() == 1);
    CHECK(taken.disconnects(close_reason::link_lost) == 1);
    CHECK(taken.disconnects(rejoinder::disconnect_kind::network) == 1);
    CHECK(taken.total_users_tracked == 1);
    REQUIRE(taken.top_disconnects.size() == 1);
    CHECK(taken.top_disconnects.front().user == "9");
    CHECK(taken.top_disconnects.front().of(close_reason::link_lost) == 1);

    const auto of_tab = at.tab->snapshot();
    CHECK(of_tab.counts.requests_sent == 2);
    CHECK(of_tab.request_latency.count == 2);
    CHECK(of_tab.request_latency.sum > 0ns);
    CHECK(of_tab.now.connections == 1);
    CHECK(of_tab.now.sessions_attached == 1);
    CHECK(of_tab.now.pending == 0);
    CHECK(of_tab.total_users_tracked == 0);

    at.tab->disconnect();
    at.tab->async_request("ask", 1, unheard);
    CHECK(at.tab->snapshot().now.outbox_depth == 1);
    CHECK(at.tab->snapshot().now.sessions_dormant == 1);
}

TEST_CASE("a snapshot counts clean-ups that run, detaches that ran and those that were cancelled")
{
    watched_hub at{{.grace = 20ms}};
    bool go_on = false;
    at.hub.on_detach([&](const rejoinder::identity&) -> asio::awaitable<void> {
        asio::steady_timer pause{at.io};
        while (!go_on) {
            pause.expires_after(1ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    });
    memory_peer peer{at.io, at.hub};
    peer.join("page");
    peer.close();
    REQUIRE(at.until("registry_cleanup_start"));
    CHECK(at.hub.snapshot().now.identities_cleaning == 1);
    CHECK(at.hub.snapshot().now.identities_in_grace == 0);
    CHECK(at.told.count("registry_cleanup_success") == 0);
    go_on = true;
    REQUIRE(at.until("registry_cleanup_success"));
    CHECK(at.told.last("registry_cleanup_success").took >= 1ms);
    memory_peer again{at.io, at.hub};
    again.join("other");
    again.close();
    memory_peer back{at.io, at.hub};
    back.join("another");
    const auto taken = at.hub.snapshot();
    CHECK(taken.now.identities_cleaning == 0);
    CHECK(taken.counts.detaches_executed == 1);
    CHECK(taken.counts.detaches_cancelled == 1);
}

TEST_CASE("a hub remembers the disconnects of as many users as it may, whoever comes")
{
    watched_hub at{{.disconnects = {.users_max = 3, .top_max = 2}}};
    for (int i = 0; i != 20; ++i) {
        memory_peer peer{at.io, at.hub};
        peer.join("page" + std::to_string(i), i % 2 == 0 ? "noisy" : std::to_string(i));
        peer.close();
    }
    const auto taken = at.hub.snapshot();
    CHECK(taken.disconnects() == 20);
    CHECK(taken.total_users_tracked == 3);
    REQUIRE(taken.top_disconnects.size() == 2);
    CHECK(taken.top_disconnects.front().user == "noisy");
    CHECK(taken.top_disconnects.front().count == 10);
}

TEST_CASE("a displaced connection, a clean-up over its limit and a session that is over are told of, each once")
{
    watched_hub at{{.grace = 5ms, .lease = 60ms, .clean_up_limit = 10ms}};
    bool go_on = false;
    at.hub.on_detach([&](const rejoinder::identity&) -> asio::awaitable<void> {
        asio::steady_timer pause{at.io};
        while (!go_on) {
            pause.expires_after(1ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    });
    memory_peer peer{at.io, at.hub};
    const auto token = word_after(peer.join("page"), "token");
    memory_peer newer{at.io, at.hub};
    newer.say(R"(["hello",{"v":1,"incarnation":"page","attempt":2,"auth":"42","token":")" + token + "\"}]");
    CHECK(at.told.names() == "ws_connect ws_disconnect ws_connect");
    CHECK(at.told.last("ws_disconnect").code == 4002);
    CHECK(at.told.last("ws_disconnect").kind == "replaced");
    CHECK(at.told.last("ws_disconnect").connection == at.told.all.front().connection);
    newer.close();
    REQUIRE(at.until("registry_cleanup_overdue"));
    CHECK(at.told.last("registry_cleanup_overdue").took == 10ms);
    REQUIRE(at.until("session_end"));
    CHECK(at.told.last("session_end").session == at.told.all.front().session);
    CHECK(at.told.last("session_end").who == "42");
    go_on = true;
    REQUIRE(at.until("ws_cleanup_complete"));
    for (const auto name : {"session_end", "registry_cleanup_start", "registry_cleanup_overdue", "registry_cleanup_success", "ws_cleanup_complete"}) {
        CHECK(at.told.count(name) == 1);
    }
    CHECK(at.told.count("ws_disconnect") == 2);
}

TEST_CASE("a hub that is destroyed tells nothing more: its sink may be gone")
{
    asio::io_context io;
    diary told;
    auto hub = std::make_unique<rejoinder::hub<>>(io.get_executor());
    hub->on_event(told.sink());
    memory_peer peer{io, *hub};
    peer.join("page");
    CHECK(told.names() == "ws_connect");
    hub.reset();
    driven::settle(io);
    CHECK(told.names() == "ws_connect");
    CHECK(peer.ended());
}
