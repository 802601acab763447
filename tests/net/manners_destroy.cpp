// Hubs and clients are destroyed with calls pending, from everywhere: each call completes once with operation_aborted.
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

constexpr rejoinder::call_options wait_for_seven{.timeout = 60s, .when_absent = rejoinder::absent::wait};

// Counts calls and what became of them.
struct ledger {
    int opened = 0;
    int aborted = 0;
    int otherwise = 0;

    auto call()
    {
        ++opened;
        return [this](std::error_code ec, const rejoinder::reply&) { ++(ec == asio::error::operation_aborted ? aborted : otherwise); };
    }
};

// Calls of each kind, at each place where they can wait.
struct busy : house {
    ledger of_hub;
    ledger of_tab;
    std::vector<rejoinder::responder> kept;

    busy()
    {
        const auto keep = [this](rejoinder::responder answer) { kept.push_back(std::move(answer)); };
        hub->on("keep", keep);
        tab->on("keep", keep);
        hub->on("ask", [](int x) { return x; });
        tab->on("ask", [](int x) { return x; });
        tab->on("sleep", [](int) -> asio::awaitable<int> {
            asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
            co_await timer.async_wait(asio::use_awaitable);
            co_return 1;
        });
        meet();
    }

    void hub_asks()
    {
        hub->async_request(rejoinder::user{"42"}, "keep", 1, of_hub.call());
        hub->async_request(rejoinder::user{"42"}, "sleep", 1, of_hub.call());
        hub->async_deliver(rejoinder::user{"42"}, "keep", 1, of_hub.call());
        hub->async_request(rejoinder::room{"user_42"}, "keep", 1, of_hub.call());
        hub->async_request(rejoinder::user{"7"}, "keep", 1, wait_for_seven, of_hub.call());
    }

    void tab_asks()
    {
        tab->async_request("keep", 1, of_tab.call());
        tab->async_deliver("keep", 1, of_tab.call());
    }

    void check()
    {
        driven::settle(io);
        CHECK(of_hub.otherwise == 0);
        CHECK(of_hub.aborted == of_hub.opened);
        CHECK(of_tab.otherwise == 0);
        CHECK(of_tab.aborted == of_tab.opened);
    }
};

} // namespace

TEST_CASE("a hub that is destroyed aborts all that is pending, once")
{
    busy at;
    at.hub_asks();
    SECTION("before anything is written") {}
    SECTION("when it runs") { at.meet(); }
    at.hub.reset();
    CHECK(at.of_hub.aborted == 0); // not from inside the destructor
    at.check();
    CHECK(at.of_hub.opened == 5);
    at.kept.clear();
    at.check();
}

TEST_CASE("a client that is destroyed aborts all that is pending, once")
{
    busy at;
    at.tab_asks();
    SECTION("before anything is written") {}
    SECTION("when it runs") { at.meet(); }
    SECTION("while it is away")
    {
        at.tab->disconnect();
        at.tab_asks();
        at.meet();
    }
    SECTION("while it connects")
    {
        at.tab->disconnect();
        at.board->hold = true;
        at.tab->connect();
        at.tab_asks();
        at.meet();
    }
    SECTION("with handlers running")
    {
        at.hub_asks();
        at.meet();
        at.of_hub = {};
        at.hub.reset();
        at.meet();
        at.of_hub = {};
    }
    at.tab.reset();
    CHECK(at.of_tab.aborted == 0);
    at.check();
}

TEST_CASE("a client may be destroyed from inside a completion of its own, and so may a hub")
{
    busy at;
    int completed = 0;
    SECTION("a client's")
    {
        at.tab->async_request("ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK_FALSE(ec);
            ++completed;
            at.tab.reset();
        });
        at.tab_asks();
    }
    SECTION("a client's, completed by a deadline")
    {
        at.tab->async_request("keep", 1, {.timeout = 1ms}, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK(ec == rejoinder::errc::timed_out);
            ++completed;
            at.tab.reset();
        });
        at.tab_asks();
    }
    SECTION("a hub's")
    {
        at.hub->async_request(rejoinder::user{"42"}, "ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK_FALSE(ec);
            ++completed;
            at.hub.reset();
        });
        at.hub_asks();
    }
    SECTION("a hub's, completed by a deadline")
    {
        at.hub->async_request(rejoinder::user{"42"}, "keep", 1, {.timeout = 1ms}, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK(ec == rejoinder::errc::timed_out);
            ++completed;
            at.hub.reset();
        });
        at.hub_asks();
    }
    SECTION("a hub's to an absent user, completed by a deadline")
    {
        at.hub->async_request(rejoinder::user{"7"}, "keep", 1, {.timeout = 1ms, .when_absent = rejoinder::absent::wait},
                              [&](std::error_code ec, const rejoinder::reply&) {
                                  CHECK(ec == rejoinder::errc::timed_out);
                                  ++completed;
                                  at.hub.reset();
                              });
        at.hub_asks();
    }
    SECTION("a hub's to a room")
    {
        at.hub->async_request(rejoinder::room{"user_42"}, "ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK_FALSE(ec);
            ++completed;
            at.hub.reset();
        });
        at.hub_asks();
    }
    SECTION("one that was aborted because of the destruction")
    {
        at.tab->async_request("keep", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK(ec == asio::error::operation_aborted);
            ++completed;
            at.hub.reset();
        });
        at.hub_asks();
        at.meet();
        at.tab.reset();
        at.of_hub.opened = 0; // the hub's own questions may be answered by what the handlers leave
        CHECK(driven::until(at.io, [&] { return completed == 1; }));
        driven::settle(at.io);
        at.of_hub.aborted = at.of_hub.otherwise = 0;
    }
    CHECK(driven::until(at.io, [&] { return completed == 1; }));
    at.check();
    CHECK(completed == 1);
}

TEST_CASE("a client or a hub may be destroyed from inside a handler, however it answers")
{
    busy at;
    int called = 0;
    std::unique_ptr<rejoinder::client<>>& tab = at.tab;
    std::unique_ptr<rejoinder::hub<>>& hub = at.hub;
    SECTION("a client, by value")
    {
        tab->on("end", [&](int x) {
            ++called;
            tab.reset();
            return x;
        });
        hub->async_request(rejoinder::user{"42"}, "end", 1, [](std::error_code, const rejoinder::reply&) {});
        at.tab_asks();
    }
    SECTION("a client, by a coroutine")
    {
        tab->on("end", [&](int x) -> asio::awaitable<int> {
            ++called;
            tab.reset();
            co_return x;
        });
        hub->async_request(rejoinder::user{"42"}, "end", 1, [](std::error_code, const rejoinder::reply&) {});
        at.tab_asks();
    }
    SECTION("a client, by a responder")
    {
        tab->on("end", [&](rejoinder::responder answer) {
            ++called;
            tab.reset();
            answer.answer(1);
        });
        hub->async_request(rejoinder::user{"42"}, "end", 1, [](std::error_code, const rejoinder::reply&) {});
        at.tab_asks();
    }
    SECTION("a client, by a notification")
    {
        tab->on("end", [&](int) {
            ++called;
            tab.reset();
        });
        hub->notify(rejoinder::user{"42"}, "end", 1);
        at.tab_asks();
    }
    SECTION("a client, by progress")
    {
        hub->on("step", [](rejoinder::responder answer) {
            answer.progress(1);
            answer.answer(2);
        });
        tab->async_request(
            "step", 1, {},
            [&](int) {
                ++called;
                tab.reset();
            },
            at.of_tab.call());
    }
    SECTION("a hub, by value")
    {
        hub->on("end", [&](int x) {
            ++called;
            hub.reset();
            return x;
        });
        tab->async_request("end", 1, [](std::error_code, const rejoinder::reply&) {});
        at.hub_asks();
    }
    SECTION("a hub, by a coroutine")
    {
        hub->on("end", [&](rejoinder::peer, int x) -> asio::awaitable<int> {
            ++called;
            hub.reset();
            co_return x;
        });
        tab->async_request("end", 1, [](std::error_code, const rejoinder::reply&) {});
        at.hub_asks();
    }
    SECTION("a hub, by an error")
    {
        hub->on("end", [&](int) -> int {
            ++called;
            hub.reset();
            throw std::runtime_error{"gone"};
        });
        tab->async_request("end", 1, [](std::error_code, const rejoinder::reply&) {});
        at.hub_asks();
    }
    CHECK(driven::until(at.io, [&] { return called == 1; }));
    at.check();
    CHECK(called == 1);
}

TEST_CASE("a client or a hub may be destroyed from inside an observer")
{
    int called = 0;
    SECTION("on_state, when it is connected, and when it is lost")
    {
        house at;
        const auto when = GENERATE(rejoinder::link_state::connecting, rejoinder::link_state::connected, rejoinder::link_state::waiting);
        at.tab->on_state([&](rejoinder::link_state now, std::error_code) {
            if (now == when && called++ == 0) {
                at.tab.reset();
            }
        });
        at.meet();
        at.hub.reset();
        CHECK(driven::until(at.io, [&] { return called == 1; }));
        at.meet();
        CHECK(at.tab == nullptr);
    }
    SECTION("on_attach")
    {
        house at;
        at.hub->on_attach([&](const rejoinder::peer&) {
            ++called;
            at.hub.reset();
        });
        at.meet();
        CHECK(called == 1);
    }
    SECTION("on_detach, on_session_end")
    {
        house at{{.grace = 1ms, .lease = 2ms}};
        const bool at_detach = GENERATE(true, false);
        const bool suspends = GENERATE(true, false);
        if (suspends) {
            at.hub->on_detach([&](const rejoinder::identity&) -> asio::awaitable<void> {
                if (at_detach) {
                    ++called;
                    at.hub.reset();
                }
                co_return;
            });
        } else {
            at.hub->on_detach([&](const rejoinder::identity&) {
                if (at_detach) {
                    ++called;
                    at.hub.reset();
                }
            });
        }
        at.hub->on_session_end([&](const rejoinder::peer&) {
            if (!at_detach) {
                ++called;
                at.hub.reset();
            }
        });
        at.meet();
        REQUIRE(at.tab->connected());
        at.tab.reset();
        CHECK(driven::until(at.io, [&] { return called == 1; }));
        at.meet();
    }
    SECTION("the authenticator")
    {
        house at;
        const bool suspends = GENERATE(true, false);
        if (suspends) {
            at.hub->authenticate([&](const rejoinder::handshake&) -> asio::awaitable<rejoinder::identity> {
                ++called;
                at.hub.reset();
                co_return rejoinder::identity{"42"};
            });
        } else {
            at.hub->authenticate([&](const rejoinder::handshake&) {
                ++called;
                at.hub.reset();
                return rejoinder::identity{"42"};
            });
        }
        at.meet();
        CHECK(called == 1);
    }
}

TEST_CASE("destroying the context destroys handlers uncalled, and leaks nothing")
{
    int called = 0;
    // Shared by the handlers: all copies are gone when it is alone.
    const auto watched = std::make_shared<int>(0);
    const auto never = [&called, watched](std::error_code, const rejoinder::reply&) { ++called; };
    {
        asio::io_context io;
        auto hub = std::make_unique<rejoinder::hub<>>(io.get_executor());
        hub->authenticate(identity_of_auth);
        memory_connector connector{*hub};
        auto tab = std::make_unique<rejoinder::client<>>(io.get_executor(), std::move(connector), rejoinder::client_options<>{.auth = "\"42\""});
        tab->on("keep", [held = std::vector<rejoinder::responder>{}](rejoinder::responder answer) mutable { held.push_back(std::move(answer)); });
        tab->on("sleep", [watched](int) -> asio::awaitable<int> {
            asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
            const auto kept = watched;
            co_await timer.async_wait(asio::use_awaitable);
            co_return *kept;
        });
        driven::settle(io);
        hub->async_request(rejoinder::user{"42"}, "keep", 1, never);
        hub->async_request(rejoinder::user{"42"}, "sleep", 1, never);
        hub->async_request(rejoinder::user{"7"}, "keep", 1, wait_for_seven, never);
        hub->async_request(rejoinder::room{"user_42"}, "keep", 1, never);
        tab->async_deliver("keep", 1, never);
        SECTION("which run") { driven::settle(io); }
        SECTION("which are written") {}
        SECTION("whose owners live in coroutines of that context")
        {
            asio::co_spawn(
                io,
                [](auto owned, auto owned_too, auto held) -> asio::awaitable<void> {
                    co_await owned->async_request(rejoinder::user{"42"}, "sleep", 1, asio::use_awaitable);
                    static_cast<void>(owned_too);
                    static_cast<void>(held);
                }(std::move(hub), std::move(tab), watched),
                tokens::rethrow);
            driven::settle(io);
        }
        called = 0; // the delivery may have been refused by then: there is no handler of that name
    }
    CHECK(called == 0);
    CHECK(watched.use_count() == 2); // here, and in `never`
}
