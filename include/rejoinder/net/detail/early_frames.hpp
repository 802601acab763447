// Frames that came before the welcome that they are to be read behind.
#ifndef REJOINDER_NET_DETAIL_EARLY_FRAMES_HPP
#define REJOINDER_NET_DETAIL_EARLY_FRAMES_HPP

#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Bounded: a server that says more than that before its answer is none.
class early_frames {
public:
    static constexpr std::size_t bytes_max = std::size_t{4} << 20;

    /// False: there are too many.
    bool add(const frame_view& frame)
    {
        bytes_ += frame.bytes.size() + sizeof(kept);
        frames_.push_back({std::string{frame.bytes}, frame.form});
        return bytes_ <= bytes_max;
    }

    /// Takes the oldest; it borrows until the next call. False: there is none, and no memory is kept.
    bool take(frame_view& out)
    {
        if (taken_ == frames_.size()) {
            if (taken_ != 0) {
                frames_ = {};
                bytes_ = taken_ = 0;
            }
            return false;
        }
        out = {frames_[taken_].bytes, frames_[taken_].form};
        ++taken_;
        return true;
    }

private:
    struct kept {
        std::string bytes;
        encoding form;
    };

    std::vector<kept> frames_;
    std::size_t bytes_ = 0;
    std::size_t taken_ = 0;
};

/// Whether the codec wants this frame kept until the welcome is there.
template <class Codec>
bool comes_early(const Codec& codec, const frame_view& frame)
{
    if constexpr (requires { codec.is_early(frame); }) {
        return codec.is_early(frame);
    } else {
        return false;
    }
}

} // namespace rejoinder::inline v0::detail

#endif
