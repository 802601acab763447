// Channels over real sockets, pipes and a stream of the test's own.
#include <rejoinder/channel/stream.hpp>

#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

using tcp = asio::ip::tcp;
using unix_socket = asio::local::stream_protocol::socket;
using descriptor = asio::posix::stream_descriptor;
using texts = std::vector<std::string>;

static_assert(channel<stream<tcp::socket>>);
static_assert(channel<stream<unix_socket, newline_delimited>>);
static_assert(channel<stream<descriptor, content_length_headers>>);
static_assert(waitable_stream<tcp::socket> && waitable_stream<unix_socket> && waitable_stream<descriptor>);
static_assert(!channel<int> && !channel<tcp::socket> && !async_stream<std::string>);

std::pair<tcp::socket, tcp::socket> tcp_sockets(asio::io_context& io)
{
    tcp::acceptor acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    tcp::socket client{io};
    client.connect(acceptor.local_endpoint());
    return {std::move(client), acceptor.accept()};
}

std::pair<unix_socket, unix_socket> unix_sockets(asio::io_context& io)
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

static_assert(channel<stream<plain_stream>>);
static_assert(!waitable_stream<plain_stream>);

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
    while (!ended && io.run_one() != 0) {
    }
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
        while (got.size() < count && !ended && io.run_one() != 0) {
        }
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

// A handler for both kinds of operation, with a slot to cancel it by.
struct cancellable {
    using cancellation_slot_type = asio::cancellation_slot;
    std::optional<std::error_code>* ended;
    asio::cancellation_slot slot;

    cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
    void operator()(std::error_code ec, frame_batch = {}) { *ended = ec; }
};

const texts mixed_bodies{"a", std::string(100, 'b'), std::string(70000, 'c'), "d", std::string(1 << 20, 'e'), "f"};

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
    const auto type = GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial,
                               asio::cancellation_type::terminal);
    asio::cancellation_signal signal;
    std::optional<std::error_code> ended;
    to.async_receive(cancellable{&ended, signal.slot()});
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
    from.async_flush(cancellable{&ended, signal.slot()});
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
    from.async_flush(cancellable{&ended, signal.slot()});
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

TEST_CASE("a shutdown with nothing to send completes after its initiation, with the stream's own handshake if it has one")
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
    while (!read && io.run_one() != 0) {
    }
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
