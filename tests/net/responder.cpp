// The right to answer later: kept, moved, dropped, cancelled.
#include <rejoinder/net/responder.hpp>

#include <rejoinder/net/handler.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/recording_site.hpp"

using namespace rejoinder;
using namespace std::literals;

namespace {

struct kept_word {
    asio::io_context io;
    std::shared_ptr<recording_site> site = std::make_shared<recording_site>(io);
    std::optional<responder> kept;
    std::shared_ptr<detail::handler> keeps = detail::make_handler([this](responder later) { kept.emplace(std::move(later)); });
    message_id run = 0;

    void ask(instant deadline = never) { run = site->call(*keeps, {}, "ask", deadline, "key"); }
    const heard_word& only() const
    {
        REQUIRE(site->ended.size() == 1);
        return site->ended.front();
    }
    void poll()
    {
        io.restart();
        io.poll();
    }
};

template <class R, class T>
concept answers_with = requires(R& later, const T& value) { later.answer(value); };

} // namespace

TEST_CASE("a responder is moved and never copied")
{
    STATIC_REQUIRE(std::movable<responder>);
    STATIC_REQUIRE_FALSE(std::copyable<responder>);
    STATIC_REQUIRE(answers_with<responder, int>);
    STATIC_REQUIRE(answers_with<responder_of<std::string>, std::string>);
    STATIC_REQUIRE_FALSE(answers_with<responder_of<std::string>, std::vector<int>>);
}

TEST_CASE("a kept responder answers later, once")
{
    kept_word on;
    on.ask(instant{} + 5s);
    CHECK(on.site->ended.empty());
    CHECK(on.site->runs.size() == 1);
    REQUIRE(*on.kept);
    CHECK(on.kept->name() == "ask");
    CHECK(on.kept->key() == "key");
    CHECK(on.kept->kind() == message_kind::request);
    CHECK(on.kept->deadline() == instant{} + 5s);
    CHECK(on.kept->time_left(instant{} + 2s) == 3s);
    CHECK(on.kept->get_executor() == on.io.get_executor());
    on.kept->progress("half");
    on.kept->answer(17);
    CHECK(on.only().run == on.run);
    CHECK(on.only().payload == "17");
    CHECK(on.only().code.empty());
    CHECK(on.site->runs.empty());
    CHECK_FALSE(*on.kept);

    on.kept->answer(18);
    on.kept->fail("late");
    on.kept->progress("late");
    CHECK(on.kept->name() == "ask");
    on.kept.reset();
    CHECK(on.site->ended.size() == 1);
    CHECK(on.site->words.size() == 1);
}

TEST_CASE("a responder may answer inside the call")
{
    kept_word on;
    const auto made = detail::make_handler([](int n, responder_of<std::string> now, peer from) { now.answer(from.who().name() + std::to_string(n)); });
    on.site->call(*made, "1");
    CHECK(on.only().payload == R"("421")");
    CHECK(on.site->runs.empty());
}

TEST_CASE("a responder fails with a code, a text and data")
{
    kept_word on;
    on.ask();
    on.kept->fail("out_of_stock", "no more", 3);
    CHECK(on.only().code == "out_of_stock");
    CHECK(on.only().text == "no more");
    CHECK(on.only().payload == "3");

    kept_word other;
    other.ask();
    other.kept->fail("");
    CHECK(other.only().code == "handler_error");
}

TEST_CASE("an answer without a value says yes")
{
    kept_word on;
    on.ask();
    on.kept->answer();
    CHECK(on.only().payload.empty());
    CHECK(on.only().code.empty());
}

TEST_CASE("a responder that is dropped answers that there is no answer")
{
    kept_word on;
    on.ask();
    on.kept.reset();
    CHECK(on.only().code == "handler_error");
    CHECK(on.only().text == "the handler gave no answer");
    CHECK(on.site->runs.empty());

    kept_word inside;
    for (const auto& made : {detail::make_handler([](responder) {}), detail::make_handler([](responder&&) {})}) {
        inside.site->ended.clear();
        inside.site->call(*made, "");
        CHECK(inside.only().text == "the handler gave no answer");
    }
}

TEST_CASE("assigning over a responder drops the one that it was")
{
    kept_word on;
    on.ask();
    responder first = std::move(*on.kept);
    on.ask();
    first = std::move(*on.kept);
    CHECK(on.only().run == 1);
    first.answer(2);
    REQUIRE(on.site->ended.size() == 2);
    CHECK(on.site->ended[1].run == 2);
    CHECK(on.site->ended[1].payload == "2");
}

TEST_CASE("a handler that throws after it took its responder answers with the exception")
{
    kept_word on;
    const auto drops = detail::make_handler([](responder) { throw std::runtime_error{"boom"}; });
    on.site->call(*drops, "");
    CHECK(on.only().text == "boom");

    kept_word other;
    const auto keeps = detail::make_handler([&](responder later) {
        other.kept.emplace(std::move(later));
        throw std::runtime_error{"boom"};
    });
    other.site->call(*keeps, "");
    CHECK(other.only().text == "boom");
    CHECK(other.site->runs.empty());
    other.kept->answer(1);
    other.kept.reset();
    CHECK(other.site->ended.size() == 1);
}

TEST_CASE("a run that is stopped tells its listener, and an answer is still due")
{
    kept_word on;
    on.ask();
    int heard = 0;
    on.kept->on_cancel([&] { ++heard; });
    CHECK_FALSE(on.kept->cancelled());
    on.site->stop(on.run);
    on.site->stop(on.run);
    CHECK(heard == 1);
    CHECK(on.kept->cancelled());
    CHECK(on.site->ended.empty());
    on.kept->on_cancel([&] { heard += 10; }); // too late to be told, so at once
    CHECK(heard == 11);
    on.kept.reset();
    CHECK(on.only().code == "cancelled");
}

TEST_CASE("a listener that holds its responder may answer from inside, and nothing is left")
{
    kept_word on;
    std::weak_ptr<responder> watched;
    const auto made = detail::make_handler([&](responder later) {
        const auto shared = std::make_shared<responder>(std::move(later));
        watched = shared;
        shared->on_cancel([shared] { shared->fail("gave_up"); });
    });
    const auto run = on.site->call(*made, "");
    CHECK_FALSE(watched.expired());
    on.site->stop(run);
    CHECK(on.only().code == "gave_up");
    CHECK(watched.expired());
}

TEST_CASE("a listener that holds its responder and answers nothing is freed once it was told")
{
    kept_word on;
    std::weak_ptr<responder> watched;
    int heard = 0;
    const auto made = detail::make_handler([&](responder later) {
        const auto shared = std::make_shared<responder>(std::move(later));
        watched = shared;
        shared->on_cancel([shared, &heard] { ++heard; });
    });
    on.site->stop(on.site->call(*made, ""));
    CHECK(heard == 1);
    CHECK(watched.expired());
    CHECK(on.only().code == "cancelled");
    CHECK(on.site->runs.empty());
}

TEST_CASE("an answer frees the listener")
{
    kept_word on;
    on.ask();
    const auto held = std::make_shared<int>(1);
    on.kept->on_cancel([held] {});
    CHECK(held.use_count() == 2);
    on.kept->answer(1);
    CHECK(held.use_count() == 1);
    on.kept->on_cancel([held] {});
    CHECK(held.use_count() == 1);
    CHECK_FALSE(on.kept->slot().is_connected());
}

TEST_CASE("a responder's slot cancels an operation")
{
    kept_word on;
    on.ask();
    asio::steady_timer timer{on.io, asio::steady_timer::time_point::max()};
    timer.async_wait(asio::bind_cancellation_slot(on.kept->slot(), [&](asio::error_code ec) {
        on.kept->answer(ec == asio::error::operation_aborted);
    }));
    on.poll();
    CHECK(on.site->ended.empty());
    on.site->stop(on.run);
    CHECK(on.only().payload == "true");
}

TEST_CASE("an answered responder holds no session")
{
    kept_word on;
    on.ask();
    const std::weak_ptr<recording_site> site = on.site;
    on.kept->answer(1);
    on.site.reset();
    CHECK(site.expired());
    CHECK(on.kept->get_executor() == asio::any_io_executor{});
}
