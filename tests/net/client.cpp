// A client's own affairs: it connects, comes back, gives up, and says where it stands.
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/error.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty;
using rejoinder::certainty_of;
using rejoinder::link_state;

namespace {

struct states {
    std::vector<link_state> seen;
    std::vector<std::error_code> why;

    explicit states(rejoinder::client<>& of)
    {
        of.on_state([this](link_state now, std::error_code because) {
            seen.push_back(now);
            why.push_back(because);
        });
    }
};

} // namespace

TEST_CASE("a client says where its link stands, and why it was lost")
{
    house at{{}, hasty()};
    states told{*at.tab};
    CHECK(at.tab->state_of_link() == link_state::disconnected);
    at.meet();
    CHECK(told.seen == std::vector{link_state::connecting, link_state::connected});
    CHECK(at.tab->connected());
    at.tab->disconnect();
    at.meet();
    CHECK(told.seen.back() == link_state::disconnected);
    at.tab->connect();
    at.meet();
    CHECK(told.seen.back() == link_state::connected);
    CHECK(at.hub->counts().resumes == 1);
    at.board->failing = asio::error::connection_refused;
    at.hub.reset();
    CHECK(driven::until(at.io, [&] { return at.board->attempts > 5; }));
    CHECK(at.tab->last_error() == asio::error::connection_refused);
    CHECK(told.seen.back() != link_state::connected);
}

TEST_CASE("a client dials again when an attempt fails, or takes too long, or is not welcomed")
{
    house at{{}, hasty()};
    SECTION("fails") { at.board->failing = asio::error::connection_refused; }
    SECTION("takes too long") { at.board->hold = true; }
    SECTION("is not welcomed")
    {
        // Whoever takes the other end says nothing.
        auto silent = std::make_shared<std::vector<rejoinder::memory>>();
        at.board->take = [silent](rejoinder::memory other) {
            silent->push_back(std::move(other));
            return true;
        };
    }
    at.meet();
    REQUIRE(driven::until(at.io, [&] { return at.board->attempts >= 3; }));
    CHECK_FALSE(at.tab->connected());
    at.board->failing = {};
    at.board->hold = false;
    at.board->take = [&](rejoinder::memory other) { return at.hub->serve(std::move(other)); };
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
}

TEST_CASE("a client that is refused for good gives up, with everything that is pending")
{
    house at{{}, hasty()};
    at.hub->authenticate([](const rejoinder::handshake&) -> std::optional<rejoinder::identity> { return std::nullopt; });
    states told{*at.tab};
    std::vector<std::error_code> ended;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) { ended.push_back(ec); };
    at.tab->async_request("ask", 1, done);
    at.tab->async_deliver("ask", 1, done);
    CHECK(driven::until(at.io, [&] { return at.tab->state_of_link() == link_state::failed; }));
    at.meet();
    CHECK(at.board->attempts == 1);
    at.tab->async_request("ask", 1, done);
    at.meet();
    REQUIRE(ended.size() == 3);
    for (const auto& ec : ended) {
        CHECK(ec == rejoinder::errc::auth_refused);
        CHECK(certainty_of(ec) == certainty::never_sent);
    }
    CHECK(told.why.back() == rejoinder::errc::auth_refused);

    // The program may have better credentials by now.
    at.hub->authenticate(identity_of_auth);
    at.hub->on("ask", [](int x) { return x; });
    at.tab->connect();
    CHECK(driven::until(at.io, [&] { return at.tab->connected(); }));
    at.tab->async_request("ask", 1, done);
    at.meet();
    REQUIRE(ended.size() == 4);
    CHECK_FALSE(ended.back());
}

TEST_CASE("a client whose session is taken over is told, stops, and ends what is pending")
{
    house at{{}, hasty()};
    std::vector<rejoinder::responder> kept;
    at.hub->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.meet();
    std::error_code ended;
    at.tab->async_request("keep", 1, [&](std::error_code ec, const rejoinder::reply&) { ended = ec; });
    at.meet();
    // The hub's word, as another connection with the same token would cause it.
    rejoinder::peer who;
    at.hub->on_attach([&](const rejoinder::peer& one) { who = one; });
    const auto other = at.make_tab("42");
    at.meet();
    for (const auto& one : at.hub->members(rejoinder::user_room(rejoinder::identity{"42"}))) {
        at.hub->close(one, rejoinder::close_reason::replaced);
    }
    CHECK(driven::until(at.io, [&] { return at.tab->state_of_link() == link_state::failed; }));
    at.meet();
    CHECK(ended == rejoinder::errc::replaced);
    CHECK(certainty_of(ended) == certainty::maybe_executed);
    const int attempts = at.board->attempts;
    driven::pass(at.io, 20ms);
    CHECK(at.board->attempts == attempts);
}

TEST_CASE("what a client is asked to do while it is away waits, in order, and notifications are dropped and counted")
{
    house at{{}, hasty()};
    std::vector<std::string> order;
    at.hub->on("say", [&](const std::string& word) { order.push_back(word); });
    at.hub->on("ask", [&](const std::string& word) {
        order.push_back(word);
        return word;
    });
    at.meet();
    at.tab->disconnect();
    at.meet();
    int completed = 0;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) {
        CHECK_FALSE(ec);
        ++completed;
    };
    at.tab->async_deliver("say", "one", done);
    at.tab->async_request("ask", "two", done);
    CHECK_FALSE(at.tab->notify("say", "lost"));
    at.tab->async_deliver("say", "three", done);
    at.meet();
    CHECK(completed == 0);
    CHECK(at.tab->pending() == 3);
    at.tab->connect();
    at.meet();
    CHECK(completed == 3);
    CHECK(order == std::vector<std::string>{"one", "two", "three"});
    CHECK(at.tab->counts().notifications_dropped == 1);
}

TEST_CASE("a request's deadline holds while its client is away")
{
    house at{{}, hasty()};
    at.board->hold = true;
    std::error_code ended;
    at.tab->async_request("ask", 1, {.timeout = 5ms}, [&](std::error_code ec, const rejoinder::reply&) { ended = ec; });
    CHECK(driven::until(at.io, [&] { return static_cast<bool>(ended); }));
    CHECK(ended == rejoinder::errc::timed_out);
    CHECK(certainty_of(ended) == certainty::never_sent);
}

TEST_CASE("a hub that forgot a session gives a new one: what was sent is lost, what was not goes on")
{
    house at{{}, hasty()};
    std::vector<rejoinder::responder> kept;
    const auto answers = [&] {
        at.hub->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
        at.hub->on("ask", [](int x) { return x; });
    };
    answers();
    at.meet();
    std::error_code sent;
    std::error_code waiting;
    std::error_code twice;
    bool waited = false;
    bool repeated = false;
    at.tab->async_request("keep", 1, [&](std::error_code ec, const rejoinder::reply&) { sent = ec; });
    at.tab->async_request("keep", 2, {.repeat = rejoinder::repeatable::idempotent}, [&](std::error_code ec, const rejoinder::reply&) {
        twice = ec;
        repeated = true;
    });
    at.meet();
    REQUIRE(kept.size() == 2);
    at.tab->disconnect();
    at.tab->async_request("ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
        waiting = ec;
        waited = true;
    });
    at.hub = std::make_unique<rejoinder::hub<>>(at.io.get_executor());
    kept.clear();
    at.hub->authenticate(identity_of_auth);
    answers();
    at.tab->connect();
    at.meet();
    CHECK(driven::until(at.io, [&] { return at.tab->connected() && waited && !kept.empty(); }));
    CHECK(sent == rejoinder::errc::session_lost);
    CHECK(certainty_of(sent) == certainty::maybe_executed);
    CHECK_FALSE(waiting);
    REQUIRE(kept.size() == 1);
    kept.front().answer();
    at.meet();
    CHECK(repeated);
    CHECK_FALSE(twice);
}

TEST_CASE("a client can be moved, and moved into")
{
    house at;
    at.hub->on("ask", [](int x) { return x; });
    at.meet();
    rejoinder::client<> moved{std::move(*at.tab)};
    int answered = 0;
    moved.async_request("ask", 1, [&](std::error_code ec, const rejoinder::reply&) { answered += ec ? 0 : 1; });
    at.meet();
    CHECK(answered == 1);
    *at.tab = std::move(moved);
    at.tab->async_request("ask", 1, [&](std::error_code ec, const rejoinder::reply&) { answered += ec ? 0 : 1; });
    at.meet();
    CHECK(answered == 2);
}

TEST_CASE("a client that gave up and is told to connect has a session that works both ways")
{
    house at{{}, hasty()};
    std::vector<rejoinder::responder> kept;
    at.tab->on("keep", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.tab->on("ask", [](int x) { return x; });
    at.hub->on("ask", [](int x) { return x; });
    at.meet();
    std::error_code lost;
    int completed = 0;
    at.hub->async_request(rejoinder::user{"42"}, "keep", 1, {.timeout = 30s}, [&](std::error_code ec, const rejoinder::reply&) {
        lost = ec;
        ++completed;
    });
    at.meet();
    REQUIRE(kept.size() == 1);
    for (const auto& one : at.hub->members(rejoinder::room{"user_42"})) {
        at.hub->close(one, rejoinder::close_reason::replaced);
    }
    REQUIRE(driven::until(at.io, [&] { return at.tab->state_of_link() == link_state::failed; }));
    kept.clear();
    at.tab->connect();
    REQUIRE(driven::until(at.io, [&] { return at.tab->connected(); }));
    at.meet();
    // The client forgot what it was asked when it gave up: the hub is not left waiting for an answer that cannot come.
    CHECK(driven::until(at.io, [&] { return completed == 1; }, 1s));
    CHECK(lost);
    int answered = 0;
    const auto done = [&](std::error_code ec, const rejoinder::reply&) { answered += ec ? 0 : 1; };
    at.hub->async_request(rejoinder::user{"42"}, "ask", 1, done);
    at.tab->async_request("ask", 1, done);
    at.meet();
    CHECK(answered == 2);
}
