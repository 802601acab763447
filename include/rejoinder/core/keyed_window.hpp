// The keyed window: the responder's records by the application's keys, so that one key's action runs once.
#ifndef REJOINDER_CORE_KEYED_WINDOW_HPP
#define REJOINDER_CORE_KEYED_WINDOW_HPP

#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/keyed_registry.hpp>
#include <rejoinder/core/message.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a responder does with a message that carries a key.
enum class keyed_verdict : std::uint8_t {
    fresh,    ///< run it; the record is now running
    running,  ///< it runs already
    done,     ///< it ran: send the recorded answer
    conflict, ///< the key came before with another payload
    full,     ///< the window has no room that may be freed; nothing has changed
};

/// A payload's fingerprint: the same bytes in the same form give the same 64 bits on every machine and in every version, so
/// it may be stored. It tells mistakes apart, not attacks: whoever wants to can find two payloads of one fingerprint.
///
/// Eight bytes a step, where FNV-1a takes one: each 64-bit little-endian word, the last one filled up with zeros, is mixed
/// by itself (multiply, shift, multiply), so that its high bits matter as much as its low ones, and then with all before it
/// (rotate, xor, multiply); then length and form, and the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
constexpr std::uint64_t fingerprint_of(payload_view payload) noexcept
{
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15; // 2^64 divided by the golden ratio: odd, its bits irregular
    constexpr std::uint64_t first = 0xbf58476d1ce4e5b9;  // the finalizer's two factors
    constexpr std::uint64_t second = 0x94d049bb133111eb;
    std::uint64_t hash = golden;
    const auto mix = [&hash](std::uint64_t word) {
        word *= first;
        word = (word ^ word >> 32) * second;
        hash = (std::rotl(hash, 29) ^ word) * golden;
    };
    const auto bytes = payload.bytes;
    const auto whole = bytes.size() / 8 * 8;
    const auto word_at = [bytes](std::size_t at, std::size_t count) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i != count; ++i) {
            word |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
        }
        return word;
    };
    for (std::size_t at = 0; at != whole; at += 8) {
        mix(word_at(at, 8));
    }
    mix(word_at(whole, bytes.size() - whole));
    mix(bytes.size() << 1 | (payload.form == encoding::binary ? 1U : 0U));
    hash = (hash ^ hash >> 30) * first;
    hash = (hash ^ hash >> 27) * second;
    return hash ^ hash >> 31;
}

/// The responder's records by application key (contract, point 3): a key runs once, its repeats get the recorded answer, and
/// the same key with another payload is an error.
///
/// Bounded in count, in bytes (keys and answers) and in age. To make room the record that has been done longest is dropped,
/// and a repeat of it would run again; a running one is never dropped: `open` says `full`. An answer for which there is no
/// room beside the running keys is recorded as done only, as in `dedup_window`.
///
/// Every operation takes constant time on average, beside the records that it drops; none allocates at steady state, for keys
/// and answers up to 512 bytes. Distinct objects are independent; one object is used from one thread at a time. A moved-from window
/// may only be destroyed or assigned to.
class keyed_window {
public:
    using verdict = keyed_verdict;

    /// The window's bounds.
    struct options {
        std::size_t count_max = 1024;                 ///< records
        std::size_t bytes_max = std::size_t{1} << 20; ///< of keys and answers
        duration age_max = std::chrono::minutes{10};  ///< of a record, since it was done
    };

    keyed_window() noexcept : keyed_window(options{}) {}
    explicit keyed_window(const options& bounds) : bounds_(bounds) {}

    /// How many records there are, and how many of them run.
    std::size_t size() const noexcept { return records_.size(); }
    std::size_t running() const noexcept { return running_; }

    /// How many bytes the keys and answers take.
    std::size_t kept_bytes() const noexcept { return bytes_; }

    /// Whether that key is running.
    bool is_running(std::string_view key) const
    {
        const auto found = records_.find(key);
        return found != records_.end() && found->second.running;
    }

    /// The recorded answer of a done key, valid until the next call that is not const; of any other key the error
    /// `stale_request`.
    answer_view answer(std::string_view key) const
    {
        const auto found = records_.find(key);
        if (found == records_.end() || found->second.running) {
            return detail::answer_note::of(errc::stale_request).view();
        }
        return found->second.kept.view(found->second.note);
    }

    /// When the oldest done record is to be dropped for its age; `never` when none is done.
    instant next_expiry() const noexcept
    {
        return oldest_ == nullptr ? never : later(oldest_->done_at, bounds_.age_max);
    }

    /// Drops what is too old. Every other call with a `now` does so, too.
    void expire(instant now)
    {
        for (auto* one = newest_; one != nullptr && one->done_at == never; one = one->older) {
            one->done_at = now;
        }
        while (oldest_ != nullptr && next_expiry() <= now) {
            drop_oldest();
        }
    }

    /// Says what to do with a message of that key and payload (`fingerprint_of`); `fresh` makes its record a running one.
    [[nodiscard]] keyed_verdict open(std::string_view key, std::uint64_t fingerprint, instant now)
    {
        expire(now);
        const auto found = records_.find(key);
        if (found != records_.end()) {
            const auto& known = found->second;
            if (known.fingerprint != fingerprint) {
                return keyed_verdict::conflict;
            }
            return known.running ? keyed_verdict::running : keyed_verdict::done;
        }
        if (running_ >= bounds_.count_max || !fits_beside_running(key.size())) {
            return keyed_verdict::full;
        }
        make_room(1, key.size());
        const auto added = records_.insert(key);
        added->second.key = &added->first;
        added->second.fingerprint = fingerprint;
        added->second.running = true;
        ++running_;
        running_bytes_ += key.size();
        bytes_ += key.size();
        return keyed_verdict::fresh;
    }

    /// Records the last word for a running key (its bytes are not this window's own); false if it is not running.
    bool finish(std::string_view key, const answer_view& answer, instant now)
    {
        expire(now);
        return conclude(key, answer, now);
    }
    /// The same where no time is at hand: it counts as done when the next call with a `now` comes.
    bool finish(std::string_view key, const answer_view& answer) { return conclude(key, answer, never); }

    /// Takes a record out, running or done, so that its key is fresh again: for a message refused before its handler.
    /// False if there is none.
    bool remove(std::string_view key)
    {
        const auto found = records_.find(key);
        if (found == records_.end()) {
            return false;
        }
        auto& gone = found->second;
        if (gone.running) {
            --running_;
            running_bytes_ -= found->first.size();
        } else {
            unlink(gone);
        }
        bytes_ -= found->first.size() + gone.kept.bytes.size();
        gone.kept.clear();
        records_.erase(found);
        return true;
    }

    /// Gives the memory back if there is no record.
    void shrink() { records_.shrink(); }

private:
    struct record {
        const std::string* key = nullptr;
        std::uint64_t fingerprint = 0;
        instant done_at{};
        record* older = nullptr;
        record* newer = nullptr;
        detail::answer_bytes kept;
        detail::answer_note note;
        bool running = false;
    };

    bool conclude(std::string_view key, const answer_view& answer, instant at)
    {
        const auto found = records_.find(key);
        if (found == records_.end() || !found->second.running) {
            return false;
        }
        auto& done = found->second;
        const auto note = detail::answer_note::of(answer);
        const auto size = note.bytes_of(answer);
        done.note = note.without_bytes();
        if (fits_beside_running(size)) {
            make_room(0, size);
            done.note = note;
            done.kept.store(answer, note);
            bytes_ += size;
        }
        done.done_at = at;
        done.running = false;
        --running_;
        running_bytes_ -= key.size();
        append_newest(done);
        return true;
    }

    // Whether that many bytes more would fit if every done record were dropped.
    bool fits_beside_running(std::size_t size) const noexcept
    {
        return running_bytes_ <= bounds_.bytes_max && size <= bounds_.bytes_max - running_bytes_;
    }

    void make_room(std::size_t count, std::size_t size)
    {
        while (oldest_ != nullptr && (size_over(count) || size > bounds_.bytes_max - bytes_)) {
            drop_oldest();
        }
    }

    bool size_over(std::size_t count) const noexcept { return records_.size() + count > bounds_.count_max; }

    void drop_oldest() { remove(*oldest_->key); }

    void append_newest(record& done) noexcept
    {
        done.older = newest_;
        done.newer = nullptr;
        (newest_ == nullptr ? oldest_ : newest_->newer) = &done;
        newest_ = &done;
    }

    void unlink(record& gone) noexcept
    {
        (gone.older == nullptr ? oldest_ : gone.older->newer) = gone.newer;
        (gone.newer == nullptr ? newest_ : gone.newer->older) = gone.older;
    }

    options bounds_;
    detail::recycling_map<record> records_;
    record* oldest_ = nullptr;
    record* newest_ = nullptr;
    std::size_t running_ = 0;
    std::size_t running_bytes_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace rejoinder::inline v0

#endif
