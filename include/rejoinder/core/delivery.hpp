// The life of one outgoing request or delivery, from the call to its settling and to the peer's last word.
#ifndef REJOINDER_CORE_DELIVERY_HPP
#define REJOINDER_CORE_DELIVERY_HPP

#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace rejoinder::inline v0 {

/// Where an outgoing message stands.
enum class stage : std::uint8_t {
    none,      ///< the place is free
    waiting,   ///< in the outbox; it has no id, and no connection has seen it in this attempt
    sent,      ///< it has an id, and its last word is awaited
    resting,   ///< the peer's last word was an error worth another try; the try is due later
    abandoned, ///< its caller is settled; the slot is held until the peer's last word (rule 8)
};

/// Whether a message may be run twice if that is what it takes to get an answer.
enum class repeatable : std::uint8_t { no, idempotent };

/// What becomes of a call whose target is not connected: a hub's question, a session's outbox waits anyway.
enum class absent : std::uint8_t {
    fail, ///< it ends with `not_connected` at once
    wait, ///< it waits for the target, and survives the target's reload as far as it may be repeated
};

/// What a peer's new session still knows of the deliveries that went to its old one.
enum class peer_keeps : std::uint8_t {
    nothing,
    deliveries, ///< those with a stamp: it has their records in a store
};

/// What becomes of a call that its session has no room for: as many are pending, or wait for the link, as may be.
enum class full : std::uint8_t {
    fail, ///< it ends with `queue_full` at once
    wait, ///< it waits for room until its deadline, in a line that is bounded, too
};

/// Which of a user's sessions a hub's request is asked of.
enum class reach : std::uint8_t {
    newest, ///< the one that attached last: a question that changes something is run by one session only
    every,  ///< all that have a link: the first answer wins, and the others are cancelled
};

/// What a caller may say about one call. Trivially destructible, because g++ 12 destroys a braced aggregate that owns memory twice when it
/// stands inside a co_await expression.
struct call_options {
    duration timeout = duration::zero(); ///< the whole call; zero: the session's default for the name
    repeatable repeat = repeatable::no;  ///< lets a request be retried, and survive its session
    absent when_absent = absent::fail;   ///< for calls of a hub
    full when_full = full::fail;
    reach sessions = reach::newest; ///< for requests of a hub to a user
    duration hedge =
        duration::zero();   ///< for requests to several: each is asked when those before it have not answered
                            ///< for so long, or have failed; zero: all at once
    std::string_view key{}; ///< the application's name for "the same thing"; borrowed during the call only
    /// On a wire with neither probe nor records, of what may be repeated: an attempt that is unanswered for so long is
    /// followed by another, at once; zero: no such bound.
    duration ack_timeout = duration::zero();
};

static_assert(std::is_trivially_destructible_v<call_options>);

/// One outgoing request or delivery.
template <class Completion>
struct delivery {
    message_kind kind = message_kind::request;
    stage at = stage::none;
    certainty sure = certainty::never_sent;    ///< what an error would say now
    certainty earlier = certainty::never_sent; ///< what is known of the attempts before this one
    repeatable repeat = repeatable::no;
    encoding form = encoding::text;
    std::uint32_t generation = 1; ///< of this place; handles carry it
    std::uint32_t attempts = 0;   ///< tries that the peer answered, or let pass (`ack_timeout`)
    std::uint32_t previous = 0;   ///< neighbours among the sent, in order of emission; 0: none
    std::uint32_t next = 0;
    rejoinder::stamp stamp{};   ///< its place in a durable outbox, if it has one
    message_id id = 0;          ///< while sent or abandoned
    std::uint64_t ticket = 0;   ///< its place in the outbox, or the one that it had
    std::uint64_t position = 0; ///< of its emission on the current connection, for the heartbeat
    std::uint64_t after = 0;    ///< the last notification that had gone before it, on a wire with marks
    instant deadline = never;
    duration ack_timeout{}; ///< of one attempt
    timer_id timer{};
    std::string name;
    std::string payload;
    std::string key;
    std::optional<Completion> completion{}; ///< until the caller is settled

    /// What it counts in the outbox.
    [[nodiscard]] std::size_t bytes() const noexcept { return name.size() + payload.size() + key.size(); }

    /// What is known of all attempts when the peer's last word says this of the current one. It was sent, whatever the word says (rule 13), and
    /// a refusal does not undo an earlier attempt that may have run.
    [[nodiscard]] certainty certainty_after(certainty said) const noexcept
    {
        if (said == certainty::never_sent) {
            return certainty::maybe_executed;
        }
        const bool ran = earlier == certainty::maybe_executed || earlier == certainty::acknowledged;
        return said == certainty::not_executed && ran ? earlier : said;
    }

    /// Whether it goes out again after a link loss, to a peer that has seen the notifications up to `seen`. One without records would run it
    /// twice: it gets what it cannot have had, and what may run twice. It may yet answer the others.
    [[nodiscard]] bool goes_again(const capabilities& wire, std::uint64_t seen) const noexcept
    {
        return wire.records || seen < after || repeat == repeatable::idempotent;
    }

    /// A try has ended so.
    void fail(certainty said) noexcept
    {
        ++attempts;
        sure = earlier = certainty_after(said);
        id = 0;
    }

    /// The message to emit now.
    [[nodiscard]] message spelled(instant now, const capabilities& wire = {}) const
    {
        message out;
        out.kind = kind;
        out.id = id;
        out.name = name;
        out.payload = {payload, form};
        out.key = key;
        if (stamp) {
            out.stamp = {stamp.sequence, stamp.settled, attempts + 1};
        }
        if (wire.time_left && deadline != never) {
            out.time_left = deadline > now ? deadline - now : duration::zero();
        }
        return out;
    }

    /// Makes the place free, keeping small buffers for the next message.
    void clear()
    {
        at = stage::none;
        ++generation;
        generation += generation == 0 ? 1 : 0;
        sure = certainty::never_sent;
        earlier = certainty::never_sent;
        attempts = 0;
        stamp = {};
        id = 0;
        ticket = 0;
        deadline = never;
        timer = {};
        completion.reset();
        for (auto* bytes : {&name, &payload, &key}) {
            if (bytes->capacity() > keep_bytes) {
                std::string{}.swap(*bytes);
            }
        }
    }

private:
    static constexpr std::size_t keep_bytes = 4096;
};

namespace detail {

inline void count_last_word(counters& counts, message_kind kind) noexcept
{
    if (kind == message_kind::reply) {
        ++counts.replies_received;
    } else {
        ++(kind == message_kind::ack ? counts.acks_received : counts.errors_received);
    }
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
