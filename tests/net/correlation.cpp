// Questions whose answers are messages of their own, found by a field: over native links, plain events and Socket.IO.
#include <rejoinder/net/correlation.hpp>

#include <rejoinder/wire/event_codec.hpp>
#include <rejoinder/wire/json_value.hpp>

#include "support/house.hpp"
#include "support/memory_peer.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
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
using rejoinder::correlation;
using rejoinder::errc;
using rejoinder::json;
using rejoinder::user;

namespace {

struct plugin_command {
    std::string request_id;
    std::string action;
    json payload;
};
BOOST_DESCRIBE_STRUCT(plugin_command, (), (request_id, action, payload))

struct plugin_response {
    std::string request_id;
    bool success = false;
    json data;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(plugin_response, (), (request_id, success, data, error))

struct plugin_call : rejoinder::correlated<plugin_command, plugin_response> {
    static constexpr std::string_view name = "plugin_command";
    static constexpr std::string_view answer_name = "plugin_response";
};

struct plugin_call_again : plugin_call {
    static constexpr auto repeat_after = 5ms;
};

struct plugin_call_soon : plugin_call {
    static constexpr auto timeout = 20ms;
};

// Fields by other names, numbers as keys, and no word of success.
struct numbered_order {
    std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered_order, (), (number))

struct numbered_parcel {
    std::uint64_t of = 0;
    std::string what;
};
BOOST_DESCRIBE_STRUCT(numbered_parcel, (), (of, what))

struct parcel_call : rejoinder::correlated<numbered_order, numbered_parcel> {
    static constexpr std::string_view name = "order";
    static constexpr std::string_view answer_name = "parcel";
    static constexpr auto request_key = &numbered_order::number;
    static constexpr auto answer_key = &numbered_parcel::of;
};

struct json_call : rejoinder::correlated<json, json> {
    static constexpr std::string_view name = "ask";
    static constexpr std::string_view answer_name = "told";
    static constexpr std::string_view request_key = "id";
    static constexpr std::string_view answer_key = "for";
    static constexpr std::string_view success = "ok";
    static constexpr std::string_view error = "why";
};

struct keyless_call : rejoinder::correlated<plugin_command, int> {
    [[maybe_unused]] static constexpr std::string_view name = "a";
    [[maybe_unused]] static constexpr std::string_view answer_name = "b";
};

// What a question ended with.
struct told_answer {
    std::error_code ec;
    plugin_response said;
    std::string words; // what the error says while its caller is told
    int ends = 0;

    auto token()
    {
        return [this](std::error_code why, plugin_response answer) {
            ec = why;
            words = why.message();
            said = std::move(answer);
            ++ends;
        };
    }
};

plugin_command command_of(const std::string& id)
{
    return {id, "publish", json{{"title", "Paper boats"}}};
}

plugin_response response_of(const std::string& id)
{
    return {id, true, json{{"shelf", "A"}}, std::nullopt};
}

// A tab that has taken note of each command, and of how its answers were acknowledged.
struct plugin_tab {
    std::vector<plugin_command> commands;
    int acknowledged = 0;
    int refused = 0;

    void serve(rejoinder::client<>& tab)
    {
        tab.on("plugin_command", [this](const plugin_command& what) { commands.push_back(what); });
    }

    void answer(rejoinder::client<>& tab, const plugin_response& said)
    {
        tab.async_deliver("plugin_response", said, [this](std::error_code ec, const rejoinder::reply&) { ++(ec ? refused : acknowledged); });
    }
};

struct correlated_house : house {
    plugin_tab plugin;

    correlated_house() : house({}, hasty())
    {
        plugin.serve(*tab);
        meet();
    }
};

} // namespace

TEST_CASE("A declaration of a pair has names, types that travel, and a key in both")
{
    STATIC_REQUIRE(rejoinder::correlated_contract<plugin_call>);
    STATIC_REQUIRE(rejoinder::correlated_contract<parcel_call>);
    STATIC_REQUIRE(rejoinder::correlated_contract<json_call>);
    STATIC_REQUIRE_FALSE(rejoinder::correlated_contract<keyless_call>);
    STATIC_REQUIRE_FALSE(rejoinder::contract_type<plugin_call>); // or it could be asked as a call with a reply
    STATIC_REQUIRE(rejoinder::correlated_options<plugin_call_soon>({}).timeout == 20ms);
    STATIC_REQUIRE(rejoinder::correlated_options<plugin_call_soon>({.timeout = 1s}).timeout == 1s);
    STATIC_REQUIRE(rejoinder::correlated_options<plugin_call>({}).repeat == rejoinder::repeatable::no);
    STATIC_REQUIRE(rejoinder::correlated_options<plugin_call_again>({}).repeat == rejoinder::repeatable::idempotent);
}

TEST_CASE("A question is answered by a message of its own, and neither acknowledgement nor silence ends it")
{
    correlated_house all;
    correlation<plugin_call> plugin{*all.hub};
    told_answer first;
    told_answer second;
    plugin.async_request(user{"42"}, command_of("a"), first.token());
    plugin.async_request(user{"42"}, command_of("b"), {.timeout = 10s}, second.token());
    CHECK(first.ends == 0);
    all.meet();
    REQUIRE(all.plugin.commands.size() == 2);
    CHECK(all.plugin.commands[0].request_id == "a");
    CHECK(all.plugin.commands[0].payload.at("title") == "Paper boats");
    CHECK(plugin.pending() == 2);
    all.plugin.answer(*all.tab, response_of("b"));
    all.meet();
    CHECK(first.ends == 0);
    CHECK(second.ends == 1);
    CHECK_FALSE(second.ec);
    CHECK(second.said.data.at("shelf") == "A");
    CHECK(all.plugin.acknowledged == 1);
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(first.ends == 1);
    CHECK(plugin.pending() == 0);
}

TEST_CASE("An answer that says no is an error with the plugin's own words, and comes with it")
{
    correlated_house all;
    correlation<plugin_call> plugin{*all.hub};
    told_answer asked;
    plugin.async_request(user{"42"}, command_of("a"), asked.token());
    all.meet();
    all.plugin.answer(*all.tab, {"a", false, json{{"left", 0}}, "The shelf is full"});
    all.meet();
    CHECK(asked.ends == 1);
    CHECK(asked.ec == errc::remote_error);
    CHECK(certainty_of(asked.ec) == certainty::acknowledged);
    CHECK(asked.words.ends_with(": The shelf is full"));
    CHECK(asked.said.data.at("left") == 0);
    CHECK(all.plugin.acknowledged == 1);

    std::string thrown;
    asio::co_spawn(
        all.io,
        [&]() -> asio::awaitable<void> {
            const auto question = command_of("b");
            try {
                co_await plugin.async_request(user{"42"}, question, asio::use_awaitable);
            } catch (const std::system_error& error) {
                thrown = error.what();
            }
        },
        asio::detached);
    all.meet();
    all.plugin.answer(*all.tab, {"b", false, {}, "The shelf is gone"});
    all.meet();
    CHECK(thrown.ends_with(": The shelf is gone"));
}

TEST_CASE("The answer may come from a later session of the identity that was asked")
{
    correlated_house all;
    correlation<plugin_call> plugin{*all.hub};
    told_answer acknowledged;
    plugin.async_request(user{"42"}, command_of("a"), acknowledged.token());
    all.meet();
    all.tab = all.make_tab("42", hasty()); // the page was loaded again: another incarnation
    all.meet();
    CHECK(acknowledged.ends == 0);
    all.plugin.answer(*all.tab, response_of("a"));
    REQUIRE(driven::until(all.io, [&] { return acknowledged.ends == 1; }));
    CHECK_FALSE(acknowledged.ec);
    CHECK(all.hub->sessions() >= 1);
}

TEST_CASE("A question whose session was lost before its acknowledgement waits on for its answer")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.authenticate(identity_of_auth);
    correlation<plugin_call> plugin{hub};
    memory_peer page{io, hub};
    const auto welcome = page.join("one");
    told_answer asked;
    plugin.async_request(user{"42"}, command_of("a"), asked.token());
    driven::settle(io);
    REQUIRE_FALSE(page.first(R"(["msg")").empty());
    memory_peer again{io, hub};
    again.join("two", "42", word_after(welcome, "token")); // rule 2: the old session ends with its link
    page.close();
    CHECK(hub.sessions() == 1);
    CHECK(asked.ends == 0);
    again.say(R"(["msg",1024,"plugin_response",{"request_id":"a","success":true,"data":7,"error":null}])");
    CHECK(again.first(R"(["ack",1024)") == R"(["ack",1024])");
    CHECK(asked.ends == 1);
    CHECK_FALSE(asked.ec);
    CHECK(asked.said.data == 7);
}

TEST_CASE("A question that was handled waits on for its answer, though its acknowledgement was lost for its size")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.authenticate(identity_of_auth);
    correlation<plugin_call> plugin{hub};
    memory_peer page{io, hub};
    page.join("one");
    told_answer asked;
    plugin.async_request(user{"42"}, command_of("a"), asked.token());
    driven::settle(io);
    const auto question = page.first(R"(["msg",)");
    REQUIRE_FALSE(question.empty());
    const auto id = question.substr(7, question.find(',', 7) - 7);
    page.say(R"(["err",)" + id + R"(,"answer_lost","larger than is kept"])");
    CHECK(asked.ends == 0);
    CHECK(plugin.pending() == 1);
    page.say(R"(["msg",1024,"plugin_response",{"request_id":"a","success":true,"data":7,"error":null}])");
    CHECK(asked.ends == 1);
    CHECK_FALSE(asked.ec);
}

TEST_CASE("An answer of somebody who was not asked settles nothing, and is acknowledged")
{
    correlated_house all;
    plugin_tab stranger;
    const auto other = all.make_tab("43", hasty());
    all.meet();
    correlation<plugin_call> plugin{*all.hub};
    std::vector<std::string> unmatched;
    plugin.on_unmatched([&](const rejoinder::peer& from, const plugin_response& said) { unmatched.push_back(from.who().name() + ':' + said.request_id); });
    told_answer asked;
    told_answer peer_asked;
    plugin.async_request(user{"42"}, command_of("a"), asked.token());
    plugin.async_request(all.hub->members(rejoinder::room{"user_42"}).at(0), command_of("b"), peer_asked.token());
    all.meet();
    REQUIRE(all.plugin.commands.size() == 2);
    stranger.answer(*other, response_of("a"));
    stranger.answer(*other, response_of("b"));
    stranger.answer(*other, response_of(""));
    all.meet();
    CHECK(asked.ends + peer_asked.ends == 0);
    CHECK(stranger.acknowledged == 3);
    CHECK(unmatched == std::vector<std::string>{"43:a", "43:b", "43:"});
    CHECK(all.hub->counts().late_replies == 3);
    all.plugin.answer(*all.tab, response_of("a"));
    all.plugin.answer(*all.tab, response_of("b"));
    all.meet();
    CHECK(asked.ends + peer_asked.ends == 2);
}

TEST_CASE("Two identities may be asked under one key")
{
    correlated_house all;
    plugin_tab second;
    const auto other = all.make_tab("43", hasty());
    second.serve(*other);
    all.meet();
    correlation<plugin_call> plugin{*all.hub};
    told_answer of_first;
    told_answer of_second;
    plugin.async_request(user{"42"}, command_of("a"), of_first.token());
    plugin.async_request(user{"43"}, command_of("a"), of_second.token());
    all.meet();
    second.answer(*other, response_of("a"));
    all.meet();
    CHECK(of_first.ends == 0);
    CHECK(of_second.ends == 1);
}

TEST_CASE("A late reply completes no stranger: repeated and late answers are acknowledged, counted and shown")
{
    correlated_house all;
    correlation<plugin_call_soon> plugin{*all.hub};
    int unmatched = 0;
    plugin.on_unmatched([&](const rejoinder::peer&, const plugin_response&) { ++unmatched; });
    told_answer asked;
    plugin.async_request(user{"42"}, command_of("a"), {.timeout = 10s}, asked.token());
    all.meet();
    all.plugin.answer(*all.tab, response_of("a"));
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(asked.ends == 1);
    CHECK(unmatched == 1);
    told_answer late;
    plugin.async_request(user{"42"}, command_of("b"), late.token());
    REQUIRE(driven::until(all.io, [&] { return late.ends == 1; }));
    CHECK(late.ec == errc::timed_out);
    CHECK(certainty_of(late.ec) == certainty::maybe_executed);
    CHECK(all.hub->counts().timeouts == 1);
    all.plugin.answer(*all.tab, response_of("b"));
    all.meet();
    CHECK(late.ends == 1);
    CHECK(unmatched == 2);
    CHECK(all.plugin.acknowledged == 3);
    CHECK(all.hub->counts().late_replies == 2);
}

TEST_CASE("A question gets a key if it has none, and one that waits already is not asked twice")
{
    correlated_house all;
    correlation<plugin_call> plugin{*all.hub, {.pending_max = 3}};
    correlation<plugin_call, rejoinder::client<>> unused{*all.tab};
    told_answer own;
    told_answer twice;
    told_answer made;
    told_answer other;
    told_answer over;
    plugin.async_request(user{"42"}, command_of("a"), own.token());
    plugin.async_request(user{"42"}, command_of("a"), twice.token());
    plugin.async_request(user{"42"}, command_of(""), made.token());
    plugin.async_request(user{"42"}, command_of(""), other.token());
    plugin.async_request(user{"42"}, command_of("z"), over.token());
    all.meet();
    CHECK(twice.ec == errc::key_conflict);
    CHECK(certainty_of(twice.ec) == certainty::never_sent);
    CHECK(over.ec == errc::queue_full);
    CHECK(certainty_of(over.ec) == certainty::never_sent);
    REQUIRE(all.plugin.commands.size() == 3);
    const auto& made_id = all.plugin.commands[1].request_id;
    CHECK(made_id.size() > 10);
    CHECK(made_id != all.plugin.commands[2].request_id);
    all.plugin.answer(*all.tab, response_of(made_id));
    all.meet();
    CHECK(made.ends == 1);
    CHECK(own.ends + other.ends == 0);
}

TEST_CASE("Who is not there cannot be asked, and who refuses the question has answered it")
{
    correlated_house all;
    correlation<plugin_call> plugin{*all.hub};
    told_answer absent;
    plugin.async_request(user{"44"}, command_of("a"), absent.token());
    all.meet();
    CHECK(absent.ec == errc::not_connected);
    CHECK(certainty_of(absent.ec) == certainty::never_sent);
    told_answer too_late;
    plugin.async_request(user{"44"}, command_of("a"), {.timeout = 5ms, .when_absent = rejoinder::absent::wait}, too_late.token());
    REQUIRE(driven::until(all.io, [&] { return too_late.ends == 1; }));
    CHECK(too_late.ec == errc::timed_out);
    CHECK(certainty_of(too_late.ec) == certainty::never_sent);
    all.tab->off("plugin_command");
    told_answer unknown;
    plugin.async_request(user{"42"}, command_of("b"), unknown.token());
    all.meet();
    CHECK(unknown.ec == errc::no_handler);
    CHECK(unknown.words.find("plugin_command") != std::string::npos);
    CHECK(plugin.pending() == 0);
}

TEST_CASE("A question that may be repeated is said again under its key until it is answered")
{
    correlated_house all;
    correlation<plugin_call_again> plugin{*all.hub};
    told_answer asked;
    plugin.async_request(user{"42"}, command_of("a"), {.timeout = 10s}, asked.token());
    REQUIRE(driven::until(all.io, [&] { return all.plugin.commands.size() == 3; }));
    CHECK(asked.ends == 0);
    CHECK(all.plugin.commands[2].request_id == "a");
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(asked.ends == 1);
    const auto said = all.plugin.commands.size();
    driven::pass(all.io, 20ms);
    CHECK(all.plugin.commands.size() == said);
}

TEST_CASE("A cancelled question ends at once, and who has not acknowledged it is told")
{
    correlated_house all;
    int stopped = 0;
    std::vector<rejoinder::responder> kept;
    all.tab->on("plugin_command", [&](const json&, rejoinder::responder later) {
        later.on_cancel([&] { ++stopped; });
        kept.push_back(std::move(later));
    });
    correlation<plugin_call> plugin{*all.hub};
    told_answer asked;
    asio::cancellation_signal stop;
    plugin.async_request(user{"42"}, command_of("a"), asio::bind_cancellation_slot(stop.slot(), asked.token()));
    all.meet();
    REQUIRE(kept.size() == 1);
    stop.emit(asio::cancellation_type::terminal);
    CHECK(asked.ends == 0);
    all.meet();
    CHECK(asked.ends == 1);
    CHECK(asked.ec == asio::error::operation_aborted);
    CHECK(stopped == 1);
    CHECK(plugin.pending() == 0);
    stop.emit(asio::cancellation_type::terminal);
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(asked.ends == 1);
}

TEST_CASE("Whatever ends a correlation ends its questions, once: itself, its hub, another handler, its context")
{
    correlated_house all;
    told_answer with_itself;
    told_answer with_handler;
    told_answer with_hub;
    told_answer unacknowledged;
    {
        correlation<plugin_call> plugin{*all.hub};
        plugin.async_request(user{"42"}, command_of("a"), with_itself.token());
        all.meet();
        correlation<plugin_call> moved{std::move(plugin)};
        CHECK(moved.pending() == 1);
    }
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(with_itself.ends == 1);
    CHECK(with_itself.ec == asio::error::operation_aborted);
    CHECK(all.plugin.refused == 1); // nobody takes such answers any more
    correlation<plugin_call> former{*all.hub};
    former.async_request(user{"42"}, command_of("b"), with_handler.token());
    all.meet();
    all.hub->on("plugin_response", [](const json&) {});
    all.meet();
    CHECK(with_handler.ends == 1);
    CHECK(with_handler.ec == asio::error::operation_aborted);
    correlation<plugin_call> plugin{*all.hub};
    plugin.async_request(user{"42"}, command_of("c"), with_hub.token());
    all.meet();
    plugin.async_request(user{"42"}, command_of("d"), unacknowledged.token());
    all.hub.reset();
    all.meet();
    CHECK(with_hub.ends == 1);
    CHECK(with_hub.ec == asio::error::operation_aborted);
    CHECK(unacknowledged.ends == 1);
    CHECK(unacknowledged.ec == asio::error::operation_aborted);
    told_answer after;
    plugin.async_request(user{"42"}, command_of("e"), after.token());
    all.meet();
    CHECK(after.ec == asio::error::operation_aborted);
}

TEST_CASE("A coroutine that owns hub and correlation and waits for an answer is destroyed with its context")
{
    auto io = std::make_unique<asio::io_context>();
    const auto alive = std::make_shared<int>(0);
    asio::co_spawn(
        *io,
        [](std::shared_ptr<int>, asio::io_context& on) -> asio::awaitable<void> {
            rejoinder::hub<> hub{on.get_executor()};
            correlation<plugin_call> plugin{hub};
            const auto question = command_of("a");
            const rejoinder::call_options how{.when_absent = rejoinder::absent::wait};
            co_await plugin.async_request(user{"42"}, question, how, asio::use_awaitable);
        }(alive, *io),
        asio::detached);
    driven::settle(*io);
    CHECK(alive.use_count() == 2);
    io.reset();
    CHECK(alive.use_count() == 1);
}

TEST_CASE("A handler of an answer may destroy the correlation that it came to")
{
    correlated_house all;
    auto plugin = std::make_unique<correlation<plugin_call>>(*all.hub);
    told_answer left;
    int ended = 0;
    plugin->async_request(user{"42"}, command_of("a"), [&](std::error_code, const plugin_response&) {
        ++ended;
        plugin.reset();
    });
    plugin->async_request(user{"42"}, command_of("b"), left.token());
    all.meet();
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(ended == 1);
    CHECK(left.ends == 1);
    CHECK(left.ec == asio::error::operation_aborted);

    auto observed = std::make_unique<correlation<plugin_call>>(*all.hub);
    observed->on_unmatched([&](const rejoinder::peer&, const plugin_response&) { observed.reset(); });
    all.plugin.answer(*all.tab, response_of("z"));
    all.meet();
    CHECK(observed == nullptr);
    CHECK(all.plugin.acknowledged == 2);
}

TEST_CASE("A correlation may be made anew from inside its own handler, and the new one has its answers")
{
    correlated_house all;
    correlation<plugin_call> plugin{*all.hub};
    plugin.on_unmatched([&](const rejoinder::peer&, const plugin_response&) { plugin = correlation<plugin_call>{*all.hub}; });
    all.plugin.answer(*all.tab, response_of("z"));
    all.meet();
    told_answer asked;
    plugin.async_request(user{"42"}, command_of("a"), asked.token());
    all.meet();
    all.plugin.answer(*all.tab, response_of("a"));
    all.meet();
    CHECK(asked.ends == 1);
    CHECK_FALSE(asked.ec);
    CHECK(all.plugin.acknowledged == 2);
}

TEST_CASE("A client asks its hub the same way, with fields of any name")
{
    correlated_house all;
    std::uint64_t number = 0;
    all.hub->on("order", [&](const numbered_order& what) { number = what.number; });
    correlation<parcel_call, rejoinder::client<>> parcels{*all.tab};
    std::string got;
    parcels.async_request({}, [&](std::error_code ec, const numbered_parcel& came) { got = ec ? ec.message() : came.what; });
    all.meet();
    CHECK(number > 0);
    all.hub->notify(user{"42"}, "parcel", numbered_parcel{number + 1, "not this"});
    all.hub->notify(user{"42"}, "parcel", numbered_parcel{number, "boats"});
    all.meet();
    CHECK(got == "boats");
    CHECK(all.tab->counts().late_replies == 1);
}

TEST_CASE("Over plain events without acknowledgements the question is a notification, and so may the answer be")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"42"}; });
    correlation<json_call> asking{hub};
    auto [mine, there] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
    hub.serve(std::move(there), rejoinder::event_codec{}, "page");
    memory_peer page{io, std::move(mine)};
    driven::settle(io);
    std::vector<std::string> ends;
    const auto note = [&](std::error_code ec, const json& said) { ends.push_back(ec ? ec.message() : std::string{said.at("x").as_string()}); };
    asking.async_request(user{"42"}, json{{"what", 1}}, note);
    asking.async_request(user{"42"}, json{{"id", 7}}, note);
    CHECK_THROWS_AS(asking.async_request(user{"42"}, json(5), note), std::invalid_argument);
    driven::settle(io);
    REQUIRE(page.heard().size() == 2);
    CHECK(page.heard()[1] == R"({"type":"ask","data":{"id":7}})");
    page.say(R"({"type":"told","data":{"for":")" + word_after(page.heard()[0], "id") + R"(","x":"first"}})");
    page.say(R"({"type":"told","data":{"for":7,"ok":false,"why":{"code":9}}})");
    page.say(R"({"type":"told","data":[]})");
    REQUIRE(ends.size() == 2);
    CHECK(ends[0] == "first");
    CHECK(ends[1].ends_with(R"(: {"code":9})"));
    CHECK(hub.counts().late_replies == 1);
    page.close();
    asking.async_request(user{"42"}, json{}, note);
    driven::settle(io);
    CHECK(ends.size() == 3);
}
