// A recycled string for the length of a scope, so that what nests or suspends never shares one.
#ifndef REJOINDER_NET_DETAIL_SCRATCH_HPP
#define REJOINDER_NET_DETAIL_SCRATCH_HPP

#include <rejoinder/channel/detail/recycled.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// An empty string of this thread's store, with room: one that holds less would not be taken back, and be allocated anew each time.
inline std::string roomy_string(std::size_t capacity_max = std::numeric_limits<std::size_t>::max())
{
    constexpr std::size_t room = 128;
    auto taken = recycled::take(capacity_max);
    if (taken.capacity() < room) {
        taken.reserve(room);
    }
    return taken;
}

/// Such a string, given back with the scope.
class scratch {
public:
    scratch() : text(roomy_string()) {}
    scratch(scratch&&) noexcept = default;
    scratch& operator=(scratch&&) = delete;
    ~scratch() { recycled::give(std::move(text)); }

    std::string text;
};

} // namespace rejoinder::inline v0::detail

#endif
