// How often a program has taken memory from the heap, if allocations.cpp is linked to it. For programs of one thread.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_ALLOCATIONS_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_ALLOCATIONS_HPP

#include <cstddef>

namespace bench {

std::size_t allocations();

} // namespace bench

#endif
