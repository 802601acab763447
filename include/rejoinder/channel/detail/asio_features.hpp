// The one place that knows which Asio this is: the oldest one supported, and what newer ones spell differently.
#ifndef REJOINDER_CHANNEL_DETAIL_ASIO_FEATURES_HPP
#define REJOINDER_CHANNEL_DETAIL_ASIO_FEATURES_HPP

#include <asio/version.hpp>

namespace rejoinder::inline v0::detail {

// Per-operation cancellation, which every operation here honours, is complete from 1.22 on.
static_assert(ASIO_VERSION >= 102200, "rejoinder needs standalone Asio 1.22 or newer");

// From 1.26 on `asio::deferred` is public; before, it stands in `asio::experimental`.
inline constexpr bool asio_has_deferred = ASIO_VERSION >= 102600;

// From 1.25 on a handler can name an executor for operations that are over at once.
inline constexpr bool asio_has_immediate_executor = ASIO_VERSION >= 102500;

} // namespace rejoinder::inline v0::detail

#endif
