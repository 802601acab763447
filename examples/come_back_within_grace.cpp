// A user whose link breaks and who is back within the grace was never away; one who stays away is cleaned up after, once.
#include <rejoinder/rejoinder.hpp>

#include <asio/io_context.hpp>

#include <iostream>
#include <optional>
#include <string_view>

using namespace std::chrono_literals;

int main()
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor(), {.grace = 300ms}};
    hub.authenticate([](const rejoinder::handshake& hello) { return hello.claimed_identity(); });
    hub.on_event([](const rejoinder::event& one) { std::cout << one.name << ' ' << one.who << ' ' << one.reason << std::endl; });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();

    std::optional<rejoinder::client<>> tab;
    tab.emplace(io.get_executor(), rejoinder::tcp_connector{port}, rejoinder::client_options<>{.auth = R"("42")"});

    int connected = 0;
    tab->on_state([&](rejoinder::link_state link, std::error_code) {
        if (link == rejoinder::link_state::connected && ++connected == 2) {
            tab.reset(); // the user closes the page
        }
    });
    hub.on_attach([&](const rejoinder::peer& who) { hub.close(who); }); // the link breaks; the client comes back by itself

    hub.on_detach([&](const rejoinder::identity& who) {
        std::cout << "removing what " << who.name() << " had subscribed to\n";
        io.stop();
    });
    io.run();
}
