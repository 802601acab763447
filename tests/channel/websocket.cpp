// WebSocket channels over real sockets, against each other and against raw bytes.
#include <rejoinder/channel/websocket.hpp>

#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
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
#include "support/websocket_bytes.hpp"

#include "support/catch.hpp"

using namespace channel_tests;
using namespace websocket_bytes;
using namespace std::chrono_literals;

namespace {

using socket_of_frames = websocket<unix_socket>;

static_assert(channel<websocket<tcp::socket>>);
static_assert(channel<websocket<unix_socket>>);
static_assert(channel<websocket<plain_stream>>);

constexpr auto client_end = websocket_role::client;
constexpr auto server_end = websocket_role::server;

constexpr unsigned text_frame = last | 1;
constexpr unsigned close_frame = last | 8;
constexpr unsigned ping_frame = last | 9;
constexpr unsigned pong_frame = last | 10;

// The other end, with bytes instead of frames. A client: what it sends is masked.
struct raw_client {
    unix_socket socket;

    explicit raw_client(unix_socket connected) : socket(std::move(connected)) { socket.non_blocking(true); }

    void send(std::string_view raw) { CHECK(asio::write(socket, asio::buffer(raw)) == raw.size()); }
    void send(unsigned first, std::string_view payload) { send(raw_frame(first, payload, true)); }

    // All that has come, as events; "end" at the end of the stream.
    texts heard()
    {
        std::array<char, 4096> buffer{};
        for (std::error_code ec; !ec;) {
            const auto count = socket.read_some(asio::buffer(buffer), ec);
            bytes.append(buffer.data(), count);
            ended = ended || ec == asio::error::eof;
        }
        auto found = events_of(bytes, bytes.size(), client_end);
        if (ended) {
            found.emplace_back("end");
        }
        return found;
    }

    std::string bytes{};
    bool ended = false;
};

struct with_raw_client {
    asio::io_context io;
    std::pair<unix_socket, unix_socket> ends = unix_sockets(io);
    raw_client peer{std::move(ends.first)};
    socket_of_frames server;

    explicit with_raw_client(const websocket_options& options = {}, std::string_view already_read = {})
        : server(std::move(ends.second), server_end, options, already_read)
    {}

    void poll()
    {
        io.restart();
        io.poll();
    }
};

std::optional<std::error_code> shut_down(asio::io_context& io, auto& channel, close_reason reason)
{
    std::optional<std::error_code> ended;
    channel.async_shutdown(reason, [&](std::error_code ec) { ended = ec; });
    CHECK_FALSE(ended);
    io.restart();
    io.poll();
    return ended;
}

std::string closed_with(unsigned code, std::string_view text = {})
{
    return "close " + close_payload(code, text);
}

// A handler that can be cancelled, and what it got.
struct websocket_outcome {
    asio::cancellation_signal signal{};
    std::optional<std::error_code> ended{};

    struct handler {
        using cancellation_slot_type = asio::cancellation_slot;
        websocket_outcome* owner;
        cancellation_slot_type get_cancellation_slot() const noexcept { return owner->signal.slot(); }
        void operator()(std::error_code ec, frame_batch = {}) { owner->ended = ec; }
    };
    handler token() { return {this}; }
};

const texts websocket_bodies{"a", std::string(125, 'b'), std::string(126, 'c'),   std::string(65535, 'd'),
                             "",  "\xCE\xBA",            std::string(70000, 'e'), std::string(1 << 20, 'f'),
                             "g"};

} // namespace

TEMPLATE_TEST_CASE("messages of all sizes cross both ways, over sockets and other streams", "", unix_socket, plain_stream)
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    websocket<TestType> client{TestType{std::move(a)}, client_end};
    websocket<TestType> server{TestType{std::move(b)}, server_end};
    SECTION("from the client") { CHECK(exchanged(io, client, server, websocket_bodies) == websocket_bodies); }
    SECTION("from the server") { CHECK(exchanged(io, server, client, websocket_bodies) == websocket_bodies); }
}

TEST_CASE("text and binary messages keep their form, and all of one read come together")
{
    asio::io_context io;
    auto [a, b] = tcp_sockets(io);
    websocket<tcp::socket> client{std::move(a), client_end};
    websocket<tcp::socket> server{std::move(b), server_end};
    add(client, "text");
    add(client, "\xFF", encoding::binary);
    add(client, "");
    flush(io, client);
    std::vector<frame_view> seen;
    texts bodies;
    server.async_receive([&](std::error_code ec, frame_batch frames) {
        CHECK_FALSE(ec);
        for (frame_view frame; frames.next(frame);) {
            seen.push_back(frame);
            bodies.emplace_back(frame.bytes);
        }
    });
    io.restart();
    io.run();
    CHECK(bodies == texts{"text", "\xFF", ""});
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].form == encoding::text);
    CHECK(seen[1].form == encoding::binary);
    CHECK(seen[2].form == encoding::text);
}

TEST_CASE("what was read with the handshake is received first")
{
    const auto early = raw_frame(text_frame, "early", true) + raw_frame(1, "cut ", true);
    with_raw_client test{{}, early};
    receiver receiving{test.server};
    receiving.go();
    CHECK(receiving.got.empty());
    test.poll();
    CHECK(receiving.got == texts{"early"});
    test.peer.send(last, "in two");
    test.poll();
    CHECK(receiving.got == texts{"early", "cut in two"});
}

TEST_CASE("messages that come byte by byte arrive")
{
    with_raw_client test;
    receiver receiving{test.server};
    receiving.go();
    for (const char each : raw_frame(text_frame, "one", true) + raw_frame(1, "tw", true) + raw_frame(last, "o", true)) {
        test.peer.send(std::string(1, each));
        test.poll();
    }
    CHECK(receiving.got == texts{"one", "two"});
}

TEST_CASE("pings are answered in order while somebody receives, without a flush")
{
    with_raw_client test;
    receiver receiving{test.server};
    receiving.go();
    test.peer.send(ping_frame, "1");
    test.poll();
    CHECK(test.peer.heard() == texts{"pong 1"});
    std::string many;
    for (int i = 2; i != 11; ++i) {
        many += raw_frame(ping_frame, std::to_string(i), true);
    }
    test.peer.send(many);
    test.poll();
    CHECK(test.peer.heard() == texts{"pong 1", "pong 2", "pong 3", "pong 4", "pong 5", "pong 6", "pong 7", "pong 8",
                                     "pong 9", "pong 10"});
    CHECK(receiving.got.empty());
    test.peer.send(pong_frame, "unasked");
    test.peer.send(text_frame, "goes on");
    test.poll();
    CHECK(receiving.got == texts{"goes on"});
}

TEST_CASE("answers and messages never mix, however little the stream takes at a time")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    raw_client peer{std::move(a)};
    plain_stream plain{std::move(b)};
    plain.write_max = 3;
    websocket<plain_stream> server{std::move(plain), server_end};
    receiver receiving{server};
    receiving.go();
    const auto body = std::string(40, 'x');
    const bool flush_first = GENERATE(true, false);
    std::optional<std::error_code> flushed;
    const auto flush_one = [&] {
        add(server, body);
        server.async_flush([&](std::error_code ec) { flushed = ec; });
    };
    if (flush_first) {
        flush_one();
    }
    peer.send(ping_frame, "while writing");
    io.run_one();
    if (!flush_first) {
        io.run_one(); // the answer is begun
        flush_one();
    }
    peer.send(ping_frame, "again");
    io.restart();
    io.poll();
    REQUIRE(flushed);
    CHECK_FALSE(*flushed);
    auto heard = peer.heard();
    REQUIRE(heard.size() == 3);
    CHECK(std::count(heard.begin(), heard.end(), "text " + body) == 1);
    CHECK(std::count(heard.begin(), heard.end(), "pong while writing") == 1);
    CHECK(std::count(heard.begin(), heard.end(), "pong again") == 1);
}

TEST_CASE("two ends that ping each other while nobody reads go on once somebody does")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    socket_of_frames left{std::move(a), client_end};
    socket_of_frames right{std::move(b), server_end};
    const texts bodies(4, std::string(1 << 20, 'x'));
    int flushed = 0;
    for (auto* const each : {&left, &right}) {
        for (const auto& body : bodies) {
            add(*each, body);
            CHECK(each->ping("there?"));
        }
        each->async_flush([&](std::error_code ec) { flushed += ec ? 100 : 1; });
    }
    io.poll();
    CHECK(flushed == 0);
    receiver hears_left{left};
    receiver hears_right{right};
    hears_left.go();
    hears_right.go();
    hears_left.until(io, 4);
    hears_right.until(io, 4);
    io.restart();
    io.poll();
    CHECK(flushed == 2);
    CHECK(hears_left.got == bodies);
    CHECK(hears_right.got == bodies);
}

TEST_CASE("a ping goes in order with the messages, and its pong is seen before what came with it")
{
    texts seen;
    websocket_options options;
    options.on_control = [&](websocket_opcode what, std::string_view payload) {
        seen.push_back(std::to_string(static_cast<int>(what)).append(" ").append(payload));
    };
    with_raw_client test{options};
    receiver receiving{test.server};
    receiving.go();
    add(test.server, "before");
    CHECK(test.server.ping("there?"));
    CHECK_FALSE(test.server.ping(std::string(126, 'x')));
    add(test.server, "after");
    flush(test.io, test.server);
    CHECK(test.peer.heard() == texts{"text before", "ping there?", "text after"});
    test.peer.send(pong_frame, "there?");
    test.peer.send(ping_frame, "and you?");
    test.peer.send(close_frame, close_payload(1000));
    test.poll();
    CHECK(seen == texts{"10 there?", "9 and you?", "8 " + close_payload(1000)});
    CHECK_FALSE(test.server.ping("too late"));
}

TEST_CASE("the peer's Close frame is answered with its code, then told as the end, after what came before it")
{
    with_raw_client test;
    receiver receiving{test.server};
    receiving.go();
    add(test.server, "committed");
    test.peer.send(raw_frame(text_frame, "last words", true) +
                   raw_frame(close_frame, close_payload(4321, "done here"), true) + raw_frame(text_frame, "x", true));
    test.poll();
    CHECK(receiving.got == texts{"last words"});
    CHECK(receiving.ended == asio::error::eof);
    CHECK(test.server.close_code() == 4321);
    CHECK(test.server.close_text() == "done here");
    CHECK(test.peer.heard() == texts{"text committed", closed_with(4321)});
    CHECK_FALSE(add(test.server, "too late"));
    flush(test.io, test.server);
    CHECK(shut_down(test.io, test.server, close_reason::normal) == std::error_code{});
    CHECK(test.peer.heard() == texts{"text committed", closed_with(4321)});
    websocket_outcome again;
    test.server.async_receive(again.token());
    CHECK_FALSE(again.ended);
    test.poll();
    CHECK(again.ended == asio::error::eof);
    test.io.restart();
    test.io.run(); // no timer is left
}

TEST_CASE("a Close frame without a code is answered alike, and a stream that just ends has code 1006")
{
    with_raw_client test;
    receiver receiving{test.server};
    receiving.go();
    CHECK(test.server.close_code() == 1006);
    SECTION("no code")
    {
        test.peer.send(close_frame, "");
        test.poll();
        CHECK(test.server.close_code() == 1005);
        CHECK(test.peer.heard() == texts{"close "});
    }
    SECTION("no Close frame")
    {
        test.peer.socket.close();
        test.poll();
        CHECK(test.server.close_code() == 1006);
    }
    CHECK(receiving.ended == asio::error::eof);
}

TEST_CASE("a shutdown says all that is committed, then Close with the reason's code, then waits for the peer's")
{
    with_raw_client test;
    receiver receiving{test.server};
    receiving.go();
    add(test.server, "last");
    CHECK(shut_down(test.io, test.server, close_reason::going_away) == std::error_code{});
    CHECK(test.peer.heard() == texts{"text last", closed_with(1001, "going_away")});
    CHECK_FALSE(add(test.server, "too late"));
    CHECK_FALSE(receiving.ended);
    test.peer.send(text_frame, "on its way");
    test.peer.send(close_frame, close_payload(1001));
    test.poll();
    CHECK(receiving.got == texts{"on its way"});
    CHECK(receiving.ended == asio::error::eof);
    CHECK(test.peer.heard().size() == 2); // no second Close frame
    test.io.restart();
    test.io.run();
}

TEST_CASE("codes that a peer must not see are not sent")
{
    with_raw_client test;
    CHECK(shut_down(test.io, test.server, close_reason::link_lost) == std::error_code{});
    CHECK(test.peer.heard() == texts{"close "});
}

TEST_CASE("a peer that does not answer a Close frame is left after the closing timeout")
{
    with_raw_client test{{.close_timeout = 1ms}};
    receiver receiving{test.server};
    receiving.go();
    CHECK(shut_down(test.io, test.server, close_reason::normal) == std::error_code{});
    test.io.restart();
    test.io.run();
    CHECK(receiving.ended == asio::error::timed_out);
    CHECK(test.peer.heard() == texts{closed_with(1000, "normal"), "end"});
}

TEST_CASE("a peer that says Close and reads nothing does not hold its end up for longer than that")
{
    with_raw_client test{{.close_timeout = 1ms}};
    receiver receiving{test.server};
    receiving.go();
    while (test.server.pending() < (std::size_t{16} << 20)) {
        REQUIRE(add(test.server, std::string(1 << 20, 'x')));
    }
    std::optional<std::error_code> flushed;
    test.server.async_flush([&](std::error_code ec) { flushed = ec; });
    test.peer.send(close_frame, close_payload(1000));
    test.io.restart();
    test.io.run();
    CHECK(receiving.ended == asio::error::eof);
    CHECK(flushed == asio::error::operation_aborted);
}

TEST_CASE("what breaks the protocol ends the receiving, after what came before it, and its code is what a shutdown says")
{
    struct violation {
        std::string bytes;
        errc error;
        unsigned code;
    };
    const violation violations[]{
        {raw_frame(text_frame, "unmasked", false), errc::bad_message, 1002},
        {raw_frame(last | 3, "", true), errc::bad_message, 1002},
        {raw_frame(last | 0x40 | 1, "", true), errc::bad_message, 1002},
        {raw_frame(last, "nothing to go on", true), errc::bad_message, 1002},
        {raw_frame(9, "in parts", true), errc::bad_message, 1002},
        {raw_frame(close_frame, "1", true), errc::bad_message, 1002},
        {raw_frame(close_frame, close_payload(1006), true), errc::bad_message, 1002},
        {raw_frame(close_frame, close_payload(1000, "\xFF"), true), errc::bad_message, 1007},
        {raw_frame(text_frame, "\xFF", true), errc::bad_message, 1007},
        {raw_frame(text_frame, std::string(101, 'x'), true).substr(0, 6), errc::too_big, 1009},
        {raw_frame(1, std::string(60, 'x'), true) + raw_frame(last, std::string(41, 'x'), true), errc::too_big, 1009},
    };
    for (const auto& each : violations) {
        with_raw_client test{{.message_max = 100}};
        receiver receiving{test.server};
        receiving.go();
        test.peer.send(raw_frame(text_frame, "fine", true) + each.bytes);
        test.poll();
        CHECK(receiving.got == texts{"fine"});
        REQUIRE(receiving.ended);
        CHECK(*receiving.ended == each.error);
        CHECK(shut_down(test.io, test.server, close_reason::bad_messages) == std::error_code{});
        CHECK(test.peer.heard() == texts{closed_with(each.code), "end"}); // nobody waits for the peer's answer
        CHECK(test.server.buffer_memory() <= 8 * std::string{}.capacity());
    }
}

TEST_CASE("a client refuses masked frames")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    socket_of_frames client{std::move(b), client_end};
    receiver receiving{client};
    receiving.go();
    asio::write(a, asio::buffer(raw_frame(text_frame, "x", true)));
    io.run();
    CHECK(receiving.ended == errc::bad_message);
}

TEST_CASE("messages that the peer could not take are refused and leave the others alone")
{
    with_raw_client test{{.message_max = 10}};
    CHECK(add(test.server, "one"));
    CHECK_FALSE(add(test.server, std::string(11, 'x')));
    CHECK_FALSE(add(test.server, "\xFF"));
    CHECK(add(test.server, std::string(10, 'y')));
    CHECK(test.server.carries(encoding::text));
    CHECK(test.server.carries(encoding::binary));
    flush(test.io, test.server);
    CHECK(test.peer.heard() == texts{"text one", "text yyyyyyyyyy"});
}

TEST_CASE("a client masks each frame with another key")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    socket_of_frames client{std::move(b), client_end};
    for (int i = 0; i != 100; ++i) {
        add(client, "x");
    }
    flush(io, client);
    std::string bytes(700, '\0');
    CHECK(a.read_some(asio::buffer(bytes)) == 700);
    texts keys;
    for (std::size_t i = 0; i != 100; ++i) {
        keys.push_back(bytes.substr(7 * i + 2, 4));
    }
    std::sort(keys.begin(), keys.end());
    CHECK(std::unique(keys.begin(), keys.end()) == keys.end());
}

TEMPLATE_TEST_CASE("a receive of a WebSocket that is cancelled loses nothing", "", unix_socket, plain_stream)
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    raw_client peer{std::move(a)};
    websocket<TestType> server{TestType{std::move(b)}, server_end};
    const auto whole = raw_frame(1, "one ", true) + raw_frame(ping_frame, "?", true) + raw_frame(last, "two", true);
    for (std::size_t cut = 0; cut != whole.size(); ++cut) {
        peer.send(whole.substr(0, cut));
        websocket_outcome first;
        server.async_receive(first.token());
        io.restart();
        io.poll();
        CHECK_FALSE(first.ended);
        first.signal.emit(asio::cancellation_type::total);
        CHECK_FALSE(first.ended);
        io.restart();
        io.poll();
        CHECK(first.ended == asio::error::operation_aborted);
        peer.send(whole.substr(cut));
        texts got;
        server.async_receive([&](std::error_code, frame_batch frames) {
            for (frame_view frame; frames.next(frame);) {
                got.emplace_back(frame.bytes);
            }
        });
        io.restart();
        io.poll();
        CHECK(got == texts{"one two"});
    }
}

TEST_CASE("a flush that is cancelled half-way is finished by the next one, or by an answer")
{
    with_raw_client test;
    const bool ping_first = GENERATE(false, true);
    receiver receiving{test.server};
    const std::string body(8 << 20, 'x');
    socket_of_frames large{std::move(test.server.next_layer()), server_end, {.message_max = body.size()}};
    receiver hearing{large};
    hearing.go();
    add(large, body);
    websocket_outcome cut;
    large.async_flush(cut.token());
    test.poll();
    cut.signal.emit(asio::cancellation_type::total);
    test.poll();
    CHECK(cut.ended == asio::error::operation_aborted);
    CHECK(large.pending() > 0);
    std::optional<std::error_code> flushed;
    if (ping_first) {
        test.peer.send(ping_frame, "?");
        test.poll();
        add(large, "after");
        large.async_flush([&](std::error_code ec) { flushed = ec; }); // waits for the answer
    } else {
        add(large, "after");
        large.async_flush([&](std::error_code ec) { flushed = ec; });
    }
    while (!flushed) {
        test.io.restart();
        test.io.poll();
        std::array<char, 65536> buffer{};
        std::error_code ec;
        test.peer.bytes.append(buffer.data(), test.peer.socket.read_some(asio::buffer(buffer), ec));
    }
    CHECK_FALSE(*flushed);
    std::string& bytes = test.peer.bytes;
    std::error_code ec;
    std::array<char, 65536> buffer{};
    while (!ec) {
        bytes.append(buffer.data(), test.peer.socket.read_some(asio::buffer(buffer), ec));
    }
    const auto found = events_of(bytes, bytes.size(), client_end, {.message_max = body.size()});
    CHECK(found == (ping_first ? texts{"text " + body, "pong ?", "text after"} : texts{"text " + body, "text after"}));
}

TEST_CASE("closing, destroying and assigning end what is under way, once and later, an answer too")
{
    const int how = GENERATE(0, 1, 2);
    const bool answers = GENERATE(false, true);
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    raw_client peer{std::move(a)};
    std::optional<socket_of_frames> mine{std::in_place, std::move(b), server_end};
    websocket_outcome received;
    websocket_outcome flushed;
    mine->async_receive(received.token());
    while (mine->pending() < (std::size_t{16} << 20)) {
        REQUIRE(add(*mine, std::string(1 << 20, 'x')));
    }
    if (answers) { // the flush waits for a pong that waits for the peer
        websocket_outcome cut;
        mine->async_flush(cut.token());
        io.poll();
        cut.signal.emit(asio::cancellation_type::total);
        peer.send(ping_frame, "?");
        io.restart();
        io.poll();
        REQUIRE(cut.ended);
    }
    mine->async_flush(flushed.token());
    io.restart();
    io.poll();
    CHECK_FALSE(received.ended);
    CHECK_FALSE(flushed.ended);
    if (how == 0) {
        mine->close();
        mine->close();
    } else if (how == 1) {
        mine.reset();
    } else {
        *mine = socket_of_frames{};
    }
    CHECK_FALSE(received.ended);
    CHECK_FALSE(flushed.ended);
    io.restart();
    io.run();
    CHECK(received.ended == asio::error::operation_aborted);
    CHECK(flushed.ended == asio::error::operation_aborted);
}

TEST_CASE("a flush that waits for an answer can be cancelled")
{
    with_raw_client test;
    receiver receiving{test.server};
    receiving.go();
    while (test.server.pending() < (std::size_t{16} << 20)) {
        REQUIRE(add(test.server, std::string(1 << 20, 'x')));
    }
    websocket_outcome cut;
    test.server.async_flush(cut.token());
    test.poll();
    cut.signal.emit(asio::cancellation_type::total);
    test.peer.send(ping_frame, "?");
    test.poll();
    websocket_outcome waits;
    test.server.async_flush(waits.token());
    test.poll();
    CHECK_FALSE(waits.ended);
    waits.signal.emit(asio::cancellation_type::terminal);
    test.poll();
    CHECK(waits.ended == asio::error::operation_aborted);
}

TEST_CASE("a context that is destroyed destroys the handlers of a WebSocket uncalled")
{
    int calls = 0;
    auto io = std::make_unique<asio::io_context>();
    auto [a, b] = unix_sockets(*io);
    std::optional<unix_socket> peer{std::move(a)};
    auto mine = std::make_shared<socket_of_frames>(std::move(b), server_end);
    const std::weak_ptr<socket_of_frames> watched = mine;
    mine->async_receive([&calls, owned = mine](std::error_code, frame_batch) { ++calls; });
    mine->async_shutdown(close_reason::normal, [&calls, owned = mine](std::error_code) { ++calls; });
    mine.reset();
    CHECK_FALSE(watched.expired());
    peer.reset();
    io.reset();
    CHECK(watched.expired());
    CHECK(calls == 0);
}

TEST_CASE("a handler may destroy its WebSocket and still read its messages")
{
    for (const std::size_t length : {std::size_t{3}, std::size_t{200000}}) {
        asio::io_context io;
        auto [a, b] = unix_sockets(io);
        std::optional<socket_of_frames> from{std::in_place, std::move(a), client_end};
        auto held = std::make_unique<socket_of_frames>(std::move(b), server_end);
        const std::string body(length, 'x');
        add(*from, body);
        from->async_flush([](std::error_code) {});
        bool read = false;
        held->async_receive([&](std::error_code, frame_batch frames) {
            held.reset();
            frame_view frame;
            read = frames.next(frame) && frame.bytes == body;
        });
        io.run();
        CHECK(read);
    }
}

TEST_CASE("an idle WebSocket holds no buffer, also after a burst")
{
    asio::io_context io;
    auto [a, b] = tcp_sockets(io);
    websocket<tcp::socket> from{std::move(a), client_end};
    websocket<tcp::socket> to{std::move(b), server_end};
    receiver receiving{to};
    receiving.go();
    for (std::size_t burst = 0; burst != 3; ++burst) {
        add(from, std::string(1 << 20, 'x'));
        std::optional<std::error_code> flushed;
        from.async_flush([&](std::error_code ec) { flushed = ec; });
        receiving.until(io, burst + 1);
        io.restart();
        io.poll();
        CHECK(flushed == std::error_code{});
        CHECK(from.buffer_memory() <= 8 * std::string{}.capacity());
        CHECK(to.buffer_memory() <= 8 * std::string{}.capacity());
    }
}

TEST_CASE("answers are written on the strand of who receives, while several threads run the context")
{
    asio::io_context io;
    auto [a, b] = unix_sockets(io);
    const auto strand = asio::make_strand(io);
    socket_of_frames left{std::move(a), client_end};
    socket_of_frames right{std::move(b), server_end};
    constexpr int rounds = 500;
    int heard = 0;
    bool all_on_strand = true;
    std::error_code right_end;
    // Everything of both ends is on one strand, and nothing of them on the sockets' own executor.
    std::function<void()> play = [&] {
        right.async_receive(asio::bind_executor(strand, [&](std::error_code ec, frame_batch frames) {
            all_on_strand = all_on_strand && strand.running_in_this_thread();
            if (ec) {
                right_end = ec;
                right.close();
                return;
            }
            for (frame_view frame; frames.next(frame);) {
                ++heard;
                add(right, frame.bytes);
            }
            right.async_flush(asio::bind_executor(strand, [&](std::error_code) { play(); }));
        }));
    };
    std::function<void(int)> ask = [&](int left_to_ask) {
        if (left_to_ask == 0) {
            left.async_shutdown(close_reason::normal, asio::bind_executor(strand, [](std::error_code) {}));
        } else {
            add(left, "question");
            left.ping("?");
            left.async_flush(asio::bind_executor(strand, [&, left_to_ask](std::error_code) { ask(left_to_ask - 1); }));
        }
    };
    std::function<void()> hear = [&] {
        left.async_receive(asio::bind_executor(strand, [&](std::error_code ec, frame_batch) {
            if (ec) {
                left.close();
            } else {
                hear();
            }
        }));
    };
    asio::post(strand, [&] {
        play();
        hear();
        ask(rounds);
    });
    std::thread helper{[&] { io.run(); }};
    io.run();
    helper.join();
    CHECK(heard == rounds);
    CHECK(all_on_strand);
    CHECK(right_end == asio::error::eof);
}
