// The generator against its published numbers, and the scaling of any generator's.
#include <rejoinder/core/random.hpp>

#include <array>
#include <cstdint>
#include <random>

#include "support/stuck.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

struct of_signed_numbers {
    static constexpr int min() { return 0; }
    static constexpr int max() { return 9; }
    int operator()() { return 4; }
};

// A poor range: 0, 1, 2.
struct trit {
    using result_type = unsigned;
    static constexpr unsigned min() { return 0; }
    static constexpr unsigned max() { return 2; }
    unsigned operator()() { return next++ % 3; }
    unsigned next = 0;
};

} // namespace

TEST_CASE("the generator gives the published numbers of SplitMix64")
{
    random_source source{1234567};
    CHECK(source() == 6457827717110365317U);
    CHECK(source() == 3203168211198807973U);
    CHECK(source() == 9817491932198370423U);
    CHECK(source() == 4593380528125082431U);
    CHECK(source() == 16408922859458223821U);
    STATIC_REQUIRE(random_source{7}() == random_source{7}());
    STATIC_REQUIRE(random_source{7}() != random_source{8}());
}

TEST_CASE("the generator is one in the standard's eyes, and the standard's are in ours")
{
    STATIC_REQUIRE(std::uniform_random_bit_generator<random_source>);
    STATIC_REQUIRE(random_generator<random_source>);
    STATIC_REQUIRE(random_generator<std::mt19937>);
    STATIC_REQUIRE(random_generator<std::minstd_rand>);
    STATIC_REQUIRE(random_generator<trit>);
    STATIC_REQUIRE(!random_generator<of_signed_numbers>);
    STATIC_REQUIRE(!random_generator<int>);
}

TEST_CASE("an upper product is the upper half of the product")
{
    constexpr std::uint64_t most = ~std::uint64_t{0};
    STATIC_REQUIRE(detail::upper_product(0, most) == 0);
    STATIC_REQUIRE(detail::upper_product(1, most) == 0);
    STATIC_REQUIRE(detail::upper_product(2, most) == 1);
    STATIC_REQUIRE(detail::upper_product(most, most) == most - 1);
    STATIC_REQUIRE(detail::upper_product(std::uint64_t{1} << 63, 10) == 5);
    STATIC_REQUIRE(detail::upper_product(0x123456789abcdef0U, 0xfedcba9876543210U) == 0x121fa00ad77d7422U);
}

TEST_CASE("the extremes of a generator are the extremes of a drawn number")
{
    stuck<0> low;
    stuck<~std::uint64_t{0}> high;
    for (const std::uint64_t most :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0} - 1, ~std::uint64_t{0}}) {
        CHECK(detail::random_up_to(most, low) == 0);
        CHECK(detail::random_up_to(most, high) == most);
    }
}

TEST_CASE("drawn numbers are spread evenly, from wide and from narrow generators")
{
    const auto spread = [](auto generator) {
        std::array<int, 10> drawn{};
        for (int i = 0; i != 10000; ++i) {
            ++drawn.at(detail::random_up_to(9, generator));
        }
        for (const int count : drawn) {
            CHECK(count > 850);
            CHECK(count < 1150);
        }
    };
    spread(random_source{3});
    spread(std::mt19937{3});
    spread(std::minstd_rand{3});
}

TEST_CASE("a narrow generator is asked until 64 bits are there")
{
    trit narrow;
    detail::random_64(narrow);
    CHECK(narrow.next == 41); // 3^40 < 2^64 < 3^41
}
