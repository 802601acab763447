// Tests of the version: its text and its numbers say the same.
#include <rejoinder/version.hpp>

#include <string>

#include "support/catch.hpp"

TEST_CASE("version: the text is made of the numbers")
{
    const std::string made = std::to_string(REJOINDER_VERSION_MAJOR) + "." + std::to_string(REJOINDER_VERSION_MINOR) +
                             "." + std::to_string(REJOINDER_VERSION_PATCH);
    CHECK(made == REJOINDER_VERSION_STRING);
}
