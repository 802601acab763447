// Events by name, so many per second each: the latest wins, and the last one always arrives.
#ifndef REJOINDER_CORE_THROTTLE_HPP
#define REJOINDER_CORE_THROTTLE_HPP

#include <rejoinder/core/instant.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The bounds of a throttle.
struct throttle_options {
    std::uint32_t per_second = 10; ///< events of one name; 0: as many as come
    std::size_t names_max = 256;   ///< that are held back or counted at one time
};

/// An event that was held back and may go now.
template <class T>
struct released {
    std::string name;
    T value;
};

/// A throttle: an event whose name's last one went a whole interval ago goes at once, others are held, each replacing
/// the one before it.
///
/// Ask `release` at `next_deadline`, until it returns nothing. A name whose interval has passed and that holds nothing
/// is forgotten when room is needed. When `names_max` names are busy, events of further names go at once, uncounted: no
/// event is lost, and `unthrottled` tells.
///
/// `offer` is O(log names), and O(names) with an allocation for a new one; `release`, which copies a name, and
/// `next_deadline` are O(names). Distinct objects are independent; one object is used from one thread at a time.
template <std::movable T>
class throttle {
public:
    constexpr throttle() = default;
    constexpr explicit throttle(const throttle_options& options) : options_{options} {}

    /// How many names it remembers.
    [[nodiscard]] constexpr std::size_t names() const noexcept { return lanes_.size(); }

    /// How many events went at once because too many names were busy.
    [[nodiscard]] constexpr std::uint64_t unthrottled() const noexcept { return unthrottled_; }

    /// When the next held event may go; `never` if none is held.
    [[nodiscard]] constexpr instant next_deadline() const noexcept
    {
        instant first = never;
        for (const auto& each : lanes_) {
            first = each.held ? std::min(first, each.free_at) : first;
        }
        return first;
    }

    /// An event happened. Returns it if it goes now; otherwise it is held, instead of what was held for its name.
    [[nodiscard]] constexpr std::optional<T> offer(std::string_view name, T value, instant now)
    {
        if (options_.per_second == 0) {
            return value;
        }
        auto own = find(name);
        if (own == lanes_.end() || own->name != name) {
            if (!make_room(now)) {
                ++unthrottled_;
                return value;
            }
            own = lanes_.insert(find(name), {std::string{name}, std::nullopt, now});
        }
        if (own->held || now < own->free_at) {
            own->held = std::move(value);
            return std::nullopt;
        }
        own->free_at = later(now, interval());
        return value;
    }

    /// Takes one held event whose time has come, the longest due first.
    [[nodiscard]] constexpr std::optional<released<T>> release(instant now)
    {
        lane* due = nullptr;
        for (auto& each : lanes_) {
            if (each.held && each.free_at <= now && (due == nullptr || each.free_at < due->free_at)) {
                due = &each;
            }
        }
        if (due == nullptr) {
            return std::nullopt;
        }
        due->free_at = later(now, interval());
        released<T> event{due->name, std::move(*due->held)};
        due->held.reset();
        return event;
    }

    /// Takes one held event whether its time has come or not: for a link that is about to close.
    [[nodiscard]] constexpr std::optional<released<T>> flush()
    {
        const auto held =
            std::find_if(lanes_.begin(), lanes_.end(), [](const lane& each) { return each.held.has_value(); });
        if (held == lanes_.end()) {
            return std::nullopt;
        }
        released<T> event{held->name, std::move(*held->held)};
        held->held.reset();
        return event;
    }

private:
    struct lane {
        std::string name;
        std::optional<T> held;
        instant free_at; // when its next event may go
    };

    [[nodiscard]] constexpr duration interval() const noexcept
    {
        // Rounded up, so that no second sees one more than it may.
        constexpr duration second = std::chrono::seconds{1};
        return (second + duration{options_.per_second - 1}) / options_.per_second;
    }

    [[nodiscard]] constexpr auto find(std::string_view name)
    {
        return std::lower_bound(lanes_.begin(), lanes_.end(), name,
                                [](const lane& each, std::string_view wanted) { return each.name < wanted; });
    }

    // Room for one more name, forgetting names that behave as unknown ones would.
    constexpr bool make_room(instant now)
    {
        if (lanes_.size() >= options_.names_max) {
            std::erase_if(lanes_, [now](const lane& each) { return !each.held && each.free_at <= now; });
        }
        return lanes_.size() < options_.names_max;
    }

    throttle_options options_{};
    std::vector<lane> lanes_; // sorted by name
    std::uint64_t unthrottled_ = 0;
};

} // namespace rejoinder::inline v0

#endif
