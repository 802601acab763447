// What feeds a hub with channels, and how each is closed.
#ifndef REJOINDER_NET_DETAIL_FEEDERS_HPP
#define REJOINDER_NET_DETAIL_FEEDERS_HPP

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Bounded by the feeders that live.
class feeders {
public:
    /// `close_it` closes a feeder, which may be gone by then.
    void add(std::weak_ptr<void> feeder, std::function<void()> close_it)
    {
        std::erase_if(all_, [](const auto& one) { return one.first.expired(); });
        all_.emplace_back(std::move(feeder), std::move(close_it));
    }

    /// Closes all, once.
    void close()
    {
        for (auto& [feeder, close_it] : std::exchange(all_, {})) {
            close_it();
        }
    }

private:
    std::vector<std::pair<std::weak_ptr<void>, std::function<void()>>> all_;
};

} // namespace rejoinder::inline v0::detail

#endif
