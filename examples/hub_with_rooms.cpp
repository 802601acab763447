// Rooms: who is in one hears the others, a question to all in it names each one's outcome, and an interceptor says who may come in.
#include <rejoinder/rejoinder.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using rejoinder::room;

struct guest {
    rejoinder::client<> line;

    guest(asio::io_context& io, const asio::ip::tcp::endpoint& port, const std::string& name, const std::string& vote)
        : line{io.get_executor(), rejoinder::tcp_connector{port}, rejoinder::client_options<>{.auth = '"' + name + '"'}}
    {
        line.on("said", [name](const std::string& words) { std::cout << name << " hears " << words << '\n'; });
        line.on("vote", [vote](const std::string&) { return vote; });
    }
};

asio::awaitable<void> evening(rejoinder::hub<>& hub, guest& ada, guest& bob, guest& mallory)
{
    co_await ada.line.async_request("join", "tea", asio::use_awaitable);
    co_await bob.line.async_request("join", "tea", asio::use_awaitable);
    try {
        co_await mallory.line.async_request("join", "tea", asio::use_awaitable);
    } catch (const std::exception& refused) {
        std::cout << refused.what() << '\n';
    }
    co_await ada.line.async_deliver("say", "good evening", asio::use_awaitable);
    bob.line.off("vote"); // so that the question fails at bob: he has no handler for it any more
    const auto votes = co_await hub.async_ask_all(room{"tea"}, "vote", "cake?", {.timeout = 1s}, asio::use_awaitable);
    for (const auto& one : votes) {
        std::cout << one.peer().who().name() << ' ' << name_of(one.how()) << '\n';
    }
    try {
        co_await hub.async_ask_all(room{"tea"}, "vote", "more cake?", {.timeout = 1s, .quorum = 2}, asio::use_awaitable);
    } catch (const std::exception& undecided) {
        std::cout << undecided.what() << '\n';
    }
}

int main()
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    hub.authenticate([](const rejoinder::handshake& hello) { return hello.claimed_identity(); });
    hub.intercept([](rejoinder::intercepted& call) {
        if (call.from().who().name() == "mallory") {
            call.refuse("mallory is not invited");
        }
    });
    hub.on("join", [&](rejoinder::peer from, const std::string& name) { hub.join(from, room{name}); });
    hub.on("say", [&](rejoinder::peer from, const std::string& words) { hub.notify(except(room{"tea"}, from), "said", words); });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    guest ada{io, port, "ada", "yes"}, bob{io, port, "bob", "no"}, mallory{io, port, "mallory", "all of it"};
    asio::co_spawn(io, evening(hub, ada, bob, mallory), [&](std::exception_ptr) { io.stop(); });
    io.run();
}
