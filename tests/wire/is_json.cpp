// Which texts are JSON.
#include <rejoinder/wire/is_json.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::literals;

namespace {

// From a block of the text's exact size, so that a sanitizer sees a read beyond it.
bool is_json_exact(std::string_view text)
{
    const auto exact = std::make_unique<char[]>(text.size());
    text.copy(exact.get(), text.size());
    return is_json({exact.get(), text.size()});
}

std::string nested(std::size_t depth, std::string_view open, std::string_view close)
{
    std::string text;
    for (std::size_t i = 0; i != depth; ++i) {
        text += open;
    }
    text += "1";
    for (std::size_t i = 0; i != depth; ++i) {
        text += close;
    }
    return text;
}

bool boost_takes(std::string_view text)
{
    boost::json::error_code failure;
    boost::json::parse_options options;
    options.max_depth = json_depth_max;
    boost::json::parse({text.data(), text.size()}, failure, {}, options);
    return !failure;
}

} // namespace

TEST_CASE("JSON texts are JSON")
{
    for (const auto text : {"null"sv, "true"sv, "false"sv, "0"sv, "-0"sv, "10"sv, "-1.5"sv, "1e5"sv, "1E+5"sv, "0.1e-07"sv,
                            "123456789012345678901234567890.5"sv, "\"\""sv, "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""sv,
                            "\"\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\x7F\""sv, "\"\\ud800\""sv, "[]"sv, "{}"sv, "[[],{}]"sv,
                            "{\"a\":1,\"a\":[2,{\"b\":null}]}"sv, " \t\r\n[ 1 , 2 ] \n"sv}) {
        INFO(text);
        CHECK(is_json_exact(text));
    }
}

TEST_CASE("other texts are not")
{
    for (const auto text :
         {""sv, " "sv, "nul"sv, "nulll"sv, "True"sv, "01"sv, "-"sv, "+1"sv, ".5"sv, "1."sv, "1e"sv, "1e+"sv, "0x1"sv, "NaN"sv,
          "Infinity"sv, "\""sv, "\"a"sv, "\"\\"sv, "\"\\\""sv, "\"\\x\""sv, "\"\\u12\""sv, "\"\\u12g4\""sv, "\"\n\""sv,
          "\"\0\""sv, "\0"sv, "'a'"sv, "["sv, "[1"sv, "[1,"sv, "[1,]"sv, "[,1]"sv, "[1 2]"sv, "[1}"sv, "]"sv, "{"sv, "{\"a\""sv,
          "{\"a\":"sv, "{\"a\":1"sv, "{\"a\":1,"sv, "{\"a\":1,}"sv, "{\"a\" 1}"sv, "{a:1}"sv, "{1:1}"sv, "{\"a\":1]"sv,
          "{\"a\":1 \"b\":2}"sv, "1 2"sv, "[]]"sv, "/**/1"sv, "\xEF\xBB\xBF"
                                                             "1"sv}) {
        INFO(text);
        CHECK_FALSE(is_json_exact(text));
    }
}

TEST_CASE("text that is not UTF-8 is not JSON")
{
    for (const auto text : {"\"\x80\""sv, "\"\xC3\""sv, "\"\xC0\xAF\""sv, "\"\xE0\x80\xAF\""sv, "\"\xED\xA0\x80\""sv,
                            "\"\xF0\x80\x80\x80\""sv, "\"\xF4\x90\x80\x80\""sv, "\"\xF5\x80\x80\x80\""sv, "\"\xE2\x82\""sv,
                            "\"\xE2\x82"sv, "\"\xFF\""sv, "\xC3\xA9"sv, "\"abcdefg\xC3\""sv}) {
        INFO(text);
        CHECK_FALSE(is_json_exact(text));
    }
}

TEST_CASE("text may be json_depth_max deep and no deeper")
{
    CHECK(is_json_exact(nested(json_depth_max, "[", "]")));
    CHECK_FALSE(is_json_exact(nested(json_depth_max + 1, "[", "]")));
    CHECK(is_json_exact(nested(json_depth_max, "{\"a\":", "}")));
    CHECK_FALSE(is_json_exact(nested(json_depth_max + 1, "{\"a\":", "}")));
    CHECK(is_json_exact(nested(json_depth_max / 2, "[{\"a\":", "}]")));
    CHECK_FALSE(is_json_exact(std::string(1 << 20, '[')));
    std::string wide = "[[1]";
    for (int i = 0; i != 1000; ++i) {
        wide += ",[{}]";
    }
    CHECK(is_json_exact(wide + "]"));
}

TEST_CASE("a special character is found at any place of a string")
{
    for (std::size_t size = 0; size != 40; ++size) {
        for (std::size_t place = 0; place != size; ++place) {
            std::string text = '"' + std::string(size, 'x') + '"';
            CHECK(is_json_exact(text));
            text[place + 1] = '\x1F';
            CHECK_FALSE(is_json_exact(text));
            text[place + 1] = '\x80';
            CHECK_FALSE(is_json_exact(text));
            text[place + 1] = '"';
            CHECK_FALSE(is_json_exact(text));
            text[place + 1] = '\\';
            CHECK_FALSE(is_json_exact(text));
        }
    }
}

TEST_CASE("is_json agrees with Boost.JSON on random texts")
{
    constexpr std::string_view tokens[] = {"[", "]", "{", "}", ",", ":", "\"a\"", "\"\\n\"", "1", "-2.5e1", "true", "null",
                                           " ", "\"\xC3\xA9\"", "0", "\"", "\\", "\"k\":"};
    std::mt19937 random{7};
    int taken = 0;
    for (int round = 0; round != 100000; ++round) {
        std::string text;
        for (auto count = 1 + random() % 8; count != 0; --count) {
            text += tokens[random() % std::size(tokens)];
        }
        const bool expected = boost_takes(text);
        taken += expected ? 1 : 0;
        if (is_json_exact(text) != expected) {
            FAIL(text);
        }
    }
    CHECK(taken > 1000);
}

TEST_CASE("is_json agrees with Boost.JSON on a document with one byte changed")
{
    constexpr std::string_view document =
        R"({"id":17,"items":[{"name":"caf\u00e9","price":-12.50e+3,"tags":[]},null,true,"éüß"],"x":{}})";
    REQUIRE(is_json_exact(document));
    std::string text{document};
    for (std::size_t place = 0; place != text.size(); ++place) {
        for (int byte = 0; byte != 256; ++byte) {
            text[place] = static_cast<char>(byte);
            if (is_json_exact(text) != boost_takes(text)) {
                FAIL(text);
            }
        }
        text[place] = document[place];
    }
}
