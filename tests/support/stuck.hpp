// A generator of random numbers that knows only one.
#ifndef REJOINDER_TESTS_SUPPORT_STUCK_HPP
#define REJOINDER_TESTS_SUPPORT_STUCK_HPP

#include <cstdint>

template <std::uint64_t Number>
struct stuck {
    using result_type = std::uint64_t;
    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~std::uint64_t{0}; }
    constexpr result_type operator()() const { return Number; }
};
using lowest = stuck<0>;
using highest = stuck<~std::uint64_t{0}>;

#endif
