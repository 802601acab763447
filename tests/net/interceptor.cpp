// Interceptors: what stands before every handler, sees each call, may refuse it, and sees how it ended.
#include <rejoinder/net/interceptor.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/failure.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::call_end;
using rejoinder::errc;
using rejoinder::intercepted;

namespace {

// A hub with one handler, "add", and a tab that asks it.
struct guarded_house : house {
    int ran = 0;
    std::error_code ended;
    std::string text;
    int answer = -1;

    guarded_house()
    {
        hub->on("add", [this](int what) {
            ++ran;
            return what + 1;
        });
        meet();
    }

    void ask(int what, std::string_view name = "add")
    {
        tab->async_request(name, what, [this](std::error_code ec, const rejoinder::reply& got) {
            ended = ec;
            text = got.text();
            answer = ec ? -1 : got.as<int>();
        });
        meet();
    }
};

} // namespace

TEST_CASE("an interceptor sees each call before its handler, and how it ended")
{
    guarded_house at;
    std::vector<std::string> log;
    at.hub->intercept([&](intercepted& call) {
        CHECK(call.from().who().name() == "42");
        CHECK(call.deadline() != rejoinder::never);
        log.push_back("in " + std::string{call.name()} + ' ' + std::string{call.payload().bytes});
        call.on_end([&](const call_end& end) {
            CHECK(end.took >= rejoinder::duration::zero());
            log.push_back("out " + std::string{end.code.empty() ? end.payload.bytes : end.code});
        });
    });
    at.hub->intercept([&](intercepted& call) {
        log.push_back("second");
        call.on_end([&](const call_end&) { log.push_back("second out"); });
    });
    at.ask(1);
    CHECK(at.answer == 2);
    CHECK(log == std::vector<std::string>{"in add 1", "second", "second out", "out 2"});
    log.clear();
    at.hub->on("add", [](int) -> int { throw rejoinder::failure{"no_stock"}; });
    at.ask(1);
    CHECK(log.back() == "out no_stock");
    at.hub->on("add", [](const std::string&) { return 0; });
    at.ask(1);
    CHECK(at.ended == errc::bad_payload);
    CHECK(log.back() == "out bad_payload");
}

TEST_CASE("an interceptor refuses a call: its handler does not run, later ones are not asked, and the asker knows it")
{
    guarded_house at;
    int later = 0;
    std::string seen;
    at.hub->intercept([&](intercepted& call) {
        call.on_end([&](const call_end& end) { seen = end.code; });
        if (call.payload().bytes == "7") {
            call.refuse("not for you");
        } else if (call.payload().bytes == "8") {
            throw std::runtime_error{"the table of rights is gone"};
        }
    });
    at.hub->intercept([&](intercepted&) { ++later; });
    at.ask(7);
    CHECK(at.ended == errc::refused);
    CHECK(rejoinder::certainty_of(at.ended) == rejoinder::certainty::not_executed);
    CHECK(at.text == "not for you");
    CHECK(seen == "refused");
    at.ask(8); // whoever cannot say yes says no
    CHECK(at.ended == errc::refused);
    CHECK(at.text == "the table of rights is gone");
    CHECK(at.ran == 0);
    CHECK(later == 0);
    at.ask(1);
    CHECK(at.answer == 2);
    CHECK(later == 1);
}

TEST_CASE("an interceptor sees the end of a call that is answered later, and of one that nobody waits for any more")
{
    guarded_house at;
    rejoinder::duration took{};
    std::string code = "none";
    at.hub->intercept([&](intercepted& call) {
        call.on_end([&](const call_end& end) {
            took = end.took;
            code = end.code;
        });
    });
    at.hub->on("later", [](int what) -> asio::awaitable<int> {
        asio::steady_timer timer{co_await asio::this_coro::executor, 10ms};
        co_await timer.async_wait(asio::use_awaitable);
        co_return what;
    });
    at.ask(3, "later");
    CHECK(code == "none");
    CHECK(driven::until(at.io, [&] { return at.answer == 3; }));
    CHECK(took >= 10ms);
    CHECK(code.empty());

    std::vector<rejoinder::responder> kept;
    at.hub->on("kept", [&](rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    at.ask(1, "kept");
    code = "none";
    at.tab.reset();
    at.hub.reset();
    kept.clear();
    at.meet();
    CHECK(code == "cancelled");
}

TEST_CASE("an interceptor stands before notifications, too, and on the client's side")
{
    guarded_house at;
    int told = 0;
    int refused = 0;
    at.tab->on("news", [&](int) { ++told; });
    at.tab->intercept([&](intercepted& call) {
        CHECK(call.kind() == rejoinder::message_kind::notification);
        if (++refused == 1) {
            call.refuse();
        }
    });
    at.hub->notify(rejoinder::user{"42"}, "news", 1);
    at.hub->notify(rejoinder::user{"42"}, "news", 2);
    at.meet();
    CHECK(told == 1);
}

TEST_CASE("an interceptor and what watches an end may destroy the hub")
{
    guarded_house at;
    at.hub->intercept([&](intercepted& call) {
        if (call.payload().bytes == "1") {
            at.hub.reset();
        } else {
            call.on_end([&](const call_end&) { at.hub.reset(); });
        }
    });
    at.ask(GENERATE(1, 2));
    CHECK(at.hub == nullptr);
    CHECK(at.ran <= 1);
}
