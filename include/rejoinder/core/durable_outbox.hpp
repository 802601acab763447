// The sender's side of deliveries that survive crashes: what is stored, what is on its way, and what became of it.
#ifndef REJOINDER_CORE_DURABLE_OUTBOX_HPP
#define REJOINDER_CORE_DURABLE_OUTBOX_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/outbox.hpp>
#include <rejoinder/core/store.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0 {

/// What a durable outbox wants done, as values.
struct durable_step {
    /// Store this message.
    struct put {
        std::uint64_t sequence;
    };
    /// Take this message out of the store.
    struct remove {
        std::uint64_t sequence;
    };
    /// The message is stored, or was not taken.
    struct taken {
        std::uint64_t sequence;
        std::error_code error;
    };
    /// The message has left: how, and with which error.
    struct gone {
        std::uint64_t sequence;
        std::string name;
        departure how;
        std::error_code error;
    };
    using any = std::variant<put, remove, taken, gone>;
};

/// A durable outbox, as a pure state machine over a store that somebody else writes to.
///
/// A message is sent once the store has it (rule 20), in the order of the sequences. Each that leaves does so by one `gone`; what its peer
/// answered is settled in the store before the peer is told that it need not remember (`settled_below`). Bounds are those of `outbox_options`; a
/// message that does not fit is refused with `queue_full`, or makes the oldest that was not sent leave as `evicted`.
/// At most O(n) in the messages that have not left. Distinct objects are independent; one object is used from one thread at a time.
class durable_outbox {
public:
    /// A message that has not left.
    struct entry {
        stored_message words;
        instant expires = never;
        instant rests_until = instant::min();
        certainty sure = certainty::never_sent;
        certainty before = certainty::never_sent; // what was known when it was last sent
        enum class stage : std::uint8_t { storing, waiting, sent, leaving } at = stage::storing;
        bool withdrawn = false; // somebody took it back while it was on its way
    };

    /// `sequences_max`: how far the newest may run ahead of the oldest that is unsettled, which bounds what the peer remembers.
    explicit durable_outbox(const outbox_options& options, std::uint64_t sequences_max = 100'000)
        : options_(options), sequences_max_(sequences_max)
    {}

    // Getters

    [[nodiscard]] const std::map<std::uint64_t, entry>& entries() const noexcept { return entries_; }
    [[nodiscard]] const entry* find(std::uint64_t sequence) const noexcept
    {
        const auto found = entries_.find(sequence);
        return found == entries_.end() ? nullptr : &found->second;
    }
    /// Everything below this is settled, on disk.
    [[nodiscard]] std::uint64_t settled_below() const noexcept
    {
        return entries_.empty() ? next_ : entries_.begin()->first;
    }
    /// The sequence of the message to come.
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_; }
    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }
    [[nodiscard]] instant next_deadline() const noexcept
    {
        auto first = never;
        for (const auto& [sequence, one] : entries_) {
            if (one.at == entry::stage::waiting) {
                first = std::min({first, one.expires, one.rests_until > last_ ? one.rests_until : never});
            } else if (one.at == entry::stage::leaving && one.rests_until > last_) {
                first = std::min(first, one.rests_until);
            }
        }
        return first;
    }

    /// What the hello says. Precondition: `opened`.
    [[nodiscard]] outbox_notice notice() const
    {
        outbox_notice words{name_, secret_, epoch_, stored_next_, {}, {}};
        for (const auto& [sequence, one] : entries_) {
            if (one.at != entry::stage::storing) { // else it may never have been, and its sequence mean another message
                words.unsettled.push_back(sequence);
            }
            if (one.sure != certainty::never_sent) {
                words.sent.push_back(sequence);
            }
        }
        return words;
    }

    // The store

    /// The store was opened. What it holds may have been sent if its outbox ever was connected. `lived` is the wall's clock at `now`.
    void opened(stored_outbox found, instant now, wall_time lived)
    {
        name_ = std::move(found.name);
        secret_ = std::move(found.secret);
        epoch_ = found.epoch;
        next_ = stored_next_ = found.next;
        peer_ = std::move(found.peer);
        for (auto& words : found.messages) {
            const auto sequence = words.sequence;
            auto& one = entries_[sequence];
            bytes_ += size_of(words);
            one.expires = later(now, length_of(words.expires - lived));
            one.words = std::move(words);
            one.at = entry::stage::waiting;
            one.sure = peer_.empty() ? certainty::never_sent : certainty::maybe_executed;
        }
        advance(now);
    }

    /// A `put` is on disk, or was not written.
    void stored(std::uint64_t sequence, const std::error_code& failure)
    {
        const auto found = entries_.find(sequence);
        if (found == entries_.end()) {
            return;
        }
        steps_.push_back(durable_step::taken{sequence, failure});
        if (failure) {
            erase(found);
            return;
        }
        auto& one = found->second;
        one.at = entry::stage::waiting;
        stored_next_ = std::max(stored_next_, sequence + 1);
        if (one.withdrawn) {
            leave(sequence, departure::removed, make_error_code(errc::cancelled, one.sure));
        }
    }

    /// A `remove` is on disk; or not, then it is tried again. What the peer answered is told either way: were the message sent once more by
    /// another process, the peer's record would settle it.
    void removed(std::uint64_t sequence, const std::error_code& failure, instant now)
    {
        const auto found = entries_.find(sequence);
        if (found == entries_.end()) {
            return;
        }
        if (!failure || answered_by_peer(sequence)) {
            tell(found->second);
        }
        if (failure) {
            found->second.rests_until = later(now, rest);
        } else {
            erase(found);
        }
    }

    // Commands

    /// Takes a message. Its sequence; or nothing, and `refusal` says why.
    std::optional<std::uint64_t> enqueue(std::string_view name, const payload_view& payload, duration ttl, instant now,
                                         wall_time lived, errc& refusal)
    {
        const auto bytes = name.size() + payload.bytes.size();
        if (!make_room(bytes)) {
            refusal = errc::queue_full;
            return std::nullopt;
        }
        const auto sequence = next_++;
        auto& one = entries_[sequence];
        const auto length = std::chrono::ceil<std::chrono::milliseconds>(ttl).count();
        const bool endless = length > INT64_MAX - lived;
        one.words = {sequence, std::string{name}, std::string{payload.bytes}, payload.form,
                     endless ? INT64_MAX : lived + length};
        one.expires = later(now, ttl);
        bytes_ += bytes;
        steps_.push_back(durable_step::put{sequence});
        return sequence;
    }

    /// Takes a message back. True: it had not been sent. What may have been sent leaves with `cancelled`, `maybe_executed`.
    bool withdraw(std::uint64_t sequence)
    {
        const auto found = entries_.find(sequence);
        if (found == entries_.end() || found->second.at == entry::stage::leaving) {
            return false;
        }
        auto& one = found->second;
        if (one.at == entry::stage::storing) {
            one.withdrawn = true;
        } else {
            leave(sequence, departure::removed, make_error_code(errc::cancelled, one.sure));
        }
        return one.sure == certainty::never_sent;
    }

    // The link

    /// How a welcome goes on with what was sent before.
    enum class after : std::uint8_t {
        resuming,    ///< the session goes on, and with it what was sent in it
        knowing,     ///< a new session at a hub whose store knows the outbox
        not_knowing, ///< one whose store does not, or that has none
    };

    /// A hub said welcome, and which store it has: empty, if none. What was sent to another store, or to one that has forgotten this outbox,
    /// may have run there (rule 23). `peer()` is to be kept before anything is sent.
    void welcomed(std::string_view store, after how)
    {
        const std::string now_at = store.empty() ? "none" : std::string{store};
        const bool keeps = how == after::resuming || (how == after::knowing && now_at == peer_);
        for (auto& [sequence, one] : entries_) {
            if (!keeps && one.sure != certainty::never_sent && one.at != entry::stage::leaving) {
                leave(sequence, departure::refused, make_error_code(errc::session_lost, certainty::maybe_executed));
            }
        }
        peer_ = now_at;
    }

    /// The first message that can be sent now; it counts as sent from here on. Its caller sends it with `place`.
    const entry* send_next(instant now, stamp& place)
    {
        for (auto& [sequence, one] : entries_) {
            if (one.at == entry::stage::storing) {
                break; // what comes later is not stored either
            }
            if (one.at == entry::stage::waiting && one.rests_until <= now && one.expires > now) {
                one.at = entry::stage::sent;
                one.before = std::exchange(one.sure, certainty::maybe_executed);
                place = {sequence, settled_below(), 1};
                return &one;
            }
        }
        return nullptr;
    }

    /// The session settled a message. `from_peer`: the error is what the peer answered.
    enum class word_of : std::uint8_t { peer, this_side };
    void answered(std::uint64_t sequence, const std::error_code& error, word_of whose, instant now)
    {
        const auto found = entries_.find(sequence);
        if (found == entries_.end() || found->second.at != entry::stage::sent) {
            return;
        }
        auto& one = found->second;
        if (certainty_of(error) == certainty::never_sent) {
            one.sure = one.before;
        }
        if (!error) {
            leave(sequence, departure::sent, {});
        } else if (error == errc::expired) {
            leave(sequence, departure::expired, of_all_sendings(error, one));
        } else if (passes(error, whose)) {
            one.at = entry::stage::waiting; // its time to live bounds how often
            one.rests_until = later(now, rest);
        } else {
            leave(sequence, departure::refused, of_all_sendings(error, one));
        }
    }

    /// What was sent comes back to wait: its session is given up. It may have been run.
    void unsend(std::uint64_t sequence)
    {
        const auto found = entries_.find(sequence);
        if (found != entries_.end() && found->second.at == entry::stage::sent) {
            found->second.at = entry::stage::waiting;
        }
    }

    // Time

    void advance(instant now)
    {
        last_ = now;
        for (auto& [sequence, one] : entries_) {
            if (one.at == entry::stage::waiting && one.expires <= now) {
                leave(sequence, departure::expired, make_error_code(errc::expired, one.sure));
            } else if (one.at == entry::stage::leaving && one.rests_until != instant::min() && one.rests_until <= now) {
                one.rests_until = instant::min();
                steps_.push_back(durable_step::remove{sequence});
            }
        }
    }

    // Outputs

    bool next(durable_step::any& out)
    {
        if (steps_.empty()) {
            return false;
        }
        out = std::move(steps_.front());
        steps_.pop_front();
        return true;
    }

private:
    static constexpr duration rest = std::chrono::seconds{1};
    static constexpr std::size_t entries_max = 65'536; // as many as a hello can name

    static duration length_of(wall_time left) noexcept
    {
        constexpr auto most = std::chrono::floor<std::chrono::milliseconds>(duration::max()).count();
        return std::chrono::milliseconds{std::clamp<wall_time>(left, 0, most)};
    }

    // An error of the last sending does not undo an earlier one that may have run.
    static std::error_code of_all_sendings(const std::error_code& error, const entry& one)
    {
        const auto said = certainty_of(error);
        const auto kind = kind_of(error);
        const bool weaker = said == certainty::never_sent || said == certainty::not_executed;
        return kind && weaker && one.before == certainty::maybe_executed
                   ? make_error_code(*kind, certainty::maybe_executed)
                   : error;
    }

    [[nodiscard]] bool answered_by_peer(std::uint64_t sequence) const
    {
        const auto found = outcomes_.find(sequence);
        if (found == outcomes_.end()) {
            return false;
        }
        const auto how = found->second.how;
        return how == departure::sent || how == departure::expired ||
               (how == departure::refused && found->second.error != errc::session_lost);
    }

    static std::size_t size_of(const stored_message& words) noexcept
    {
        return words.name.size() + words.payload.size();
    }

    // Whether it helps to send it again: the peer's disk was full, or too much was under way; this side's session ended or was full.
    static bool passes(const std::error_code& error, word_of whose) noexcept
    {
        if (whose == word_of::peer) {
            return error == errc::store_failed || error == errc::busy;
        }
        return error != errc::too_big && error != errc::unsupported && error != errc::session_lost;
    }

    bool make_room(std::size_t bytes)
    {
        const bool far = !entries_.empty() && next_ - entries_.begin()->first >= sequences_max_;
        if (far || entries_.size() >= entries_max) {
            return false; // no eviction helps
        }
        const auto fits = [&] {
            return entries_.size() - leaving_ < options_.messages_max && bytes <= options_.bytes_max &&
                   bytes_ <= options_.bytes_max - bytes;
        };
        while (!fits()) {
            const auto oldest = std::find_if(entries_.begin(), entries_.end(), [](const auto& one) {
                return one.second.at == entry::stage::waiting && one.second.sure == certainty::never_sent;
            });
            const bool hopeless = options_.on_overflow == overflow::reject_newest || oldest == entries_.end() ||
                                  bytes > options_.bytes_max || entries_.size() >= 2 * options_.messages_max;
            if (hopeless) {
                return false;
            }
            leave(oldest->first, departure::evicted, make_error_code(errc::evicted, certainty::never_sent));
        }
        return true;
    }

    // Its outcome is settled on disk first, then told.
    void leave(std::uint64_t sequence, departure how, const std::error_code& error)
    {
        auto& one = entries_.at(sequence);
        one.at = entry::stage::leaving;
        one.rests_until = instant::min();
        bytes_ -= size_of(one.words);
        ++leaving_;
        outcomes_.emplace(sequence, durable_step::gone{sequence, one.words.name, how, error});
        steps_.push_back(durable_step::remove{sequence});
    }

    void tell(const entry& one)
    {
        if (auto outcome = outcomes_.extract(one.words.sequence)) {
            steps_.push_back(std::move(outcome.mapped()));
        }
    }

    void erase(std::map<std::uint64_t, entry>::iterator found)
    {
        if (found->second.at == entry::stage::leaving) {
            --leaving_;
        } else {
            bytes_ -= size_of(found->second.words);
        }
        entries_.erase(found);
    }

    outbox_options options_;
    std::uint64_t sequences_max_;
    std::string name_;
    std::string secret_;
    std::string peer_;
    std::uint64_t epoch_ = 0;
    std::uint64_t next_ = 1;
    std::uint64_t stored_next_ = 1;          // as the store knows it: behind `next_` while messages are being stored
    std::map<std::uint64_t, entry> entries_; // by sequence
    std::map<std::uint64_t, durable_step::gone> outcomes_; // of those that leave
    std::deque<durable_step::any> steps_;
    std::size_t bytes_ = 0;
    std::size_t leaving_ = 0;
    instant last_ = instant::min();
};

} // namespace rejoinder::inline v0

#endif
