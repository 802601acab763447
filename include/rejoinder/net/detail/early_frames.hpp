// Frames that came before the welcome that they are to be read behind.
#ifndef REJOINDER_NET_DETAIL_EARLY_FRAMES_HPP
#define REJOINDER_NET_DETAIL_EARLY_FRAMES_HPP

#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Bounded: a server that says more than that before its answer is none.
class early_frames {
public:
    static constexpr std::size_t bytes_max = std::size_t{4} << 20;

    /// Whether the codec wants this frame kept until the welcome is there.
    template <class Codec>
    [[nodiscard]] static bool concerns(const Codec& codec, const frame_view& frame)
    {
        return codec.is_early(frame);
    }

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

/// On a wire where nothing comes early: no bytes, and no step for each frame.
struct no_early_frames {
    static constexpr bool concerns(const auto& /*codec*/, const frame_view& /*frame*/) noexcept { return false; }
    static constexpr bool add(const frame_view& /*frame*/) noexcept { return false; }
    static constexpr bool take(frame_view& /*out*/) noexcept { return false; }
};

template <class Codec>
using early_frames_of = std::conditional_t<requires(const Codec& codec, frame_view frame) { codec.is_early(frame); },
                                           early_frames, no_early_frames>;

} // namespace rejoinder::inline v0::detail

#endif
