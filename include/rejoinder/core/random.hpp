// Random numbers that spread retries in time: any generator, and a small one. Never for secrets.
#ifndef REJOINDER_CORE_RANDOM_HPP
#define REJOINDER_CORE_RANDOM_HPP

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace rejoinder::inline v0 {

/// A generator of random bits: what `std::uniform_random_bit_generator` asks for, without the cost of including
/// `<random>`.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `g()` | an unsigned integer | the next number, each of [`G::min()`, `G::max()`] as likely |
/// | `G::min()`, `G::max()` | the same type | constants, the first below the second |
template <class G>
concept random_generator = std::invocable<G&> && std::unsigned_integral<std::invoke_result_t<G&>> && requires {
    { G::min() } -> std::same_as<std::invoke_result_t<G&>>;
    { G::max() } -> std::same_as<std::invoke_result_t<G&>>;
    requires std::bool_constant<(G::min() < G::max())>::value;
};

/// A small generator seeded by its owner: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014).
///
/// For jitter only. Whoever sees one number can compute all others, so tokens, session ids and masking keys never come
/// from here. Distinct objects are independent; one object is used from one thread at a time.
class random_source {
public:
    using result_type = std::uint64_t;

    /// Equal seeds give equal numbers.
    constexpr explicit random_source(std::uint64_t seed) noexcept : state_{seed} {}

    static constexpr result_type min() noexcept { return 0; }
    static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }

    /// The next number.
    constexpr result_type operator()() noexcept
    {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31);
    }

private:
    std::uint64_t state_;
};

namespace detail {

// 64 bits of a generator, whatever its range. A range that is no power of two leaves a bias that no retry can notice.
template <random_generator G>
constexpr std::uint64_t random_64(G& generator)
{
    constexpr std::uint64_t widest = std::numeric_limits<std::uint64_t>::max();
    constexpr std::uint64_t range = static_cast<std::uint64_t>(G::max()) - static_cast<std::uint64_t>(G::min());
    if constexpr (range == widest) {
        return generator() - G::min();
    } else {
        std::uint64_t bits = 0;
        for (std::uint64_t reach = 0; reach != widest;
             reach = reach > widest / (range + 1) ? widest : reach * (range + 1) + range) {
            bits = bits * (range + 1) + (generator() - G::min());
        }
        return bits;
    }
}

// The upper half of a 128-bit product, by halves: there is no portable type for the whole.
constexpr std::uint64_t upper_product(std::uint64_t left, std::uint64_t right) noexcept
{
    const std::uint64_t left_low = left & 0xffffffffU;
    const std::uint64_t left_high = left >> 32;
    const std::uint64_t right_low = right & 0xffffffffU;
    const std::uint64_t right_high = right >> 32;
    const std::uint64_t middle = left_high * right_low + ((left_low * right_low) >> 32);
    const std::uint64_t carried = left_low * right_high + (middle & 0xffffffffU);
    return left_high * right_high + (middle >> 32) + (carried >> 32);
}

// A number of [0, most]. Scaled instead of drawn again until it fits, so that no generator, however poor, can keep it
// busy.
template <random_generator G>
constexpr std::uint64_t random_up_to(std::uint64_t most, G& generator)
{
    const std::uint64_t bits = random_64(generator);
    return most == std::numeric_limits<std::uint64_t>::max() ? bits : upper_product(bits, most + 1);
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
