// How much to read at once into memory that a connection holds while it waits.
#ifndef REJOINDER_CHANNEL_DETAIL_READ_SIZE_HPP
#define REJOINDER_CHANNEL_DETAIL_READ_SIZE_HPP

#include <rejoinder/channel/detail/turn.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace rejoinder::inline v0::detail {

/// Grows with traffic from 1 KiB to a turn's buffer, and back.
class read_size {
public:
    std::size_t size() const noexcept { return size_; }

    /// A read of `size()` brought `count` bytes.
    void took(std::size_t count) noexcept
    {
        assert(count <= size_);
        // A read that fills its room has probably left something behind; one that doesn't tells how much there is.
        const auto next = count == size_ ? 4 * size_ : 2 * count;
        size_ = std::clamp(next, least, turn::buffer_size);
    }

private:
    static constexpr std::size_t least = 1024;

    std::size_t size_ = least;
};

} // namespace rejoinder::inline v0::detail

#endif
