// Catch2, whichever major version the machine has.
#ifndef REJOINDER_TESTS_SUPPORT_CATCH_HPP
#define REJOINDER_TESTS_SUPPORT_CATCH_HPP

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif
