// A hub asks a user's tab, and gets exactly one answer.
#include <rejoinder/rejoinder.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <iostream>

using namespace std::chrono_literals;
using rejoinder::json;

// README: begin
asio::awaitable<void> ask(rejoinder::hub<>& hub)
{
    const json command = {{"action", "sync"}, {"shop_id", 123}};
    const rejoinder::call_options how{.timeout = 300s, .when_absent = rejoinder::absent::wait};
    const auto answer = co_await hub.async_request(rejoinder::user{"42"}, "command", command, how, asio::use_awaitable);
    std::cout << answer.json() << '\n'; // {"synced":123}
}

int main()
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    hub.authenticate([](const rejoinder::handshake& hello) { return hello.claimed_identity(); });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client tab{io.get_executor(), rejoinder::tcp_connector{port}, {.auth = R"("42")"}};
    tab.on("command", [](const json& command) -> json { return {{"synced", command.at("shop_id")}}; });
    asio::co_spawn(io, ask(hub), [&](std::exception_ptr) { io.stop(); });
    io.run();
}
// README: end
