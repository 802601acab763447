// The system calls that this process has made for I/O, if the library that counts them (system_calls.c) was loaded before it.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_SYSTEM_CALLS_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_SYSTEM_CALLS_HPP

extern "C" __attribute__((weak)) unsigned long bench_system_calls();

namespace bench {

/// 0 without that library.
inline unsigned long system_calls() { return &bench_system_calls != nullptr ? bench_system_calls() : 0; }

} // namespace bench

#endif
