// Ports: they give their address, close alone or with their hub, and survive a process out of descriptors.
#include <rejoinder/net/listener.hpp>

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/channel/unix_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include "support/house.hpp"
#include "support/no_descriptors.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

const asio::ip::tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};

int ask(asio::io_context& io, rejoinder::client<>& tab)
{
    int answer = 0;
    bool over = false;
    tab.async_request("same", 7, [&](std::error_code ec, const rejoinder::reply& got) {
        CHECK_FALSE(ec);
        answer = got.as<int>();
        over = true;
    });
    CHECK(driven::until(io, [&] { return over; }));
    return answer;
}

} // namespace

TEST_CASE("a listener survives a process that is out of descriptors")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.on("same", [](int x) { return x; });
    const auto port = rejoinder::listen(hub, any_port).local_endpoint();
    asio::ip::tcp::socket first{io};
    {
        // UndefinedBehaviorSanitizer takes descriptors itself where it meets a type for the first time.
        rejoinder::client<> before{io.get_executor(), rejoinder::tcp_connector{port}};
        CHECK(ask(io, before) == 7);
        const std::error_code known[] = {asio::error::no_descriptors, asio::error::eof, asio::error::host_not_found,
                                         asio::error::service_not_found, make_error_code(rejoinder::errc::too_big)};
        for (const auto& one : known) {
            CHECK(std::count(std::begin(known), std::end(known), one) == 1);
            CHECK((one == rejoinder::errc::too_big) == (&one == &known[4]));
        }
    }
    REQUIRE(driven::until(io, [&] { return hub.connections() == 0; }));
    {
        no_descriptors out{1}; // one for the socket that connects, none for the one that is accepted
        first.connect(port);
        driven::pass(io, 50ms);
        CHECK(hub.connections() == 0);
    }
    CHECK(driven::until(io, [&] { return hub.connections() == 1; }));
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{port}};
    CHECK(ask(io, tab) == 7);
}

TEST_CASE("a closed listener takes nobody, and who is there stays")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.on("same", [](int x) { return x; });
    auto port = rejoinder::listen(hub, any_port);
    const auto where = port.local_endpoint();
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{where}};
    CHECK(ask(io, tab) == 7);
    port.close();
    driven::settle(io);
    asio::ip::tcp::socket late{io};
    std::error_code refused;
    late.connect(where, refused);
    CHECK(refused == asio::error::connection_refused);
    CHECK(ask(io, tab) == 7);
}

TEST_CASE("a port closes with its hub, whether or not the listener is kept")
{
    asio::io_context io;
    asio::ip::tcp::endpoint where;
    {
        rejoinder::hub<> hub{io.get_executor()};
        where = rejoinder::listen(hub, any_port).local_endpoint();
        driven::settle(io);
        asio::ip::tcp::socket one{io};
        one.connect(where);
    }
    driven::settle(io);
    asio::ip::tcp::socket late{io};
    std::error_code refused;
    late.connect(where, refused);
    CHECK(refused == asio::error::connection_refused);
}

TEST_CASE("a port that is taken throws")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    const auto where = rejoinder::listen(hub, any_port).local_endpoint();
    CHECK_THROWS_AS(rejoinder::listen(hub, where), std::system_error);
}

TEST_CASE("one hub listens on a TCP port, a Unix socket and with another framing at once")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.on("same", [](int x) { return x; });
    const auto port = rejoinder::listen(hub, any_port).local_endpoint();
    using lines = rejoinder::stream<asio::ip::tcp::socket, rejoinder::newline_delimited>;
    const auto of_lines = rejoinder::listen<lines>(hub, any_port).local_endpoint();
    const std::string path = "/tmp/rejoinder_listener_" + std::to_string(::getpid());
    ::unlink(path.c_str());
    rejoinder::listen<rejoinder::stream<asio::local::stream_protocol::socket>>(hub, asio::local::stream_protocol::endpoint{path});
    rejoinder::client<> by_tcp{io.get_executor(), rejoinder::tcp_connector{port}};
    rejoinder::client<> by_lines{io.get_executor(), rejoinder::tcp_connector<rejoinder::newline_delimited>{of_lines}};
    rejoinder::client<> by_path{io.get_executor(), rejoinder::unix_connector{path}};
    CHECK(ask(io, by_tcp) == 7);
    CHECK(ask(io, by_lines) == 7);
    CHECK(ask(io, by_path) == 7);
    CHECK(hub.connections() == 3);
    ::unlink(path.c_str());
}

TEST_CASE("a Unix socket is listened on by its path")
{
    asio::io_context io;
    const std::string path = "/tmp/rejoinder_listener_" + std::to_string(::getpid());
    ::unlink(path.c_str());
    rejoinder::hub<> hub{io.get_executor()};
    hub.on("same", [](int number) { return number; });
    rejoinder::listen(hub, asio::local::stream_protocol::endpoint{path});
    rejoinder::client<> tab{io.get_executor(), rejoinder::unix_connector{path}};
    CHECK(ask(io, tab) == 7);
    ::unlink(path.c_str());
}
