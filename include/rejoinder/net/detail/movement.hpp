// Whether bytes move on a link, beside its whole frames.
#ifndef REJOINDER_NET_DETAIL_MOVEMENT_HPP
#define REJOINDER_NET_DETAIL_MOVEMENT_HPP

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What a connection remembers of its last look.
class movement {
public:
    /// So many bytes had come when a whole frame was there.
    void had_read(std::uint64_t received) noexcept { received_ = received; }

    /// Whether bytes came or went since the last look. `waiting`: of those committed, the ones that the peer's system has not got.
    bool look(std::uint64_t received, std::uint64_t committed, std::size_t waiting) noexcept
    {
        const bool came = std::exchange(received_, received) != received;
        const auto waits = static_cast<std::int64_t>(waiting);
        const auto arrived = static_cast<std::int64_t>(committed) - waits;
        // That a system on the way took what fits into one flight is no sign of the peer. Of more, it takes the rest as the peer reads.
        const bool went = std::exchange(waits_, waits) > one_flight && arrived > arrived_;
        arrived_ = arrived;
        return came || went;
    }

private:
    static constexpr std::int64_t one_flight = 16 << 10; // bytes: TCP's first ten segments (RFC 6928), rounded up

    std::uint64_t received_ = 0; // bytes
    std::int64_t arrived_ = 0;   // bytes that the peer's system had
    std::int64_t waits_ = 0;     // bytes that it had not
};

} // namespace rejoinder::inline v0::detail

#endif
