// A deploy: the old hub finishes what runs and tells its clients when to come back; they find its successor on the same port.
#include <rejoinder/rejoinder.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

asio::awaitable<std::string> export_orders(int year)
{
    asio::steady_timer work{co_await asio::this_coro::executor, 300ms};
    co_await work.async_wait(asio::use_awaitable);
    co_return "orders of " + std::to_string(year);
}

asio::awaitable<void> deploy(rejoinder::hub<>& running, rejoinder::hub<>& successor, asio::ip::tcp::endpoint port)
{
    asio::steady_timer midway{co_await asio::this_coro::executor, 100ms};
    co_await midway.async_wait(asio::use_awaitable);
    std::cout << "going down" << std::endl;
    // Each client gets its own time within the spread, so that they do not all come back at once.
    const rejoinder::shutdown_options how{.limit = 5s, .retry_after = 100ms, .spread = 300ms};
    co_await running.async_shutdown(how, asio::use_awaitable);
    std::cout << "down" << std::endl;
    rejoinder::listen(successor, port);
}

int main()
{
    asio::io_context io;
    rejoinder::hub old_hub{io.get_executor()};
    rejoinder::hub new_hub{io.get_executor()};
    old_hub.on("export_orders", export_orders);
    new_hub.on("export_orders", export_orders);
    const auto port = rejoinder::listen(old_hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();

    rejoinder::client shop{io.get_executor(), rejoinder::tcp_connector{port}};
    int year = 2025;
    // One question each time that it gets through, so that the first is asked of the old hub and the second of the new one. A program asks when
    // it has something to ask: what it asks while there is no link waits for one.
    shop.on_state([&](rejoinder::link_state link, std::error_code) {
        std::cout << name_of(link) << std::endl;
        if (link != rejoinder::link_state::connected) {
            return;
        }
        shop.async_request("export_orders", year++, [&](std::error_code ec, const rejoinder::reply& answer) {
            std::cout << (ec ? ec.message() : answer.as<std::string>()) << std::endl;
            if (year == 2027) {
                io.stop();
            }
        });
    });
    asio::co_spawn(io, deploy(old_hub, new_hub, port), asio::detached);
    io.run();
}
