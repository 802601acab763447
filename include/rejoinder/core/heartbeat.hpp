// When to ping on one connection, and when its silence means that the link is dead.
#ifndef REJOINDER_CORE_HEARTBEAT_HPP
#define REJOINDER_CORE_HEARTBEAT_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/round_trip.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rejoinder::inline v0 {

/// The lengths of a heartbeat. Zero turns a rule off.
struct heartbeat_options {
    duration ping_every = std::chrono::seconds{20};  ///< between pings on a link that needs no probe; zero: only probes
    duration dead_after = std::chrono::seconds{60};  ///< of hearing nothing at all; zero: never
    duration ack_timeout = std::chrono::seconds{10}; ///< longest wait for a proof or a probe's pong; zero: no probes
    /// Wait for a proof before a probe, where round trips are short and steady.
    duration probe_least = std::chrono::milliseconds{100};
    duration pong_least = std::chrono::milliseconds{150}; ///< shortest wait for a probe's pong
    duration idle_after = duration::zero();               ///< without traffic of the application; zero: never
};

/// Whether the wire has session-level pings (`capabilities::probe`).
enum class probing : std::uint8_t { allowed, unavailable };

/// What a heartbeat asks for.
enum class beat : std::uint8_t {
    nothing,
    ping, ///< call `ping` and emit one of that number
    dead, ///< drop the link
    idle, ///< the application has not used it for long: close it
};

/// The heartbeat of one connection (contract, point 5). Make one when a connection attaches; it ends with it.
///
/// Channels are ordered, so an answer to the message at one position, or a pong, proves that all emitted before has
/// arrived. While something emitted lacks this proof for too long, a ping is asked for: the probe. A probe whose pong
/// stays out for a round trip's timeout means that the link is dead. Once a round trip is known, that takes `probe_least`
/// and `pong_least` and half a round trip in all, or that timeout if it is longer: where round trips are long or not well
/// known yet, the probe goes out early rather than the verdict late. Each proof and each pong shows that the link works
/// and starts that wait anew; anything else that comes meanwhile (a large answer in front of the pong) stretches it, up
/// to `ack_timeout` in all. A slow handler is no reason to drop a link: pongs come, and while its answer is awaited
/// probes go on, each time twice as far apart, up to `ping_every`.
///
/// Before `advance`, feed what has been read already. A verdict that comes late, because this side was asleep, is put
/// off once by the same wait: what the peer said may lie unread. All operations are O(1) and allocate nothing. Distinct
/// objects are independent; one object is used from one thread at a time.
class heartbeat {
public:
    /// The heartbeat of a connection that attaches now; `known` is what an earlier connection to the peer learned.
    constexpr heartbeat(const heartbeat_options& options, instant now, probing ability) noexcept
        : heartbeat{options, now, ability, round_trip{}}
    {}
    constexpr heartbeat(const heartbeat_options& options, instant now, probing ability,
                        const round_trip& known) noexcept
        : options_{options}, trip_{known}, received_at_{now}, touched_at_{now}, pinged_at_{now}, quiet_since_{now},
          ability_{ability}
    {}

    /// What is known of the round trip: hand it to the next connection's heartbeat.
    [[nodiscard]] constexpr const round_trip& trip() const noexcept { return trip_; }

    /// Whether something emitted is not yet proven to have arrived.
    [[nodiscard]] constexpr bool unproven() const noexcept { return emitted_ > proven_; }

    /// When `advance` has something to say next, if no input comes before; `never` once it has said `dead`.
    [[nodiscard]] constexpr instant next_deadline() const noexcept
    {
        return dead_ ? never : std::min({dead_at(), ping_at(), idle_at()});
    }

    /// The same while a ping that `advance` asked for cannot go out: a connection that is full must not keep its owner busy.
    [[nodiscard]] constexpr instant next_deadline_but_ping() const noexcept
    {
        return dead_ ? never : std::min(dead_at(), idle_at());
    }

    /// Anything came from the peer: a message or, better, any bytes of one.
    constexpr void received(instant now) noexcept { received_at_ = std::max(received_at_, now); }

    /// The message at this position, hence all before it, has arrived at the peer: it was answered.
    constexpr void proven(std::uint64_t position, instant now) noexcept
    {
        const auto reached = std::min(position, emitted_);
        if (reached <= proven_) {
            return;
        }
        proven_ = reached;
        alive(now);
        if (judged_ != 0 && reached > judged_position_) {
            acquit();
        }
    }

    /// A pong came. A number that was never sent, or is answered already, is ignored.
    constexpr void pong(std::uint64_t number, instant now) noexcept
    {
        if (number <= answered_ || number > pings_) {
            return;
        }
        answered_ = number;
        settle_records(number, now);
        if (number == pings_) {
            proven_ = std::max(proven_, pinged_position_);
        }
        if (judged_ != 0 && number >= judged_) {
            proven_ = std::max(proven_, judged_position_);
            acquit();
        }
        alive(now);
        if (!unproven() && awaited_ != 0) {
            gaps_ = std::min(gaps_ + 1, gaps_max);
        }
    }

    /// A message that awaits an answer is emitted. Returns its position, for `proven`.
    constexpr std::uint64_t sent(instant now) noexcept
    {
        if (!unproven()) {
            quiet_since_ = now;
        }
        gaps_ = 0;
        // A ping is out already, and how soon its pong should come is known: no other probe is needed to judge the
        // link.
        if (judged_ == 0 && pings_ > answered_ && trip_.known() && probes()) {
            judge(pings_, pinged_position_, now);
        }
        return ++emitted_;
    }

    /// How many answers of the peer are awaited now.
    constexpr void awaiting(std::size_t count) noexcept { awaited_ = count; }

    /// The application used the connection, in either direction.
    constexpr void touched(instant now) noexcept { touched_at_ = std::max(touched_at_, now); }

    /// Whoever asks wants to know now whether the link lives: `advance` asks for a ping, and its pong is waited for as
    /// a probe's.
    constexpr void demand() noexcept { demanded_ = probes(); }

    /// A ping is emitted: because `advance` asked, or unasked, to learn the round trip early. Returns its number: 1, 2,
    /// … Precondition: the wire has pings.
    constexpr std::uint64_t ping(instant now) noexcept
    {
        assert(ability_ == probing::allowed);
        ++pings_;
        pinged_at_ = now;
        pinged_position_ = emitted_;
        if (recorded_ != records_.size()) {
            records_[recorded_++] = {pings_, emitted_, now};
        }
        const bool demanded = std::exchange(demanded_, false);
        if (judged_ == 0 && probes() && (demanded || unproven() || awaited_ != 0)) {
            judge(pings_, emitted_, now);
        }
        return pings_;
    }

    /// What is to be done now. Says the same again until it is done, and `dead` for ever.
    constexpr beat advance(instant now) noexcept
    {
        if (overslept(now)) {
            judged_since_ = now;
            excused_ = true;
        }
        if (dead_ || now >= dead_at()) {
            condemn(now);
            return beat::dead;
        }
        if (now >= idle_at()) {
            return beat::idle; // before the ping, which a peer that does not read keeps waiting for ever
        }
        return now >= ping_at() ? beat::ping : beat::nothing;
    }

private:
    struct record {
        std::uint64_t number = 0;
        std::uint64_t position = 0; // what was emitted before it
        instant at{};
    };

    // Unanswered pings whose times are kept. Once as many are out, later ones are not timed: the oldest are those whose
    // pongs come next.
    static constexpr std::size_t records_max = 4;
    static constexpr int gaps_max = 40;

    [[nodiscard]] constexpr bool probes() const noexcept
    {
        return ability_ == probing::allowed && options_.ack_timeout > duration::zero();
    }

    [[nodiscard]] static constexpr instant after(instant from, duration length) noexcept
    {
        return length > duration::zero() ? later(from, length) : never;
    }

    [[nodiscard]] constexpr instant dead_at() const noexcept
    {
        return std::min(after(received_at_, options_.dead_after), verdict_at());
    }

    [[nodiscard]] constexpr instant verdict_at() const noexcept
    {
        if (judged_ == 0) {
            return never;
        }
        const duration patience = trip_.timeout(options_.pong_least, options_.ack_timeout);
        return std::min(later(std::max(judged_since_, received_at_), patience),
                        later(judged_since_, options_.ack_timeout));
    }

    [[nodiscard]] constexpr instant ping_at() const noexcept
    {
        if (ability_ == probing::unavailable) {
            return never;
        }
        return std::min(after(pinged_at_, options_.ping_every), probe_at());
    }

    [[nodiscard]] constexpr instant probe_at() const noexcept
    {
        if (judged_ != 0 || !probes()) {
            return never;
        }
        if (demanded_) {
            return instant::min();
        }
        if (unproven()) {
            return later(quiet_since_, trip_.doubt(options_.probe_least, options_.pong_least, options_.ack_timeout));
        }
        const duration patience = trip_.timeout(options_.probe_least, options_.ack_timeout);
        return awaited_ != 0 ? later(quiet_since_, spaced(patience)) : never;
    }

    // The gap before the next probe when all has arrived and only answers are awaited.
    [[nodiscard]] constexpr duration spaced(duration patience) const noexcept
    {
        const duration widest = options_.ping_every > duration::zero() ? options_.ping_every : options_.ack_timeout;
        const duration::rep doubled = duration::rep{1} << gaps_;
        return patience > widest / doubled ? std::max(widest, patience) : patience * doubled;
    }

    [[nodiscard]] constexpr instant idle_at() const noexcept
    {
        return awaited_ == 0 ? after(touched_at_, options_.idle_after) : never;
    }

    constexpr void alive(instant now) noexcept
    {
        quiet_since_ = now;
        judged_since_ = std::max(judged_since_, now);
    }

    // Whether this side comes so late to the verdict that it was itself asleep: a pong may wait unread. The peer gets one more wait.
    [[nodiscard]] constexpr bool overslept(instant now) const noexcept
    {
        const auto due = verdict_at();
        return !dead_ && !excused_ && now >= due && now - due >= options_.pong_least / 2;
    }

    constexpr void judge(std::uint64_t number, std::uint64_t position, instant now) noexcept
    {
        excused_ = false;
        judged_ = number;
        judged_position_ = position;
        judged_since_ = now;
    }

    constexpr void acquit() noexcept
    {
        judged_ = 0;
        trip_.settle();
    }

    constexpr void condemn(instant now) noexcept
    {
        if (!dead_ && now >= verdict_at()) {
            trip_.back_off();
        }
        dead_ = true;
    }

    // The pong of one ping proves what was emitted before it, and stands for the pongs of the pings before it.
    constexpr void settle_records(std::uint64_t number, instant now) noexcept
    {
        std::size_t passed = 0;
        for (; passed != recorded_ && records_[passed].number <= number; ++passed) {
            proven_ = std::max(proven_, records_[passed].position);
            if (records_[passed].number == number) {
                trip_.sample(now - records_[passed].at);
            }
        }
        std::copy(records_.begin() + static_cast<std::ptrdiff_t>(passed),
                  records_.begin() + static_cast<std::ptrdiff_t>(recorded_), records_.begin());
        recorded_ -= passed;
    }

    heartbeat_options options_;
    round_trip trip_;
    instant received_at_;
    instant touched_at_;
    instant pinged_at_;      // the last ping
    instant quiet_since_;    // the last proof or pong, or what was emitted since when nothing lacked proof
    instant judged_since_{}; // since when the absence of the judged ping's pong counts
    std::uint64_t emitted_ = 0;
    std::uint64_t proven_ = 0;
    std::uint64_t pings_ = 0;
    std::uint64_t answered_ = 0; // the highest ping that is known to have come back
    std::uint64_t pinged_position_ = 0;
    std::uint64_t judged_ = 0; // the ping whose pong decides; 0: none
    std::uint64_t judged_position_ = 0;
    std::size_t awaited_ = 0;
    std::array<record, records_max> records_{};
    std::size_t recorded_ = 0;
    int gaps_ = 0; // how often the gap between probes has doubled
    probing ability_;
    bool demanded_ = false;
    bool excused_ = false; // the judged ping's verdict was put off, because this side had overslept
    bool dead_ = false;
};

} // namespace rejoinder::inline v0

#endif
