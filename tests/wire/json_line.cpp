// JSON lines: what is written is read back by another reader, whatever the text.
#include <rejoinder/wire/json_line.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

boost::json::object read(std::string_view line)
{
    REQUIRE(line.ends_with("}\n"));
    REQUIRE(line.find('\n') == line.size() - 1);
    return boost::json::parse(boost::json::string_view{line.data(), line.size()}).as_object();
}

} // namespace

TEST_CASE("a line holds its members in their order, and the next one begins anew")
{
    json_line line;
    line.begin();
    CHECK(line.end() == "{}\n");
    line.begin();
    line.add("name", std::string_view{"value"});
    line.add("number", std::uint64_t{1} << 63);
    line.add("signed", std::numeric_limits<std::int64_t>::min());
    line.add("small", std::int64_t{-7});
    CHECK(line.end() == "{\"name\":\"value\",\"number\":9223372036854775808,\"signed\":-9223372036854775808,\"small\":-7}\n");
}

TEST_CASE("a length is written in milliseconds, to the microsecond")
{
    json_line line;
    line.begin();
    line.add("a", duration{1500ms});
    line.add("b", duration{1us});
    line.add("c", duration{12'345'067us});
    line.add("d", duration{-1s});
    CHECK(line.end() == "{\"a\":1500.000,\"b\":0.001,\"c\":12345.067,\"d\":0.000}\n");
}

TEST_CASE("no text breaks a line, and none is lost that is UTF-8")
{
    json_line line;
    std::mt19937 random{5};
    for (int i = 0; i != 2000; ++i) {
        std::string text;
        for (auto left = random() % 12; left != 0; --left) {
            text.push_back(static_cast<char>(i % 2 == 0 ? random() % 0x80 : random()));
        }
        line.begin();
        line.add("text", std::string_view{text});
        const auto back = read(line.end());
        if (i % 2 == 0) {
            CHECK(std::string_view{back.at("text").as_string()} == text);
        }
    }
    line.begin();
    line.add("text", std::string_view{"\xC3\xA9\xFF\xC0\x80"});
    CHECK(std::string_view{read(line.end()).at("text").as_string()} == "\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}
