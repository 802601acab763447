// The one place that knows which Asio this is; from 1.22 to 1.38 the library needs nothing that is spelled differently.
#ifndef REJOINDER_CHANNEL_DETAIL_ASIO_FEATURES_HPP
#define REJOINDER_CHANNEL_DETAIL_ASIO_FEATURES_HPP

#include <asio/version.hpp>

namespace rejoinder::inline v0::detail {

// Per-operation cancellation, which every operation here honours, is complete from 1.22 on.
static_assert(ASIO_VERSION >= 102200, "rejoinder needs standalone Asio 1.22 or newer");

} // namespace rejoinder::inline v0::detail

#endif
