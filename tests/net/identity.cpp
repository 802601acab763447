// Identities, and the targets that are named by them.
#include <rejoinder/net/identity.hpp>

#include <rejoinder/net/peer.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::literals;

TEST_CASE("identities are made from text in words, and compare as it does")
{
    const identity a{"42"};
    CHECK(a == identity{"42"s});
    CHECK(a == identity{"42"sv});
    CHECK(a.name() == "42");
    CHECK(a != identity{"43"});
    CHECK(a < identity{"43"});
    CHECK(identity{} < a);
    CHECK(std::hash<identity>{}(a) == std::hash<identity>{}(identity{"42"s}));
    STATIC_REQUIRE_FALSE(std::convertible_to<const char*, identity>);
    STATIC_REQUIRE_FALSE(std::convertible_to<std::string, identity>);
}

TEST_CASE("users and rooms are named, and a user has a room")
{
    CHECK(user{"42"}.who() == identity{"42"});
    CHECK(user{identity{"42"}} == user{"42"s});
    CHECK(user{"42"sv}.name() == "42");
    CHECK(room{"lobby"}.name() == "lobby");
    CHECK(room{"lobby"s} == room{"lobby"sv});
    CHECK(user_room(identity{"42"}) == room{"user_42"});
    STATIC_REQUIRE_FALSE(std::convertible_to<const char*, user>);
    STATIC_REQUIRE_FALSE(std::convertible_to<const char*, room>);
}

TEST_CASE("targets in braces inside a co_await expression own their memory once")
{
    // g++ 12 destroys aggregates there twice; a sanitizer sees it.
    asio::io_context io;
    std::vector<std::string> seen;
    const auto ask = [&](user whom, room where, peer from) -> asio::awaitable<void> {
        seen.push_back(whom.name());
        seen.push_back(where.name());
        seen.push_back(from.who().name());
        co_return;
    };
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            co_await ask(user{"a name that is too long to be kept in place"}, room{"another name that is too long to be kept"},
                         peer{identity{"a third name that is too long to be kept"}, 3});
        },
        asio::detached);
    io.run();
    REQUIRE(seen.size() == 3);
    CHECK(seen[0] == "a name that is too long to be kept in place");
    CHECK(seen[2] == "a third name that is too long to be kept");
}

TEST_CASE("a peer is an identity and a session, or nobody")
{
    const peer nobody;
    CHECK_FALSE(nobody);
    CHECK(nobody.session() == 0);
    CHECK(nobody.who() == identity{});
    const peer one{identity{"42"}, 7};
    CHECK(one);
    CHECK(one.session() == 7);
    CHECK(one.who().name() == "42");
    const peer same = one;
    CHECK(same == one);
    CHECK(&same.who() == &one.who());
    CHECK(one == peer{identity{"42"}, 7});
    CHECK(one != peer{identity{"42"}, 8});
    CHECK(one != nobody);
    CHECK(std::hash<peer>{}(one) == std::hash<peer>{}(same));
}
