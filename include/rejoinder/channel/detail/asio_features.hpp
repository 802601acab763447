// The one place that knows which Asio this is; from 1.22 to 1.38 the library needs nothing that is spelled differently.
#ifndef REJOINDER_CHANNEL_DETAIL_ASIO_FEATURES_HPP
#define REJOINDER_CHANNEL_DETAIL_ASIO_FEATURES_HPP

#include <asio/detail/config.hpp>
#include <asio/version.hpp>

#if !defined(ASIO_HAS_CO_AWAIT)
#error                                                                                                                 \
    "rejoinder needs Asio's coroutines; with clang and Asio before 1.26 define ASIO_HAS_CO_AWAIT=1 and ASIO_HAS_STD_COROUTINE=1 (CMake's targets do)"
#endif

namespace rejoinder::inline v0::detail {

// Per-operation cancellation, which every operation here honours, is complete from 1.22 on.
static_assert(ASIO_VERSION >= 102200, "rejoinder needs standalone Asio 1.22 or newer");

} // namespace rejoinder::inline v0::detail

#endif
