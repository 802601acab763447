// What a call completed with, and what its exceptions say.
#include <rejoinder/net/reply.hpp>

#include <rejoinder/net/detail/speaking.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <concepts>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using Catch::Matchers::EndsWith;

namespace {

struct receipt {
    int total = 0;
    std::vector<std::string> lines;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (total, lines))

const std::string long_payload = R"(["a payload that is too long to be kept in place"])";

reply settled_reply(std::string_view payload)
{
    return reply{settled<int>{0, {}, {payload}, {}, {}}, certainty::maybe_executed};
}

reply error(std::error_code ec, std::string_view code, std::string_view text, std::string_view data = {})
{
    return reply{settled<int>{0, ec, {data}, code, text}, certainty_of(ec)};
}

// An operation that completes with an error from the peer, as calls do.
template <class Token>
auto async_fail(asio::io_context& io, std::error_code ec, std::string code, std::string text, Token&& token)
{
    return asio::async_initiate<Token, void(std::error_code, reply)>(
        [&io, ec, code, text](auto handler) {
            asio::post(io, [ec, code, text, last = detail::make_speaking(std::move(handler))]() mutable {
                std::move(last)(ec, error(ec, code, text));
            });
        },
        token);
}

} // namespace

TEST_CASE("a reply owns what the session lent it")
{
    std::string lent = long_payload;
    const auto got = settled_reply(lent);
    lent.assign(lent.size(), '#');
    CHECK(got.payload() == payload_view{long_payload});
    CHECK(got.code().empty());
    CHECK(got.text().empty());
    CHECK(got.certainty() == certainty::acknowledged);
    CHECK(got.as<std::vector<std::string>>() == std::vector<std::string>{"a payload that is too long to be kept in place"});
    CHECK(got.json().is_array());
}

TEST_CASE("a reply without payload reads as null")
{
    const reply none;
    CHECK(none.payload().bytes.empty());
    CHECK(none.json().is_null());
    CHECK(none.certainty() == certainty::maybe_executed);
    CHECK(none.as<no_payload>() == no_payload{});
}

TEST_CASE("an error's reply has the peer's code, text and data")
{
    const auto got = error(make_error_code(errc::remote_error), "out_of_stock", "no more shoes", R"({"left":0})");
    CHECK(got.code() == "out_of_stock");
    CHECK(got.text() == "no more shoes");
    CHECK(got.json().at("left") == 0);
    CHECK(got.certainty() == certainty::acknowledged);
}

TEST_CASE("the certainty is that of the session's error, whatever code the caller gets")
{
    CHECK(error(make_error_code(errc::cancelled, certainty::never_sent), {}, {}).certainty() == certainty::never_sent);
    CHECK(error(make_error_code(errc::cancelled), {}, {}).certainty() == certainty::maybe_executed);
    CHECK(error(make_error_code(errc::no_handler), "no_handler", {}).certainty() == certainty::not_executed);
}

TEST_CASE("copies and moves of replies keep their parts apart")
{
    for (const auto& text : {std::string{"ok"}, long_payload}) {
        auto first = error(make_error_code(errc::remote_error), "code", text, long_payload);
        const reply copy = first;
        CHECK(copy.text() == text);
        CHECK(copy.payload().bytes == long_payload);
        CHECK(first.text() == text);
        reply moved = std::move(first);
        CHECK(moved.code() == "code");
        CHECK(moved.payload().bytes == long_payload);
        first = moved;
        moved = settled_reply("1");
        CHECK(first.text() == text);
        CHECK(moved.as<int>() == 1);
        CHECK(moved.code().empty());
        auto& same = moved;
        moved = same;
        CHECK(moved.as<int>() == 1);
    }
}

TEST_CASE("what does not fit is an error with its place, and the handler ran all the same")
{
    const auto got = settled_reply(R"({"total":"many","lines":[]})");
    receipt read;
    std::string where;
    const auto ec = got.read(read, &where);
    CHECK(ec == errc::bad_payload);
    CHECK(certainty_of(ec) == certainty::acknowledged);
    CHECK(where == "/payload/total");
    CHECK(got.read(read) == errc::bad_payload);
    try {
        static_cast<void>(got.as<receipt>());
        FAIL("it fits");
    } catch (const std::system_error& e) {
        CHECK(e.code() == errc::bad_payload);
        CHECK(std::string{e.what()}.find("/payload/total") != std::string::npos);
    }
    CHECK(settled_reply(R"({"total":3,"lines":["a"]})").as<receipt>().total == 3);
}

TEST_CASE("an exception of use_future has the peer's words")
{
    asio::io_context io;
    auto failed = async_fail(io, make_error_code(errc::remote_error), "out_of_stock", "no more shoes", asio::use_future);
    auto unnamed = async_fail(io, make_error_code(errc::handler_error), "handler_error", "boom", asio::use_future);
    auto silent = async_fail(io, make_error_code(errc::no_handler), "no_handler", "", asio::use_future);
    io.run();
    CHECK_THROWS_WITH(failed.get(), EndsWith("the handler answered with an error of the application: out_of_stock: no more shoes"));
    CHECK_THROWS_WITH(unnamed.get(), EndsWith("the handler failed: boom"));
    CHECK_THROWS_WITH(silent.get(), EndsWith("the peer does not answer this"));
}

TEST_CASE("an exception of use_awaitable has the peer's words")
{
    asio::io_context io;
    std::string what;
    std::string foreign;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            try {
                co_await async_fail(io, make_error_code(errc::bad_payload), "bad_payload", "/payload/id does not fit", asio::use_awaitable);
            } catch (const std::system_error& e) {
                what = e.what();
            }
            try {
                co_await async_fail(io, std::make_error_code(std::errc::io_error), "code", "not for this one", asio::use_awaitable);
            } catch (const std::system_error& e) {
                foreign = e.what();
            }
        },
        asio::detached);
    io.run();
    CHECK_THAT(what, EndsWith("the payload does not have the form that the handler takes: /payload/id does not fit"));
    CHECK(foreign.find("not for this one") == std::string::npos);
}

TEST_CASE("the peer's words are said during the completion alone, and of its code alone")
{
    const auto ec = make_error_code(errc::remote_error);
    std::string inside;
    std::string nested;
    std::string of_another;
    const auto quiet = ec.message();
    detail::make_speaking([&](std::error_code outer, reply got) {
        CHECK(got.text() == "outer");
        detail::make_speaking([&](std::error_code inner, const reply&) { nested = inner.message(); })(outer, error(outer, "b", "inner"));
        inside = outer.message();
        of_another = make_error_code(errc::timed_out).message();
    })(ec, error(ec, "a", "outer"));
    CHECK(inside == quiet + ": a: outer");
    CHECK(nested == quiet + ": b: inner");
    CHECK(of_another == make_error_code(errc::timed_out).message());
    CHECK(ec.message() == quiet);
}

TEST_CASE("a completion without error or words just passes through")
{
    int total = 0;
    detail::make_speaking([&](std::error_code ec, const reply& got) { total += ec ? 100 : got.as<int>(); })({}, settled_reply("4"));
    CHECK(total == 4);
}

TEST_CASE("all that Asio associates with a handler is associated with its wrapper")
{
    asio::io_context io;
    asio::cancellation_signal signal;
    const auto callback = [](std::error_code, const reply&) {};
    auto wrapped = detail::make_speaking(asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(io.get_executor(), callback)));
    CHECK(asio::get_associated_executor(wrapped) == io.get_executor());
    CHECK(asio::get_associated_executor(wrapped, asio::any_io_executor{}) == io.get_executor());
    CHECK(asio::get_associated_cancellation_slot(wrapped).is_connected());
    STATIC_REQUIRE(std::same_as<asio::associated_allocator_t<decltype(wrapped)>, std::allocator<void>>);

    auto bare = detail::make_speaking(callback);
    CHECK(asio::get_associated_executor(bare, asio::any_io_executor{io.get_executor()}) == io.get_executor());
    CHECK_FALSE(asio::get_associated_cancellation_slot(bare).is_connected());
}
