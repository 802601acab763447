// A session's own notifications: those that wait for the connection, and those that its peer may have missed.
#ifndef REJOINDER_CORE_NOTICES_HPP
#define REJOINDER_CORE_NOTICES_HPP

#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/outbox.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/replay_window.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace rejoinder::inline v0 {

/// The notifications of a session. Used through `session`; the driver never sees it.
///
/// On a wire without marks one is forgotten when it was emitted, and dropped while the link is down. On one with marks they are numbered, and kept
/// in a `replay_window`: those that are made while the link is down, too.
template <class Completion, class Policies>
class notices {
public:
    notices(const session_options<Policies>& options, agenda<Completion>& todo, counters& counts)
        : options_(options), todo_(todo), counts_(counts)
    {}

    // Getters

    /// Whether they outlive the link.
    [[nodiscard]] bool kept() const noexcept { return window_ != nullptr; }
    /// Whether none is to be emitted.
    [[nodiscard]] bool empty() const noexcept
    {
        return window_ == nullptr ? todo_.notifications.empty() : window_->ahead() == 0;
    }
    /// What had been asked before the first that is to be emitted. Precondition: there is one.
    [[nodiscard]] ticket first_ticket() const noexcept
    {
        return window_ == nullptr ? todo_.notifications.front().id : window_->next().behind;
    }
    /// Whether nothing is missing behind this number.
    [[nodiscard]] bool covers(std::uint64_t seen, instant now)
    {
        return window_ != nullptr && window_->covers(seen, now);
    }
    /// When what has grown old is to go: not at once, so that a session with much to say does not wake for each.
    [[nodiscard]] instant next_deadline() const noexcept
    {
        return window_ == nullptr ? never : later(window_->next_expiry(), options_.replays.age_max / 4);
    }
    /// Time has passed.
    void expire(instant now)
    {
        if (window_ != nullptr) {
            window_->expire(now);
            if (window_->size() == 0) { // else somebody is spoken to, and its buffers are of use
                window_->shrink();
            }
        }
    }
    /// Gives memory back that nothing is kept in.
    void shrink()
    {
        if (window_ != nullptr && window_->ahead() == 0) {
            window_->shrink();
        }
    }

    // The connection

    /// The peer's ids begin anew.
    void restart() { window_.reset(); }

    void attach(bool marks, std::uint64_t seen)
    {
        if (!marks) {
            window_.reset();
            return;
        }
        if (window_ == nullptr) {
            window_ = std::make_unique<replay_window>(options_.replays);
        }
        window_->rewind(seen);
        missed_ = window_->last();
        todo_.noticed = todo_.noticed_before_it = seen;
    }

    void detach(instant now)
    {
        if (window_ != nullptr) {
            window_->rest(now);
        }
        todo_.clear(todo_.notifications, [&](const errand&) { ++counts_.notifications_dropped; });
        bytes_ = 0;
    }

    // Commands

    /// False: dropped and counted.
    bool add(std::string_view name, const payload_view& payload, ticket behind, bool attached, instant now)
    {
        const auto size = name.size() + payload.bytes.size();
        if (!fits(size) || !(attached || window_ != nullptr)) {
            ++counts_.notifications_dropped;
            if (window_ != nullptr) {
                window_->lose();
            }
            return false;
        }
        if (window_ == nullptr) {
            bytes_ += size;
            todo_.notifications.push_back({message_kind::notification, behind, todo_.keep(name, payload)});
            return true;
        }
        window_->add(name, payload, behind, now);
        if (!attached) {
            window_->rest(now);
        }
        return true;
    }

    // Emission

    /// What the peer may have missed goes out in its old order, among the calls that go out again. False: there is nothing, or a call comes first.
    bool spell_missed(message& out)
    {
        const bool any = window_ != nullptr && window_->ahead() != 0 && window_->next().number <= missed_;
        if (!any || (!todo_.urgent.empty() && todo_.urgent.front().goes_before(window_->next().number))) {
            return false;
        }
        spell(out);
        return true;
    }

    /// Precondition: `!empty()`.
    void spell(message& out)
    {
        out = {};
        out.kind = message_kind::notification;
        ++counts_.notifications_sent;
        if (window_ != nullptr) {
            const auto& first = window_->next();
            counts_.resent += first.number <= missed_ ? 1U : 0U;
            todo_.noticed_before_it = todo_.noticed;
            out.id = todo_.noticed = first.number;
            out.name = first.name;
            out.payload = {first.payload, first.form};
            window_->emitted();
            return;
        }
        const auto& kept = todo_.lend(todo_.notifications.pop_front().note);
        bytes_ -= kept.name.size() + kept.payload.size();
        out.name = kept.name;
        out.payload = {kept.payload, kept.form};
    }

    /// What was emitted last was not said after all. If that is a notification, no peer can have seen it.
    void unsaid(message_kind kind) noexcept
    {
        todo_.noticed = kind == message_kind::notification ? todo_.noticed_before_it : todo_.noticed;
    }

private:
    [[nodiscard]] bool fits(std::size_t size) const noexcept
    {
        const auto waiting = window_ == nullptr ? todo_.notifications.size() : window_->ahead();
        const auto bytes = window_ == nullptr ? bytes_ : window_->ahead_bytes();
        return size <= options_.message_bytes_max && bytes + size <= options_.notification_bytes_max &&
               waiting < options_.notifications_max;
    }

    const session_options<Policies>& options_;
    agenda<Completion>& todo_;
    counters& counts_;
    std::size_t bytes_ = 0;                 // of those that wait, on a wire without marks
    std::unique_ptr<replay_window> window_; // on one with marks
    std::uint64_t missed_ = 0;              // the newest when the connection came
};

} // namespace rejoinder::inline v0

#endif
