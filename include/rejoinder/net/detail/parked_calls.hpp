// Calls for identities that are not here: they wait, in order, until one of the identity's sessions attaches.
#ifndef REJOINDER_NET_DETAIL_PARKED_CALLS_HPP
#define REJOINDER_NET_DETAIL_PARKED_CALLS_HPP

#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/hub_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

struct parked_call {
    pending_call waiting; // its `again` says for whom, and what
    timer_id timer{};
};

/// Bounded for each identity and in all; who finds no place gets the call back.
class parked_calls {
public:
    explicit parked_calls(const parked_options& bounds) : bounds_(bounds), all_(bounds.all_max) {}

    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    struct placed {
        std::optional<message_id> which;
        std::optional<pending_call> refused;
    };

    placed add(pending_call waiting)
    {
        const auto target = waiting.again->target;
        auto& line = lines_[target];
        const auto bytes = waiting.again->words.size();
        if (line.size() >= bounds_.each_max || all_.full() || bytes_ + bytes > bounds_.bytes_max) {
            forget_if_empty(target);
            return {std::nullopt, std::move(waiting)};
        }
        const auto which = all_.open({std::move(waiting), {}});
        bytes_ += bytes;
        line.push_back(*which);
        return {which, std::nullopt};
    }

    parked_call* find(message_id which) noexcept { return all_.find(which); }

    std::optional<parked_call> take(message_id which)
    {
        auto taken = all_.take(which);
        if (taken) {
            bytes_ -= taken->waiting.again->words.size();
            const auto target = taken->waiting.again->target;
            std::erase(lines_[target], which);
            forget_if_empty(target);
        }
        return taken;
    }

    /// All that wait for this identity, the oldest first.
    std::vector<parked_call> take_all(const std::string& target)
    {
        std::vector<parked_call> taken;
        const auto found = lines_.find(target);
        if (found == lines_.end()) {
            return taken;
        }
        for (const auto which : found->second) {
            taken.push_back(std::move(*all_.take(which)));
            bytes_ -= taken.back().waiting.again->words.size();
        }
        lines_.erase(found);
        return taken;
    }

    std::vector<parked_call> drain()
    {
        std::vector<parked_call> taken;
        while (auto one = all_.drain()) {
            taken.push_back(std::move(one->value));
        }
        bytes_ = 0;
        lines_.clear();
        return taken;
    }

private:
    void forget_if_empty(const std::string& target)
    {
        if (const auto found = lines_.find(target); found != lines_.end() && found->second.empty()) {
            lines_.erase(found);
        }
    }

    parked_options bounds_;
    std::size_t bytes_ = 0;
    correlation_registry<parked_call> all_;
    std::unordered_map<std::string, std::vector<message_id>> lines_;
};

} // namespace rejoinder::inline v0::detail

#endif
