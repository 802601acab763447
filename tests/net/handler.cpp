// Handlers of every form, called and answered.
#include <rejoinder/net/handler.hpp>

#include <rejoinder/net/failure.hpp>

#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/recording_site.hpp"

using namespace rejoinder;
using namespace std::literals;
namespace bj = boost::json;

namespace {

struct order {
    int id = 0;
    std::vector<std::string> items;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, items))

struct bill {
    int total = 0;
};
BOOST_DESCRIBE_STRUCT(bill, (), (total))

// A site and its handler, called once or more.
struct called_site {
    asio::io_context io;
    std::shared_ptr<recording_site> site = std::make_shared<recording_site>(io);

    template <class F>
    heard_word answer_of(F&& f, std::string_view payload)
    {
        return answer_of(std::forward<F>(f), payload_view{payload});
    }
    template <class F>
    heard_word answer_of(F&& f, payload_view payload)
    {
        const auto made = detail::make_handler(std::forward<F>(f));
        site->call(*made, payload);
        REQUIRE(site->ended.size() == 1);
        REQUIRE(site->runs.empty());
        return std::exchange(site->ended, {}).front();
    }
    void poll()
    {
        io.restart();
        io.poll();
    }
};

int doubled(const int& number)
{
    return 2 * number;
}

// Ends when it is cancelled, or never.
asio::awaitable<void> wait_for_ever()
{
    asio::steady_timer timer{co_await asio::this_coro::executor, asio::steady_timer::time_point::max()};
    co_await timer.async_wait(asio::use_awaitable);
}

struct overloaded {
    void operator()(int) const {}
    void operator()(const std::string&) const {}
};
struct sulking {
    friend void tag_invoke(bj::value_from_tag, bj::value&, const sulking&) { throw std::runtime_error{"I won't"}; }
};
struct unconvertible {
    explicit unconvertible(int) {}
};

} // namespace

TEST_CASE("a handler's payload is read into its parameter's type and its result is the answer")
{
    called_site on;
    CHECK(on.answer_of([](const order& one) { return bill{one.id * static_cast<int>(one.items.size())}; }, R"({"id":3,"items":["a","b"]})").payload ==
          R"({"total":6})");
    CHECK(on.answer_of([](order one) { return std::move(one.items); }, R"({"id":3,"items":["a","b"]})").payload == R"(["a","b"])");
    CHECK(on.answer_of([](order&& one) { return std::move(one).id; }, R"({"id":3,"items":[]})").payload == "3");
    CHECK(on.answer_of([](const std::string& text) { return text + "!"; }, R"("hi")").payload == R"("hi!")");
    CHECK(on.answer_of([](const bj::value& any) { return any.at("a"); }, R"({"a":[1]})").payload == "[1]");
    CHECK(on.answer_of([](const json_text& any) { return json_text::unchecked("[" + any.text() + "]"); }, "17").payload == "[17]");
    CHECK(on.answer_of([](std::optional<int> number) { return number.value_or(-1); }, "").payload == "-1");
}

TEST_CASE("binary payloads go in and out as bytes")
{
    called_site on;
    const payload_view binary{"\x00\xff"sv, encoding::binary};
    const auto echoed = on.answer_of([](const bytes& content) { return content; }, binary);
    CHECK(echoed.payload == "\x00\xff"sv);
    CHECK(echoed.form == encoding::binary);
    const auto viewed = on.answer_of([](payload_view content) { return content; }, binary);
    CHECK(viewed.payload == "\x00\xff"sv);
    CHECK(viewed.form == encoding::binary);
    CHECK(on.answer_of([](int) {}, binary).code == "bad_payload");
}

TEST_CASE("functions, function objects, std::function and noexcept and mutable lambdas are handlers")
{
    called_site on;
    CHECK(on.answer_of(doubled, "4").payload == "8");
    CHECK(on.answer_of(&doubled, "4").payload == "8");
    CHECK(on.answer_of(std::function<int(int)>{doubled}, "4").payload == "8");
    CHECK(on.answer_of([](int n) noexcept { return n; }, "4").payload == "4");
    CHECK(on.answer_of([calls = 0](int n) mutable { return n + ++calls; }, "4").payload == "5");
    CHECK(on.answer_of([owned = std::make_unique<int>(3)](int n) { return n + *owned; }, "4").payload == "7");
}

TEST_CASE("a handler without payload or result answers yes to any payload")
{
    called_site on;
    int calls = 0;
    const auto word = on.answer_of([&] { ++calls; }, "{not even JSON");
    CHECK(word.code.empty());
    CHECK(word.payload.empty());
    CHECK(calls == 1);
    CHECK(on.answer_of([](no_payload) { return no_payload{}; }, "3").payload.empty());
}

TEST_CASE("peer and incoming stand anywhere among the parameters")
{
    called_site on;
    CHECK(on.answer_of([](peer from, int n) { return from.who().name() + std::to_string(n); }, "1").payload == R"("421")");
    CHECK(on.answer_of([](int n, const peer& from) { return from.session() + static_cast<unsigned>(n); }, "1").payload == "8");
    CHECK(on.answer_of([](peer&& from) { return from.session(); }, "1").payload == "7");
    CHECK(on.answer_of([](incoming about, int n, peer from) { return std::string{about.name()} + std::to_string(n) + from.who().name(); }, "1").payload ==
          R"("ask142")");
    CHECK(on.answer_of([](const incoming& about) { return about.kind() == message_kind::request; }, "1").payload == "true");
}

TEST_CASE("incoming tells the name, the key, the deadline and what is left of it")
{
    called_site on;
    const auto start = instant{} + 100s;
    std::string seen;
    duration left{};
    duration over{};
    const auto made = detail::make_handler([&](incoming about) {
        seen = std::string{about.name()} + "/" + std::string{about.key()};
        left = about.time_left(start);
        over = about.time_left(start + 1h);
        CHECK(about.deadline() == start + 5s);
        CHECK_FALSE(about.cancelled());
    });
    on.site->call(*made, payload_view{}, "a name that is too long to be kept in place", start + 5s, "a key");
    CHECK(seen == "a name that is too long to be kept in place/a key");
    CHECK(left == 5s);
    CHECK(over == 0s);

    const auto unhurried = detail::make_handler([&](incoming about) { left = about.time_left(start); });
    on.site->call(*unhurried, "");
    CHECK(left == duration::max());
}

TEST_CASE("progress goes out before the answer and not after it")
{
    called_site on;
    std::optional<incoming> kept;
    const auto word = on.answer_of(
        [&](incoming about) {
            about.progress(50);
            about.progress("almost");
            kept.emplace(about);
            return 100;
        },
        "");
    CHECK(word.payload == "100");
    REQUIRE(on.site->words.size() == 2);
    CHECK(on.site->words[0].payload == "50");
    CHECK(on.site->words[1].payload == R"("almost")");
    CHECK(on.site->words[1].run == word.run);
    kept->progress(101);
    CHECK(on.site->words.size() == 2);
    CHECK(kept->name() == "ask");
}

TEST_CASE("a payload that does not fit is answered with its place and the handler is not called")
{
    called_site on;
    bool called = false;
    const auto word = on.answer_of([&](const order&) { called = true; }, R"({"id":3,"items":["a",4]})");
    CHECK(word.code == "bad_payload");
    CHECK(word.text == "/payload/items/1 does not fit: a string is expected, not a number");
    CHECK(on.answer_of([&](int) { called = true; }, R"("three")").text == "/payload does not fit: a number is expected, not a string");
    CHECK(on.answer_of([&](int) { called = true; }, "1.5").text == "/payload does not fit: a number of another kind or size is expected");
    CHECK(on.answer_of([&](const order&) { called = true; }, R"({"id":3})").text == "/payload/items does not fit: it is missing");
    CHECK(on.answer_of([&](const std::string&) { called = true; }, "3").text == "/payload does not fit: a string is expected");
    CHECK(on.answer_of([&](const json_text&) { called = true; }, "{").code == "bad_payload");
    CHECK(on.answer_of([&](const order&) -> asio::awaitable<void> { called = true; co_return; }, "[]").code == "bad_payload");
    CHECK(on.answer_of([&](const order&, responder) { called = true; }, "[]").code == "bad_payload");
    CHECK_FALSE(called);
}

TEST_CASE("what a handler throws is the answer")
{
    called_site on;
    auto word = on.answer_of([](int n) -> int { throw failure{"out_of_stock", "no more shoes", n}; }, "42");
    CHECK(word.code == "out_of_stock");
    CHECK(word.text == "no more shoes");
    CHECK(word.payload == "42");

    word = on.answer_of([] { throw failure{"", "nameless"}; }, "");
    CHECK(word.code == "handler_error");
    CHECK(word.text == "nameless");

    word = on.answer_of([] { throw std::runtime_error{"boom"}; }, "");
    CHECK(word.code == "handler_error");
    CHECK(word.text == "boom");

    word = on.answer_of([] { throw std::system_error{asio::error::operation_aborted}; }, "");
    CHECK(word.code == "handler_error"); // nobody stopped it

    word = on.answer_of([] { throw 3; }, "");
    CHECK(word.code == "handler_error");
    CHECK_FALSE(word.text.empty());
}

TEST_CASE("the text of an exception is cut at 1 KiB and not inside a character")
{
    called_site on;
    const auto word = on.answer_of([] { throw std::runtime_error{std::string(1023, 'x') + "\u00e9" + std::string(500, 'y')}; }, "");
    CHECK(word.text == std::string(1023, 'x'));
    CHECK(on.answer_of([] { throw std::runtime_error{std::string(1024, 'x')}; }, "").text.size() == 1024);
    CHECK(on.answer_of([] { throw std::runtime_error{std::string(5000, '\x80')}; }, "").text.empty());
}

TEST_CASE("an answer that cannot be written is the handler's error")
{
    called_site on;
    CHECK(on.answer_of([] { return sulking{}; }, "").text == "I won't");
    CHECK(on.answer_of([]() -> asio::awaitable<sulking> { co_return sulking{}; }, "").text == "I won't");
}

TEST_CASE("a coroutine's result is the answer when it ends")
{
    called_site on;
    CHECK(on.answer_of([](int n) -> asio::awaitable<int> { co_return n + 1; }, "4").payload == "5");
    CHECK(on.answer_of([](const order& one) -> asio::awaitable<void> { CHECK(one.id == 3); co_return; }, R"({"id":3,"items":[]})").code.empty());
    CHECK(on.answer_of([]() -> asio::awaitable<int> { throw failure{"no", "text"}; co_return 1; }, "").code == "no");
    CHECK(on.answer_of([]() -> asio::awaitable<void> { throw std::logic_error{"boom"}; co_return; }, "").text == "boom");
}

TEST_CASE("a coroutine that waits keeps its argument, whose message is gone")
{
    called_site on;
    asio::steady_timer gate{on.io, asio::steady_timer::time_point::max()};
    const auto wait = [&]() -> asio::awaitable<void> {
        asio::error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    };
    const auto by_reference = detail::make_handler([&](const std::string& text, const peer& from) -> asio::awaitable<std::string> {
        co_await wait();
        co_return text + from.who().name();
    });
    const auto by_view = detail::make_handler([&](payload_view text, incoming about) -> asio::awaitable<json_text> {
        co_await wait();
        co_return json_text::unchecked(std::string{text.bytes} + std::string(about.name().size(), ' '));
    });
    const auto by_text = detail::make_handler([&](json_text text) -> asio::awaitable<json_text> {
        co_await wait();
        co_return text;
    });
    on.site->call(*by_reference, R"("a text that is too long to be kept in place")");
    on.site->call(*by_view, "7");
    on.site->call(*by_view, R"(["a payload that is too long to be kept in place"])");
    on.site->call(*by_text, R"(["another payload that is too long to be kept"])");
    CHECK(on.site->ended.empty());
    CHECK(on.site->runs.size() == 4);
    gate.cancel();
    on.poll();
    REQUIRE(on.site->ended.size() == 4);
    CHECK(on.site->runs.empty());
    CHECK(on.site->ended[0].payload == R"("a text that is too long to be kept in place42")");
    CHECK(on.site->ended[1].payload == "7   ");
    CHECK(on.site->ended[2].payload == R"(["a payload that is too long to be kept in place"]   )");
    CHECK(on.site->ended[3].payload == R"(["another payload that is too long to be kept"])");
}

TEST_CASE("a coroutine that is stopped sees its cancellation and answers cancelled")
{
    called_site on;
    bool saw = false;
    const auto made = detail::make_handler([&]() -> asio::awaitable<int> {
        try {
            co_await wait_for_ever();
        } catch (const std::system_error& e) {
            saw = e.code() == asio::error::operation_aborted;
            throw;
        }
        co_return 1;
    });
    const auto run = on.site->call(*made, "");
    CHECK(on.site->runs.size() == 1);
    on.site->stop(run);
    CHECK(saw);
    REQUIRE(on.site->ended.size() == 1);
    CHECK(on.site->ended[0].run == run);
    CHECK(on.site->ended[0].code == "cancelled");
    CHECK(on.site->runs.empty());
    on.site->stop(run);
    CHECK(on.site->ended.size() == 1);
}

TEST_CASE("a coroutine that is stopped may still answer")
{
    called_site on;
    const auto made = detail::make_handler([&](incoming about) -> asio::awaitable<bool> {
        try {
            co_await wait_for_ever();
        } catch (const std::system_error&) {
        }
        co_return about.cancelled();
    });
    on.site->stop(on.site->call(*made, ""));
    REQUIRE(on.site->ended.size() == 1);
    CHECK(on.site->ended[0].payload == "true");
}

TEST_CASE("a coroutine whose operation was aborted by somebody else has failed")
{
    called_site on;
    asio::steady_timer timer{on.io, asio::steady_timer::time_point::max()};
    const auto made = detail::make_handler([&]() -> asio::awaitable<void> { co_await timer.async_wait(asio::use_awaitable); });
    on.site->call(*made, "");
    timer.cancel();
    on.poll();
    REQUIRE(on.site->ended.size() == 1);
    CHECK(on.site->ended[0].code == "handler_error");
}

TEST_CASE("a handler lives until its coroutine ends, though it was replaced")
{
    called_site on;
    asio::steady_timer gate{on.io, asio::steady_timer::time_point::max()};
    const auto watched = std::make_shared<int>(5);
    auto made = detail::make_handler([&gate, kept = watched]() -> asio::awaitable<int> {
        asio::error_code ignored;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return *kept;
    });
    on.site->call(*made, "");
    made.reset();
    CHECK(watched.use_count() == 2);
    gate.cancel();
    on.poll();
    REQUIRE(on.site->ended.size() == 1);
    CHECK(on.site->ended[0].payload == "5");
    CHECK(watched.use_count() == 1);
}

TEST_CASE("a coroutine that is left when its context is destroyed ends unanswered, and nothing leaks")
{
    const auto watched = std::make_shared<int>(0);
    std::weak_ptr<recording_site> site;
    {
        called_site on;
        site = on.site;
        const auto made = detail::make_handler([kept = watched]() -> asio::awaitable<void> { co_await wait_for_ever(); });
        on.site->call(*made, "");
        CHECK(watched.use_count() == 2);
    }
    CHECK(watched.use_count() == 1);
    CHECK(site.expired());
}

TEST_CASE("a handler may be called again from inside itself")
{
    called_site on;
    std::shared_ptr<detail::handler> made;
    made = detail::make_handler([&](int depth) {
        if (depth > 0) {
            on.site->call(*made, std::to_string(depth - 1));
        }
        return "answer of depth " + std::to_string(depth);
    });
    on.site->call(*made, "3");
    REQUIRE(on.site->ended.size() == 4);
    CHECK(on.site->ended[0].payload == R"("answer of depth 0")");
    CHECK(on.site->ended[3].payload == R"("answer of depth 3")");
    made.reset();
}

TEST_CASE("a coroutine with an owning result and an owning argument destroys each once")
{
    // g++ 12 miscompiles some co_await expressions; a sanitizer sees it here.
    called_site on;
    const auto made = detail::make_handler([](order one, peer from) -> asio::awaitable<order> {
        const auto inner = [](order given) -> asio::awaitable<order> { co_return given; };
        auto back = co_await inner(std::move(one));
        back.items.push_back(from.who().name() + " and a text that is too long to be kept in place");
        co_return back;
    });
    for (int i = 0; i != 3; ++i) {
        on.site->call(*made, R"({"id":1,"items":["a text that is too long to be kept in place"]})");
    }
    REQUIRE(on.site->ended.size() == 3);
    CHECK(on.site->ended[2].payload ==
          R"({"id":1,"items":["a text that is too long to be kept in place","42 and a text that is too long to be kept in place"]})");
}

TEST_CASE("the concept tells handlers from what is none")
{
    STATIC_REQUIRE(handler_function<decltype([](int) {})>);
    STATIC_REQUIRE(handler_function<int (*)(const int&)>);
    STATIC_REQUIRE(handler_function<decltype(doubled)&>);
    STATIC_REQUIRE(handler_function<std::function<void(peer, responder)>>);
    STATIC_REQUIRE_FALSE(handler_function<int>);
    STATIC_REQUIRE_FALSE(handler_function<overloaded>);
    STATIC_REQUIRE_FALSE(handler_function<decltype([](const auto&) {})>);

    const auto fault = []<class F>(F) { return detail::fault_of_handler<F>(); };
    using enum detail::handler_fault;
    CHECK(fault([](int, int) {}) == two_payloads);
    CHECK(fault([](peer, int, peer) {}) == repeated);
    CHECK(fault([](incoming, responder) {}) == repeated);
    CHECK(fault([](responder, responder_of<int>) {}) == repeated);
    CHECK(fault([](int&) {}) == payload_by_reference);
    CHECK(fault([](std::string_view) {}) == payload_borrows);
    CHECK(fault([](const char*) {}) == payload_borrows);
    CHECK(fault([](std::span<const std::byte>) {}) == payload_borrows);
    CHECK(fault([](unconvertible) {}) == payload_not_read);
    CHECK(fault([](responder&) {}) == responder_by_reference);
    CHECK(fault([](const responder&) {}) == responder_by_reference);
    CHECK(fault([](incoming&) {}) == responder_by_reference);
    CHECK(fault([](responder) { return 1; }) == responder_and_result);
    CHECK(fault([](responder) -> asio::awaitable<void> { co_return; }) == responder_and_result);
    CHECK(fault([]() -> asio::awaitable<void, asio::io_context::executor_type> { co_return; }) == awaitable_elsewhere);
    CHECK(fault([] { return unconvertible{1}; }) == answer_not_written);
    CHECK(fault([]() -> asio::awaitable<unconvertible> { co_return unconvertible{1}; }) == answer_not_written);
}
