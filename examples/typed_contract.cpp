// A call as a type: name, request, reply and deadline stand in one place, and both sides are checked against it when they are compiled.
#include <rejoinder/rejoinder.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <exception>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

using namespace std::chrono_literals;

struct order {
    std::string customer;
    std::vector<int> prices;
};
BOOST_DESCRIBE_STRUCT(order, (), (customer, prices))

struct receipt {
    int total = 0;
};
BOOST_DESCRIBE_STRUCT(receipt, (), (total))

struct place_order : rejoinder::contract<order, receipt> {
    static constexpr std::string_view name = "place_order";
    static constexpr auto timeout = 30s;
};

asio::awaitable<void> shop(rejoinder::client<>& customer)
{
    const order basket{"Ada", {3, 4, 5}};
    const receipt paid = co_await customer.async_request<place_order>(basket, asio::use_awaitable);
    std::cout << "paid " << paid.total << '\n';

    // Without the type the payload is just JSON, and is held against the contract when it comes.
    try {
        const rejoinder::json incomplete = {{"customer", "Bob"}};
        co_await customer.async_request("place_order", incomplete, asio::use_awaitable);
    } catch (const std::exception& refused) {
        std::cout << refused.what() << '\n';
    }
}

int main()
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    hub.on<place_order>([](const order& wanted) { return receipt{std::accumulate(wanted.prices.begin(), wanted.prices.end(), 0)}; });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client customer{io.get_executor(), rejoinder::tcp_connector{port}};
    asio::co_spawn(io, shop(customer), [&](std::exception_ptr) { io.stop(); });
    io.run();
}
