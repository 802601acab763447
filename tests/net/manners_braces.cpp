// g++ 12 destroys a braced aggregate that owns memory twice inside a co_await expression: what we pass there must be no such thing.
#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::json;

// Under AddressSanitizer a double free ends this program.
TEST_CASE("a call is made with everything in braces, inside a co_await expression")
{
    const std::string long_name = "a name that is long enough to own memory of its own, whatever the string class does";
    house at;
    at.tab = at.make_tab(long_name);
    at.tab->on("echo", [](const json& what) { return what; });
    at.meet();
    // g++ 12 takes no initializer list inside a co_await expression, so these are named first.
    const json member = {{"key", "a value that is long enough to own memory of its own, whatever the class does"}};
    const json nested = {{"key", member}};
    const json numbers = {1, 2, 3};
    int done = 0;
    asio::co_spawn(
        at.io,
        [&]() -> asio::awaitable<void> {
            const auto asked =
                co_await at.hub->async_request(rejoinder::user{"a name that is long enough to own memory of its own, whatever the string class does"},
                                               "echo", json("a payload that owns memory, too, being longer than what is kept in place"),
                                               {.timeout = 5s}, asio::use_awaitable);
            CHECK(asked.json().as_string() == "a payload that owns memory, too, being longer than what is kept in place");

            const auto waited = co_await at.hub->async_request(
                rejoinder::user{std::string{"a name that is long enough to own memory of its own, whatever the string class does"}}, "echo", member,
                {.timeout = 5s, .when_absent = rejoinder::absent::wait, .key = "a key that is long enough to own memory of its own, if it could"},
                asio::use_awaitable);
            CHECK(waited.json().as_object().size() == 1);

            const auto delivered = co_await at.hub->async_deliver(
                rejoinder::room{"user_a name that is long enough to own memory of its own, whatever the string class does"}, "echo", numbers,
                {.timeout = 5s}, asio::use_awaitable);
            CHECK(delivered.json() == numbers);

            int steps = 0;
            // A closure that owns memory is destroyed twice, too, and no type of ours can prevent that: such a listener is named first.
            const std::string kept = "captured, and long enough to own memory of its own, whatever the string class does";
            auto listener = [&steps, kept](const json&) { steps += kept.empty() ? 0 : 1; };
            const auto heard = co_await at.hub->async_request(
                rejoinder::user{rejoinder::identity{"a name that is long enough to own memory of its own, whatever the string class does"}}, "echo",
                nested, {.timeout = 5s}, std::move(listener), asio::use_awaitable);
            CHECK(heard.json().as_object().size() == 1);
            CHECK(steps == 0);
            ++done;
        },
        tokens::rethrow);
    at.meet();
    CHECK(done == 1);
}
