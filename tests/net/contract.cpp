// Calls as types: what they say, who may answer them, what their callers get.
#include <rejoinder/net/contract.hpp>

#include <rejoinder/net/detail/speaking.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/recording_site.hpp"

using namespace rejoinder;
using namespace std::literals;

namespace {

struct publish_request {
    std::string title;
    std::vector<int> tags;
};
BOOST_DESCRIBE_STRUCT(publish_request, (), (title, tags))

struct publish_reply {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(publish_reply, (), (id))

struct publish : contract<publish_request, publish_reply> {
    static constexpr std::string_view name = "publish";
    static constexpr auto timeout = 30s;
    static constexpr auto repeat = repeatable::idempotent;
};

struct touch : contract<publish_request> {
    static constexpr auto name = "touch";
};

struct nameless : contract<int, int> {};
struct unreadable {
    explicit unreadable(int) {}
};
struct unwritten : contract<unreadable, int> {
    [[maybe_unused]] static constexpr std::string_view name = "unwritten";
};

template <class C, class F>
constexpr bool answers(F)
{
    return handler_of<F, C>;
}

reply answer(std::string_view payload)
{
    return {{payload}, {}, {}, certainty::acknowledged};
}

} // namespace

TEST_CASE("a contract has a name and types that travel")
{
    STATIC_REQUIRE(contract_type<publish>);
    STATIC_REQUIRE(contract_type<touch>);
    STATIC_REQUIRE_FALSE(contract_type<nameless>);
    STATIC_REQUIRE_FALSE(contract_type<unwritten>);
    STATIC_REQUIRE_FALSE(contract_type<publish_request>);
    STATIC_REQUIRE(std::is_same_v<touch::reply, no_payload>);
}

TEST_CASE("a contract's options are what it says, or the usual ones")
{
    STATIC_REQUIRE(contract_options<publish>().timeout == 30s);
    STATIC_REQUIRE(contract_options<publish>().repeat == repeatable::idempotent);
    STATIC_REQUIRE(contract_options<touch>().timeout == 0s);
    STATIC_REQUIRE(contract_options<touch>().repeat == repeatable::no);
    CHECK(contract_options<publish>({.timeout = 5s, .key = "k"}).timeout == 5s);
    CHECK(contract_options<publish>({.timeout = 5s, .key = "k"}).repeat == repeatable::idempotent);
    CHECK(contract_options<publish>({.timeout = 5s, .key = "k"}).key == "k");
    CHECK(contract_options<publish>(call_options{}).timeout == 30s);
    CHECK(contract_options<touch>({.repeat = repeatable::idempotent}).repeat == repeatable::idempotent);
}

TEST_CASE("a contract's handler takes its request and gives its reply")
{
    CHECK(answers<publish>([](const publish_request&) { return publish_reply{}; }));
    CHECK(answers<publish>([](peer, publish_request) -> asio::awaitable<publish_reply> { co_return publish_reply{}; }));
    CHECK(answers<publish>([](publish_request, responder_of<publish_reply>) {}));
    CHECK(answers<publish>([] { return publish_reply{}; }));
    CHECK(answers<touch>([](const publish_request&) {}));
    CHECK(answers<touch>([](const publish_request&) -> asio::awaitable<void> { co_return; }));
    CHECK(answers<touch>([](const publish_request&) { return no_payload{}; }));

    CHECK_FALSE(answers<publish>([](const std::string&) { return publish_reply{}; }));
    CHECK_FALSE(answers<publish>([](const publish_request&) { return 3; }));
    CHECK_FALSE(answers<publish>([](const publish_request&) {}));
    CHECK_FALSE(answers<publish>([](const publish_request&) -> asio::awaitable<int> { co_return 3; }));
    CHECK_FALSE(answers<publish>([](const publish_request&, responder) {}));
    CHECK_FALSE(answers<publish>([](const publish_request&, responder_of<int>) {}));
    CHECK_FALSE(answers<touch>([](const publish_request&) { return 3; }));
    CHECK_FALSE(answers<publish>([](const auto&) {}));
    STATIC_REQUIRE(detail::check_handler<publish, publish_reply (*)(const publish_request&)>());
}

TEST_CASE("a contract's handler answers as any other")
{
    asio::io_context io;
    const auto site = std::make_shared<recording_site>(io);
    const auto made = detail::make_handler([](const publish_request& what) -> asio::awaitable<publish_reply> {
        publish_reply done;
        done.id = static_cast<int>(what.title.size() + what.tags.size());
        co_return done;
    });
    site->call(*made, R"({"title":"abc","tags":[1,2]})");
    REQUIRE(site->ended.size() == 1);
    CHECK(site->ended[0].payload == R"({"id":5})");
}

TEST_CASE("a contract's caller gets the reply as its type")
{
    int id = 0;
    std::error_code seen = make_error_code(errc::closed);
    detail::make_typed_handler<publish>([&](std::error_code ec, publish_reply got) {
        seen = ec;
        id = got.id;
    })({}, answer(R"({"id":5})"));
    CHECK_FALSE(seen);
    CHECK(id == 5);
}

TEST_CASE("a reply that is no such type is bad_payload, which says where, and the handler ran")
{
    int id = -1;
    std::error_code seen;
    std::string text;
    detail::make_speaking(detail::make_typed_handler<publish>([&](std::error_code ec, publish_reply got) {
        seen = ec;
        id = got.id;
        text = ec.message();
    }))({}, answer(R"({"id":"five"})"));
    CHECK(seen == errc::bad_payload);
    CHECK(certainty_of(seen) == certainty::acknowledged);
    CHECK(id == 0);
    CHECK(text.ends_with(": /payload/id"));
    CHECK_FALSE(seen.message().ends_with("/payload/id"));
}

TEST_CASE("a contract's caller gets an error with the peer's words and a value-initialized reply")
{
    int id = -1;
    std::string text;
    const auto ec = make_error_code(errc::remote_error);
    detail::make_speaking(detail::make_typed_handler<publish>([&](std::error_code given, publish_reply got) {
        CHECK(given == ec);
        id = got.id;
        text = given.message();
    }))(ec, reply{{R"({"id":5})"}, "taken", "the title is taken", certainty::acknowledged});
    CHECK(id == 0);
    CHECK(text == ec.message() + ": taken: the title is taken");
}

TEST_CASE("what Asio associates with a contract's caller stays associated")
{
    asio::io_context io;
    asio::cancellation_signal signal;
    auto wrapped = detail::make_speaking(detail::make_typed_handler<publish>(
        asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(io.get_executor(), [](std::error_code, const publish_reply&) {}))));
    CHECK(asio::get_associated_executor(wrapped) == io.get_executor());
    CHECK(asio::get_associated_executor(wrapped, asio::any_io_executor{}) == io.get_executor());
    CHECK(asio::get_associated_cancellation_slot(wrapped).is_connected());
}
