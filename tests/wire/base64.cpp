// Base64: the RFC's vectors, every length, and all that strict reading refuses.
#include <rejoinder/wire/base64.hpp>

#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;

std::string base64_of(std::string_view bytes)
{
    std::string text;
    append_base64(text, bytes);
    return text;
}

bool refused_as_base64(std::string_view text)
{
    std::string out = "kept";
    const bool refused = !decode_base64(text, out);
    CHECK((out == "kept") == (refused || text.empty()));
    return refused;
}

} // namespace

TEST_CASE("the vectors of RFC 4648 are written and read as base64")
{
    const std::pair<std::string_view, std::string_view> vectors[] = {
        {"", ""},           {"f", "Zg=="},         {"fo", "Zm8="},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF\xBF", "+/+/"},
    };
    for (const auto& [bytes, text] : vectors) {
        CHECK(base64_of(bytes) == text);
        CHECK(base64_length(bytes.size()) == text.size());
        std::string read = "before ";
        REQUIRE(decode_base64(text, read));
        CHECK(read == "before " + std::string{bytes});
    }
}

TEST_CASE("bytes of every length and value survive base64")
{
    std::string bytes;
    for (int i = 0; i != 300; ++i) {
        const auto text = base64_of(bytes);
        std::string read;
        REQUIRE(decode_base64(text, read));
        REQUIRE(read == bytes);
        bytes.push_back(static_cast<char>((i * 167 + 13) & 0xFF));
    }
}

TEST_CASE("base64 is refused without its padding, with too much, or with padding elsewhere")
{
    for (const auto text : {"Zg", "Zg=", "Zm8", "Zm9vYg", "=", "==", "===", "====", "Z===", "Zg==Zg==", "Zm8=Zm9v", "Zg=v",
                            "Zm9v=", "Zm9v====", "=m9v", "Z=9v"}) {
        CHECK(refused_as_base64(text));
    }
}

TEST_CASE("base64 is refused when bits are left over that are not zero")
{
    for (const auto text : {"Zh==", "Zv==", "Zm9=", "Zm+=", "Zm9vYh=="}) {
        CHECK(refused_as_base64(text));
    }
}

TEST_CASE("no character outside the alphabet is base64, wherever it stands")
{
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int value = 0; value != 256; ++value) {
        const char c = static_cast<char>(value);
        for (std::size_t place = 0; place != 8; ++place) {
            std::string text = "AAAAAAAA";
            text[place] = c;
            const bool padding = c == '=' && place == 7;
            INFO(value << " at " << place);
            CHECK(refused_as_base64(text) == (alphabet.find(c) == std::string_view::npos && !padding));
        }
    }
    CHECK(refused_as_base64("Zm9v\n"));
    CHECK(refused_as_base64("Zm9v\nZm9v"));
    CHECK(refused_as_base64("Zm-_"));
}
