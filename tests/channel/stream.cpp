// Channels over real sockets, pipes and a stream of the test's own.
#include <rejoinder/channel/stream.hpp>

#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "channel/streams.hpp"
#include "support/catch.hpp"

using namespace channel_tests;

namespace {

static_assert(channel<stream<tcp::socket>>);
static_assert(channel<stream<unix_socket, newline_delimited>>);
static_assert(channel<stream<descriptor, content_length_headers>>);
static_assert(waitable_stream<tcp::socket> && waitable_stream<unix_socket> && waitable_stream<descriptor>);
static_assert(!channel<int> && !channel<tcp::socket> && !async_stream<std::string>);
static_assert(channel<stream<plain_stream>>);
static_assert(!waitable_stream<plain_stream>);

const texts mixed_bodies{"a", std::string(100, 'b'), std::string(70000, 'c'), "d", std::string(1 << 20, 'e'), "f"};

} // namespace

TEST_CASE("frames cross TCP, Unix sockets and other streams, small and large")
{
    asio::io_context io;
    SECTION("TCP")
    {
        auto [a, b] = tcp_sockets(io);
        stream<tcp::socket> from{std::move(a)};
        stream<tcp::socket> to{std::move(b)};
        CHECK(exchanged(io, from, to, mixed_bodies) == mixed_bodies);
    }
    SECTION("Unix")
    {
        auto [a, b] = unix_sockets(io);
        stream<unix_socket, content_length_headers> from{std::move(a)};
        stream<unix_socket, content_length_headers> to{std::move(b)};
        CHECK(exchanged(io, from, to, mixed_bodies) == mixed_bodies);
    }
    SECTION("a stream without readiness")
    {
        auto [a, b] = unix_sockets(io);
        stream<plain_stream, newline_delimited> from{plain_stream{std::move(a)}};
        stream<plain_stream, newline_delimited> to{plain_stream{std::move(b)}};
        CHECK(exchanged(io, from, to, mixed_bodies) == mixed_bodies);
    }
    SECTION("a pipe")
    {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        stream<descriptor> from{descriptor{io, ends[1]}};
        stream<descriptor> to{descriptor{io, ends[0]}};
        CHECK(exchanged(io, from, to, mixed_bodies) == mixed_bodies);
    }
}

TEST_CASE("text and binary keep their form, and empty frames arrive")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket> from{std::move(a)};
    stream<unix_socket> to{std::move(b)};
    CHECK(from.carries(encoding::text));
    CHECK(from.carries(encoding::binary));
    add(from, "text");
    add(from, "binary", encoding::binary);
    add(from, "");
    flush(io, from);
    std::vector<encoding> forms;
    std::string all;
    to.async_receive([&](std::error_code, frame_batch frames) {
        CHECK(frames.size() == 3);
        for (frame_view frame; frames.next(frame);) {
            forms.push_back(frame.form);
            all.append(frame.bytes).append("|");
        }
        CHECK(frames.size() == 0);
    });
    io.restart();
    io.run();
    CHECK(forms == std::vector{encoding::text, encoding::binary, encoding::text});
    CHECK(all == "text|binary||");
}

TEST_CASE("frames that come byte by byte arrive, one batch each")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket> to{std::move(b)};
    receiver receiving{to};
    receiving.go();
    std::string bytes;
    length_prefix framing;
    for (const std::string_view body : {"one", "two", "three"}) {
        const auto mark = framing.open(bytes);
        bytes.append(body);
        framing.close(bytes, mark, encoding::text);
    }
    for (const char each : bytes) {
        asio::write(a, asio::buffer(&each, 1));
        io.restart();
        io.poll();
    }
    CHECK(receiving.got == texts{"one", "two", "three"});
    CHECK(receiving.batches == 3);
}

TEST_CASE("all that is committed goes out in one write and arrives in one batch")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    plain_stream plain{std::move(a)};
    const auto writes = plain.writes;
    stream<plain_stream> from{std::move(plain)};
    stream<unix_socket> to{std::move(b)};
    texts bodies;
    for (int i = 0; i != 500; ++i) {
        bodies.push_back(std::to_string(i));
        add(from, bodies.back());
    }
    flush(io, from);
    CHECK(*writes == 1);
    flush(io, from);
    CHECK(*writes == 1); // nothing to write
    receiver receiving{to};
    receiving.go();
    receiving.until(io, bodies.size());
    CHECK(receiving.got == bodies);
    CHECK(receiving.batches == 1);
}

TEST_CASE("what is committed during a flush waits for the next, even if the stream takes little at a time")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    plain_stream plain{std::move(a)};
    plain.write_max = 7;
    const auto writes = plain.writes;
    stream<plain_stream> from{std::move(plain)};
    stream<unix_socket> to{std::move(b)};
    add(from, std::string(17, 'a')); // 21 bytes with the length: 3 writes
    bool flushed = false;
    from.async_flush([&](std::error_code) {
        flushed = true;
        CHECK(from.pending() == 6);
    });
    add(from, "bb");
    CHECK(from.pending() == 27);
    while (!flushed) {
        REQUIRE(io.run_one() == 1);
    }
    CHECK(*writes == 3);
    flush(io, from);
    CHECK(*writes == 4);
    CHECK(from.pending() == 0);
    receiver receiving{to};
    receiving.go();
    receiving.until(io, 2);
    CHECK(receiving.got == texts{std::string(17, 'a'), "bb"});
}

TEST_CASE("a frame that cannot be carried is refused and leaves the others alone")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket, newline_delimited> from{std::move(a)};
    stream<unix_socket, newline_delimited> to{std::move(b)};
    CHECK_FALSE(from.carries(encoding::binary));
    CHECK(add(from, "one"));
    CHECK_FALSE(add(from, "two", encoding::binary));
    CHECK(from.pending() == 4);
    CHECK(add(from, "three"));
    flush(io, from);
    receiver receiving{to};
    receiving.go();
    receiving.until(io, 2);
    CHECK(receiving.got == texts{"one", "three"});
}

TEMPLATE_TEST_CASE("a frame over the limit ends the receiving, before its body is there and after what came first", "",
                   unix_socket, plain_stream)
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<TestType> to{TestType{std::move(b)}, length_prefix{.limit = 100}};
    asio::write(a, asio::buffer(std::string{"\0\0\0\3one\0\0\0\3two\0\0\1\0", 18}));
    receiver receiving{to};
    receiving.go();
    receiving.until(io, 3);
    CHECK(receiving.got == texts{"one", "two"});
    REQUIRE(receiving.ended);
    CHECK(*receiving.ended == errc::too_big);
    CHECK(to.buffer_memory() <= 4 * std::string{}.capacity());

    std::optional<std::error_code> again;
    to.async_receive([&](std::error_code ec, frame_batch) { again = ec; });
    CHECK_FALSE(again);
    io.restart();
    io.run();
    REQUIRE(again);
    CHECK(*again == errc::too_big);
}

TEST_CASE("bytes that are no frames end the receiving with bad_message")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket, content_length_headers> to{std::move(b)};
    asio::write(a, asio::buffer(std::string_view{"Content-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n\r\n"}));
    receiver receiving{to};
    receiving.go();
    receiving.until(io, 2);
    CHECK(receiving.got == texts{"ok"});
    REQUIRE(receiving.ended);
    CHECK(*receiving.ended == errc::bad_message);
}

TEST_CASE("a nested run of the loop inside a handler leaves the handler's frames alone")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    auto [c, d] = unix_sockets(io);
    stream<unix_socket> outer_from{std::move(a)};
    stream<unix_socket> outer{std::move(b)};
    stream<unix_socket> inner_from{std::move(c)};
    stream<unix_socket> inner{std::move(d)};
    const std::string first(1000, '1');
    const std::string second(1000, '2');
    add(outer_from, first);
    add(inner_from, second);
    flush(io, outer_from);
    receiver nested{inner};
    bool read = false;
    outer.async_receive([&](std::error_code, frame_batch frames) {
        nested.go();
        flush(io, inner_from);
        nested.until(io, 1);
        frame_view frame;
        read = frames.next(frame) && frame.bytes == first;
    });
    io.restart();
    while (!read && io.run_one() != 0) {}
    CHECK(nested.got == texts{second});
    CHECK(read);
}

TEST_CASE("an idle channel holds no buffer, also after a burst")
{
    asio::io_context io;
    auto [a, b] = tcp_sockets(io);
    stream<tcp::socket> from{std::move(a)};
    stream<tcp::socket> to{std::move(b)};
    receiver receiving{to};
    receiving.go();
    for (int burst = 0; burst != 3; ++burst) {
        add(from, std::string(1 << 20, 'x'));
        std::optional<std::error_code> flushed;
        from.async_flush([&](std::error_code ec) { flushed = ec; });
        receiving.until(io, static_cast<std::size_t>(burst) + 1);
        io.poll();
        REQUIRE(flushed);
        CHECK_FALSE(*flushed);
        CHECK(from.buffer_memory() <= 4 * std::string{}.capacity());
        CHECK(to.buffer_memory() <= 4 * std::string{}.capacity());
    }
}

TEST_CASE("an idle channel without readiness holds its small read buffer")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket> from{std::move(a)};
    stream<plain_stream> to{plain_stream{std::move(b)}};
    receiver receiving{to};
    receiving.go();
    add(from, std::string(1 << 20, 'x'));
    std::optional<std::error_code> flushed;
    from.async_flush([&](std::error_code ec) { flushed = ec; });
    receiving.until(io, 1);
    add(from, "small");
    flush(io, from);
    receiving.until(io, 2);
    CHECK(receiving.got.size() == 2);
    CHECK(to.buffer_memory() <= 8192);
}

TEST_CASE("a TCP channel sends at once")
{
    asio::io_context io;
    auto [a, b] = tcp_sockets(io);
    const stream<tcp::socket> mine{std::move(a)};
    tcp::no_delay option;
    mine.next_layer().get_option(option);
    CHECK(option.value());
}

TEST_CASE("a channel over a socket that is not open says so")
{
    asio::io_context io;
    stream<tcp::socket> mine{tcp::socket{io}};
    std::optional<std::error_code> ended;
    mine.async_receive([&](std::error_code ec, frame_batch) { ended = ec; });
    io.run();
    REQUIRE(ended);
    CHECK(*ended == asio::error::bad_descriptor);
}

TEST_CASE("coroutines receive and flush, and read frames until they next wait")
{
    asio::io_context io;
    auto [a, b] = tcp_sockets(io);
    stream<tcp::socket> left{std::move(a)};
    stream<tcp::socket> right{std::move(b)};
    texts answers;
    const auto echo = [](stream<tcp::socket>& mine) -> asio::awaitable<void> {
        for (int i = 0; i != 3; ++i) {
            auto frames = co_await mine.async_receive(asio::use_awaitable);
            for (frame_view frame; frames.next(frame);) {
                mine.begin().append("echo ").append(frame.bytes);
                mine.commit(frame.form);
            }
            co_await mine.async_flush(asio::use_awaitable);
        }
        co_await mine.async_shutdown(close_reason::normal, asio::use_awaitable);
    };
    const auto ask = [](stream<tcp::socket>& mine, texts& heard) -> asio::awaitable<void> {
        for (int i = 0; i != 3; ++i) {
            mine.begin().append(std::to_string(i));
            mine.commit(encoding::text);
            co_await mine.async_flush(asio::use_awaitable);
            auto frames = co_await mine.async_receive(asio::use_awaitable);
            for (frame_view frame; frames.next(frame);) {
                heard.emplace_back(frame.bytes);
            }
        }
        try {
            co_await mine.async_receive(asio::use_awaitable);
        } catch (const std::system_error& error) {
            heard.emplace_back(error.code() == asio::error::eof ? "end" : "wrong error");
        }
    };
    asio::co_spawn(io, echo(right), asio::detached);
    asio::co_spawn(io, ask(left, answers), asio::detached);
    io.run();
    CHECK(answers == texts{"echo 0", "echo 1", "echo 2", "end"});
}

TEST_CASE("futures get the outcome of a flush and of a failed receive")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket> from{std::move(a)};
    stream<unix_socket> to{std::move(b)};
    add(from, "x");
    auto flushed = from.async_flush(asio::use_future);
    io.run();
    CHECK_NOTHROW(flushed.get());
    from.close();
    auto received = from.async_receive(asio::use_future);
    io.restart();
    io.run();
    CHECK_THROWS_AS(received.get(), std::system_error);
}

TEST_CASE("handlers run on their own strand, with the frames intact, while several threads run the context")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    const auto left_strand = asio::make_strand(io);
    const auto right_strand = asio::make_strand(io);
    stream<unix_socket> left{std::move(a)};
    stream<unix_socket> right{std::move(b)};
    constexpr int rounds = 2000;
    int sent = 0;
    int heard = 0;
    bool right_order = true;
    std::function<void()> send = [&] {
        if (sent == rounds) {
            left.async_shutdown(close_reason::normal, asio::bind_executor(left_strand, [](std::error_code) {}));
            return;
        }
        for (int i = 0; i != 10; ++i) {
            add(left, std::to_string(sent++));
        }
        left.async_flush(asio::bind_executor(left_strand, [&](std::error_code) { send(); }));
    };
    std::function<void()> hear = [&] {
        right.async_receive(asio::bind_executor(right_strand, [&](std::error_code ec, frame_batch frames) {
            right_order = right_order && right_strand.running_in_this_thread();
            for (frame_view frame; frames.next(frame);) {
                right_order = right_order && frame.bytes == std::to_string(heard);
                ++heard;
            }
            if (!ec) {
                hear();
            }
        }));
    };
    asio::post(left_strand, send);
    asio::post(right_strand, hear);
    std::thread helper{[&] { io.run(); }};
    io.run();
    helper.join();
    CHECK(heard == rounds);
    CHECK(right_order);
}
