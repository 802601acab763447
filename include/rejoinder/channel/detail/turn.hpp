// The memory of one turn of reading: lent by the thread, or made for the turn when it is lent already.
#ifndef REJOINDER_CHANNEL_DETAIL_TURN_HPP
#define REJOINDER_CHANNEL_DETAIL_TURN_HPP

#include <rejoinder/channel/recycled_strings.hpp>

#include <rejoinder/core/message.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// A read buffer and a list of frames from here to the end of the scope, so that idle connections hold neither.
///
/// A turn lasts over the user's handler, which may run the event loop again on this thread: a turn within a turn gets
/// memory of its own, so that the frames of the outer one stay what they are.
class turn {
public:
    static constexpr std::size_t buffer_size = std::size_t{64} << 10;

    turn() : lent_(borrow())
    {
        if (lent_ == nullptr) {
            own_ = std::make_unique<desk>();
        }
    }

    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    ~turn()
    {
        recycled_strings::give(std::move(storage));
        if (lent_ != nullptr) {
            lent_->clear();
            lent_->is_lent = false;
        }
    }

    std::span<char> buffer() noexcept { return here().buffer; }
    std::vector<frame_view>& frames() noexcept { return here().frames; }

    /// Holds the frames' bytes if they are not in `buffer()`.
    std::string storage{};

private:
    // A read of very small frames makes a long list, which the thread does not keep.
    static constexpr std::size_t frames_kept_max = 4096;

    struct desk {
        std::array<char, buffer_size> buffer;
        std::vector<frame_view> frames{};
        bool is_lent = false;

        desk() {} // leaves the buffer's bytes unwritten

        void clear() noexcept
        {
            frames.clear();
            if (frames.capacity() > frames_kept_max) {
                std::vector<frame_view>{}.swap(frames);
            }
        }
    };

    struct owner {
        std::unique_ptr<desk> mine = std::make_unique<desk>();
        ~owner() { gone() = true; }
    };

    static bool& gone() noexcept
    {
        static thread_local bool is_gone = false;
        return is_gone;
    }

    static desk* borrow()
    {
        if (gone()) {
            return nullptr;
        }
        static thread_local owner here;
        if (here.mine->is_lent) {
            return nullptr;
        }
        here.mine->is_lent = true;
        return here.mine.get();
    }

    desk& here() noexcept { return lent_ != nullptr ? *lent_ : *own_; }

    desk* lent_;
    std::unique_ptr<desk> own_{};
};

} // namespace rejoinder::inline v0::detail

#endif
