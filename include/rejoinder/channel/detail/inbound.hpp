// The receiving half of a stream channel without its socket: bytes in, whole frames out, the rest kept.
#ifndef REJOINDER_CHANNEL_DETAIL_INBOUND_HPP
#define REJOINDER_CHANNEL_DETAIL_INBOUND_HPP

#include <rejoinder/channel/detail/read_size.hpp>
#include <rejoinder/channel/detail/turn.hpp>
#include <rejoinder/channel/recycled_strings.hpp>

#include <rejoinder/core/error.hpp>
#include <rejoinder/wire/framing.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Keeps at most what the framing takes for an unfinished frame, and nothing between whole ones.
///
/// Two ways to read. With `room` and `take`, one turn reads into the turn's buffer. With `own_room`, `own_take` and
/// `own_failed`, the read is under way between turns, into memory that this object holds for as long. Use one of them.
template <framing Framing>
class inbound {
public:
    explicit inbound(Framing framing) : framing_(std::move(framing)) {}

    /// Whether something came that is no frame and that somebody should see to.
    static constexpr bool has_news() noexcept { return false; }

    /// What ended the stream of frames for good, if anything: `errc::bad_message` or `errc::too_big`.
    const std::error_code& failure() const noexcept { return failure_; }
    void fail(std::error_code why) noexcept { failure_ = why; }

    /// Bytes that came so far, those of unfinished frames too.
    std::uint64_t received() const noexcept { return received_; }

    /// Bytes of memory held.
    std::size_t held() const noexcept { return kept_.capacity(); }

    /// Where this turn's read goes: behind the kept bytes while they are few, so that small pieces cost one copy.
    std::span<char> room(turn& now)
    {
        const auto buffer = now.buffer();
        if (!joins_buffer()) {
            return buffer;
        }
        std::memcpy(buffer.data(), kept_.data(), kept_.size());
        return buffer.subspan(kept_.size());
    }

    /// Takes the `count` bytes that were read into `room`; whole frames are in `now.frames()` afterwards.
    void take(turn& now, std::size_t count)
    {
        received_ += count;
        if (joins_buffer()) {
            const std::string_view bytes{now.buffer().data(), kept_.size() + count};
            if (bytes.size() < enough_) {
                make_room(count);
                kept_.append(bytes.substr(kept_.size()));
                return;
            }
            keep(split(bytes, now));
            return;
        }
        make_room(count);
        kept_.append(now.buffer().data(), count);
        take_kept(now);
    }

    /// Where a read may write until `own_take` or `own_failed`.
    std::span<char> own_room()
    {
        const auto size = own_read_.size();
        if (kept_.capacity() < size) {
            std::string fresh = recycled_strings::take(size);
            fresh.assign(kept_);
            recycled_strings::give(std::exchange(kept_, std::move(fresh)));
        }
        own_before_ = kept_.size();
        make_room(size);
        kept_.resize(own_before_ + size);
        return std::span{kept_}.subspan(own_before_);
    }

    void own_take(turn& now, std::size_t count)
    {
        received_ += count;
        kept_.resize(own_before_ + count);
        own_read_.took(count);
        take_kept(now);
    }

    void own_failed() { kept_.resize(own_before_); }

    /// Gives the memory back; nothing will be received any more.
    void drop() noexcept { recycled_strings::give(std::exchange(kept_, {})); }

private:
    // Above this, copying the kept bytes in front of each read costs more than it saves.
    static constexpr std::size_t joined_max = std::size_t{16} << 10;

    bool joins_buffer() const noexcept { return kept_.size() <= joined_max; }

    // Grows with what has come, not with what a header announces: a peer pays for memory in bytes sent.
    void make_room(std::size_t count)
    {
        const auto needed = kept_.size() + count;
        if (needed > kept_.capacity()) {
            kept_.reserve(std::max(needed, std::min(2 * kept_.capacity(), enough_)));
        }
    }

    void take_kept(turn& now)
    {
        if (kept_.size() < enough_) {
            return;
        }
        // The frames must outlive what the handler does to this object, so their bytes go with the turn.
        now.storage = std::move(kept_);
        kept_.clear();
        const auto rest = split(now.storage, now);
        if (!now.frames().empty() || failure_) {
            keep(rest);
            return;
        }
        const auto done = now.storage.size() - rest.size();
        kept_ = std::move(now.storage);
        kept_.erase(0, done);
        now.storage.clear();
    }

    // Returns what belongs to no whole frame yet.
    std::string_view split(std::string_view bytes, turn& now)
    {
        enough_ = 0;
        while (!bytes.empty()) {
            const parsed found = framing_.parse(bytes);
            bytes.remove_prefix(found.used);
            switch (found.what) {
            case parsed::state::frame:
                assert(found.used != 0);
                now.frames().push_back(found.frame);
                break;
            case parsed::state::more: enough_ = bytes.size() + found.wanted; return bytes;
            case parsed::state::bad: failure_ = make_error_code(errc::bad_message); return {};
            case parsed::state::too_big:
                // Nobody knows what became of the sender's message: the usual certainty is the sender's.
                failure_ = make_error_code(errc::too_big, certainty::maybe_executed);
                return {};
            }
        }
        return bytes;
    }

    void keep(std::string_view rest)
    {
        if (rest.empty()) {
            drop();
            return;
        }
        if (rest.size() > kept_.capacity()) {
            recycled_strings::give(std::exchange(kept_, recycled_strings::take(rest.size())));
        }
        kept_.assign(rest);
    }

    Framing framing_;
    std::string kept_{};
    std::uint64_t received_ = 0;
    std::size_t enough_ = 0; // parsing fewer bytes than this is in vain
    std::error_code failure_{};
    read_size own_read_{};
    std::size_t own_before_ = 0;
};

} // namespace rejoinder::inline v0::detail

#endif
