// Hub and client on a wire of plain events: no greeting, ids as the peer likes or none at all, nothing resumed.
#include <rejoinder/wire/event_codec.hpp>

#include <rejoinder/channel/memory.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/json_text.hpp>

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
using rejoinder::certainty_of;
using rejoinder::errc;
using rejoinder::event_codec;
using rejoinder::event_fields;
using rejoinder::json;

namespace {

const event_codec with_ids{event_fields{.id = "request_id"}};

// Spells a notification's data once more, behind the event, as attachments are; and forgives nothing.
struct event_and_data : event_codec {
    using event_codec::encode;
    using event_codec::event_codec;

    [[nodiscard]] rejoinder::capabilities features() const noexcept
    {
        auto all = event_codec::features();
        all.lenient = false;
        return all;
    }

    rejoinder::encoding encode(const rejoinder::message& out, std::string& frame)
    {
        rest = out.kind == rejoinder::message_kind::notification ? std::optional{out.payload.bytes} : std::nullopt;
        return event_codec::encode({.kind = out.kind, .id = out.id, .name = out.name}, frame);
    }

    std::optional<rejoinder::encoding> encode_rest(std::string& frame)
    {
        if (!rest) {
            return std::nullopt;
        }
        frame.append(*std::exchange(rest, std::nullopt));
        return rejoinder::encoding::text;
    }

    std::optional<std::string_view> rest{};
};

// A hub and pages without a library.
struct event_house {
    asio::io_context io;
    rejoinder::hub<> hub;

    explicit event_house(rejoinder::hub_options<> options = {}) : hub(io.get_executor(), std::move(options)) {}

    template <class Codec = event_codec>
    std::unique_ptr<memory_peer> page(const Codec& spelling = with_ids)
    {
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor(), 100);
        hub.serve(std::move(other), Codec{spelling}, "page");
        auto made = std::make_unique<memory_peer>(io, std::move(mine));
        driven::settle(io);
        return made;
    }
};

// A client, and the services without a library that it finds one after another.
struct event_service {
    asio::io_context io;
    std::vector<std::unique_ptr<memory_peer>> services;
    rejoinder::client<> client;

    explicit event_service(const event_codec& spelling = with_ids)
        : client(io.get_executor(), memory_connector{[this](rejoinder::memory other) {
                     services.push_back(std::make_unique<memory_peer>(io, std::move(other)));
                     return true;
                 }},
                 soon_back(), event_codec{spelling})
    {
        driven::settle(io);
    }

    memory_peer& service() { return *services.back(); }

    static rejoinder::client_options<> soon_back()
    {
        rejoinder::client_options<> options;
        options.backoff.schedule = {1ms};
        return options;
    }
};

struct call_outcome {
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

TEST_CASE("A page without a library subscribes, and hears progress events")
{
    event_house all;
    all.hub.on("subscribe", [&](const rejoinder::peer& from, const json& to) {
        all.hub.join(from, rejoinder::room{std::string{to.at("job").as_string()}});
    });
    const auto page = all.page();
    const auto other = all.page();
    page->say(R"({"type":"subscribe","data":{"job":"j7"}})");
    all.hub.notify(rejoinder::room{"j7"}, "progress", json{{"percent", 5}});
    driven::settle(all.io);
    CHECK(page->heard() == std::vector<std::string>{R"({"type":"progress","data":{"percent":5}})"});
    CHECK(other->heard().empty());
}

TEST_CASE("What a page says before its authenticator has answered waits for it")
{
    event_house all;
    std::string from;
    all.hub.authenticate([&](const rejoinder::handshake& shown) -> rejoinder::authentication {
        from = shown.from;
        CHECK(shown.auth.is_null());
        return rejoinder::identity{"42"};
    });
    std::vector<std::string> said;
    all.hub.on("hello", [&](const rejoinder::peer& who, const json&) { said.emplace_back(who.who().name()); });
    auto [mine, other] = rejoinder::memory_pair(all.io.get_executor(), all.io.get_executor());
    memory_peer page{all.io, std::move(mine)};
    page.say_only(R"({"type":"hello"})");
    all.hub.serve(std::move(other), event_codec{}, "10.0.0.1:5");
    driven::settle(all.io);
    CHECK(from == "10.0.0.1:5");
    CHECK(said == std::vector<std::string>{"42"});
}

TEST_CASE("A page that is refused is told so as an event")
{
    event_house all;
    all.hub.authenticate([](const rejoinder::handshake&) { return rejoinder::refusal{errc::auth_refused, "who are you?"}; });
    const auto page = all.page();
    CHECK(page->heard() == std::vector<std::string>{R"({"type":"error","data":{"code":"auth_refused","message":"who are you?"}})"});
    CHECK(page->ended());
}

TEST_CASE("A page's request is answered under its own id, and its repeat runs no second time")
{
    event_house all;
    int runs = 0;
    all.hub.on("sum", [&](const json& what) { return json(what.as_array().size() + static_cast<std::size_t>(runs++)); });
    const auto page = all.page();
    page->say(R"({"type":"sum","request_id":"x-1","data":[1,2]})");
    page->say(R"({"type":"sum","request_id":"x-1","data":[1,2]})");
    page->say(R"({"type":"sum","request_id":"x-1","data":[1]})");
    page->say(R"({"type":"gone","request_id":2})");
    CHECK(runs == 1);
    const auto& heard = page->heard();
    REQUIRE(heard.size() == 4);
    CHECK(heard[0] == R"({"type":"reply","request_id":"x-1","data":2})");
    CHECK(heard[1] == heard[0]);
    CHECK(heard[2] == R"({"type":"error","request_id":"x-1","data":{"code":"key_conflict","message":""}})");
    CHECK(heard[3] == R"({"type":"error","request_id":2,"data":{"code":"no_handler","message":"no handler for \"gone\""}})");
}

TEST_CASE("A page answers what the hub asks, with an event of any type that has the id")
{
    event_house all;
    all.hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
    const auto page = all.page();
    call_outcome answered;
    all.hub.async_request(rejoinder::user{"42"}, "plugin_command", json{{"action", "sync"}}, answered.token());
    driven::settle(all.io);
    const auto id = word_after(page->heard().at(0), "request_id");
    CHECK(page->heard().at(0) == R"({"type":"plugin_command","request_id":")" + id + R"(","data":{"action":"sync"}})");
    page->say(R"({"type":"plugin_response","request_id":")" + id + R"(","data":{"success":true}})");
    CHECK(answered.ends == 1);
    CHECK_FALSE(answered.ec);
    CHECK(answered.payload == R"({"success":true})");

    call_outcome delivered;
    all.hub.async_deliver(rejoinder::user{"42"}, "note", json{1}, delivered.token());
    driven::settle(all.io);
    page->say(R"({"type":"reply","request_id":")" + word_after(page->heard().at(1), "request_id") + "\"}");
    CHECK(delivered.ends == 1);
    CHECK_FALSE(delivered.ec);
}

TEST_CASE("A page that is gone cannot come back to its session, which ends at once")
{
    event_house all;
    all.hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
    int over = 0;
    all.hub.on_session_end([&](const rejoinder::peer&) { ++over; });
    auto page = all.page();
    call_outcome lost;
    all.hub.async_request(rejoinder::user{"42"}, "ask", json{}, lost.token());
    driven::settle(all.io);
    page->close();
    CHECK(over == 1);
    CHECK(all.hub.sessions() == 0);
    CHECK(lost.ends == 1);
    CHECK(lost.ec == errc::session_lost);
    CHECK(certainty_of(lost.ec) == rejoinder::certainty::maybe_executed);
}

TEST_CASE("A page that never answers costs its hub no slot once the callers are gone")
{
    rejoinder::hub_options<> options;
    options.session.capacity = 2;
    event_house all{options};
    all.hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
    const auto page = all.page();
    for (int i = 0; i != 3; ++i) {
        call_outcome ignored;
        all.hub.async_request(rejoinder::user{"42"}, "ask", json{}, {.timeout = 1ms}, ignored.token());
        REQUIRE(driven::until(all.io, [&] { return ignored.ends == 1; }));
        CHECK(ignored.ec == errc::timed_out);
    }
    CHECK(page->heard().size() == 3);
    page->say(R"({"type":"late","request_id":")" + word_after(page->heard().at(0), "request_id") + "\"}");
    CHECK(all.hub.snapshot().counts.late_replies == 1);
}

TEST_CASE("Frames that are no events are counted, and too many end the link")
{
    event_house all;
    const auto page = all.page();
    page->say("[]");
    CHECK_FALSE(page->ended());
    for (int i = 0; i != 20; ++i) {
        page->say("{}");
    }
    CHECK(page->ended());
    CHECK(all.hub.snapshot().counts.bad_messages >= 17);
}

TEST_CASE("On a wire that is not lenient the first frame of another grammar ends the link")
{
    event_house all;
    const auto page = all.page(event_and_data{});
    page->say(R"({"type":"fine"})");
    CHECK_FALSE(page->ended());
    page->say("[]");
    CHECK(page->ended());
    CHECK(all.hub.snapshot().counts.bad_messages == 1);
}

TEST_CASE("A client of an event service asks, hears and answers, and a new connection is a new session")
{
    event_service all;
    std::vector<std::string> heard;
    all.client.on("progress", [&](const rejoinder::payload_view& what) { heard.emplace_back(what.bytes); });
    all.client.on("whoami", [](const json&) { return json("tab"); });
    REQUIRE(all.services.size() == 1);
    CHECK(all.client.notify("subscribe", json{{"job", 7}}));
    call_outcome asked;
    all.client.async_request("sync", json{}, asked.token());
    driven::settle(all.io);
    const auto& first = all.service().heard();
    REQUIRE(first.size() == 2);
    CHECK(first[0] == R"({"type":"subscribe","data":{"job":7}})");
    const auto id = word_after(first[1], "request_id");
    all.service().say(R"({"type":"progress","data":5})");
    all.service().say(R"({"type":"whoami","request_id":[1]})");
    all.service().say(R"({"type":"whoami","request_id":1})");
    all.service().say(R"({"type":"synced","request_id":")" + id + R"(","data":true})");
    CHECK(heard == std::vector<std::string>{"5"});
    CHECK(all.service().first(R"({"type":"reply")") == R"({"type":"reply","request_id":1,"data":"tab"})");
    CHECK(asked.payload == "true");

    call_outcome lost;
    call_outcome kept;
    all.client.async_request("sync", json{}, lost.token());
    driven::settle(all.io);
    all.service().close();
    all.client.async_request("sync", json{}, kept.token());
    REQUIRE(driven::until(all.io, [&] { return all.services.size() == 2 && !all.service().heard().empty(); }));
    CHECK(lost.ec == errc::session_lost);
    all.service().say(R"({"type":"synced","request_id":")" + word_after(all.service().heard().at(0), "request_id") + "\"}");
    CHECK(kept.ends == 1);
    CHECK_FALSE(kept.ec);
}

TEST_CASE("On events without ids nothing can be asked, and whoever tries is told so")
{
    event_service all{event_codec{}};
    call_outcome asked;
    all.client.async_request("sync", json{}, asked.token());
    driven::settle(all.io);
    CHECK(asked.ec == errc::unsupported);
    CHECK(certainty_of(asked.ec) == rejoinder::certainty::never_sent);
    CHECK(all.client.notify("note", json(1)));
    driven::settle(all.io);
    CHECK(all.service().heard() == std::vector<std::string>{R"({"type":"note","data":1})"});
}

TEST_CASE("What a codec spells as several frames goes out behind each other, and a link that cannot carry one of them ends")
{
    event_house all;
    all.hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
    const auto page = all.page(event_and_data{});
    all.hub.notify(rejoinder::user{"42"}, "a", json("x"));
    all.hub.notify(rejoinder::user{"42"}, "b", json("y"));
    driven::settle(all.io);
    CHECK(page->heard() == std::vector<std::string>{R"({"type":"a"})", R"("x")", R"({"type":"b"})", R"("y")"});
    CHECK_FALSE(page->ended());
    all.hub.notify(rejoinder::user{"42"}, "c", json(std::string(100, 'z')));
    driven::settle(all.io);
    CHECK(page->heard().size() == 5);
    CHECK(page->ended());
}
