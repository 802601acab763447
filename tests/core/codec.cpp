// Tests of the codec concept: the smallest codec, and what is none.
#include <rejoinder/core/codec.hpp>

#include <string>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

struct smallest {
    [[nodiscard]] capabilities features() const { return {}; }
    encoding encode(const message&, std::string&) { return encoding::text; }
    encoding encode(const hello&, std::string&) { return encoding::text; }
    encoding encode(const welcome&, std::string&) { return encoding::text; }
    decoded decode(frame_view, message&) { return decoded::bad; }
    bool decode(const message&, hello&) { return false; }
    bool decode(const message&, welcome&) { return false; }
};

struct without_greetings {
    [[nodiscard]] capabilities features() const { return {}; }
    encoding encode(const message&, std::string&) { return encoding::text; }
    decoded decode(frame_view, message&) { return decoded::bad; }
};

struct without_features : smallest {
    capabilities features() const = delete;
};

} // namespace

TEST_CASE("codec: accepts the smallest one, rejects what lacks a part")
{
    STATIC_REQUIRE(codec<smallest>);
    STATIC_REQUIRE_FALSE(codec<without_greetings>);
    STATIC_REQUIRE_FALSE(codec<without_features>);
    STATIC_REQUIRE_FALSE(codec<int>);
}

TEST_CASE("codec: a wire that says nothing of itself carries the whole contract")
{
    constexpr capabilities all;
    STATIC_REQUIRE(
        (all.greeting && all.ready && all.lenient && all.calls && all.deliveries && all.records && all.probe && all.cancel && all.time_left && all.resume && all.progress && all.error_codes && all.binary));
    capabilities some;
    some.cancel = false;
    CHECK_FALSE(some == all);
}
