// The presence of one identity: here, perhaps only reloading its page, or gone.
#ifndef REJOINDER_CORE_RECONNECT_GRACE_HPP
#define REJOINDER_CORE_RECONNECT_GRACE_HPP

#include <rejoinder/core/instant.hpp>

#include <array>
#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rejoinder::inline v0 {

/// Whether an identity is here.
enum class presence : std::uint8_t {
    absent,   ///< no session of it is attached, and the application knows
    present,  ///< at least one is attached
    grace,    ///< the last one lost its link; the application has not been told
    cleaning, ///< the application is being told: its clean-up runs
};

/// What an attaching session means to its identity's presence.
enum class arrival : std::uint8_t {
    first,         ///< it was absent: tell the application that it is here
    another,       ///< it is present already
    back_in_grace, ///< it was away so briefly that the application notices nothing
    must_wait,     ///< its clean-up runs: ask again after `clean_up_done`
};

constexpr std::string_view name_of(presence state) noexcept
{
    constexpr std::array<std::string_view, 4> names{"absent", "present", "grace", "cleaning"};
    return names[static_cast<std::size_t>(state)];
}

/// A policy that decides when an identity counts as gone. One object per identity.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `G(length)` | | the presence of an absent identity, with the grace of the options |
/// | `g.state()` (const) | `presence` | where the identity stands |
/// | `g.attached()` (const) | `std::uint32_t` | its attached sessions |
/// | `g.next_deadline()` (const) | `instant` | when `expire` has something to say; `never`: not without another input |
/// | `g.attach(now)` | `arrival` | a session asks to attach; with `must_wait` it is not counted, and its loss is not reported |
/// | `g.detach(now)` | | an attached session lost its link or ended |
/// | `g.expire(now)` | `bool` | true once per absence: run the clean-up now; the state is then `cleaning` until `clean_up_done` |
/// | `g.clean_up_done()` | | the clean-up has ended, however it ended; the state is then `absent` |
template <class G>
concept grace_policy =
    std::copyable<G> && std::constructible_from<G, duration> && requires(G& grace, const G& constant, instant now) {
        { constant.state() } -> std::same_as<presence>;
        { constant.attached() } -> std::same_as<std::uint32_t>;
        { constant.next_deadline() } -> std::same_as<instant>;
        { grace.attach(now) } -> std::same_as<arrival>;
        grace.detach(now);
        { grace.expire(now) } -> std::same_as<bool>;
        grace.clean_up_done();
    };

/// The grace of the contract (point 7): an identity whose last session lost its link is gone when none attaches for a
/// fixed time.
///
/// The caller counts a session while it is its identity's attached one, and no connection that waits or was displaced
/// (rule 17). A session that attaches after the grace has passed, but before `expire` was asked, is still back in it:
/// nobody was told anything. All operations are O(1). Distinct objects are independent; one object is used from one
/// thread at a time.
class reconnect_grace {
public:
    /// `grace`: how long an identity may be away unnoticed. Zero or less: it is gone at the first `expire` after its
    /// last detach.
    constexpr explicit reconnect_grace(duration grace = std::chrono::seconds{5}) noexcept : grace_{grace} {}

    /// Where the identity stands.
    [[nodiscard]] constexpr presence state() const noexcept { return state_; }

    /// How many sessions of it are attached.
    [[nodiscard]] constexpr std::uint32_t attached() const noexcept { return attached_; }

    /// When the grace is over; `never` outside it.
    [[nodiscard]] constexpr instant next_deadline() const noexcept
    {
        return state_ == presence::grace ? deadline_ : never;
    }

    /// A session of it asks to attach.
    constexpr arrival attach(instant /*now*/) noexcept
    {
        if (state_ == presence::cleaning) {
            return arrival::must_wait;
        }
        ++attached_;
        const presence before = state_;
        state_ = presence::present;
        if (before == presence::present) {
            return arrival::another;
        }
        return before == presence::grace ? arrival::back_in_grace : arrival::first;
    }

    /// An attached session of it lost its link, or ended. Precondition: `attached() > 0`.
    constexpr void detach(instant now) noexcept
    {
        assert(attached_ > 0);
        if (--attached_ == 0) {
            state_ = presence::grace;
            deadline_ = grace_ > duration::zero() ? later(now, grace_) : now;
        }
    }

    /// Whether the grace is over: true once per absence, and then the clean-up is the caller's to run.
    constexpr bool expire(instant now) noexcept
    {
        if (state_ != presence::grace || now < deadline_) {
            return false;
        }
        state_ = presence::cleaning;
        return true;
    }

    /// The clean-up has ended. Precondition: `state() == presence::cleaning`.
    constexpr void clean_up_done() noexcept
    {
        assert(state_ == presence::cleaning);
        state_ = presence::absent;
    }

private:
    duration grace_;
    instant deadline_ = never;
    std::uint32_t attached_ = 0;
    presence state_ = presence::absent;
};

} // namespace rejoinder::inline v0

#endif
