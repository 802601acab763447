// The frames that one read brought, in the order they were sent.
#ifndef REJOINDER_CHANNEL_FRAME_BATCH_HPP
#define REJOINDER_CHANNEL_FRAME_BATCH_HPP

#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <span>

namespace rejoinder::inline v0 {

/// A forward view of the frames that a channel received together. Cheap to copy; owns nothing.
///
/// The batch and its frames are valid until the completion handler that got it returns, or, with `use_awaitable`, until
/// the coroutine next suspends. So a token that carries results elsewhere (`use_future`) is of no use with it.
class frame_batch {
public:
    /// No frames: what comes with an error.
    frame_batch() noexcept = default;

    /// The frames of `frames`, which stay the channel's.
    explicit frame_batch(std::span<const frame_view> frames) noexcept : rest_(frames) {}

    /// How many frames are left.
    std::size_t size() const noexcept { return rest_.size(); }

    /// Takes the next frame into `frame`; false, and `frame` as it was, when there is none.
    bool next(frame_view& frame) noexcept
    {
        if (rest_.empty()) {
            return false;
        }
        frame = rest_.front();
        rest_ = rest_.subspan(1);
        return true;
    }

private:
    std::span<const frame_view> rest_{};
};

} // namespace rejoinder::inline v0

#endif
