// Close reasons: names and codes, there and back.
#include <rejoinder/core/close_reason.hpp>

#include <set>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("every reason comes back from its name and from its code")
{
    std::set<std::string_view> names;
    std::set<std::uint16_t> codes;
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        const auto reason = static_cast<close_reason>(i);
        CHECK(close_reason_named(name_of(reason)) == reason);
        CHECK(close_reason_coded(code_of(reason)) == reason);
        CHECK(names.insert(name_of(reason)).second);
        CHECK(codes.insert(code_of(reason)).second);
    }
    CHECK(static_cast<std::size_t>(close_reason::internal) + 1 == close_reason_count);
}

TEST_CASE("codes are the standard's where it has one, and the application's else")
{
    STATIC_REQUIRE(code_of(close_reason::normal) == 1000);
    STATIC_REQUIRE(code_of(close_reason::going_away) == 1001);
    STATIC_REQUIRE(code_of(close_reason::bad_messages) == 1008);
    STATIC_REQUIRE(code_of(close_reason::too_big) == 1009);
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        const auto code = code_of(static_cast<close_reason>(i));
        CHECK(((code >= 1000 && code <= 1015) || (code >= 4000 && code <= 4999)));
    }
}

TEST_CASE("a link that ended without a word has the code that never stands on a wire")
{
    STATIC_REQUIRE(code_of(close_reason::link_lost) == 1006); // RFC 6455 section 7.4.1
}

TEST_CASE("other codes for broken messages mean bad messages")
{
    STATIC_REQUIRE(close_reason_coded(1002) == close_reason::bad_messages);
    STATIC_REQUIRE(close_reason_coded(1003) == close_reason::bad_messages);
    STATIC_REQUIRE(close_reason_coded(1007) == close_reason::bad_messages);
}

TEST_CASE("unknown names and codes say only that the peer was done")
{
    STATIC_REQUIRE(close_reason_named("") == close_reason::normal);
    STATIC_REQUIRE(close_reason_named("Silent") == close_reason::normal);
    STATIC_REQUIRE(close_reason_named("a_word_of_tomorrow") == close_reason::normal);
    STATIC_REQUIRE(close_reason_coded(0) == close_reason::normal);
    STATIC_REQUIRE(close_reason_coded(4999) == close_reason::normal);
    STATIC_REQUIRE(close_reason_coded(65535) == close_reason::normal);
}

TEST_CASE("every reason is found again by its name and by its code, when the program runs, too")
{
    for (std::size_t i = 0; i != close_reason_count; ++i) {
        const auto reason = static_cast<close_reason>(i);
        CHECK(close_reason_named(name_of(reason)) == reason);
        CHECK(code_of(close_reason_coded(code_of(reason))) == code_of(reason));
    }
    for (const std::uint16_t code : {std::uint16_t{1002}, std::uint16_t{1003}, std::uint16_t{1007}}) {
        CHECK(close_reason_coded(code) == close_reason::bad_messages);
    }
    CHECK(close_reason_coded(4999) == close_reason::normal);
    CHECK(close_reason_named("a_word_of_tomorrow") == close_reason::normal);
}
