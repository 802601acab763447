// The socket options of a TCP channel, read back from the sockets that it made.
#include <rejoinder/channel/tcp_options.hpp>

#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/channel/tune.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include <chrono>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

using tcp = asio::ip::tcp;

template <class Option>
int number_of(const tcp::socket& socket)
{
    Option option{0};
    socket.get_option(option);
    return option.value();
}

struct read_back {
    explicit read_back(const tcp::socket& socket)
        : idle(number_of<detail::tcp_keepalive_idle>(socket)), interval(number_of<detail::tcp_keepalive_interval>(socket)),
          count(number_of<detail::tcp_keepalive_count>(socket)), user_timeout(number_of<detail::tcp_user_timeout>(socket))
    {
        tcp::no_delay undelayed;
        socket.get_option(undelayed);
        no_delay = undelayed.value();
        asio::socket_base::keep_alive kept;
        socket.get_option(kept);
        keeps_alive = kept.value();
    }

    int idle;
    int interval;
    int count;
    int user_timeout;
    bool no_delay = false;
    bool keeps_alive = false;
};

// A channel that a connector opened.
stream<tcp::socket> dialled(asio::io_context& io, const tcp_options& options)
{
    tcp::acceptor port{io, {asio::ip::address_v4::loopback(), 0}};
    stream<tcp::socket> made;
    tcp_connector{port.local_endpoint(), length_prefix{}, options}.async_connect(
        io.get_executor(), [&](std::error_code ec, stream<tcp::socket> channel) {
            REQUIRE_FALSE(ec);
            made = std::move(channel);
        });
    io.run();
    io.restart();
    return made;
}

} // namespace

TEST_CASE("a TCP channel has the options that find a dead link, on the side that dials and on the side that accepts")
{
    asio::io_context io;
    tcp::acceptor port{io, {asio::ip::address_v4::loopback(), 0}};
    tcp::socket dialling{io};
    dialling.connect(port.local_endpoint());
    const bool dials = GENERATE(true, false);
    stream<tcp::socket> channel{dials ? std::move(dialling) : port.accept()};
    const read_back found{channel.next_layer()};
    CHECK(found.no_delay);
    CHECK(found.keeps_alive);
    CHECK(found.idle == 30);
    CHECK(found.interval == 10);
    CHECK(found.count == 3);
    CHECK(found.user_timeout == 60'000);
}

TEST_CASE("a TCP channel's options are the program's, and zero leaves one as the system has it")
{
    asio::io_context io;
    const auto own = dialled(io, {.keepalive_idle = 7s, .keepalive_interval = 2500ms, .keepalive_count = 5, .user_timeout = 1500us});
    const read_back found{own.next_layer()};
    CHECK(found.idle == 7);
    CHECK(found.interval == 2);
    CHECK(found.count == 5);
    CHECK(found.user_timeout == 1);

    const auto bare = dialled(io, {.no_delay = false, .keepalive_idle = 0s, .user_timeout = 0s});
    const read_back as_it_is{bare.next_layer()};
    CHECK_FALSE(as_it_is.no_delay);
    CHECK_FALSE(as_it_is.keeps_alive);
    CHECK(as_it_is.user_timeout == 0);
}

TEST_CASE("an option that the system refuses is no error of the channel, and the others are set all the same")
{
    asio::io_context io;
    auto channel = dialled(io, {.keepalive_count = 1'000'000, .user_timeout = duration::max()});
    const read_back found{channel.next_layer()};
    CHECK(found.keeps_alive);
    CHECK(found.count != 1'000'000);
    CHECK(found.user_timeout > 0);
    CHECK(tune(channel.next_layer(), {.keepalive_count = 1'000'000}));
    tcp::socket closed{io};
    CHECK(tune(closed));
}

TEST_CASE("streams that are no TCP are left as they are")
{
    asio::io_context io;
    asio::local::stream_protocol::socket local{io};
    CHECK_FALSE(tune(local));
}
