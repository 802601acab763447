// Connecting over Unix domain sockets.
#include <rejoinder/channel/unix_connector.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

using protocol = asio::local::stream_protocol;
using unix_channel = unix_connector<>::channel_type;

static_assert(connector<unix_connector<>>);

// A directory of this test's own, so that tests can run beside each other.
struct directory {
    std::array<char, 32> name{"/tmp/rejoinder-XXXXXX"};

    directory() { REQUIRE(::mkdtemp(name.data()) != nullptr); }
    directory(const directory&) = delete;
    directory& operator=(const directory&) = delete;
    ~directory()
    {
        ::unlink(path().c_str());
        ::rmdir(name.data());
    }
    std::string path() const { return std::string{name.data()} + "/socket"; }
};

} // namespace

TEST_CASE("a connector opens a channel to a Unix socket")
{
    asio::io_context io;
    const directory place;
    protocol::acceptor acceptor{io, protocol::endpoint{place.path()}};
    const unix_connector target{place.path()};
    CHECK(target.description() == "unix:" + place.path());
    unix_channel mine;
    std::optional<std::error_code> ended;
    target.async_connect(io.get_executor(), [&](std::error_code ec, unix_channel connected) {
        ended = ec;
        mine = std::move(connected);
    });
    CHECK_FALSE(ended);
    io.run();
    REQUIRE(ended);
    REQUIRE_FALSE(*ended);
    unix_channel theirs{acceptor.accept()};
    theirs.begin().append("hello");
    theirs.commit(encoding::binary);
    theirs.async_flush([](std::error_code) {});
    std::string heard;
    mine.async_receive([&](std::error_code, frame_batch frames) {
        frame_view frame;
        frames.next(frame);
        heard = frame.bytes;
    });
    io.restart();
    io.run();
    CHECK(heard == "hello");
}

TEST_CASE("a socket that is not there is an error with an empty channel")
{
    asio::io_context io;
    const directory place;
    std::optional<std::error_code> ended;
    unix_connector{place.path()}.async_connect(io.get_executor(),
                                               [&](std::error_code ec, unix_channel) { ended = ec; });
    CHECK_FALSE(ended);
    io.run();
    REQUIRE(ended);
    CHECK(ended->value() == ENOENT); // Asio's category is not the system's, so no std::errc equals it
}

TEST_CASE("cancelling ends an attempt on a Unix socket")
{
    asio::io_context io;
    const directory place;
    protocol::acceptor acceptor{io, protocol::endpoint{place.path()}};
    asio::cancellation_signal signal;
    int calls = 0;
    unix_connector{place.path()}.async_connect(
        io.get_executor(), asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, unix_channel) {
            CHECK(ec == asio::error::operation_aborted);
            ++calls;
        }));
    signal.emit(asio::cancellation_type::partial);
    io.run();
    CHECK(calls == 1);
}

TEST_CASE("a path longer than the system's addresses is refused where it is given")
{
    CHECK_THROWS_AS(unix_connector{std::string(500, 'x')}, std::system_error);
}
