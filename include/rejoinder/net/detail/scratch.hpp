// A recycled string for the length of a scope, so that what nests or suspends never shares one.
#ifndef REJOINDER_NET_DETAIL_SCRATCH_HPP
#define REJOINDER_NET_DETAIL_SCRATCH_HPP

#include <rejoinder/channel/recycled_strings.hpp>

#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// An empty string of this thread's store, given back with the scope.
class scratch {
public:
    // What holds less than this would not be taken back, and be allocated anew each time.
    scratch() : text(recycled_strings::take()) { text.reserve(256); }
    scratch(scratch&&) noexcept = default;
    scratch& operator=(scratch&&) = delete;
    ~scratch() { recycled_strings::give(std::move(text)); }

    std::string text;
};

} // namespace rejoinder::inline v0::detail

#endif
