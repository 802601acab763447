// The two ways into json_text.
#include <rejoinder/wire/json_text.hpp>

#include <type_traits>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace rejoinder;

static_assert(!std::is_constructible_v<json_text, std::string>, "text comes in by a named way only");

TEST_CASE("checked takes JSON and nothing else")
{
    const auto text = json_text::checked(R"({"a":[1]})");
    REQUIRE(text);
    CHECK(text->text() == R"({"a":[1]})");
    CHECK_FALSE(json_text::checked("{"));
    CHECK_FALSE(json_text::checked("1],[2"));
    CHECK_FALSE(json_text::checked(""));
}

TEST_CASE("unchecked takes its caller's word")
{
    auto text = json_text::unchecked("[1]");
    CHECK(text == *json_text::checked("[1]"));
    CHECK(std::move(text).text() == "[1]");
    CHECK(json_text{}.text().empty());
}
