// The view of frames received together.
#include <rejoinder/channel/frame_batch.hpp>

#include <array>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("a batch gives its frames once, in order")
{
    const std::array frames{frame_view{"one", encoding::text}, frame_view{"two", encoding::binary}};
    frame_batch batch{frames};
    auto copy = batch;
    frame_view frame;
    CHECK(batch.size() == 2);
    REQUIRE(batch.next(frame));
    CHECK(frame == frames[0]);
    REQUIRE(batch.next(frame));
    CHECK(frame == frames[1]);
    CHECK_FALSE(batch.next(frame));
    CHECK(frame == frames[1]);
    CHECK(batch.size() == 0);
    CHECK(copy.size() == 2);
}

TEST_CASE("a batch that comes with an error is empty")
{
    frame_batch batch;
    frame_view frame;
    CHECK(batch.size() == 0);
    CHECK_FALSE(batch.next(frame));
}
