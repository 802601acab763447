// Names whose handlers run one at a time: who runs, and who waits behind it (contract, point 9).
#ifndef REJOINDER_CORE_SERIAL_LANES_HPP
#define REJOINDER_CORE_SERIAL_LANES_HPP

#include <rejoinder/core/detail/ring.hpp>
#include <rejoinder/core/output.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace rejoinder::inline v0 {

/// A lane for each handler that is serial and busy. Bounded by the runs that its owner admits; a search costs the number of busy lanes,
/// which is at most the number of names that the program registered as serial.
class serial_lanes {
public:
    /// Whether a run may start now; otherwise it waits in its lane.
    bool enter(std::uint32_t handler, invocation run)
    {
        if (auto* lane = find(handler)) {
            lane->waiting.push_back(run);
            return false;
        }
        lanes_.push_back({handler, {}});
        return true;
    }

    /// A run of the lane has ended: the next one that `alive` accepts is to start.
    template <class Alive>
    std::optional<invocation> leave(std::uint32_t handler, Alive alive)
    {
        auto* lane = find(handler);
        while (lane != nullptr && !lane->waiting.empty()) {
            const auto next = lane->waiting.pop_front();
            if (alive(next)) {
                return next;
            }
        }
        if (lane != nullptr) {
            std::swap(*lane, lanes_.back());
            lanes_.pop_back();
        }
        return std::nullopt;
    }

private:
    struct busy_lane {
        std::uint32_t handler = 0;
        detail::ring<invocation> waiting;
    };

    busy_lane* find(std::uint32_t handler) noexcept
    {
        const auto found =
            std::find_if(lanes_.begin(), lanes_.end(), [&](const busy_lane& one) { return one.handler == handler; });
        return found == lanes_.end() ? nullptr : &*found;
    }

    std::vector<busy_lane> lanes_;
};

} // namespace rejoinder::inline v0

#endif
