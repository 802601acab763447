// Recovery over Socket.IO: which page gets its session back and what with it, and a client of ours that gets its own back.
#include <rejoinder/wire/socket_io_dialect.hpp>

#include <rejoinder/channel/memory.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/net/socket_io_namespaces.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include "support/driven.hpp"
#include "support/memory_connector.hpp"
#include "support/memory_peer.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::json;

namespace {

struct recovery_house {
    asio::io_context io;
    rejoinder::hub<> hub;
    rejoinder::socket_io_namespaces all;
    std::vector<std::string> events{};
    std::optional<rejoinder::peer> newest{};

    explicit recovery_house(rejoinder::hub_options<> options = {}, bool authenticates = true) : hub(io.get_executor(), std::move(options))
    {
        all.serve("/", hub, {.recovery = rejoinder::socket_io_recovery::on});
        hub.on_attach([this](const rejoinder::peer& one) { newest = one; });
        hub.on_detach([this](const rejoinder::identity&) { events.emplace_back("detach"); });
        hub.on_session_end([this](const rejoinder::peer&) { events.emplace_back("end"); });
        if (authenticates) {
            hub.authenticate([](const rejoinder::handshake& shown) -> rejoinder::authentication {
                return rejoinder::identity{std::string{shown.auth.at("user").as_string()}};
            });
        }
    }

    std::unique_ptr<memory_peer> transport()
    {
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
        all.take(std::move(other), "10.0.0.1:5");
        auto made = std::make_unique<memory_peer>(io, std::move(mine));
        driven::settle(io);
        return made;
    }
    std::unique_ptr<memory_peer> page(const std::string& user = "42", const std::string& more = {})
    {
        auto made = transport();
        made->say(R"(0{"user":")" + user + "\"" + more + "}");
        return made;
    }
    // One that comes back, having seen so many events of `left`; fewer than none: it says no offset.
    std::unique_ptr<memory_peer> page_back(const memory_peer& left, int seen, const std::string& user = "42")
    {
        const auto said = left.heard().at(0);
        const auto offset = R"(,"offset":")" + word_after(said, "sid").substr(0, 8) + "-" + std::to_string(seen) + "\"";
        return page(user, R"(,"pid":")" + word_after(said, "pid") + "\"" + (seen < 0 ? "" : offset));
    }
    template <class T>
    std::size_t tell(const std::string& name, const T& what, const std::string& user = "42")
    {
        const auto taken = hub.notify(rejoinder::user{rejoinder::identity{user}}, name, json(what));
        driven::settle(io);
        return taken;
    }
};

// What came after the CONNECT reply, without the offsets.
std::vector<std::string> events_at(const memory_peer& page)
{
    std::vector<std::string> all;
    for (std::size_t i = 1; i < page.heard().size(); ++i) {
        auto one = page.heard()[i];
        const auto offset = one.starts_with("2[") ? one.rfind(",\"") : std::string::npos;
        all.push_back(offset == std::string::npos ? one : one.substr(0, offset) + "]");
    }
    return all;
}

bool is_same_session(const memory_peer& one, const memory_peer& other)
{
    return one.heard().at(0) == other.heard().at(0) && one.heard().at(0).starts_with("0{");
}

struct recovery_answer {
    std::optional<std::error_code> ended{};
    std::string payload{};

    auto token()
    {
        return [this](std::error_code ec, const rejoinder::reply& how) {
            CHECK_FALSE(ended);
            ended = ec;
            payload = how.payload().bytes;
        };
    }
};

using heard_words = std::vector<std::string>;

} // namespace

TEST_CASE("A page that is back within the grace has its session: rooms, what it missed, and nothing was told")
{
    recovery_house house;
    const auto page = house.page();
    house.hub.join(*house.newest, rejoinder::room{"red"});
    CHECK(house.tell("n", 1) == 1);
    page->close();
    CHECK(house.tell("n", 2) == 1); // to the user
    CHECK(house.hub.notify(rejoinder::room{"red"}, "n", json(3)) == 1);
    CHECK(house.hub.notify(*house.newest, "n", json("4")) == 1);
    const auto again = house.page_back(*page, 1);
    CHECK(is_same_session(*page, *again));
    CHECK(events_at(*again) == heard_words{R"(2["n",2])", R"(2["n",3])", R"(2["n","4"])"});
    CHECK(house.hub.members(rejoinder::room{"red"}).size() == 1);
    again->close();
    house.tell("n", 5);
    const auto third = house.page_back(*page, 4);
    CHECK(is_same_session(*page, *third));
    CHECK(events_at(*third) == heard_words{R"(2["n",5])"});
    CHECK(house.events.empty());
    CHECK(house.hub.counts().resumes == 2);
    CHECK(house.hub.counts().notifications_dropped == 0);
}

TEST_CASE("A page whose quiet link got nothing yet is recovered, and so is one that says what it saw in an earlier session")
{
    recovery_house house;
    const auto page = house.page();
    page->close();
    house.tell("n", 1);
    const auto again = house.page_back(*page, -1);
    CHECK(is_same_session(*page, *again));
    CHECK(events_at(*again) == heard_words{R"(2["n",1])"});

    const auto other = house.page("43", R"(,"offset":"00000000-7")");
    other->close();
    house.tell("n", 2, "43");
    auto said = other->heard().at(0);
    const auto back = house.page("43", R"(,"offset":"00000000-7","pid":")" + word_after(said, "pid") + "\"");
    CHECK(is_same_session(*other, *back));
    CHECK(events_at(*back) == heard_words{R"(2["n",2])"});
}

TEST_CASE("A question to a page goes on through the cut: it may be answered behind it, and waits for a page that could not get it")
{
    recovery_house house;
    const auto page = house.page();
    recovery_answer seen;
    house.hub.async_request(*house.newest, "q", json(1), seen.token());
    driven::settle(house.io);
    const auto frame = page->heard().back();
    const auto id = frame.substr(1, frame.find('[') - 1);
    page->close();
    recovery_answer later;
    house.hub.async_request(*house.newest, "r", json(2), {.when_absent = rejoinder::absent::wait}, later.token());
    const auto again = house.page_back(*page, -1);
    REQUIRE(again->heard().size() == 2); // what it may have is not asked again
    const auto second = again->heard().back();
    again->say("3" + id + "[5]");
    CHECK(seen.payload == "5");
    again->say("3" + second.substr(1, second.find('[') - 1) + "[6]");
    CHECK(later.payload == "6");
}

TEST_CASE("A question behind an event that cannot be said is not asked twice")
{
    recovery_house house;
    const auto page = house.page();
    house.tell("n", 1);
    house.tell("connect", 2); // Socket.IO keeps this name for itself
    recovery_answer asked;
    house.hub.async_request(*house.newest, "q", json(3), asked.token());
    driven::settle(house.io);
    const auto frame = page->heard().back();
    page->close();
    const auto again = house.page_back(*page, 1); // the question has no offset, and the event never came
    CHECK(events_at(*again).empty());
    again->say("3" + frame.substr(1, frame.find('[') - 1) + "[5]");
    CHECK(asked.payload == "5");
}

TEST_CASE("A notification from inside an event finds only sessions that are there")
{
    recovery_house house;
    const auto page = house.page();
    page->close();
    std::size_t told = 9;
    house.hub.on_event([&](const rejoinder::event& one) {
        if (one.name == "user_detach_cancelled") { // the next session of the identity is decided, and not made yet
            told = house.hub.notify(rejoinder::user{rejoinder::identity{"42"}}, "n", json(1));
        }
    });
    const auto other = house.page();
    CHECK(other->heard().size() == 1);
    CHECK(told == 1); // to the one whose page may come back
}

TEST_CASE("What is said to a user's own room reaches a page that is expected back, too")
{
    recovery_house house;
    const auto page = house.page();
    const auto left_out = house.page();
    const auto second = *house.newest;
    house.hub.join(second, rejoinder::room{"user_42"});
    page->close();
    left_out->close();
    CHECK(house.hub.notify(rejoinder::room{"user_42"}, "n", json(1)) == 2);
    CHECK(house.hub.notify(rejoinder::except(rejoinder::room{"user_42"}, second), "n", json(2)) == 1);
    CHECK(events_at(*house.page_back(*page, -1)) == heard_words{R"(2["n",1])", R"(2["n",2])"});
    CHECK(events_at(*house.page_back(*left_out, -1)) == heard_words{R"(2["n",1])"});
}

TEST_CASE("A page's answer to a question of a session that is over answers nothing in the next one")
{
    for (const auto how : {rejoinder::socket_io_recovery::on, rejoinder::socket_io_recovery::off}) {
        recovery_house house;
        house.all.serve("/", house.hub, {.recovery = how});
        const auto page = house.page();
        recovery_answer old;
        house.hub.async_request(*house.newest, "old", json(1), old.token());
        driven::settle(house.io);
        const auto frame = page->heard().back();
        page->say("1");
        const auto next = house.page();
        recovery_answer fresh;
        house.hub.async_request(*house.newest, "fresh", json(2), fresh.token());
        driven::settle(house.io);
        next->say("3" + frame.substr(1, frame.find('[') - 1) + R"(["of the old one"])"); // its handler knows of no sessions
        CHECK_FALSE(fresh.ended);
        const auto asked = next->heard().back();
        next->say("3" + asked.substr(1, asked.find('[') - 1) + "[2]");
        CHECK(fresh.payload == "2");
    }
}

TEST_CASE("A link that is dead and does not know it gives the session up to the page that is back")
{
    recovery_house house;
    const auto page = house.page();
    house.tell("n", 1);
    house.tell("n", 2);
    const auto again = house.page_back(*page, 1);
    CHECK(is_same_session(*page, *again));
    CHECK(events_at(*again) == heard_words{R"(2["n",2])"});
    CHECK(page->heard().back() == "1");
    house.tell("n", 3);
    CHECK(page->heard().back() == "1");
    CHECK(events_at(*again).back() == R"(2["n",3])");
    page->close();
    CHECK(house.events.empty());
}

TEST_CASE("A page is not recovered with what nobody has said, by another identity, after a goodbye, or when too much is missing")
{
    rejoinder::hub_options<> options;
    options.session.replays.count_max = 2;
    recovery_house house{options};
    const auto page = house.page();
    const auto expect_new = [&](const memory_peer& one) {
        CHECK_FALSE(is_same_session(*page, one));
        CHECK(one.heard().at(0).starts_with("0{"));
        CHECK(events_at(one).empty());
    };
    SECTION("an unknown pid")
    {
        page->close();
        expect_new(*house.page("42", R"(,"pid":")" + std::string(40, '0') + "\""));
        CHECK(house.events.empty());
    }
    SECTION("an offset of the future")
    {
        house.tell("n", 1);
        page->close();
        expect_new(*house.page_back(*page, 2));
        CHECK(house.events == heard_words{"end"});
    }
    SECTION("another identity")
    {
        page->close();
        house.tell("n", 1);
        expect_new(*house.page_back(*page, 0, "43"));
        CHECK(is_same_session(*page, *house.page_back(*page, 0))); // who still has it
    }
    SECTION("the page left")
    {
        page->say("1");
        CHECK(house.events == heard_words{"end"});
        expect_new(*house.page_back(*page, 0));
    }
    SECTION("the hub disconnected it")
    {
        house.hub.close(*house.newest);
        driven::settle(house.io);
        CHECK(house.events == heard_words{"end"});
        expect_new(*house.page_back(*page, 0));
    }
    SECTION("more was said than is kept")
    {
        page->close();
        for (int i = 0; i != 3; ++i) {
            house.tell("n", i);
        }
        expect_new(*house.page_back(*page, 0));
        CHECK(house.events == heard_words{"end"});
    }
}

TEST_CASE("After the grace there is nothing to recover")
{
    rejoinder::hub_options<> options;
    options.grace = 20ms;
    recovery_house house{options};
    const auto page = house.page();
    page->close();
    REQUIRE(driven::until(house.io, [&] { return house.events.size() == 2; }));
    CHECK(house.hub.sessions() == 0);
    const auto again = house.page_back(*page, -1);
    CHECK_FALSE(is_same_session(*page, *again));
}

TEST_CASE("Who has no name is known by the pid, with an authenticator and without")
{
    for (const bool authenticates : {false, true}) {
        recovery_house house{{}, false};
        int given = 0;
        if (authenticates) {
            house.hub.authenticate([&](const rejoinder::handshake& shown) {
                CHECK(shown.resumes == !shown.known.empty());
                return rejoinder::identity{shown.known.empty() ? "guest " + std::to_string(++given) : shown.known};
            });
        }
        const auto page = house.page();
        page->close();
        CHECK(is_same_session(*page, *house.page_back(*page, -1)));
        CHECK(house.hub.sessions() == 1);
    }
}

TEST_CASE("Without recovery a page's session ends with its link")
{
    recovery_house house;
    house.all.serve("/", house.hub);
    const auto page = house.page();
    page->close();
    CHECK(house.events == heard_words{"end"});
    CHECK(house.tell("n", 1) == 0);
}

TEST_CASE("A client of ours gets its session back from our server, is told so, and sees no offset")
{
    recovery_house house;
    memory_switchboard* board = nullptr;
    auto connector = memory_connector{[&](rejoinder::memory other) {
        house.all.take(std::move(other), "10.0.0.1:5");
        return true;
    }};
    board = connector.board().get();
    rejoinder::client_options<> options;
    options.auth = R"({"user":"42"})";
    options.backoff = {{1ms, 1ms}};
    rejoinder::client<> us{house.io.get_executor(), std::move(connector), options, rejoinder::socket_io_codec{}};
    heard_words heard;
    us.on("n", [&](const rejoinder::json_text& one) { heard.emplace_back(one.text()); });
    std::vector<rejoinder::responder> kept;
    house.hub.on("slow", [&](rejoinder::responder later) { kept.push_back(std::move(later)); });
    REQUIRE(driven::until(house.io, [&] { return us.connected(); }));
    CHECK_FALSE(us.status().resumed);
    house.tell("n", "x");
    recovery_answer lost;
    us.async_request("slow", json(1), lost.token());
    driven::settle(house.io);
    house.hub.close(*house.newest, rejoinder::close_reason::silent);
    CHECK(house.hub.notify(*house.newest, "n", json(2)) == 1);
    CHECK(house.hub.counts().notifications_sent == 1);
    REQUIRE(driven::until(house.io, [&] { return heard.size() == 2; }));
    CHECK(us.status().resumed);
    CHECK(board->attempts == 2);
    CHECK(heard == heard_words{R"("x")", "2"});
    REQUIRE(driven::until(house.io, [&] { return lost.ended.has_value(); })); // its answer has no way back
    CHECK(*lost.ended == rejoinder::errc::session_lost);
    CHECK(house.hub.sessions() == 1);
    house.hub.close(*house.newest); // said goodbye: a new session
    REQUIRE(driven::until(house.io, [&] { return board->attempts == 3 && us.connected(); }));
    CHECK_FALSE(us.status().resumed);
}

TEST_CASE("A client takes what a server of the reference repeats before its answer, in order, once")
{
    asio::io_context io;
    std::unique_ptr<memory_peer> server;
    auto connector = memory_connector{[&](rejoinder::memory other) {
        server = std::make_unique<memory_peer>(io, std::move(other));
        return true;
    }};
    rejoinder::client_options<> options;
    options.backoff = {{1ms, 1ms}};
    rejoinder::client<> us{io.get_executor(), std::move(connector), options, rejoinder::socket_io_codec{}};
    heard_words heard;
    us.on("n", [&](const rejoinder::json_text& one) { heard.emplace_back(one.text()); });
    const auto greeted = [&] { return server != nullptr && !server->heard().empty(); };
    REQUIRE(driven::until(io, greeted));
    CHECK(server->heard().back() == "0");
    server->say(R"(0{"sid":"s1","pid":"p1"})");
    server->say(R"(2["n",1,"Q2abcde"])");
    const auto first = std::exchange(server, nullptr);
    first->close();
    REQUIRE(driven::until(io, greeted));
    CHECK(server->heard().back() == R"(0{"pid":"p1","offset":"Q2abcde"})");
    server->say(R"(2["n",2,"Q2abcdf"])");
    server->say(R"(2["n",3,"Q2abcdg"])");
    CHECK(heard == heard_words{"1"});
    server->say(R"(0{"sid":"s1","pid":"p1"})");
    server->say(R"(2["n",4,"Q2abcdh"])");
    CHECK(heard == heard_words{"1", "2", "3", "4"});
    CHECK(us.status().resumed);

    // Back again, to a server that has been started anew without recovery: another session, and nothing to come back with.
    std::exchange(server, nullptr)->close();
    REQUIRE(driven::until(io, greeted));
    CHECK(server->heard().back() == R"(0{"pid":"p1","offset":"Q2abcdh"})");
    server->say(R"(0{"sid":"s2"})");
    CHECK_FALSE(us.status().resumed);
    server->say(R"(2["n",5,"Q2abcdi"])");
    CHECK(heard.back() == R"([5,"Q2abcdi"])");
    std::exchange(server, nullptr)->close();
    REQUIRE(driven::until(io, greeted));
    CHECK(server->heard().back() == "0");
}

TEST_CASE("A retry in a new session of the same identity gets the answer of the one run, where keys are the identity's")
{
    for (const auto scope : {rejoinder::key_scope::identity, rejoinder::key_scope::session}) {
        const bool shared = scope == rejoinder::key_scope::identity;
        CAPTURE(shared);
        rejoinder::hub_options<> options;
        options.session.keys_of = scope;
        recovery_house house{options};
        house.all.serve("/", house.hub); // without recovery each link is a session
        std::vector<rejoinder::responder> kept;
        house.hub.on("job", [&](rejoinder::responder later) { kept.push_back(std::move(later)); });
        const std::string job = R"(["job",{"request_id":"r","n":1}])";
        const auto page = house.page();
        page->say("20" + job);
        REQUIRE(kept.size() == 1);
        page->close(); // while it runs
        const auto again = house.page();
        again->say("20" + job);
        again->say("21" + job);
        CHECK(again->first("3").empty());
        REQUIRE(kept.size() == (shared ? 1 : 2));
        kept.back().answer(json("done"));
        driven::settle(house.io);
        CHECK(again->first("30") == R"(30["done"])");
        CHECK(again->first("31") == R"(31["done"])");
        again->close(); // behind its answer
        const auto third = house.page();
        third->say("25" + job);
        CHECK(third->first("35") == (shared ? R"(35["done"])" : ""));
        const auto stranger = house.page("43"); // for whom it is another key
        stranger->say("20" + job);
        CHECK(kept.size() == (shared ? 2 : 4));
        CHECK(stranger->first("3").empty());
    }
}

TEST_CASE("A run that outlives its session may end behind its hub")
{
    std::vector<rejoinder::responder> kept;
    rejoinder::hub_options<> options;
    options.session.keys_of = rejoinder::key_scope::identity;
    auto house = std::make_unique<recovery_house>(options);
    house->all.serve("/", house->hub);
    house->hub.on("job", [&](rejoinder::responder later) { kept.push_back(std::move(later)); });
    const auto page = house->page();
    page->say(R"(20["job",{"request_id":"r"}])");
    page->close();
    auto after = house->page();
    after->say(R"(20["job",{"request_id":"r"}])");
    house->hub = rejoinder::hub<>{house->io.get_executor()};
    REQUIRE(kept.size() == 1);
    kept[0].answer(json("late"));
    driven::settle(house->io);
    CHECK(after->first("3").empty());
}
