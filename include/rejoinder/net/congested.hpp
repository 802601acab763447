// What becomes of a notification while its connection has more to write than it gets rid of.
#ifndef REJOINDER_NET_CONGESTED_HPP
#define REJOINDER_NET_CONGESTED_HPP

#include <cstdint>

namespace rejoinder::inline v0 {

/// What becomes of a notification while its connection holds as much as it may (`write_high_water`), until that has gone (`write_low_water`).
/// Without a connection it is dropped in any case.
enum class congested : std::uint8_t {
    wait, ///< it waits in the session, in its order, as far as that has room
    drop, ///< it is dropped and counted: for what is of no use later, a cursor's place say
};

} // namespace rejoinder::inline v0

#endif
