// Every asynchronous call of channels, connectors, clients and hubs, with every kind of completion token.
#include <rejoinder/net/client.hpp>

#include <rejoinder/channel/memory.hpp>
#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/channel/unix_connector.hpp>
#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"
#include "support/loopback_name.hpp"
#include "support/tokens.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>

#include <unistd.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::frame_batch;
using rejoinder::json;

namespace {

struct add_one : rejoinder::contract<int, int> {
    static constexpr std::string_view name = "add";
    static constexpr auto timeout = 5s;
};

// Two channels of a kind, connected.
struct memory_ends {
    explicit memory_ends(asio::io_context& io) : both(rejoinder::memory_pair(io.get_executor(), io.get_executor())) {}
    std::pair<rejoinder::memory, rejoinder::memory> both;
};

struct stream_ends {
    using socket = asio::local::stream_protocol::socket;
    explicit stream_ends(asio::io_context& io)
    {
        socket left{io};
        socket right{io};
        asio::local::connect_pair(left, right);
        both = {rejoinder::stream<socket>{std::move(left)}, rejoinder::stream<socket>{std::move(right)}};
    }
    std::pair<rejoinder::stream<socket>, rejoinder::stream<socket>> both;
};

constexpr auto ignore = [](std::error_code, auto&&...) {};

void answers_each(house& at)
{
    at.tab->on<add_one>([](int more) { return more + 1; });
    at.hub->on<add_one>([](int more) { return more + 1; });
    at.tab->on("steps", [](int last, rejoinder::incoming asked) {
        asked.progress(last - 1);
        return last;
    });
    at.hub->on("steps", [](int last, rejoinder::incoming asked) {
        asked.progress(last - 1);
        return last;
    });
    at.meet();
}

constexpr auto is_two = [](const rejoinder::reply& answer) { CHECK(answer.as<int>() == 2); };
constexpr rejoinder::call_options soon{.timeout = 5s};

} // namespace

TEMPLATE_TEST_CASE("a channel's calls take every token", "", memory_ends, stream_ends)
{
    asio::io_context io;
    TestType ends{io};
    auto& [mine, other] = ends.both;
    SECTION("async_flush")
    {
        mine.begin().append("[]");
        mine.commit(rejoinder::encoding::text);
        tokens::each<>(io, [&](auto&& token) { return mine.async_flush(std::forward<decltype(token)>(token)); }, [] {});
    }
    SECTION("async_shutdown")
    {
        tokens::each<>(
            io, [&](auto&& token) { return mine.async_shutdown(rejoinder::close_reason::normal, std::forward<decltype(token)>(token)); }, [] {});
    }
    SECTION("async_receive")
    {
        other.begin().append("[1]");
        other.commit(rejoinder::encoding::text);
        other.async_flush(ignore);
        // What a future carries elsewhere has lost its frames by then; that there was one still shows.
        tokens::each<frame_batch>(
            io, [&](auto&& token) { return mine.async_receive(std::forward<decltype(token)>(token)); },
            [](const frame_batch& frames) { CHECK(frames.size() == 1); });
    }
}

TEST_CASE("a connector's async_connect takes every token")
{
    asio::io_context io;
    SECTION("TCP, by address")
    {
        asio::ip::tcp::acceptor port{io, {asio::ip::address_v4::loopback(), 0}};
        const rejoinder::tcp_connector to{port.local_endpoint()};
        tokens::each<rejoinder::tcp_connector<>::channel_type>(
            io, [&](auto&& token) { return to.async_connect(io.get_executor(), std::forward<decltype(token)>(token)); },
            [](const auto& channel) { CHECK(channel.next_layer().is_open()); });
    }
    SECTION("TCP, by name")
    {
        asio::ip::tcp::acceptor port{io, {asio::ip::address_v4::loopback(), 0}};
        const rejoinder::tcp_connector to{loopback_name, std::to_string(port.local_endpoint().port())};
        tokens::each<rejoinder::tcp_connector<>::channel_type>(
            io, [&](auto&& token) { return to.async_connect(io.get_executor(), std::forward<decltype(token)>(token)); },
            [](const auto& channel) { CHECK(channel.next_layer().is_open()); });
    }
    SECTION("a Unix socket")
    {
        const std::string path = "/tmp/rejoinder_tokens_" + std::to_string(::getpid());
        ::unlink(path.c_str());
        asio::local::stream_protocol::acceptor port{io, {path}};
        const rejoinder::unix_connector to{path};
        tokens::each<rejoinder::unix_connector<>::channel_type>(
            io, [&](auto&& token) { return to.async_connect(io.get_executor(), std::forward<decltype(token)>(token)); },
            [](const auto& channel) { CHECK(channel.next_layer().is_open()); });
        ::unlink(path.c_str());
    }
}

TEST_CASE("a client's calls take every token")
{
    house at;
    answers_each(at);
    auto& tab = *at.tab;
    SECTION("async_request")
    {
        tokens::each<rejoinder::reply>(at.io, [&](auto&& token) { return tab.async_request("add", 1, std::forward<decltype(token)>(token)); }, is_two);
    }
    SECTION("async_request with options")
    {
        tokens::each<rejoinder::reply>(
            at.io, [&](auto&& token) { return tab.async_request("add", 1, soon, std::forward<decltype(token)>(token)); }, is_two);
    }
    SECTION("async_request with progress")
    {
        int heard = 0;
        tokens::each<rejoinder::reply>(
            at.io,
            [&](auto&& token) {
                return tab.async_request("steps", 2, soon, [&](int step) { heard = step; }, std::forward<decltype(token)>(token));
            },
            [&](const rejoinder::reply& answer) {
                CHECK(heard == 1);
                CHECK(answer.as<int>() == 2);
            });
    }
    SECTION("async_request by contract")
    {
        tokens::each<int>(
            at.io, [&](auto&& token) { return tab.async_request<add_one>(1, std::forward<decltype(token)>(token)); },
            [](int answer) { CHECK(answer == 2); });
    }
    SECTION("async_deliver")
    {
        tokens::each<rejoinder::reply>(at.io, [&](auto&& token) { return tab.async_deliver("add", 1, std::forward<decltype(token)>(token)); }, is_two);
    }
    SECTION("async_deliver with options")
    {
        tokens::each<rejoinder::reply>(
            at.io, [&](auto&& token) { return tab.async_deliver("add", 1, soon, std::forward<decltype(token)>(token)); }, is_two);
    }
}

TEST_CASE("a hub's calls take every token, for every kind of target")
{
    house at;
    rejoinder::peer known;
    at.hub->on_attach([&](const rejoinder::peer& who) {
        known = who;
        at.hub->join(who, rejoinder::room{"tabs"});
    });
    answers_each(at);
    REQUIRE(known);
    auto& hub = *at.hub;
    const auto all_calls = [&](const auto& target) {
        SECTION("async_request")
        {
            tokens::each<rejoinder::reply>(
                at.io, [&](auto&& token) { return hub.async_request(target, "add", 1, std::forward<decltype(token)>(token)); }, is_two);
        }
        SECTION("async_request with options")
        {
            tokens::each<rejoinder::reply>(
                at.io, [&](auto&& token) { return hub.async_request(target, "add", 1, soon, std::forward<decltype(token)>(token)); }, is_two);
        }
        SECTION("async_request with progress")
        {
            int heard = 0;
            tokens::each<rejoinder::reply>(
                at.io,
                [&](auto&& token) {
                    return hub.async_request(target, "steps", 2, soon, [&](int step) { heard = step; }, std::forward<decltype(token)>(token));
                },
                [&](const rejoinder::reply& answer) {
                    CHECK(heard == 1);
                    CHECK(answer.as<int>() == 2);
                });
        }
        SECTION("async_request by contract")
        {
            tokens::each<int>(
                at.io, [&](auto&& token) { return hub.template async_request<add_one>(target, 1, std::forward<decltype(token)>(token)); },
                [](int answer) { CHECK(answer == 2); });
        }
        SECTION("async_deliver")
        {
            tokens::each<rejoinder::reply>(
                at.io, [&](auto&& token) { return hub.async_deliver(target, "add", 1, std::forward<decltype(token)>(token)); }, is_two);
        }
        SECTION("async_deliver with options")
        {
            tokens::each<rejoinder::reply>(
                at.io, [&](auto&& token) { return hub.async_deliver(target, "add", 1, soon, std::forward<decltype(token)>(token)); }, is_two);
        }
    };
    SECTION("a user") { all_calls(rejoinder::user{"42"}); }
    SECTION("a peer") { all_calls(known); }
    SECTION("a room") { all_calls(rejoinder::room{"tabs"}); }
}

TEST_CASE("a deferred call that starts when its hub or client is gone is aborted")
{
    house at;
    answers_each(at);
    int completed = 0;
    const auto aborted = [&](std::error_code ec, const rejoinder::reply& answer) {
        CHECK(ec == asio::error::operation_aborted);
        CHECK(answer.certainty() == rejoinder::certainty::never_sent);
        ++completed;
    };
    auto from_hub = at.hub->async_request(rejoinder::user{"42"}, "add", 1, soon, tokens::deferred);
    auto from_hub_waiting =
        at.hub->async_request(rejoinder::user{"43"}, "add", 1, {.timeout = 5s, .when_absent = rejoinder::absent::wait}, tokens::deferred);
    auto from_hub_to_room = at.hub->async_deliver(rejoinder::room{"user_42"}, "add", 1, tokens::deferred);
    auto from_tab = at.tab->async_request("add", 1, soon, tokens::deferred);
    at.tab.reset();
    at.hub.reset();
    std::move(from_hub)(aborted);
    std::move(from_hub_waiting)(aborted);
    std::move(from_hub_to_room)(aborted);
    std::move(from_tab)(aborted);
    CHECK(completed == 0);
    at.meet();
    CHECK(completed == 4);
}
