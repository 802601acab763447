// What comes for a namespace waits in its line until it is received.
#include <rejoinder/channel/detail/socket_io_line.hpp>

#include <rejoinder/channel/recycled_strings.hpp>

#include <asio/io_context.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("a Socket.IO line keeps packets that are short enough to need no memory")
{
    while (rejoinder::recycled_strings::bytes() != 0) {
        static_cast<void>(rejoinder::recycled_strings::take());
    }
    asio::io_context io;
    rejoinder::detail::socket_io_line line{io.get_executor(), nullptr, "/"};
    line.came({.bytes = "430[]", .form = rejoinder::encoding::text});
    line.came({.bytes = "431[]", .form = rejoinder::encoding::text});
    std::string storage;
    std::vector<rejoinder::frame_view> frames;
    REQUIRE_FALSE(line.receive(storage, frames));
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].bytes == "430[]");
    CHECK(frames[1].bytes == "431[]");
}
