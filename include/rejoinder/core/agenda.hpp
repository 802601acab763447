// A session's to-do list: the messages to emit, in order, and the outputs to hand to the driver.
#ifndef REJOINDER_CORE_AGENDA_HPP
#define REJOINDER_CORE_AGENDA_HPP

#include <rejoinder/core/detail/ring.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// A message that is to be emitted, by name: it is spelled out only when the connection takes it, with the time that is left then.
struct errand {
    message_kind kind = message_kind::notification;
    message_id id = 0;
    std::uint32_t note = 0;  ///< which kept bytes it carries; 0: none
    std::uint64_t after = 0; ///< of what goes out again: the last notification that had gone before it

    /// Whether this is a call that goes out again, from before that notification.
    [[nodiscard]] constexpr bool goes_before(std::uint64_t notification) const noexcept
    {
        return is_call(kind) && after < notification;
    }
};

/// What became of an errand when it was to be spelled.
enum class spelling : std::uint8_t {
    done,    ///< here is its message
    moot,    ///< nobody needs it any more
    blocked, ///< all slots are held: it waits for a last word
};

/// Bytes that nothing else keeps until they are emitted.
struct note {
    std::string name;
    std::string payload;
    std::string text;
    encoding form = encoding::text;
};

/// The to-do list that both halves of a session write and the session reads.
///
/// `urgent` holds what answers the peer or repeats what it may have missed. `notifications` holds those of the program; an errand's id is the
/// ticket of the last message in the outbox that was there before it. Urgent goes first, then the outbox and the notifications by age: only so
/// do answers free the slots that the outbox waits for.
template <class Completion>
struct agenda {
    detail::ring<output<Completion>> outputs;
    detail::ring<errand> urgent;
    detail::ring<errand> notifications;
    std::uint64_t noticed = 0; ///< the number of the last notification that was emitted, on a wire with marks
    std::uint64_t noticed_before_it = 0;

    /// Keeps bytes for an errand; returns their number, never 0.
    std::uint32_t keep(std::string_view name, const payload_view& payload, std::string_view text = {})
    {
        if (spare_.empty()) {
            notes_.push_back(std::make_unique<note>());
            spare_.push_back(static_cast<std::uint32_t>(notes_.size()));
        }
        const auto number = spare_.back();
        spare_.pop_back();
        auto& kept = *notes_[number - 1];
        kept.name.assign(name);
        kept.payload.assign(payload.bytes);
        kept.text.assign(text);
        kept.form = payload.form;
        return number;
    }

    [[nodiscard]] const note& kept(std::uint32_t number) const noexcept { return *notes_[number - 1]; }

    /// Lends kept bytes to the message that is emitted now: they are released when the next one is.
    const note& lend(std::uint32_t number)
    {
        release(std::exchange(lent_, number));
        return kept(number);
    }

    /// Takes the next output. The kept bytes that the one before it borrowed are released. False: there is none.
    bool next(output<Completion>& out)
    {
        release(std::exchange(handed_over_, 0));
        if (outputs.empty()) {
            return false;
        }
        out = outputs.pop_front();
        if (const auto* wanted = std::get_if<invoke>(&out)) {
            handed_over_ = wanted->note;
        }
        return true;
    }

    /// The last emitted message has been taken.
    void reclaim() { release(std::exchange(lent_, 0)); }

    void release(std::uint32_t number)
    {
        if (number == 0) {
            return;
        }
        auto& kept = *notes_[number - 1];
        for (auto* bytes : {&kept.name, &kept.payload, &kept.text}) {
            if (bytes->capacity() > keep_bytes) {
                std::string{}.swap(*bytes);
            }
        }
        spare_.push_back(number);
    }

    /// Forgets the errands of one list.
    template <class Each>
    void clear(detail::ring<errand>& list, Each each)
    {
        while (!list.empty()) {
            const errand dropped = list.pop_front();
            each(dropped);
            release(dropped.note);
        }
    }

    /// Gives memory back after a burst, if nothing is to be done.
    void shrink()
    {
        if (!urgent.empty() || !notifications.empty() || !outputs.empty()) {
            return;
        }
        urgent.shrink();
        notifications.shrink();
        outputs.shrink();
        if (spare_.size() == notes_.size()) {
            std::vector<std::unique_ptr<note>>{}.swap(notes_);
            std::vector<std::uint32_t>{}.swap(spare_);
        }
    }

private:
    static constexpr std::size_t keep_bytes =
        4096; // a larger buffer goes back to the system, so that one large message costs nothing for ever

    std::vector<std::unique_ptr<note>> notes_; // each stays where it is: outputs borrow from it
    std::vector<std::uint32_t> spare_;
    std::uint32_t lent_ = 0;
    std::uint32_t handed_over_ = 0;
};

} // namespace rejoinder::inline v0

#endif
