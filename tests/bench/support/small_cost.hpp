// What a small thing costs: nanoseconds a time, and heap bytes.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_SMALL_COST_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_SMALL_COST_HPP

#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <numeric>
#include <utility>
#include <vector>

namespace bench {

/// Nanoseconds of processor time of one `f()` among so many: what else runs on the machine takes no part in it.
template <class F>
double nanoseconds_of(std::size_t times, F f)
{
    const auto begin = std::clock();
    for (std::size_t i = 0; i != times; ++i) {
        f();
    }
    return static_cast<double>(std::clock() - begin) * 1e9 / CLOCKS_PER_SEC / static_cast<double>(times);
}

/// Bytes that the heap has given out.
inline double heap_bytes()
{
    const auto now = ::mallinfo2();
    return static_cast<double>(now.uordblks + now.hblkhd);
}

/// Has the compiler take it that the value is used, and may have changed.
template <class T>
void keep(T& value)
{
    asm volatile("" : "+m"(value) : : "memory");
}

/// Numbers below `count`, each once, in an order that looks like none: always the same.
inline std::vector<std::uint32_t> shuffled(std::uint32_t count)
{
    std::vector<std::uint32_t> all(count);
    std::iota(all.begin(), all.end(), 0U);
    std::uint64_t state = 88'172'645'463'325'252;
    for (std::uint32_t i = count; i > 1; --i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        std::swap(all[i - 1], all[state % i]);
    }
    return all;
}

} // namespace bench

#endif
