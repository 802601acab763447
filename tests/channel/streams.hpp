// Pairs of real streams and a stream of the tests' own, with channels over them driven by hand.
#ifndef REJOINDER_TESTS_CHANNEL_STREAMS_HPP
#define REJOINDER_TESTS_CHANNEL_STREAMS_HPP

#include <rejoinder/channel/stream.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace channel_tests {

using namespace rejoinder;

using tcp = asio::ip::tcp;
using unix_socket = asio::local::stream_protocol::socket;
using descriptor = asio::posix::stream_descriptor;
using texts = std::vector<std::string>;

inline std::pair<tcp::socket, tcp::socket> tcp_sockets(asio::io_context& io)
{
    tcp::acceptor acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    tcp::socket client{io};
    client.connect(acceptor.local_endpoint());
    return {std::move(client), acceptor.accept()};
}

inline std::pair<unix_socket, unix_socket> unix_sockets(asio::io_context& io)
{
    std::pair<unix_socket, unix_socket> made{unix_socket{io}, unix_socket{io}};
    asio::local::connect_pair(made.first, made.second);
    return made;
}

// A stream of the test's own: no readiness, a write limit, and counters; with a closing handshake, as TLS has.
struct plain_stream {
    using executor_type = asio::any_io_executor;

    unix_socket socket;
    std::shared_ptr<int> writes = std::make_shared<int>(0);
    std::shared_ptr<int> handshakes = std::make_shared<int>(0);
    std::size_t write_max = std::size_t{1} << 30;

    explicit plain_stream(unix_socket connected) : socket(std::move(connected)) {}

    executor_type get_executor() { return socket.get_executor(); }
    unix_socket& lowest_layer() { return socket; }

    template <class Token>
    auto async_read_some(asio::mutable_buffer into, Token&& token)
    {
        return socket.async_read_some(into, std::forward<Token>(token));
    }

    template <class Token>
    auto async_write_some(asio::const_buffer from, Token&& token)
    {
        ++*writes;
        return socket.async_write_some(asio::buffer(from, write_max), std::forward<Token>(token));
    }

    template <class Token>
    auto async_shutdown(Token&& token)
    {
        ++*handshakes;
        std::error_code ignored;
        socket.shutdown(unix_socket::shutdown_send, ignored);
        return socket.async_wait(unix_socket::wait_write, std::forward<Token>(token));
    }
};

template <class Channel>
bool add(Channel& channel, std::string_view body, encoding form = encoding::text)
{
    channel.begin().append(body);
    return channel.commit(form);
}

template <class Channel>
void flush(asio::io_context& io, Channel& channel)
{
    std::optional<std::error_code> ended;
    channel.async_flush([&](std::error_code ec) { ended = ec; });
    CHECK_FALSE(ended);
    io.restart();
    while (!ended && io.run_one() != 0) {}
    REQUIRE(ended);
    CHECK_FALSE(*ended);
}

// Receives until an error, which it keeps.
template <class Channel>
struct receiver {
    Channel& from;
    texts got{};
    std::size_t batches = 0;
    std::optional<std::error_code> ended{};

    void go()
    {
        from.async_receive([this](std::error_code ec, frame_batch frames) {
            if (ec) {
                CHECK(frames.size() == 0);
                ended = ec;
                return;
            }
            CHECK(frames.size() != 0);
            ++batches;
            go(); // before the frames are read: the next operation must not touch them
            for (frame_view frame; frames.next(frame);) {
                got.emplace_back(frame.bytes);
            }
        });
    }

    void until(asio::io_context& io, std::size_t count)
    {
        io.restart();
        while (got.size() < count && !ended && io.run_one() != 0) {}
    }
};

template <class Channel>
receiver(Channel&) -> receiver<Channel>;

template <class Channel>
texts exchanged(asio::io_context& io, Channel& from, Channel& to, const texts& bodies, std::size_t earlier = 0)
{
    receiver receiving{to};
    receiving.go();
    for (const auto& body : bodies) {
        REQUIRE(add(from, body));
    }
    std::optional<std::error_code> flushed;
    from.async_flush([&](std::error_code ec) { flushed = ec; });
    receiving.until(io, bodies.size() + earlier);
    io.poll();
    REQUIRE(flushed);
    CHECK_FALSE(*flushed);
    CHECK(from.pending() == 0);
    to.close();
    io.restart();
    io.run();
    CHECK(receiving.ended == asio::error::operation_aborted);
    return receiving.got;
}

} // namespace channel_tests

#endif
