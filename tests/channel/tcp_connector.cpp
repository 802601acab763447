// Connecting over TCP.
#include <rejoinder/channel/tcp_connector.hpp>

#include <rejoinder/wire/newline_delimited.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "support/loopback_name.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

using tcp = asio::ip::tcp;
using tcp_channel = tcp_connector<>::channel_type;

static_assert(connector<tcp_connector<>>);
static_assert(connector<tcp_connector<newline_delimited>>);
static_assert(!connector<int> && !connector<tcp_channel>);

tcp::acceptor listening(asio::io_context& io)
{
    return tcp::acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
}

std::string port_of(const tcp::acceptor& acceptor)
{
    return std::to_string(acceptor.local_endpoint().port());
}

enum class way_to_say { address, endpoint, name };

tcp_connector<> target_spelled(way_to_say how, const tcp::acceptor& acceptor)
{
    switch (how) {
    case way_to_say::address: return tcp_connector{"127.0.0.1", port_of(acceptor)};
    case way_to_say::endpoint: return tcp_connector{acceptor.local_endpoint()};
    case way_to_say::name: break;
    }
    return tcp_connector{loopback_name, port_of(acceptor)};
}

} // namespace

TEST_CASE("a connector opens a channel to an address, an endpoint or a name")
{
    asio::io_context io;
    auto acceptor = listening(io);
    const auto target = target_spelled(GENERATE(way_to_say::address, way_to_say::endpoint, way_to_say::name), acceptor);
    std::optional<std::error_code> ended;
    tcp_channel mine;
    target.async_connect(io.get_executor(), [&](std::error_code ec, tcp_channel connected) {
        ended = ec;
        mine = std::move(connected);
    });
    CHECK_FALSE(ended);
    io.run();
    REQUIRE(ended);
    REQUIRE_FALSE(*ended);
    stream<tcp::socket> theirs{acceptor.accept()};
    mine.begin().append("hello");
    mine.commit(encoding::text);
    mine.async_flush([](std::error_code) {});
    std::string heard;
    theirs.async_receive([&](std::error_code, frame_batch frames) {
        frame_view frame;
        frames.next(frame);
        heard = frame.bytes;
    });
    io.restart();
    io.run();
    CHECK(heard == "hello");
}

TEST_CASE("a refused connection is an error with an empty channel")
{
    asio::io_context io;
    auto acceptor = listening(io);
    const auto port = port_of(acceptor);
    acceptor.close();
    const tcp_connector target{"127.0.0.1", port};
    std::optional<std::error_code> ended;
    target.async_connect(io.get_executor(), [&](std::error_code ec, tcp_channel) { ended = ec; });
    io.run();
    REQUIRE(ended);
    CHECK(*ended == asio::error::connection_refused);
}

TEST_CASE("a name that cannot be is the look-up's error")
{
    asio::io_context io;
    const tcp_connector target{"no such host", "80"};
    std::optional<std::error_code> ended;
    target.async_connect(io.get_executor(), [&](std::error_code ec, tcp_channel) { ended = ec; });
    CHECK_FALSE(ended);
    io.run();
    REQUIRE(ended);
    CHECK(*ended);
    CHECK(*ended != asio::error::operation_aborted);
}

TEST_CASE("cancelling ends an attempt at once, whatever it is doing, and once")
{
    asio::io_context io;
    auto acceptor = listening(io);
    const auto target = target_spelled(GENERATE(way_to_say::address, way_to_say::name), acceptor);
    asio::cancellation_signal signal;
    int calls = 0;
    target.async_connect(io.get_executor(),
                         asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, tcp_channel) {
                             CHECK(ec == asio::error::operation_aborted);
                             ++calls;
                         }));
    signal.emit(asio::cancellation_type::total);
    CHECK(calls == 0);
    signal.emit(asio::cancellation_type::terminal);
    io.run();
    CHECK(calls == 1);
    signal.emit(asio::cancellation_type::terminal);
    CHECK(calls == 1);
}

TEST_CASE("an attempt outlives its connector and ends on the handler's executor")
{
    asio::io_context io;
    auto acceptor = listening(io);
    const auto strand = asio::make_strand(io);
    bool connected = false;
    {
        const auto target = std::make_unique<tcp_connector<>>(loopback_name, port_of(acceptor));
        target->async_connect(io.get_executor(), asio::bind_executor(strand, [&](std::error_code ec, tcp_channel) {
                                  connected = !ec && strand.running_in_this_thread();
                              }));
    }
    io.run();
    CHECK(connected);
}

TEST_CASE("an attempt is destroyed with its context, uncalled")
{
    auto io = std::make_unique<asio::io_context>();
    auto acceptor = std::make_unique<tcp::acceptor>(listening(*io));
    const auto sentinel = std::make_shared<int>(0);
    int calls = 0;
    tcp_connector{"127.0.0.1", port_of(*acceptor)}.async_connect(
        io->get_executor(), [&calls, sentinel](std::error_code, tcp_channel) { ++calls; });
    CHECK(sentinel.use_count() == 2);
    acceptor.reset();
    io.reset();
    CHECK(sentinel.use_count() == 1);
    CHECK(calls == 0);
}

TEST_CASE("futures and coroutines get the channel")
{
    asio::io_context io;
    auto acceptor = listening(io);
    const tcp_connector target{acceptor.local_endpoint()};
    auto future = target.async_connect(io.get_executor(), asio::use_future);
    bool in_coroutine = false;
    const auto connect = [&]() -> asio::awaitable<void> {
        auto mine = co_await target.async_connect(io.get_executor(), asio::use_awaitable);
        in_coroutine = mine.next_layer().is_open();
    };
    asio::co_spawn(io, connect(), asio::detached);
    io.run();
    CHECK(in_coroutine);
    auto mine = future.get();
    CHECK(mine.next_layer().is_open());
}

TEST_CASE("a description says where")
{
    CHECK(tcp_connector{"example.org", "http"}.description() == "tcp://example.org:http");
    CHECK(tcp_connector{"::1", "80"}.description() == "tcp://[::1]:80");
    const tcp::endpoint endpoint{asio::ip::address_v4::loopback(), 81};
    CHECK(tcp_connector{endpoint}.description() == "tcp://127.0.0.1:81");
    CHECK(tcp_connector{endpoint, newline_delimited{}}.description() == "tcp://127.0.0.1:81");
}
