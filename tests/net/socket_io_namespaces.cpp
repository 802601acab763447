// Hubs as namespaces: who gets in, what is whose, what ends what, and what a client of Socket.IO gets of the contract.
#include <rejoinder/net/socket_io_namespaces.hpp>

#include <rejoinder/channel/memory.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/json_text.hpp>

#include "support/driven.hpp"
#include "support/memory_peer.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::errc;
using rejoinder::json;

namespace {

using words = std::vector<std::string>;

struct socket_house {
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    rejoinder::hub<> admins{io.get_executor()};
    rejoinder::socket_io_namespaces all;

    explicit socket_house(const rejoinder::socket_io_bounds& bounds = {}, rejoinder::socket_io_dialect how = {}) : all(bounds)
    {
        all.serve("/", hub, std::move(how));
        all.serve("/admin", admins);
        admins.authenticate([](const rejoinder::handshake& shown) -> rejoinder::authentication {
            if (shown.auth.is_object() && shown.auth.as_object().contains("token")) {
                return rejoinder::identity{"root"};
            }
            return rejoinder::refusal{errc::auth_refused, "unauthorized", json{{"code", 4001}}};
        });
    }

    // A client's transport, without a word so far.
    std::unique_ptr<memory_peer> transport()
    {
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
        all.take(std::move(other), "10.0.0.1:5");
        auto made = std::make_unique<memory_peer>(io, std::move(mine));
        driven::settle(io);
        return made;
    }
    std::unique_ptr<memory_peer> page()
    {
        auto made = transport();
        made->say("0");
        return made;
    }
};

// What a transport said since the CONNECT reply.
words since_connect(const memory_peer& page)
{
    auto all = page.heard();
    if (!all.empty()) {
        all.erase(all.begin());
    }
    return all;
}

struct socket_answer {
    std::error_code ec;
    std::string payload;
    int ends = 0;

    auto token()
    {
        return [this](std::error_code why, const rejoinder::reply& how) {
            ec = why;
            payload = how.payload().bytes;
            ++ends;
        };
    }
};

} // namespace

TEST_CASE("A page connects to a namespace, and is acknowledged by its handlers")
{
    socket_house house;
    std::string from;
    house.hub.authenticate([&](const rejoinder::handshake& shown) -> rejoinder::authentication {
        from = shown.from;
        return rejoinder::identity{std::string{shown.auth.at("user").as_string()}};
    });
    std::string who;
    house.hub.on("add", [&](const rejoinder::peer& by, const json& two) {
        who = by.who().name();
        return json(two.at(0).as_int64() + two.at(1).as_int64());
    });
    int seen = 0;
    house.hub.on("seen", [&] { ++seen; });
    const auto page = house.transport();
    page->say(R"(0{"user":"42"})");
    CHECK(page->heard().at(0).starts_with(R"(0{"sid":")"));
    page->say(R"(20["add",1,2])");
    page->say(R"(2["seen"])");
    page->say(R"(21["seen"])");
    page->say(R"(22["gone"])");
    CHECK(since_connect(*page) == words{"30[3]", "31[]", R"(32[{"error":{"code":"no_handler","message":"no handler for \"gone\""}}])"});
    CHECK(from == "10.0.0.1:5");
    CHECK(who == "42");
    CHECK(seen == 2);
}

TEST_CASE("A page is refused by a namespace's authenticator with its data, and stays on its transport")
{
    socket_house house;
    const auto page = house.page();
    page->say("0/admin,");
    page->say("0/none");
    CHECK(since_connect(*page) == words{R"(4/admin,{"message":"unauthorized","data":{"code":4001}})", R"(4/none,{"message":"Invalid namespace"})"});
    CHECK_FALSE(page->ended());
    page->say(R"(0/admin,{"token":"t"})");
    CHECK(page->first("0/admin,{\"sid\"") != "");
    CHECK(house.admins.presence_of(rejoinder::identity{"root"}) == rejoinder::presence::present);
}

TEST_CASE("A page that was refused may ask again at once, but may not say anything there")
{
    for (const bool at_once : {false, true}) {
        CAPTURE(at_once);
        socket_house house;
        const auto page = house.page();
        const auto say = [&](const char* words) { at_once ? page->say_only(words) : page->say(words); };
        say("0/admin,");
        while (page->first("4/admin,").empty()) {
            house.io.poll_one();
        }
        say(R"(0/admin,{"token":"t"})");
        driven::settle(house.io);
        CHECK_FALSE(page->first("0/admin,{\"sid\"").empty());
        CHECK_FALSE(page->ended());
    }
    for (const bool at_once : {false, true}) {
        CAPTURE(at_once);
        socket_house house;
        const auto page = house.page();
        page->say_only("0/admin,");
        while (page->first("4/admin,").empty()) {
            house.io.poll_one();
        }
        if (!at_once) {
            driven::settle(house.io);
        }
        page->say(R"(2/admin,["q"])");
        CHECK(page->ended());
    }
}

TEST_CASE("Namespaces of one transport do not hear each other, and ack ids are each one's own")
{
    socket_house house;
    house.hub.on("q", [] { return json("main"); });
    house.admins.on("q", [] { return json("admin"); });
    const auto page = house.page();
    page->say(R"(0/admin,{"token":"t"})");
    page->say(R"(20["q"])");
    page->say(R"(2/admin,0["q"])");
    CHECK(page->first("30") == R"(30["main"])");
    CHECK(page->first("3/admin") == R"(3/admin,0["admin"])");
    house.admins.notify(rejoinder::user{rejoinder::identity{"root"}}, "news", json(1));
    driven::settle(house.io);
    CHECK(page->heard().back() == R"(2/admin,["news",1])");
}

TEST_CASE("A hub asks a page, and its ack is the answer; an ack nobody waits for is stepped over")
{
    socket_house house;
    std::optional<rejoinder::peer> who;
    house.hub.on_attach([&](const rejoinder::peer& one) { who = one; });
    const auto page = house.page();
    REQUIRE(who);
    socket_answer asked;
    socket_answer delivered;
    house.hub.async_request(*who, "q", json(1), asked.token());
    house.hub.async_deliver(*who, "d", json(2), delivered.token());
    driven::settle(house.io);
    const auto heard = since_connect(*page);
    REQUIRE(heard.size() == 2);
    CHECK(heard[0].ends_with(R"(["q",1])"));
    const auto id_of = [](const std::string& frame) { return frame.substr(1, frame.find('[') - 1); };
    page->say("3" + id_of(heard[0]) + "[5]");
    page->say("3" + id_of(heard[1]) + R"([{"error":{"code":"no_handler"}}])");
    page->say("3" + id_of(heard[0]) + "[6]");
    page->say("3123456[6]");
    CHECK(asked.ends == 1);
    CHECK_FALSE(asked.ec);
    CHECK(asked.payload == "5");
    CHECK(delivered.ends == 1);
    CHECK(delivered.ec == errc::no_handler);
    CHECK_FALSE(page->ended());
}

TEST_CASE("A page's retries of one event run once, and each attempt's ack is the one answer")
{
    socket_house house;
    int runs = 0;
    std::optional<rejoinder::responder> open;
    house.hub.on("order", [&](rejoinder::responder later) {
        ++runs;
        open.emplace(std::move(later));
    });
    house.hub.on("ping", [] {});
    const auto page = house.page();
    const auto other = house.page();
    for (const auto* id : {"0", "1", "2"}) {
        page->say(std::string{"2"} + id + R"(["order",{"request_id":"a","n":1}])");
    }
    other->say(R"(20["ping"])");
    CHECK(since_connect(*other) == words{"30[]"}); // others are answered meanwhile
    CHECK(runs == 1);
    REQUIRE(open);
    std::exchange(open, std::nullopt)->answer(json("done"));
    driven::settle(house.io);
    page->say(R"(23["order",{"request_id":"a","n":1}])");
    CHECK(since_connect(*page) == words{R"(30["done"])", R"(31["done"])", R"(32["done"])", R"(33["done"])"});
    CHECK(runs == 1);
}

TEST_CASE("What isn't Socket.IO, or comes for a namespace that is not joined, ends the transport at once")
{
    for (const char* frame : {"", "7", "x", "2[]", "0", R"(2/admin,["q"])", R"(2["disconnect"])", "51-x", R"(51["q"])", "42", "4{}", "1/none"}) {
        CAPTURE(frame);
        socket_house house;
        const auto page = house.page();
        REQUIRE_FALSE(page->ended());
        page->say(frame);
        CHECK(page->ended());
        CHECK(house.hub.connections() == 0);
    }
    socket_house house;
    const auto page = house.transport();
    page->say(R"(2["early"])");
    CHECK(page->ended());
}

TEST_CASE("Text while attachments are due ends the transport")
{
    socket_house house;
    const auto page = house.page();
    page->say(R"(51-["up",{"_placeholder":true,"num":0}])");
    CHECK_FALSE(page->ended());
    page->say(R"(2["up"])");
    CHECK(page->ended());
}

TEST_CASE("A page leaves a namespace without a word back, stays on the transport, and may join again")
{
    socket_house house;
    int ends = 0;
    house.hub.on_session_end([&](const rejoinder::peer&) { ++ends; });
    const auto page = house.page();
    page->say("1");
    CHECK(since_connect(*page).empty());
    CHECK_FALSE(page->ended());
    CHECK(ends == 1);
    CHECK(house.hub.sessions() == 0);
    page->say("0");
    CHECK(since_connect(*page).size() == 1);
    page->say(R"(20["q"])");
    CHECK(page->heard().back().starts_with("30["));
}

TEST_CASE("A hub that closes a page says DISCONNECT; what the page still said is dropped, and the transport goes on or ends")
{
    for (const auto leaving : {rejoinder::socket_io_leaving::name_space, rejoinder::socket_io_leaving::transport}) {
        rejoinder::socket_io_bounds bounds;
        bounds.leaving = leaving;
        socket_house house{bounds};
        rejoinder::peer who;
        house.hub.on_attach([&](const rejoinder::peer& one) { who = one; });
        const auto page = house.page();
        house.hub.close(who);
        driven::settle(house.io);
        CHECK(since_connect(*page) == words{"1"});
        CHECK(page->ended() == (leaving == rejoinder::socket_io_leaving::transport));
        if (!page->ended()) {
            page->say(R"(2["late"])");
            CHECK_FALSE(page->ended());
            page->say("0");
            CHECK(page->heard().size() == 3);
        }
    }
}

TEST_CASE("A hub that is destroyed ends its pages' transports without DISCONNECT, so that they come back")
{
    socket_house house;
    const auto page = house.page();
    house.hub = rejoinder::hub<>{house.io.get_executor()};
    driven::settle(house.io);
    CHECK(since_connect(*page).empty());
    CHECK(page->ended());
    const auto next = house.page();
    CHECK(next->heard() == words{R"(4{"message":"There is no server now","data":{"code":"busy"}})"});
}

TEST_CASE("A hub that goes down refuses a page that asks for it, and leaves the transport to the other namespaces")
{
    socket_house house;
    const auto page = house.page();
    rejoinder::peer root;
    house.admins.on_attach([&](const rejoinder::peer& one) { root = one; });
    page->say(R"(0/admin,{"token":"t"})");
    socket_answer unanswered; // so that the hub is not down at once
    house.admins.async_request(root, "q", json(1), unanswered.token());
    house.admins.async_shutdown(10s, [](std::error_code) {});
    driven::settle(house.io);
    const auto other = house.page();
    other->say("0/admin,{\"token\":\"t\"}");
    CHECK(since_connect(*other) == words{R"(4/admin,{"message":"There is no server now","data":{"code":"busy"}})"});
    CHECK_FALSE(other->ended());
    other->say(R"(20["q"])");
    CHECK(other->heard().back().starts_with("30["));
}

TEST_CASE("A transport that joins nothing in time is closed")
{
    rejoinder::socket_io_bounds bounds;
    bounds.connect_timeout = 20ms;
    socket_house house{bounds};
    const auto mute = house.transport();
    const auto page = house.page();
    CHECK(driven::until(house.io, [&] { return mute->ended(); }));
    CHECK_FALSE(page->ended());
    page->say("1");
    CHECK(driven::until(house.io, [&] { return page->ended(); }));
}

TEST_CASE("A transport joins so many namespaces and no more")
{
    rejoinder::socket_io_bounds bounds;
    bounds.namespaces = 1;
    socket_house house{bounds};
    const auto page = house.page();
    page->say(R"(0/admin,{"token":"t"})");
    CHECK(since_connect(*page) == words{R"(4/admin,{"message":"Too many namespaces","data":{"code":"busy"}})"});
    page->say("1");
    page->say(R"(0/admin,{"token":"t"})");
    CHECK(page->heard().back().starts_with("0/admin,"));
}

TEST_CASE("A page that joins and leaves again and again in one turn has no more connections than its bound allows")
{
    rejoinder::socket_io_bounds bounds;
    bounds.namespaces = 2;
    socket_house house{bounds};
    int asked = 0;
    house.hub.authenticate([&](const rejoinder::handshake&) -> rejoinder::authentication {
        ++asked;
        return rejoinder::identity{"42"};
    });
    const auto page = house.page();
    REQUIRE(asked == 1);
    page->say("1");
    page->say_only(R"(0/admin,{"token":"t"})");
    for (int i = 0; i < 50; ++i) {
        page->say_only("0");
        page->say_only("1");
    }
    driven::settle(house.io); // the first of them is on its way, the others go together
    page->say("0");
    CHECK(asked < 6);
    CHECK(page->first(R"(4{"message":"Too many namespaces")") != "");
}

TEST_CASE("A transport that runs out of memory while it reads ends, and the exception leaves the context")
{
    struct poor_door final : rejoinder::socket_io_doorman {
        answer refuses(std::string_view) override { throw std::bad_alloc{}; }
        void take(const std::string&, rejoinder::socket_io_namespace) override {}
    };
    asio::io_context io;
    auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
    std::make_shared<rejoinder::socket_io_splitter<rejoinder::memory>>(std::move(other), std::make_shared<poor_door>())->start();
    memory_peer page{io, std::move(mine)};
    CHECK_THROWS_AS(page.say("0"), std::bad_alloc);
    driven::settle(io);
    CHECK(page.ended());
}

TEST_CASE("Namespaces are hubs of one executor")
{
    socket_house house;
    asio::io_context elsewhere;
    rejoinder::hub<> stranger{elsewhere.get_executor()};
    CHECK_THROWS_AS(house.all.serve("/strange", stranger), std::invalid_argument);
}

TEST_CASE("When the transport ends, so do the sessions on it, and what waited for a page is told")
{
    socket_house house;
    rejoinder::peer who;
    house.hub.on_attach([&](const rejoinder::peer& one) { who = one; });
    const auto page = house.page();
    socket_answer asked;
    house.hub.async_request(who, "q", json(1), asked.token());
    driven::settle(house.io);
    page->close();
    CHECK(asked.ends == 1);
    CHECK(asked.ec);
    CHECK(house.hub.sessions() == 0);
}
