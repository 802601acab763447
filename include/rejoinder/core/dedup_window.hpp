// The dedup window: what the responder knows of the messages it was sent, so that none runs twice.
#ifndef REJOINDER_CORE_DEDUP_WINDOW_HPP
#define REJOINDER_CORE_DEDUP_WINDOW_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The last word for a message, borrowed: of a `reply` or `ack` its payload; of an `error` its code's name, data and text.
struct answer_view {
    message_kind kind = message_kind::reply;
    std::string_view code{};
    payload_view payload{};
    std::string_view text{};

    friend bool operator==(const answer_view&, const answer_view&) = default;
};

/// What a responder does with a request or delivery, by its id.
enum class verdict : std::uint8_t {
    fresh,     ///< run it; the record is now running
    running,   ///< it runs already
    done,      ///< it ran: send the recorded answer
    stale,     ///< its slot has gone on to a later message; it never runs
    violation, ///< no correct peer sends that; nothing has changed
};

namespace detail {

// What is kept of an answer in four bytes: all of it, where it has no bytes and its code is one of ours.
struct answer_note {
    message_kind kind = message_kind::reply;
    encoding form = encoding::text;
    std::uint8_t known_code = 0; // an errc; 0: the code's name is among the bytes, or there is none

    static answer_note of(const answer_view& answer) noexcept
    {
        answer_note note{answer.kind, answer.payload.form, 0};
        if (answer.kind == message_kind::error) {
            const auto code = errc_named(answer.code);
            note.known_code = name_of(code) == answer.code ? static_cast<std::uint8_t>(code) : std::uint8_t{0};
        }
        return note;
    }

    static answer_note of(errc code) noexcept
    {
        return {message_kind::error, encoding::text, static_cast<std::uint8_t>(code)};
    }

    // What is left when the bytes go. A known code stays, because it says whether the handler ran (rule 14).
    answer_note without_bytes() const noexcept
    {
        return of(known_code == 0 ? errc::answer_lost : static_cast<errc>(known_code));
    }

    std::size_t bytes_of(const answer_view& answer) const noexcept
    {
        return answer.payload.bytes.size() + answer.text.size() + (known_code == 0 ? answer.code.size() : 0);
    }

    answer_view view() const noexcept
    {
        answer_view answer{.kind = kind, .payload = {{}, form}};
        if (known_code != 0) {
            answer.code = name_of(static_cast<errc>(known_code));
        }
        return answer;
    }
};

// An answer's bytes in one string: payload, code unless it is a known one, text.
struct answer_bytes {
    static constexpr std::size_t recycled_max = 512;

    void store(const answer_view& answer, const answer_note& note)
    {
        payload_size = answer.payload.bytes.size();
        code_size = note.known_code == 0 ? answer.code.size() : 0;
        bytes.clear();
        bytes.reserve(note.bytes_of(answer));
        bytes.append(answer.payload.bytes);
        bytes.append(answer.code.substr(0, code_size));
        bytes.append(answer.text);
    }

    void clear() noexcept
    {
        bytes.clear();
        if (bytes.capacity() > recycled_max) {
            std::string{}.swap(bytes);
        }
        payload_size = code_size = 0;
    }

    answer_view view(const answer_note& note) const noexcept
    {
        auto answer = note.view();
        const std::string_view all{bytes};
        answer.payload.bytes = all.substr(0, payload_size);
        if (note.known_code == 0) {
            answer.code = all.substr(payload_size, code_size);
        }
        answer.text = all.substr(payload_size + code_size);
        return answer;
    }

    std::string bytes;
    std::size_t payload_size = 0;
    std::size_t code_size = 0;
};

} // namespace detail

/// The responder's records, one per slot of the asker (contract, point 3; RFC 8881 §2.10.6): bounded by construction, with
/// nothing to guess about forgetting.
///
/// An id is `generation × capacity + slot`. A higher generation in a slot is new, and replaces what was done there; the same
/// is a repeat, which is running or gets the recorded answer; a lower one never runs.
///
/// Answers are kept while those of all records fit a bound in bytes. One that does not is recorded as done only: an error keeps
/// its code where that is one of `errc` (it says whether the handler ran), anything else reads as the error `answer_lost`.
/// An answer without bytes (a bare ack, an error of a known code alone) takes no room.
///
/// Every operation takes constant time (`for_each_running`: linear in the slots seen). 16 bytes a slot up to the highest one
/// seen; no allocation at steady state, for answers up to 512 bytes. Distinct objects are independent; one object is used from
/// one thread at a time. A moved-from window may only be destroyed or assigned to.
class dedup_window {
public:
    using verdict = rejoinder::verdict;

    /// A window for a peer of `capacity` slots, which keeps at most `kept_bytes_max` bytes of answers.
    dedup_window(std::uint32_t capacity, std::size_t kept_bytes_max) noexcept
        : kept_bytes_max_(kept_bytes_max), capacity_(capacity)
    {}

    std::uint32_t capacity() const noexcept { return capacity_; }

    /// How many records are running.
    std::size_t running() const noexcept { return running_; }

    /// How many bytes of answers are kept.
    std::size_t kept_bytes() const noexcept { return kept_bytes_; }

    /// Whether that very id is running.
    bool is_running(message_id id) const noexcept
    {
        const auto* entry = record_of(id);
        return entry != nullptr && entry->running;
    }

    /// The recorded answer of a done id, valid until the next call that is not const; of any other id the error
    /// `stale_request`.
    answer_view answer(message_id id) const noexcept
    {
        const auto* entry = record_of(id);
        if (entry == nullptr || entry->running) {
            return detail::answer_note::of(errc::stale_request).view();
        }
        return entry->kept == none ? entry->note.view() : kept_[entry->kept].view(entry->note);
    }

    /// Calls f(message_id) for every running record, in the order of the slots. f may call `finish`, not `open`.
    template <class F>
    void for_each_running(F f) const
    {
        for (std::size_t slot = 0; slot != records_.size(); ++slot) {
            if (records_[slot].running) {
                f(records_[slot].id);
            }
        }
    }

    /// Says what to do with a message of that id; `fresh` makes its record a running one. A generation above a running one
    /// is a violation (rule 8), as is a number that is no id.
    [[nodiscard]] verdict open(message_id id)
    {
        const auto judged = judge(id);
        if (judged == verdict::fresh) {
            renew(id).running = true;
            ++running_;
        }
        return judged;
    }

    /// Records the last word for a running id (`answer.kind` is reply, ack or error; its bytes are not this window's own).
    /// False, and nothing changed, for an id that is not running: its slot may belong to another by now (rule 9).
    bool finish(message_id id, const answer_view& answer)
    {
        auto* entry = record_of(id);
        if (entry == nullptr || !entry->running) {
            return false;
        }
        const auto note = detail::answer_note::of(answer);
        const auto size = note.bytes_of(answer);
        if (size > kept_bytes_max_ - kept_bytes_) {
            entry->note = note.without_bytes();
        } else {
            if (size != 0) {
                entry->kept = keep(answer, note);
            }
            entry->note = note;
        }
        entry->running = false;
        --running_;
        return true;
    }

    /// Records a cancel that came before its message (rule 16): done, with the error `cancelled`, so that the message
    /// never runs. False, and nothing changed, if the id is not new.
    bool cancel_unseen(message_id id)
    {
        if (judge(id) != verdict::fresh) {
            return false;
        }
        renew(id).note = detail::answer_note::of(errc::cancelled);
        return true;
    }

    /// Drops the answer of a done id that the asker has, never its generation (rule 11). A repeat, which a correct peer
    /// does not send, gets `answer_lost`, or the code of the error that it was.
    void forget(message_id id) noexcept
    {
        auto* entry = record_of(id);
        if (entry == nullptr || entry->running) {
            return;
        }
        drop_answer(*entry);
        entry->note = entry->note.without_bytes();
    }

    /// Gives back the memory of past answers if nothing is running and no bytes are kept. The generations stay.
    void shrink()
    {
        if (running_ != 0 || kept_bytes_ != 0) {
            return;
        }
        kept_ = std::vector<kept_answer>{};
        free_ = none;
        records_.shrink_to_fit();
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    struct record {
        message_id id = 0; // 0, which is no id: the slot was never used
        std::uint32_t kept = none;
        detail::answer_note note;
        bool running = false;
    };

    struct kept_answer : detail::answer_bytes {
        std::uint32_t next_free = none;
    };

    const record* record_of(message_id id) const noexcept
    {
        if (id == 0 || records_.empty()) {
            return nullptr;
        }
        const auto slot = id % capacity_;
        return slot < records_.size() && records_[slot].id == id ? &records_[slot] : nullptr;
    }
    record* record_of(message_id id) noexcept { return const_cast<record*>(std::as_const(*this).record_of(id)); }

    // Within a slot ids are ordered as their generations are; an id below the capacity has generation 0, which none has.
    verdict judge(message_id id) const noexcept
    {
        if (capacity_ == 0 || id < capacity_ || id > message_id_max) {
            return verdict::violation;
        }
        const auto slot = id % capacity_;
        if (slot >= records_.size()) {
            return verdict::fresh;
        }
        const auto& entry = records_[slot];
        if (id < entry.id) {
            return verdict::stale;
        }
        if (id == entry.id) {
            return entry.running ? verdict::running : verdict::done;
        }
        return entry.running ? verdict::violation : verdict::fresh;
    }

    record& renew(message_id id)
    {
        const auto slot = static_cast<std::size_t>(id % capacity_);
        if (slot >= records_.size()) {
            records_.resize(slot + 1);
        }
        auto& entry = records_[slot];
        drop_answer(entry);
        entry.id = id;
        return entry;
    }

    std::uint32_t keep(const answer_view& answer, const detail::answer_note& note)
    {
        if (free_ == none) {
            kept_.emplace_back();
            free_ = static_cast<std::uint32_t>(kept_.size() - 1);
        }
        const auto index = free_;
        kept_[index].store(answer, note);
        free_ = kept_[index].next_free;
        kept_bytes_ += kept_[index].bytes.size();
        return index;
    }

    void drop_answer(record& entry) noexcept
    {
        if (entry.kept == none) {
            return;
        }
        auto& answer = kept_[entry.kept];
        kept_bytes_ -= answer.bytes.size();
        answer.clear();
        answer.next_free = free_;
        free_ = entry.kept;
        entry.kept = none;
    }

    std::vector<record> records_;
    std::vector<kept_answer> kept_;
    std::size_t kept_bytes_ = 0;
    std::size_t kept_bytes_max_;
    std::size_t running_ = 0;
    std::uint32_t capacity_;
    std::uint32_t free_ = none;
};

} // namespace rejoinder::inline v0

#endif
