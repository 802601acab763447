// Tests of the vocabulary of messages: what a message is before anybody fills it in.
#include <rejoinder/core/message.hpp>

#include <type_traits>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("message: an empty one borrows nothing, has no deadline, and is a notification")
{
    const message empty;
    CHECK(empty.kind == message_kind::notification);
    CHECK(empty.id == 0);
    CHECK(empty.payload == payload_view{});
    CHECK_FALSE(empty.time_left);
    CHECK(empty.finished.empty());
}

TEST_CASE("message: it is a view, cheap to copy and to pass on")
{
    STATIC_REQUIRE(std::is_trivially_copyable_v<payload_view>);
    STATIC_REQUIRE(std::is_trivially_destructible_v<message>);
}

TEST_CASE("message: the same bytes in another form are another payload")
{
    CHECK(payload_view{"1", encoding::text} == payload_view{"1", encoding::text});
    CHECK_FALSE(payload_view{"1", encoding::text} == payload_view{"1", encoding::binary});
}

TEST_CASE("message: the highest id is the highest integer that a JavaScript peer keeps exact")
{
    STATIC_REQUIRE(message_id_max == 9'007'199'254'740'991U);
}
