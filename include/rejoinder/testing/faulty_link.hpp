// A link between two ends of a test that delays, freezes, fills up and breaks when it is told to.
#ifndef REJOINDER_TESTING_FAULTY_LINK_HPP
#define REJOINDER_TESTING_FAULTY_LINK_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/fault_rule.hpp>
#include <rejoinder/testing/owned_message.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace rejoinder::inline v0::testing {

/// The other end.
constexpr side across(side from) noexcept
{
    return from == side::client ? side::hub : side::client;
}

/// What a link is like before anything happens to it.
struct link_options {
    duration delay = std::chrono::milliseconds{5}; ///< from sending to arriving, either way
    std::size_t room = 64;                         ///< items under way, each way, before the sender has to wait
};

/// Two directions, first in first out each: an item arrives after the link's delay, but never before the one sent ahead
/// of it.
///
/// | fault | what it is like |
/// | --- | --- |
/// | `freeze` | nothing arrives, and nobody is told: a zombie. The sender writes on until the link is full |
/// | `thaw` | what was under way goes on |
/// | `delay` | what is sent from now on takes longer |
/// | `close` | one end says goodbye: the other reads what is under way, then the end |
/// | `cut` | both ends are told at once, and what was under way is lost |
/// | `sever` | one end is told; the other writes on, and is never told: half-open |
/// | `drop`, `duplicate` | what datagrams suffer, and ordered links never |
///
/// Distinct links are independent; one is used from one thread at a time.
template <class T = owned_message>
class faulty_link {
public:
    explicit faulty_link(const link_options& options = {})
        : room_{options.room}, lanes_{lane{options.delay}, lane{options.delay}}
    {}

    // Getters

    /// Whether that end has anything to expect: false once it has read the end, or closed or cut the link.
    [[nodiscard]] bool readable(side at, instant now) const noexcept
    {
        const auto& in = lane_of(across(at));
        const bool ended = in.ends <= now && in.under_way.empty() && !in.frozen;
        return !cut_ && !lane_of(at).closed() && !ended && !deaf(at);
    }
    /// Whether that end may send one more now: otherwise it waits.
    [[nodiscard]] bool has_room(side from) const noexcept
    {
        return !cut_ && !lane_of(from).closed() && !deaf(from) && lane_of(from).under_way.size() < room_;
    }
    [[nodiscard]] std::size_t under_way(side from) const noexcept { return lane_of(from).under_way.size(); }
    [[nodiscard]] bool frozen(side from) const noexcept { return lane_of(from).frozen; }
    /// When the next item, or the end, arrives at either end; `never` if none is under way or all is frozen.
    [[nodiscard]] instant next_arrival() const noexcept { return std::min(arrival(side::client), arrival(side::hub)); }

    // Use

    /// Sends an item. What is sent into a link that was cut, or that this end has closed, is lost.
    void send(side from, T item, instant now) { send(from, std::move(item), now, {}); }

    /// The same under a fault.
    void send(side from, T item, instant now, const fate& becomes)
    {
        auto& out = lane_of(from);
        if (becomes.cuts) {
            cut();
        }
        if (cut_ || out.closed()) {
            return;
        }
        auto due = later(now, out.delay + becomes.late);
        if (!becomes.overtaken) {
            due = out.last_arrival = std::max(out.last_arrival, due);
        }
        for (unsigned i = 0; i < becomes.copies; ++i) {
            const auto behind = std::find_if(out.under_way.begin(), out.under_way.end(),
                                             [due](const parcel& other) { return other.due > due; });
            out.under_way.insert(behind, {due, item});
        }
    }

    /// Takes the next item that has arrived at that end.
    std::optional<T> arrive(side at, instant now)
    {
        auto& in = lane_of(across(at));
        if (cut_ || deaf(at) || lane_of(at).closed() || in.frozen || in.under_way.empty() ||
            in.under_way.front().due > now) {
            return std::nullopt;
        }
        std::optional<T> item{std::move(in.under_way.front().item)};
        in.under_way.pop_front();
        return item;
    }

    // Faults

    void freeze(side from) noexcept { lane_of(from).frozen = true; }
    void thaw(side from) noexcept { lane_of(from).frozen = false; }
    void delay(side from, duration length) noexcept { lane_of(from).delay = length; }

    /// The end `at` reads the end now, and what it has sent does not arrive any more; the other end is told nothing.
    void sever(side at) noexcept
    {
        lane_of(across(at)).deaf = true;
        lane_of(at).under_way.clear();
        lane_of(at).frozen = true;
    }

    void close(side by, instant now) noexcept
    {
        auto& out = lane_of(by);
        if (!out.closed()) {
            out.ends = std::max(out.last_arrival, later(now, out.delay));
        }
    }

    void cut() noexcept
    {
        cut_ = true;
        for (auto& one : lanes_) {
            one.under_way.clear();
        }
    }

    /// Loses the item that was sent last, if it is still under way.
    bool drop(side from)
    {
        auto& out = lane_of(from);
        if (out.under_way.empty()) {
            return false;
        }
        out.under_way.pop_back();
        return true;
    }

    /// Lets the item that was sent last arrive twice, if it is still under way.
    bool duplicate(side from)
    {
        auto& out = lane_of(from);
        if (out.under_way.empty()) {
            return false;
        }
        const auto again = out.under_way.back();
        out.under_way.push_back(again);
        return true;
    }

private:
    struct parcel {
        instant due;
        T item;
    };

    struct lane {
        explicit lane(duration takes) : delay{takes} {}

        duration delay;
        instant last_arrival{};
        bool frozen = false;
        bool deaf = false;    // who should hear it is gone
        instant ends = never; // when its end arrives, once the end that sends has closed it
        std::deque<parcel> under_way;

        [[nodiscard]] bool closed() const noexcept { return ends != never; }
    };

    lane& lane_of(side from) noexcept { return lanes_[static_cast<std::size_t>(from)]; }
    const lane& lane_of(side from) const noexcept { return lanes_[static_cast<std::size_t>(from)]; }

    [[nodiscard]] bool deaf(side at) const noexcept { return lane_of(across(at)).deaf; }

    [[nodiscard]] instant arrival(side from) const noexcept
    {
        const auto& out = lane_of(from);
        if (cut_ || out.frozen || out.deaf || lane_of(across(from)).closed()) {
            return never;
        }
        return out.under_way.empty() ? out.ends : out.under_way.front().due;
    }

    std::size_t room_;
    std::array<lane, 2> lanes_; // by the end that sends
    bool cut_ = false;
};

} // namespace rejoinder::inline v0::testing

#endif
