// Which seeds a hunt begins with: the same ones every time in the suite, fresh ones in `run.sh`.
#ifndef REJOINDER_TESTS_SIMULATION_SEEDS_HPP
#define REJOINDER_TESTS_SIMULATION_SEEDS_HPP

#include <cstdint>
#include <cstdlib>

namespace simulation {

// Instrumented programs are ten times slower, and look at each step more closely instead.
inline std::uint64_t fewer_when_instrumented(std::uint64_t seeds)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return seeds / 20;
#else
    return seeds;
#endif
}

// REJOINDER_HUNT is the number of a hunt: each has seeds of its own.
inline std::uint64_t fresh(std::uint64_t first_seed)
{
    const char* hunt = std::getenv("REJOINDER_HUNT");
    return first_seed + (hunt == nullptr ? 0 : std::strtoull(hunt, nullptr, 10) * 100'000'000);
}

// Whether what the suite samples is to be enumerated whole.
inline bool enumerates_all()
{
    return std::getenv("REJOINDER_ENUMERATE") != nullptr;
}

} // namespace simulation

#endif
