// What users of Socket.IO's implementations complain of, each by its name, and what is promised in its place.
#include <rejoinder/net/socket_io_namespaces.hpp>

#include <rejoinder/channel/memory.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include "support/driven.hpp"
#include "support/memory_connector.hpp"
#include "support/memory_peer.hpp"

#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty;
using rejoinder::certainty_of;
using rejoinder::errc;
using rejoinder::json;

namespace {

const rejoinder::user complainer{"42"};

struct complaint_end {
    std::error_code ec;
    std::string payload;
    rejoinder::encoding form = rejoinder::encoding::text;
    int ends = 0;

    auto token()
    {
        return [this](std::error_code why, const rejoinder::reply& how) {
            ec = why;
            payload = how.payload().bytes;
            form = how.payload().form;
            ++ends;
        };
    }
};

// A hub behind a namespace, a page without a library, or a client of ours.
struct complaint_house {
    asio::io_context io;
    std::unique_ptr<rejoinder::hub<>> hub = std::make_unique<rejoinder::hub<>>(io.get_executor());
    std::optional<rejoinder::socket_io_namespaces> all{std::in_place, rejoinder::socket_io_bounds{}};

    complaint_house()
    {
        hub->authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
        all->serve("/", *hub);
    }

    std::unique_ptr<memory_peer> page()
    {
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
        all->take(std::move(other), "10.0.0.1:5");
        auto made = std::make_unique<memory_peer>(io, std::move(mine));
        made->say("0");
        return made;
    }

    std::unique_ptr<rejoinder::client<>> client()
    {
        rejoinder::client_options<> options;
        options.backoff.schedule = {1ms};
        options.session.retry.attempts = 1000;
        memory_connector to{[this](rejoinder::memory other) {
            if (all) {
                all->take(std::move(other), "10.0.0.1:5");
            }
            return all.has_value();
        }};
        auto made = std::make_unique<rejoinder::client<>>(io.get_executor(), std::move(to), std::move(options), rejoinder::socket_io_codec{"/"});
        driven::settle(io);
        return made;
    }

    bool until(const complaint_end& one)
    {
        return driven::until(io, [&] { return one.ends != 0; });
    }
};

// The ACK of the event that a page heard at this place behind its CONNECT reply.
std::string ack_of(const memory_peer& page, std::size_t place, std::string_view arguments)
{
    const auto event = page.heard().at(place + 1);
    return "3" + event.substr(1, event.find('[') - 1) + std::string{arguments};
}

} // namespace

TEST_CASE("an ack that never settles, or leaks its callback: over Socket.IO each call ends once, and pages that acknowledge nothing cost no room")
{
    complaint_house house;
    const auto page = house.page();
    int timed_out = 0;
    int otherwise = 0;
    const auto count = [&](std::error_code ec, const rejoinder::reply&) { ++(ec == errc::timed_out ? timed_out : otherwise); };
    for (int round = 1; round != 4; ++round) { // of a session that has room for 1024
        for (int i = 0; i != 800; ++i) {
            house.hub->async_request(complainer, "ask", json(i), {.timeout = 1ms}, count);
        }
        REQUIRE(driven::until(house.io, [&] { return timed_out == round * 800; }));
    }
    CHECK(house.hub->snapshot().now.pending == 0);
    complaint_end left;
    house.hub->async_request(complainer, "ask", json{}, left.token());
    driven::settle(house.io);
    page->close();
    driven::pass(house.io, 5ms);
    CHECK(left.ends == 1);
    CHECK(left.ec == errc::session_lost);
    CHECK(certainty_of(left.ec) == certainty::maybe_executed);
    CHECK(timed_out == 2400);
    CHECK(otherwise == 0);
}

TEST_CASE("a retry runs the handler again, and the caller still times out: over Socket.IO there is one run, and its answer is the caller's")
{
    complaint_house house;
    int runs = 0;
    std::optional<rejoinder::responder> open;
    house.hub->on("order", [&](rejoinder::responder later) {
        ++runs;
        open.emplace(std::move(later));
    });
    const auto client = house.client();
    complaint_end ordered;
    const rejoinder::call_options how{.timeout = 20s, .repeat = rejoinder::repeatable::idempotent, .ack_timeout = 5ms};
    client->async_request("order", json{{"request_id", "a"}}, how, ordered.token());
    REQUIRE(driven::until(house.io, [&] { return client->counts().retries >= 3; }));
    CHECK(runs == 1);
    REQUIRE(open);
    std::exchange(open, std::nullopt)->answer(json("done"));
    REQUIRE(house.until(ordered));
    CHECK_FALSE(ordered.ec);
    CHECK(ordered.payload == R"("done")");
    driven::pass(house.io, 20ms);
    CHECK(runs == 1);
    CHECK(ordered.ends == 1);
}

TEST_CASE("retries serialise all messages: over Socket.IO a message that is retried delays no other")
{
    complaint_house house;
    std::vector<rejoinder::responder> kept;
    house.hub->on("slow", [&](rejoinder::responder later) { kept.push_back(std::move(later)); });
    house.hub->on("quick", [](const json& x) { return x; });
    const auto client = house.client();
    complaint_end slow;
    complaint_end quick;
    const rejoinder::call_options how{.timeout = 20s, .repeat = rejoinder::repeatable::idempotent, .ack_timeout = 5ms};
    client->async_request("slow", json{{"request_id", "a"}}, how, slow.token());
    client->async_request("quick", json{{"request_id", "b"}}, how, quick.token());
    driven::settle(house.io);
    CHECK(quick.ends == 1); // in the same turn
    CHECK(slow.ends == 0);
    kept.front().answer();
    REQUIRE(house.until(slow));
}

TEST_CASE("one call's timeout closes the connection and fails its neighbours: over Socket.IO an overdue ack is that call's alone")
{
    complaint_house house;
    const auto page = house.page();
    complaint_end silent;
    complaint_end neighbour;
    house.hub->async_request(complainer, "silent", json{}, {.timeout = 1ms}, silent.token());
    house.hub->async_request(complainer, "asked", json{}, {.timeout = 20s}, neighbour.token());
    REQUIRE(house.until(silent));
    CHECK(silent.ec == errc::timed_out);
    CHECK_FALSE(page->ended());
    page->say(ack_of(*page, 1, R"(["late enough"])"));
    CHECK(neighbour.ends == 1);
    CHECK_FALSE(neighbour.ec);
}

TEST_CASE("a late reply crashes, or completes a stranger: over Socket.IO a late ack, and a second one, are nobody's")
{
    complaint_house house;
    const auto page = house.page();
    complaint_end late;
    house.hub->async_request(complainer, "ask", json(1), {.timeout = 1ms}, late.token());
    REQUIRE(house.until(late));
    complaint_end stranger;
    house.hub->async_request(complainer, "ask", json(2), stranger.token());
    driven::settle(house.io);
    page->say(ack_of(*page, 0, R"(["for the first"])"));
    page->say(R"(39007199254740991["for nobody"])");
    CHECK(stranger.ends == 0);
    page->say(ack_of(*page, 1, R"(["for the second"])"));
    page->say(ack_of(*page, 1, R"(["again"])"));
    CHECK(stranger.ends == 1);
    CHECK(stranger.payload == R"("for the second")");
    CHECK(late.ends == 1);
    CHECK_FALSE(page->ended());
}

TEST_CASE("received binary is broken: over Socket.IO attachments come whole, both ways, in events and acks")
{
    complaint_house house;
    const std::string bytes{"\0\x1e\xff" "451-[{\0", 10};
    const rejoinder::payload_view attachment{bytes, rejoinder::encoding::binary};
    std::vector<std::string> at_hub;
    std::vector<std::string> at_client;
    const auto note = [](std::vector<std::string>& where) {
        return [&where](const rejoinder::payload_view& came) {
            where.emplace_back(came.bytes);
            return std::string{came.form == rejoinder::encoding::binary ? "bytes" : "text"};
        };
    };
    house.hub->on("event", note(at_hub));
    house.hub->on("echo", [](const rejoinder::bytes& came) { return came; });
    const auto client = house.client();
    client->on("event", note(at_client));
    client->on("echo", [](const rejoinder::bytes& came) { return came; });
    complaint_end to_hub;
    complaint_end to_client;
    complaint_end empty;
    complaint_end nested;
    client->async_request("echo", attachment, to_hub.token());
    house.hub->async_request(complainer, "echo", attachment, to_client.token());
    house.hub->async_request(complainer, "echo", rejoinder::payload_view{{}, rejoinder::encoding::binary}, empty.token());
    client->notify("event", attachment);
    house.hub->notify(complainer, "event", attachment);
    client->async_request("event", json{{"all", json{json{{"_base64", "AB4="}}, json{{"_base64", ""}}}}}, nested.token());
    driven::settle(house.io);
    for (const auto* one : {&to_hub, &to_client}) {
        CHECK(one->payload == bytes);
        CHECK(one->form == rejoinder::encoding::binary);
    }
    CHECK(empty.ends == 1);
    CHECK(empty.form == rejoinder::encoding::binary);
    CHECK(empty.payload.empty());
    CHECK(at_client == std::vector{bytes});
    CHECK(at_hub == std::vector{bytes, std::string{R"({"all":[{"_base64":"AB4="},{"_base64":""}]})"}});
}

TEST_CASE("crash, hang or deadlock on close or destruction: over Socket.IO either side may go at any time, with anything pending")
{
    complaint_house house;
    std::vector<rejoinder::responder> kept;
    const auto keep = [&](rejoinder::responder later) { kept.push_back(std::move(later)); };
    house.hub->on("keep", keep);
    auto client = house.client();
    client->on("keep", keep);
    complaint_end of_client;
    complaint_end of_hub;
    client->async_request("keep", json{}, of_client.token());
    house.hub->async_request(complainer, "keep", json{}, of_hub.token());
    driven::settle(house.io);
    REQUIRE(kept.size() == 2);
    SECTION("a client, from inside its handler")
    {
        client->on("go", [&](const json&) { client.reset(); });
        house.hub->notify(complainer, "go", json{});
        driven::settle(house.io);
        CHECK(client == nullptr);
        CHECK(of_client.ec == asio::error::operation_aborted);
        CHECK(of_hub.ec == errc::session_lost);
    }
    SECTION("a hub, from inside its handler")
    {
        house.hub->on("go", [&](const json&) { house.hub.reset(); });
        client->notify("go", json{});
        driven::settle(house.io);
        CHECK(house.hub == nullptr);
        CHECK(of_hub.ec == asio::error::operation_aborted);
        CHECK(of_client.ends == 0); // it waits for a hub that says what became of its session
    }
    SECTION("a hub, while a client is on its way to it")
    {
        const auto second = house.client();
        second->reconnect();
        house.hub.reset();
        driven::settle(house.io);
        CHECK(of_hub.ec == asio::error::operation_aborted);
        CHECK(of_client.ends == 0); // it waits for a hub that says what became of its session
    }
    SECTION("what serves its namespaces, under both")
    {
        house.all.reset();
        house.hub.reset();
        client.reset();
        driven::settle(house.io);
        CHECK(of_hub.ec == asio::error::operation_aborted);
        CHECK(of_client.ec == asio::error::operation_aborted);
    }
    client.reset();
    kept.clear();
    driven::settle(house.io);
    CHECK(of_client.ec == asio::error::operation_aborted);
    CHECK(of_client.ends == 1);
    CHECK(of_hub.ends == 1);
}

TEST_CASE("no back-pressure: over Socket.IO what a page does not read is bounded, and others are served meanwhile")
{
    complaint_house house;
    house.hub->authenticate([](const rejoinder::handshake& shown) { return rejoinder::identity{shown.from}; });
    house.hub->on("add", [](const json& two) { return json(two.at(0).as_int64() + two.at(1).as_int64()); });
    auto [mine, other] = rejoinder::memory_pair(house.io.get_executor(), house.io.get_executor());
    house.all->take(std::move(other), "deaf");
    mine.begin().append("0");
    mine.commit(rejoinder::encoding::text);
    mine.async_flush([](std::error_code) {});
    driven::settle(house.io);
    const rejoinder::user deaf{"deaf"};
    const std::string much(10'000, 'x');
    std::size_t taken = 0;
    for (int i = 0; i != 5000; ++i) {
        taken += house.hub->notify(deaf, "much", much);
        driven::settle(house.io);
    }
    CHECK(taken > 0);
    CHECK(taken < 2500); // 16 MiB wait in the session, and what the link holds
    CHECK(house.hub->counts().notifications_dropped == 5000 - taken);
    const auto page = house.page();
    page->say(R"(20["add",[40,2]])");
    CHECK(page->first("30") == "30[42]");
}
