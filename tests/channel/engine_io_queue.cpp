// What an Engine.IO session keeps in a row, and where it takes its memory from.
#include <rejoinder/channel/detail/engine_io_queue.hpp>

#include <rejoinder/channel/recycled_strings.hpp>

#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"

using rejoinder::recycled_strings;
using rejoinder::detail::engine_io_queue;

TEST_CASE("an Engine.IO queue takes the memory that others gave back, and gives it back when it is empty")
{
    while (recycled_strings::bytes() != 0) {
        static_cast<void>(recycled_strings::take());
    }
    std::string used;
    used.reserve(4096);
    recycled_strings::give(std::move(used));
    engine_io_queue queue;
    queue.push({.bytes = std::string_view{"a message"}, .form = rejoinder::encoding::text});
    CHECK(recycled_strings::bytes() == 0);
    CHECK(queue.front().bytes == "a message");
    queue.pop();
    CHECK(queue.empty());
    CHECK(recycled_strings::bytes() >= 4096);
}

TEST_CASE("an Engine.IO queue that was long while it was emptied one by one holds what it held")
{
    engine_io_queue queue;
    for (int round = 0; round != 3; ++round) {
        for (char letter = 0; letter != 100; ++letter) {
            queue.push({.bytes = std::string_view{&letter, 1}, .form = rejoinder::encoding::binary});
        }
        for (char letter = 0; letter != 100; ++letter) {
            REQUIRE(queue.front().bytes == std::string_view{&letter, 1});
            queue.pop();
        }
        CHECK(queue.empty());
        CHECK(queue.weight() == 0);
    }
}

TEST_CASE("an Engine.IO queue keeps messages that are short enough to need no memory")
{
    while (recycled_strings::bytes() != 0) {
        static_cast<void>(recycled_strings::take());
    }
    engine_io_queue queue;
    queue.push({.bytes = std::string_view{"one"}, .form = rejoinder::encoding::text});
    queue.push({.bytes = std::string_view{"two"}, .form = rejoinder::encoding::text});
    CHECK(queue.front().bytes == "one");
    queue.pop();
    CHECK(queue.front().bytes == "two");
}
