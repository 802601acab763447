// Tests of SHA-256: the vectors of its standard, and lengths around the block's end.
#include <rejoinder/core/digest.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

std::string hex(const digest& value)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : value) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

} // namespace

TEST_CASE("digest: the examples of FIPS 180-4")
{
    CHECK(hex(digest_of("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hex(digest_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(hex(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(hex(digest_of(std::string(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("digest: known values of the lengths at which the padding needs one block more")
{
    CHECK(hex(digest_of(std::string(55, 'a'))) == "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    CHECK(hex(digest_of(std::string(56, 'a'))) == "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
    CHECK(hex(digest_of(std::string(64, 'a'))) == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST_CASE("digest: bytes above 127 are bytes, and no two lengths of the same byte are alike")
{
    std::set<digest> seen;
    for (std::size_t length = 0; length != 200; ++length) {
        CHECK(seen.insert(digest_of(std::string(length, '\xff'))).second);
    }
    CHECK(digest_hash{}(digest_of("a")) != digest_hash{}(digest_of("b")));
}

TEST_CASE("digest: it can be made at compile time")
{
    STATIC_REQUIRE(digest_of("abc")[0] == 0xba);
}
