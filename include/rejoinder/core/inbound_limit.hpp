// How much a peer may ask of this side: a rate with a burst, and when asking too much becomes a flood.
#ifndef REJOINDER_CORE_INBOUND_LIMIT_HPP
#define REJOINDER_CORE_INBOUND_LIMIT_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/token_bucket.hpp>

#include <chrono>
#include <cstdint>

namespace rejoinder::inline v0 {

/// The numbers of an inbound limit: for the requests, deliveries and notifications of one session, repeats not counted.
struct inbound_limit_options {
    std::uint32_t per_second = 0; ///< messages; 0: no limit
    std::uint32_t burst = 0;      ///< messages that may come at once; 0: as many as in a second
    std::uint32_t flood = 1000;   ///< messages over the limit in a minute; more close the connection
};

/// What becomes of a message.
enum class passage : std::uint8_t {
    open,   ///< it is taken
    closed, ///< it is over the limit
    flood,  ///< it is one too many of those
};

/// Counts what one session's peer sends, over all its connections. O(1). Distinct objects are independent; one object is used from one thread
/// at a time.
class inbound_limit {
public:
    constexpr explicit inbound_limit(const inbound_limit_options& options) noexcept
        : options_{options}, rate_{options.per_second, options.burst == 0 ? options.per_second : options.burst}
    {}

    /// A message came.
    constexpr passage take(instant now) noexcept
    {
        if (options_.per_second == 0 || rate_.take(now)) {
            return passage::open;
        }
        if (now - since_ >= std::chrono::minutes{1}) {
            since_ = now;
            refused_ = 0;
        }
        if (refused_ == options_.flood) {
            return passage::flood;
        }
        ++refused_;
        return passage::closed;
    }

private:
    inbound_limit_options options_;
    token_bucket rate_;
    instant since_{};
    std::uint32_t refused_ = 0;
};

} // namespace rejoinder::inline v0

#endif
