// When a test of the core begins: any instant but the first.
#ifndef REJOINDER_TESTS_SUPPORT_START_HPP
#define REJOINDER_TESTS_SUPPORT_START_HPP

#include <rejoinder/core/instant.hpp>

#include <chrono>

inline constexpr rejoinder::instant start = rejoinder::instant{} + std::chrono::hours{1};

#endif
