// A hub and its clients on threads of their own, each with its own context: they share nothing but the link.
#include <rejoinder/net/client.hpp>

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>

#include "support/house.hpp"
#include "support/memory_connector.hpp"

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::json;

namespace {

// A context that a thread of its own runs.
class place {
public:
    place() : work_(asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}
    ~place()
    {
        work_.reset();
        thread_.join();
    }

    [[nodiscard]] asio::io_context& context() noexcept { return io_; }

    /// Calls `what` there and waits for it.
    template <class F>
    auto there(F what)
    {
        return asio::post(io_, std::packaged_task<decltype(what())()>{std::move(what)}).get();
    }

private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

constexpr int rounds = 200;

// Catch2's assertions are for one thread at a time.
void expect(bool holds)
{
    if (!holds) {
        throw std::logic_error{"not what was asked for"};
    }
}

std::unique_ptr<rejoinder::hub<>> make_hub(asio::io_context& io)
{
    auto hub = std::make_unique<rejoinder::hub<>>(io.get_executor());
    hub->authenticate(identity_of_auth);
    hub->on("same", [](const json& what) { return what; });
    hub->on("later", [](int what) -> asio::awaitable<int> {
        asio::steady_timer timer{co_await asio::this_coro::executor, 1ms};
        co_await timer.async_wait(asio::use_awaitable);
        co_return what;
    });
    return hub;
}

void answer(rejoinder::client<>& tab)
{
    tab.on("same", [](const json& what) { return what; });
}

asio::awaitable<void> ask_hub(rejoinder::client<>& tab)
{
    for (int i = 0; i != rounds; ++i) {
        const auto got = co_await tab.async_request("same", json(i), asio::use_awaitable);
        expect(got.json() == json(i));
    }
    const auto late = co_await tab.async_request("later", 7, asio::use_awaitable);
    expect(late.as<int>() == 7);
}

asio::awaitable<void> ask_tab(rejoinder::hub<>& hub)
{
    for (int i = 0; i != rounds; ++i) {
        const auto got = co_await hub.async_request(rejoinder::user{"42"}, "same", json(i),
                                                    {.timeout = 20s, .when_absent = rejoinder::absent::wait}, asio::use_awaitable);
        expect(got.json() == json(i));
        hub.notify(rejoinder::user{"42"}, "same", 1);
    }
}

} // namespace

TEST_CASE("a hub and its clients talk over TCP from thread to thread")
{
    place of_hub;
    place of_tab;
    auto hub = of_hub.there([&] { return make_hub(of_hub.context()); });
    const auto port = of_hub.there([&] { return rejoinder::listen(*hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint(); });
    auto tab = of_tab.there([&] {
        auto made = std::make_unique<rejoinder::client<>>(of_tab.context().get_executor(), rejoinder::tcp_connector{port},
                                                          rejoinder::client_options<>{.auth = "\"42\""});
        answer(*made);
        return made;
    });
    // Both ask at once.
    auto hub_asks = asio::co_spawn(of_hub.context(), ask_tab(*hub), asio::use_future);
    auto tab_asks = asio::co_spawn(of_tab.context(), ask_hub(*tab), asio::use_future);
    hub_asks.get();
    tab_asks.get();
    CHECK(of_hub.there([&] { return hub->counts().requests_received; }) == rounds + 1);
    CHECK(of_tab.there([&] { return tab->counts().requests_received; }) == rounds);
    const bool hub_first = GENERATE(true, false);
    if (hub_first) {
        of_hub.there([&] { hub.reset(); });
        of_tab.there([&] { tab.reset(); });
    } else {
        of_tab.there([&] { tab.reset(); });
        of_hub.there([&] { hub.reset(); });
    }
}

TEST_CASE("a hub and a client talk over a memory channel from thread to thread")
{
    place of_hub;
    place of_tab;
    auto hub = of_hub.there([&] { return make_hub(of_hub.context()); });
    auto ends = rejoinder::memory_pair(of_tab.context().get_executor(), of_hub.context().get_executor());
    of_hub.there([&] { hub->serve(std::move(ends.second)); });
    auto tab = of_tab.there([&] {
        auto board = std::make_shared<memory_switchboard>();
        board->ready = std::make_shared<rejoinder::memory>(std::move(ends.first));
        auto made = std::make_unique<rejoinder::client<>>(of_tab.context().get_executor(), memory_connector{board},
                                                          rejoinder::client_options<>{.auth = "\"42\""});
        answer(*made);
        return made;
    });
    auto hub_asks = asio::co_spawn(of_hub.context(), ask_tab(*hub), asio::use_future);
    auto tab_asks = asio::co_spawn(of_tab.context(), ask_hub(*tab), asio::use_future);
    hub_asks.get();
    tab_asks.get();
    CHECK(of_hub.there([&] { return hub->counts().requests_received; }) == rounds + 1);
    of_tab.there([&] { tab.reset(); });
    of_hub.there([&] { hub.reset(); });
}

TEST_CASE("clients come and go on their threads while a hub answers on its own")
{
    place of_hub;
    auto hub = of_hub.there([&] { return make_hub(of_hub.context()); });
    const auto port = of_hub.there([&] { return rejoinder::listen(*hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint(); });
    std::vector<std::thread> threads;
    for (int number = 0; number != 3; ++number) {
        threads.emplace_back([port, number] {
            for (int round = 0; round != 5; ++round) {
                asio::io_context io;
                rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{port},
                                        rejoinder::client_options<>{.auth = '"' + std::to_string(number) + '"'}};
                int answered = 0;
                for (int i = 0; i != 20; ++i) {
                    tab.async_request("same", json(i), [&](std::error_code ec, const rejoinder::reply&) { answered += ec ? 0 : 1; });
                }
                expect(driven::until(io, [&] { return answered == 20; }));
                tab.async_request("later", 1, [](std::error_code, const rejoinder::reply&) {}); // and is gone before the answer
                driven::settle(io);
            }
        });
    }
    for (auto& one : threads) {
        one.join();
    }
    CHECK(of_hub.there([&] { return hub->counts().sessions_started; }) == 15);
    of_hub.there([&] { hub.reset(); });
}
