// What a relay hands on, in both directions, and what it makes of what goes wrong on the way.
#include <rejoinder/net/relay.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/failure.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/bytes.hpp>
#include <rejoinder/wire/json_text.hpp>

#include "support/driven.hpp"
#include "support/house.hpp"
#include "support/memory_connector.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::certainty_of;
using rejoinder::errc;
using rejoinder::json;
using rejoinder::payload_view;

namespace {

// A backend, a tab that is its client, and a plugin, to which the tab has a line of its own.
struct chain : house {
    rejoinder::hub<> plugin{io.get_executor()};
    std::unique_ptr<rejoinder::client<>> line{std::make_unique<rejoinder::client<>>(io.get_executor(), memory_connector{plugin})};
    std::error_code ec;
    std::optional<rejoinder::reply> answer;
    int ends = 0;

    chain() { meet(); }

    auto outcome()
    {
        return [this](std::error_code why, rejoinder::reply how) {
            ec = why;
            answer.emplace(std::move(how));
            ++ends;
        };
    }

    template <class Payload>
    void ask(const Payload& what, const rejoinder::call_options& how = {})
    {
        hub->async_request(rejoinder::user{"42"}, "command", what, how, outcome());
        driven::settle(io);
    }
};

rejoinder::json_text text(const char* json)
{
    return rejoinder::json_text::unchecked(json);
}

} // namespace

TEST_CASE("A relay hands the payload on as it is, and the answer back as it is")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    std::string seen;
    all.plugin.on("command", [&](const payload_view& what) {
        seen = what.bytes;
        return text(R"({"price":  1.50})");
    });
    all.ask(text(R"({"price": 1.500, "a":1,  "a":2})"));
    CHECK(seen == R"({"price": 1.500, "a":1,  "a":2})");
    REQUIRE(all.ends == 1);
    CHECK_FALSE(all.ec);
    CHECK(all.answer->payload().bytes == R"({"price":  1.50})");
}

TEST_CASE("A relay hands binary payloads on, both ways")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    all.plugin.on("command", [](rejoinder::bytes what) {
        what.data.push_back(std::byte{0});
        return what;
    });
    const rejoinder::bytes picture{{std::byte{0xff}, std::byte{0x00}}};
    all.ask(picture);
    REQUIRE(all.ends == 1);
    CHECK(all.answer->payload() == payload_view{std::string_view{"\xff\0\0", 3}, rejoinder::encoding::binary});
}

TEST_CASE("An error of the far handler arrives with its code, text and data")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    all.plugin.on("command", []() -> json { throw rejoinder::failure{"out_of_stock", "none left", json{{"shoes", 0}}}; });
    all.ask(1);
    REQUIRE(all.ends == 1);
    CHECK(all.ec == errc::remote_error);
    CHECK(certainty_of(all.ec) == rejoinder::certainty::acknowledged);
    CHECK(all.answer->code() == "out_of_stock");
    CHECK(all.answer->text() == "none left");
    CHECK(all.answer->payload().bytes == R"({"shoes":0})");
}

TEST_CASE("What the far side refuses before any handler is refused for the asker too")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    all.ask(1);
    REQUIRE(all.ends == 1);
    CHECK(all.ec == errc::no_handler);
    CHECK(certainty_of(all.ec) == rejoinder::certainty::not_executed);
}

TEST_CASE("Progress comes back through a relay before the answer")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    all.plugin.on("command", [](rejoinder::incoming about) {
        about.progress(1);
        about.progress(2);
        return 3;
    });
    std::vector<int> heard;
    all.hub->async_request(rejoinder::user{"42"}, "command", json{}, {}, [&](const int& word) { heard.push_back(word); }, all.outcome());
    driven::settle(all.io);
    CHECK(heard == std::vector<int>{1, 2});
    REQUIRE(all.ends == 1);
    CHECK(all.answer->as<int>() == 3);
}

TEST_CASE("A cancelled question is cancelled at the far handler, and its answer is nobody's")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    std::optional<rejoinder::responder> kept;
    bool stopped = false;
    all.plugin.on("command", [&](rejoinder::responder back) {
        back.on_cancel([&] { stopped = true; });
        kept = std::move(back);
    });
    asio::cancellation_signal give_up;
    all.hub->async_request(rejoinder::user{"42"}, "command", json{}, asio::bind_cancellation_slot(give_up.slot(), all.outcome()));
    driven::settle(all.io);
    REQUIRE(kept);
    CHECK_FALSE(stopped);
    give_up.emit(asio::cancellation_type::terminal);
    driven::settle(all.io);
    CHECK(stopped);
    CHECK(all.ec == asio::error::operation_aborted);
    kept->answer(1);
    driven::settle(all.io);
    CHECK(all.ends == 1);
    CHECK(all.hub->counts().late_replies == 0);
}

TEST_CASE("That the far handler gave up its run arrives as such")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    all.plugin.on("command", [](rejoinder::responder back) { back.fail(name_of(errc::busy), "later"); });
    all.ask(1);
    CHECK(all.ends == 1);
    CHECK(all.ec == errc::busy);
}

TEST_CASE("What is left of the deadline goes on with the question")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    rejoinder::duration left{};
    all.plugin.on("command", [&](rejoinder::incoming about) { left = about.time_left(std::chrono::steady_clock::now()); });
    all.ask(1, {.timeout = 1000s});
    CHECK(left <= 1000s);
    CHECK(left > 900s);
}

TEST_CASE("A delivery is acknowledged once it is acknowledged at the far end")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    std::optional<rejoinder::responder> kept;
    all.plugin.on("command", [&](rejoinder::responder back) { kept = std::move(back); });
    all.hub->async_deliver(rejoinder::user{"42"}, "command", "picture 7", {.key = "seven"}, all.outcome());
    driven::settle(all.io);
    REQUIRE(kept);
    CHECK(kept->kind() == rejoinder::message_kind::delivery);
    CHECK(kept->key() == "seven");
    CHECK(all.ends == 0);
    kept->answer("stored");
    driven::settle(all.io);
    REQUIRE(all.ends == 1);
    CHECK(all.answer->as<std::string>() == "stored");
}

TEST_CASE("A notification goes on as one")
{
    chain all;
    rejoinder::relay(*all.tab, "news", *all.line);
    std::string heard;
    all.plugin.on("news", [&](const std::string& what) { heard = what; });
    CHECK(all.hub->notify(rejoinder::user{"42"}, "news", "rain") == 1);
    driven::settle(all.io);
    CHECK(heard == "rain");
    CHECK(all.line->counts().notifications_sent == 1);
}

TEST_CASE("A relay of all names leaves those that have a handler of their own")
{
    chain all;
    rejoinder::relay(*all.tab, *all.line);
    all.tab->on("mine", [] { return "the tab"; });
    all.plugin.on("mine", [] { return "the plugin"; });
    all.plugin.on("command", [] { return "the plugin"; });
    all.ask(1);
    CHECK(all.answer->as<std::string>() == "the plugin");
    all.hub->async_request(rejoinder::user{"42"}, "mine", json{}, all.outcome());
    driven::settle(all.io);
    CHECK(all.answer->as<std::string>() == "the tab");
}

TEST_CASE("A relay to a hub's target asks that target, or says that it is not connected")
{
    chain all;
    const auto other = all.make_tab("7");
    all.meet();
    all.tab->on("who", [] { return "42"; });
    const char* const target = GENERATE("42", "7", "8");
    other->on("who", [] { return "7"; });
    rejoinder::relay(all.plugin, "who", to(*all.hub, rejoinder::user{target}));
    all.line->async_request("who", json{}, all.outcome());
    driven::settle(all.io);
    REQUIRE(all.ends == 1);
    if (std::string_view{target} == "8") {
        CHECK(all.ec == errc::not_connected);
    } else {
        CHECK(all.answer->as<std::string>() == target);
    }
}

TEST_CASE("A relay that is told to waits for its target")
{
    chain all;
    rejoinder::relay(all.plugin, "who", to(*all.hub, rejoinder::user{"7"}, rejoinder::absent::wait));
    all.line->async_request("who", json{}, all.outcome());
    driven::settle(all.io);
    CHECK(all.ends == 0);
    const auto late = all.make_tab("7");
    late->on("who", [] { return "7"; });
    all.meet();
    REQUIRE(all.ends == 1);
    CHECK(all.answer->as<std::string>() == "7");
}

TEST_CASE("When the way on is destroyed under a question, the asker hears that it may have run")
{
    chain all;
    rejoinder::relay(*all.tab, "command", *all.line);
    std::optional<rejoinder::responder> kept;
    all.plugin.on("command", [&](rejoinder::responder back) { kept = std::move(back); });
    all.ask(1);
    REQUIRE(kept);
    all.tab->off("command");
    all.line.reset();
    driven::settle(all.io);
    REQUIRE(all.ends == 1);
    CHECK(all.ec == errc::session_lost);
    CHECK(certainty_of(all.ec) == rejoinder::certainty::maybe_executed);
}
