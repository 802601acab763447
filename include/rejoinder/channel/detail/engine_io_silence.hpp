// Whether a link that was written to has fallen silent: any byte that comes is a sign, and a ping asks for one.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_SILENCE_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_SILENCE_HPP

#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/instant.hpp>

#include <cstdint>

namespace rejoinder::inline v0::detail {

class engine_io_silence {
public:
    /// `patience`: from a sending to the ping, and from that to the end; zero: without end.
    explicit constexpr engine_io_silence(duration patience) noexcept : patience_{patience} {}

    [[nodiscard]] constexpr instant next_deadline() const noexcept { return until_; }

    /// Something is sent, when so many bytes had come. True: there is a new deadline.
    constexpr bool sent(std::uint64_t received, instant now) noexcept
    {
        if (until_ != never || patience_ == duration::zero()) {
            return false;
        }
        seen_ = received;
        until_ = later(now, patience_);
        return true;
    }

    /// Time has passed, and so many bytes have come.
    constexpr beat advance(std::uint64_t received, instant now) noexcept
    {
        if (now < until_) {
            return beat::nothing;
        }
        until_ = never;
        if (received != seen_) {
            asked_ = false;
            return beat::nothing;
        }
        if (asked_) {
            return beat::dead;
        }
        asked_ = true;
        until_ = later(now, patience_);
        return beat::ping;
    }

private:
    duration patience_;
    instant until_ = never;
    std::uint64_t seen_ = 0;
    bool asked_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
