// The bound of a correlation.
#ifndef REJOINDER_NET_CORRELATION_OPTIONS_HPP
#define REJOINDER_NET_CORRELATION_OPTIONS_HPP

#include <cstdint>

namespace rejoinder::inline v0 {

struct correlation_options {
    std::uint32_t pending_max = 1024; ///< questions that wait for their answers; one more ends with `queue_full`
};

} // namespace rejoinder::inline v0

#endif
