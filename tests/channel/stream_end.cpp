// How channels over streams end: closed, destroyed, cancelled, shut down.
#include <rejoinder/channel/stream.hpp>

#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "channel/streams.hpp"
#include "support/catch.hpp"

using namespace channel_tests;

namespace {

// A handler for both kinds of operation, with a slot to cancel it by.
struct cancellable_by_slot {
    using cancellation_slot_type = asio::cancellation_slot;
    std::optional<std::error_code>* ended;
    asio::cancellation_slot slot;

    cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
    void operator()(std::error_code ec, frame_batch = {}) { *ended = ec; }
};

template <class Channel>
void check_aborts_on(const std::function<void(std::optional<Channel>&)>& end, asio::io_context& io, Channel channel)
{
    std::optional<Channel> mine{std::move(channel)};
    int received = 0;
    int flushed = 0;
    mine->async_receive([&](std::error_code ec, frame_batch) {
        CHECK(ec == asio::error::operation_aborted);
        ++received;
    });
    // More than the socket takes while nobody reads.
    while (mine->pending() < (std::size_t{16} << 20)) {
        REQUIRE(add(*mine, std::string(1 << 20, 'x')));
    }
    mine->async_flush([&](std::error_code ec) {
        CHECK(ec == asio::error::operation_aborted);
        ++flushed;
    });
    io.restart();
    io.poll();
    CHECK(received + flushed == 0);
    end(mine);
    CHECK(received + flushed == 0);
    io.restart();
    io.run();
    CHECK(received == 1);
    CHECK(flushed == 1);
}

} // namespace

TEMPLATE_TEST_CASE("closing and destroying end what is under way, once and later", "", unix_socket, plain_stream)
{
    using link = stream<TestType>;
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    link mine{TestType{std::move(a)}};
    SECTION("close")
    {
        check_aborts_on<link>(
            [](std::optional<link>& held) {
                held->close();
                held->close();
            },
            io, std::move(mine));
    }
    SECTION("destruction")
    {
        check_aborts_on<link>([](std::optional<link>& held) { held.reset(); }, io, std::move(mine));
    }
    SECTION("assignment")
    {
        check_aborts_on<link>([](std::optional<link>& held) { *held = link{}; }, io, std::move(mine));
    }
}

TEST_CASE("a channel destroyed when its bytes are there already is not read from")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    std::optional<stream<unix_socket>> to{std::in_place, std::move(b)};
    std::optional<std::error_code> ended;
    to->async_receive([&](std::error_code ec, frame_batch) { ended = ec; });
    io.poll(); // the wait is known to the reactor
    asio::write(a, asio::buffer(std::string{"\0\0\0\3one", 7}));
    asio::post(io, [&] { to.reset(); });
    io.restart();
    io.run();
    REQUIRE(ended);
    CHECK(*ended == asio::error::operation_aborted);
}

TEST_CASE("a handler may destroy its channel and still read its frames")
{
    asio::io_context io;
    const auto check = [&io](auto to, unix_socket& from, std::size_t length) {
        auto held = std::make_shared<std::optional<decltype(to)>>(std::move(to));
        const std::string body(length, 'x');
        std::string bytes;
        const length_prefix framing;
        const auto mark = framing.open(bytes);
        bytes.append(body);
        framing.close(bytes, mark, encoding::text);
        bool read = false;
        (*held)->async_receive([&](std::error_code, frame_batch frames) {
            held->reset();
            frame_view frame;
            read = frames.next(frame) && frame.bytes == body;
        });
        std::thread writer{[&] { asio::write(from, asio::buffer(bytes)); }};
        io.restart();
        io.run();
        writer.join();
        CHECK(read);
    };
    for (const std::size_t length : {std::size_t{3}, std::size_t{5000}, std::size_t{500000}}) {
        auto [a, b] = unix_sockets(io);
        check(stream<unix_socket>{std::move(b)}, a, length);
        auto [c, d] = unix_sockets(io);
        check(stream<plain_stream>{plain_stream{std::move(d)}}, c, length);
    }
}

TEST_CASE("a context that is destroyed destroys pending handlers uncalled, and the channels that they own")
{
    int calls = 0;
    auto io = std::make_unique<asio::io_context>();
    auto [a, b] = unix_sockets(*io);
    auto mine = std::make_shared<stream<unix_socket>>(std::move(a));
    const std::weak_ptr<stream<unix_socket>> watched = mine;
    std::optional<unix_socket> other{std::move(b)};
    mine->async_receive([&calls, owned = mine](std::error_code, frame_batch) { ++calls; });
    io->poll();
    mine.reset();
    CHECK_FALSE(watched.expired());
    other.reset();
    io.reset();
    CHECK(watched.expired());
    CHECK(calls == 0);
}

TEMPLATE_TEST_CASE("a receive that is cancelled loses nothing", "", unix_socket, plain_stream)
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<TestType> to{TestType{std::move(b)}};
    const auto type =
        GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal);
    asio::cancellation_signal signal;
    std::optional<std::error_code> ended;
    to.async_receive(cancellable_by_slot{&ended, signal.slot()});
    asio::write(a, asio::buffer(std::string{"\0\0\0\3on", 6}));
    io.restart();
    io.poll();
    CHECK_FALSE(ended);
    signal.emit(type);
    CHECK_FALSE(ended);
    io.restart();
    io.run();
    REQUIRE(ended);
    CHECK(*ended == asio::error::operation_aborted);

    asio::write(a, asio::buffer(std::string_view{"e"}));
    receiver receiving{to};
    receiving.go();
    receiving.until(io, 1);
    CHECK(receiving.got == texts{"one"});
}

TEST_CASE("a flush that is cancelled half-way is finished by the next one")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket> from{std::move(a)};
    stream<unix_socket> to{std::move(b)};
    asio::cancellation_signal signal;
    std::optional<std::error_code> ended;
    texts bodies;
    for (int i = 0; i != 8; ++i) {
        bodies.emplace_back(1 << 20, static_cast<char>('a' + i));
        add(from, bodies.back());
    }
    const auto before = from.pending();
    from.async_flush(cancellable_by_slot{&ended, signal.slot()});
    io.poll();
    signal.emit(asio::cancellation_type::total);
    io.restart();
    io.run();
    REQUIRE(ended);
    CHECK(*ended == asio::error::operation_aborted);
    CHECK(from.pending() < before);
    CHECK(from.pending() > 0);
    bodies.emplace_back("after");
    add(from, bodies.back());
    CHECK(exchanged(io, from, to, {}, bodies.size()) == bodies);
}

TEST_CASE("bytes after a cancelled flush are the bytes before it and nothing else")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    plain_stream plain{std::move(a)};
    plain.write_max = 5;
    stream<plain_stream> from{std::move(plain)};
    stream<unix_socket> to{std::move(b)};
    asio::cancellation_signal signal;
    std::optional<std::error_code> ended;
    add(from, "first frame");
    from.async_flush(cancellable_by_slot{&ended, signal.slot()});
    signal.emit(asio::cancellation_type::total); // the write has happened: seen between two steps
    io.run();
    REQUIRE(ended);
    CHECK(*ended == asio::error::operation_aborted);
    CHECK(from.pending() == 10);
    add(from, "second frame");
    flush(io, from);
    receiver receiving{to};
    receiving.go();
    receiving.until(io, 2);
    CHECK(receiving.got == texts{"first frame", "second frame"});
}

TEMPLATE_TEST_CASE("a shutdown sends what is left, then the end", "", unix_socket, plain_stream)
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<TestType> from{TestType{std::move(a)}};
    stream<unix_socket> to{std::move(b)};
    receiver receiving{to};
    receiving.go();
    add(from, "last words");
    int ends = 0;
    from.async_shutdown(close_reason::normal, [&](std::error_code ec) {
        CHECK_FALSE(ec);
        ++ends;
    });
    CHECK(ends == 0);
    io.run();
    CHECK(ends == 1);
    CHECK(receiving.got == texts{"last words"});
    REQUIRE(receiving.ended);
    CHECK(*receiving.ended == asio::error::eof);

    // The other half is still open.
    add(to, "and goodbye");
    receiver hearing{from};
    hearing.go();
    std::optional<std::error_code> closed;
    to.async_shutdown(close_reason::normal, [&](std::error_code ec) { closed = ec; });
    io.restart();
    io.run();
    CHECK(hearing.got == texts{"and goodbye"});
    CHECK(hearing.ended == asio::error::eof);
    REQUIRE(closed);
    CHECK_FALSE(*closed);
}

TEST_CASE(
    "a shutdown with nothing to send completes after its initiation, with the stream's own handshake if it has one")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    plain_stream plain{std::move(a)};
    const auto handshakes = plain.handshakes;
    stream<plain_stream> with{std::move(plain)};
    stream<unix_socket> without{std::move(b)};
    int ends = 0;
    with.async_shutdown(close_reason::normal, [&](std::error_code ec) { ends += ec ? 100 : 1; });
    without.async_shutdown(close_reason::normal, [&](std::error_code ec) { ends += ec ? 100 : 1; });
    CHECK(ends == 0);
    io.run();
    CHECK(ends == 2);
    CHECK(*handshakes == 1);
}

TEST_CASE("operations on a closed channel are aborted, after their initiation")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    stream<unix_socket> mine{std::move(a)};
    mine.close();
    std::vector<std::error_code> ended;
    mine.async_receive([&](std::error_code ec, frame_batch) { ended.push_back(ec); });
    mine.async_flush([&](std::error_code ec) { ended.push_back(ec); });
    CHECK(ended.empty());
    io.run();
    CHECK(ended == std::vector<std::error_code>{asio::error::operation_aborted, asio::error::operation_aborted});
}
