// Writes what a codec spells as frames of a channel: one, more, or none.
#ifndef REJOINDER_NET_DETAIL_WRITE_FRAMES_HPP
#define REJOINDER_NET_DETAIL_WRITE_FRAMES_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace rejoinder::inline v0::detail {

enum class written : std::uint8_t {
    whole,
    unsaid,  ///< the wire does not say it
    too_big, ///< the channel cannot carry it, and has nothing of it
    torn,    ///< the channel cannot carry a further frame of it; the peer waits for that one for ever
};

/// Ends the frame begun, whose body has this size. False: the channel cannot carry it.
template <class Channel>
bool commit_frame(Channel& channel, encoding form, std::size_t size, counters& counts, std::uint64_t& committed)
{
    const auto before = channel.pending();
    if (!channel.commit(form)) {
        return false;
    }
    committed += channel.pending() - before;
    counts.bytes_out += size;
    ++counts.frames_out;
    return true;
}

/// `words`: a message or a greeting. `committed` grows by the bytes, as the channel counts them.
template <class Channel, class Codec, class Words>
written write_frames(Channel& channel, Codec& codec, const Words& words, counters& counts, std::uint64_t& committed)
{
    auto& first = channel.begin();
    const auto before = first.size();
    const auto form = codec.encode(words, first);
    const auto size = first.size() - before;
    if (size == 0) {
        return written::unsaid;
    }
    if (!commit_frame(channel, form, size, counts, committed)) {
        return written::too_big;
    }
    if constexpr (requires { codec.encode_rest(first); }) {
        for (;;) {
            auto& next = channel.begin();
            const auto begin = next.size();
            const std::optional<encoding> rest = codec.encode_rest(next);
            if (!rest) {
                break;
            }
            if (!commit_frame(channel, *rest, next.size() - begin, counts, committed)) {
                return written::torn;
            }
        }
    }
    return written::whole;
}

} // namespace rejoinder::inline v0::detail

#endif
