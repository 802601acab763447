// Connects a hub's calls to their targets: to a user's session, to a peer, to all in a room, or to nobody yet.
#ifndef REJOINDER_NET_DETAIL_SWITCHBOARD_HPP
#define REJOINDER_NET_DETAIL_SWITCHBOARD_HPP

#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/ask_all_options.hpp>
#include <rejoinder/net/detail/broadcast.hpp>
#include <rejoinder/net/detail/canceller.hpp>
#include <rejoinder/net/detail/group_call.hpp>
#include <rejoinder/net/detail/host.hpp>
#include <rejoinder/net/detail/key_desk.hpp>
#include <rejoinder/net/detail/measuring.hpp>
#include <rejoinder/net/detail/notify_now.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/parked_calls.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/rooms.hpp>
#include <rejoinder/net/except.hpp>
#include <rejoinder/net/hub_options.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/peer_outcome.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// A hub's sessions, and the calls to them. Part of `hub_state`, whose life it shares.
template <class Policies>
class switchboard {
public:
    using host_type = host<Policies>;
    using admission_type = admission<typename Policies::grace>;

    switchboard(std::shared_ptr<session_setting<Policies>> setting, const admission_type& directory,
                const parked_options& bounds)
        : setting_(std::move(setting)), directory_(directory), parked_(bounds)
    {}

    // Sessions

    /// A new session of this many slots for `who`.
    std::shared_ptr<host_type> add(const peer& who, std::uint32_t capacity, std::weak_ptr<host_owner<Policies>> owner,
                                   std::uint64_t seed)
    {
        auto made = std::make_shared<host_type>(side::hub, setting_, std::move(owner), who, seed);
        made->core().begin(capacity);
        if (setting_->options.keys_of == key_scope::identity) {
            made->core().share_keys(keys_.of(std::string{who.who().name()}, setting_->options.keys),
                                    std::make_shared<key_line<host_type>>(made));
        }
        hosts_.emplace(who.session(), made);
        return made;
    }

    [[nodiscard]] std::shared_ptr<host_type> find(session_id session) const
    {
        const auto found = hosts_.find(session);
        return found == hosts_.end() ? nullptr : found->second;
    }

    std::shared_ptr<host_type> remove(session_id session)
    {
        auto taken = hosts_.extract(session);
        rooms_.leave_all(session);
        if (!taken.empty() && setting_->options.keys_of == key_scope::identity) {
            const auto& over = taken.mapped();
            keys_.left(std::string{over->from().who().name()}, now(), setting_->options.keys.age_max);
            if (over->core().running() != 0 && !keys_.adopts(over)) {
                over->core().disinherit();
            }
        }
        return taken.empty() ? nullptr : std::move(taken.mapped());
    }

    [[nodiscard]] peer peer_of(session_id session) const
    {
        const auto one = find(session);
        return one == nullptr ? peer{} : one->from();
    }

    [[nodiscard]] rooms& groups() noexcept { return rooms_; }
    /// Whether a handler of any session runs. Linear in the sessions.
    [[nodiscard]] bool handlers_run() const
    {
        return std::any_of(hosts_.begin(), hosts_.end(),
                           [](const auto& one) { return one.second->core().running() != 0; });
    }

    /// The sessions in a room. An identity's own room holds its attached ones, before whoever joined it.
    [[nodiscard]] std::vector<session_id> inside(const room& where) const
    {
        return in_room(where, [this](const identity& who) { return attached_sessions(who); });
    }

    [[nodiscard]] std::vector<session_id> inside(const all_except& to) const { return without(to, inside(to.where())); }

    [[nodiscard]] std::vector<session_id> inside(const user& whom) const { return attached_sessions(whom.who()); }

    [[nodiscard]] std::vector<session_id> inside(const peer& whom) const { return {whom.session()}; }

    [[nodiscard]] std::vector<session_id> attached_sessions(const identity& who) const
    {
        auto all = directory_.sessions_of(who.name());
        std::erase_if(all, [&](session_id one) { return !attached(one); });
        return all;
    }

    /// Who hears a notification to them: those inside, and of an identity also sessions whose client hears it when it is back.
    template <class Target>
    [[nodiscard]] std::vector<session_id> hearers(const Target& to) const
    {
        return inside(to);
    }
    [[nodiscard]] std::vector<session_id> hearers(const user& whom) const { return hearing_sessions(whom.who()); }
    [[nodiscard]] std::vector<session_id> hearers(const room& where) const
    {
        return in_room(where, [this](const identity& who) { return hearing_sessions(who); });
    }
    [[nodiscard]] std::vector<session_id> hearers(const all_except& to) const
    {
        return without(to, hearers(to.where()));
    }

    /// Whether the client of a wire with marks, who has seen the notifications up to `seen`, comes back to a session that can go on for it: then
    /// it is of its incarnation.
    void recognise(candidate& who, std::uint64_t seen, instant at) const
    {
        if (!who.marks || !who.resumes) {
            return;
        }
        const auto holder = directory_.holder_of(who.token);
        const auto one = find(holder.session);
        who.resumes = one != nullptr && holder.identity == who.identity;
        if (who.resumes && one->core().covers(seen, at)) {
            who.incarnation = holder.incarnation;
        }
    }

    // Calls

    void open(message_kind kind, const user& who, outgoing words, pending_call waiting)
    {
        if (words.how().when_absent == absent::wait && waiting.again == nullptr) {
            waiting.again = std::make_unique<asked>(asked{kind, who.name(), words, deadline_of(kind, words)});
        }
        const bool of_all = kind == message_kind::request && words.how().sessions == reach::every;
        if (auto all = of_all ? by_newest(who.who()) : std::vector<session_id>{}; all.size() > 1) {
            waiting.again.reset(); // each session is asked for itself
            open_group(kind, std::move(all), std::move(words), std::move(waiting));
        } else if (const auto one = find(directory_.newest_attached(who.name()))) {
            one->open(kind, words.name(), words.payload(), words.how(), std::move(waiting), now());
        } else if (waiting.again != nullptr && !stopped_) {
            park(std::move(waiting));
        } else {
            nobody_there(std::move(waiting));
        }
    }

    void open(message_kind kind, const peer& to, outgoing words, pending_call waiting)
    {
        const auto one = find(to.session());
        if (one != nullptr && (one->connection() != nullptr || words.how().when_absent == absent::wait)) {
            one->open(kind, words.name(), words.payload(), words.how(), std::move(waiting), now());
        } else {
            nobody_there(std::move(waiting));
        }
    }

    void open(message_kind kind, const room& to, outgoing words, pending_call waiting)
    {
        open_group(kind, inside(to), std::move(words), std::move(waiting));
    }

    void open(message_kind kind, const all_except& to, outgoing words, pending_call waiting)
    {
        open_group(kind, inside(to), std::move(words), std::move(waiting));
    }

    /// Asks all of them, those without a link included, and tells each one's outcome.
    void open_all(message_kind kind, const std::vector<session_id>& members, const outgoing& words,
                  const ask_all_options& how, broadcast_completion done)
    {
        if (stopped_) {
            done.post(asio::error::operation_aborted, std::vector<peer_outcome>{});
            return;
        }
        std::vector<peer> peers;
        for (const auto session : members) {
            peers.push_back(peer_of(session));
        }
        const auto all = std::make_shared<broadcast>(peers, how, std::move(done), [board = self_](const peer& whom) {
            const auto self = board.lock();
            return self != nullptr && self->attached(whom.session());
        });
        if (all->decided_at_once()) {
            return;
        }
        all->obey_caller();
        for (std::size_t i = 0; i != peers.size(); ++i) {
            open(kind, peers[i], words, all->part(i, setting_->executor));
        }
    }

    bool notify(session_id to, const outgoing& words, congested when = congested::wait)
    {
        const auto one = find(to);
        if (one == nullptr) {
            ++setting_->counts->notifications_dropped;
            return false;
        }
        return notify_now(*one, words, when, *setting_->counts, now());
    }

    /// A session ended under a call that its target's next session may be asked: as far as it was never sent or is idempotent.
    void repeat(pending_call&& orphan, const std::error_code& why)
    {
        const bool may_repeat =
            certainty_of(why) == certainty::never_sent || orphan.again->words.how().repeat == repeatable::idempotent;
        const auto left = orphan.again->deadline - now();
        if (!may_repeat || left <= duration::zero() || stopped_) {
            orphan.done.post(why, reply{{}, {}, {}, certainty_of(why)});
            return;
        }
        auto words = orphan.again->words;
        words.set_timeout(left);
        const user target{orphan.again->target};
        const auto kind = orphan.again->kind;
        open(kind, target, std::move(words), std::move(orphan));
    }

    /// Somebody is here: what waited for it is asked, in the order in which it was asked for.
    void unpark(const identity& who, host_type& at)
    {
        for (auto& one : parked_.take_all(who.name())) {
            patience_.cancel(one.timer);
            auto words = one.waiting.again->words;
            words.set_timeout(std::max<duration>(one.waiting.again->deadline - now(), std::chrono::milliseconds{1}));
            const auto kind = one.waiting.again->kind;
            at.open(kind, words.name(), words.payload(), words.how(), std::move(one.waiting), now());
        }
    }

    /// Adds its sessions and the calls that wait for one.
    void measure(measuring& all) const
    {
        for (const auto& [session, one] : hosts_) {
            all.add(*one);
        }
        all.add_parked(parked_.size(), parked_.bytes());
    }

    /// When `advance` is due at the latest.
    [[nodiscard]] instant next_deadline() const noexcept { return patience_.next_expiry(); }

    /// Ends what has waited too long for somebody to come.
    void advance(instant at)
    {
        while (const auto which = patience_.expire(at)) {
            auto one = parked_.take(*which);
            if (!one) {
                continue;
            }
            const bool asks = one->waiting.again->kind == message_kind::request;
            const auto why = asks ? errc::timed_out : errc::expired;
            ++(asks ? setting_->counts->timeouts : setting_->counts->expired);
            setting_->report({.name = asks ? "request_timeout" : "delivery_expired",
                              .who = one->waiting.again->target,
                              .reason = name_of(certainty::never_sent)});
            one->waiting.done.post(make_error_code(why, certainty::never_sent),
                                   reply{{}, {}, {}, certainty::never_sent});
        }
    }

    /// Ends every session and every call with `operation_aborted`. Precondition: no session is attached.
    void stop()
    {
        stopped_ = true;
        for (auto& [session, one] : std::exchange(hosts_, {})) {
            one->end(errc::closed);
        }
        for (auto& one : parked_.drain()) {
            one.waiting.done.post(asio::error::operation_aborted, reply{{}, {}, {}, certainty::never_sent});
        }
        setting_->end();
    }

    /// The execution context is over: what is pending is destroyed uncalled. Precondition: no session is attached.
    void drop()
    {
        stopped_ = true;
        for (auto& [session, one] : std::exchange(hosts_, {})) {
            one->drop();
        }
        parked_.drain();
        setting_->end();
    }

    /// The caller of a parked call gave it up.
    void cancel(message_id which)
    {
        if (auto one = parked_.take(which)) {
            patience_.cancel(one->timer);
            one->waiting.done.post(asio::error::operation_aborted, reply{{}, {}, {}, certainty::never_sent});
        }
    }

    /// Whoever owns this shares its life: cancellation finds it through this. Called once, before any call.
    void live_with(std::weak_ptr<switchboard> self) noexcept { self_ = std::move(self); }

private:
    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    [[nodiscard]] bool attached(session_id session) const
    {
        const auto one = find(session);
        return one != nullptr && one->connection() != nullptr;
    }

    // The directory knows a session before there is a host for it, and events are told in between.
    [[nodiscard]] std::vector<session_id> hearing_sessions(const identity& who) const
    {
        auto all = directory_.sessions_of(who.name());
        std::erase_if(all, [&](session_id one) {
            const auto at = find(one);
            return at == nullptr || !(at->connection() != nullptr || at->core().keeps_notifications());
        });
        return all;
    }

    // Who joined a room; before them in an identity's own one are its sessions, as `of` knows them.
    template <class SessionsOf>
    [[nodiscard]] std::vector<session_id> in_room(const room& where, SessionsOf of) const
    {
        constexpr std::string_view own = "user_";
        const std::string_view name = where.name();
        auto joined = rooms_.inside(where.name());
        if (!name.starts_with(own)) {
            return joined;
        }
        auto all = of(identity{name.substr(own.size())});
        std::erase_if(joined, [&](session_id one) { return std::find(all.begin(), all.end(), one) != all.end(); });
        all.insert(all.end(), joined.begin(), joined.end());
        return all;
    }

    static std::vector<session_id> without(const all_except& to, std::vector<session_id> all)
    {
        std::erase_if(all, [&](session_id one) { return to.leaves_out(one); });
        return all;
    }

    [[nodiscard]] instant deadline_of(message_kind kind, const outgoing& words) const
    {
        return later(now(), setting_->options.lifetime_of(kind, words.name(), words.how().timeout));
    }

    // An identity's attached sessions, first the one that attached last.
    [[nodiscard]] std::vector<session_id> by_newest(const identity& who) const
    {
        auto all = attached_sessions(who);
        std::reverse(all.begin(), all.end());
        const auto newest = std::find(all.begin(), all.end(), directory_.newest_attached(who.name()));
        if (newest != all.end()) {
            std::rotate(all.begin(), newest, newest + 1);
        }
        return all;
    }

    // A request to all that have a link, until one answers; a delivery until all have it.
    void open_group(message_kind kind, std::vector<session_id> members, outgoing words, pending_call waiting)
    {
        std::erase_if(members, [&](session_id one) { return !attached(one); });
        if (members.empty()) {
            nobody_there(std::move(waiting));
            return;
        }
        const auto asked_as = words.how();
        const bool first = kind == message_kind::request;
        const auto size = members.size();
        auto ask = [board = self_, kind, members = std::move(members), deadline = deadline_of(kind, words),
                    words = std::move(words)](std::size_t member, pending_call part) {
            const auto self = board.lock();
            if (self == nullptr) {
                part.done.post(asio::error::operation_aborted, reply{{}, {}, {}, certainty::never_sent});
                return;
            }
            auto said = words;
            said.set_timeout(std::max<duration>(deadline - now(), std::chrono::milliseconds{1}));
            self->open(kind, self->peer_of(members[member]), std::move(said), std::move(part));
        };
        std::make_shared<group_call>(first ? group_end::first_answer : group_end::all_answers, size, std::move(waiting),
                                     std::move(ask), setting_->executor)
            ->begin(first ? asked_as.hedge : duration::zero());
    }

    void nobody_there(pending_call waiting)
    {
        const auto why =
            stopped_ ? std::error_code{asio::error::operation_aborted} : make_error_code(errc::not_connected);
        waiting.done.post(why, reply{{}, {}, {}, certainty::never_sent});
    }

    void park(pending_call waiting)
    {
        const auto deadline = waiting.again->deadline;
        auto slot = waiting.done.slot();
        auto place = parked_.add(std::move(waiting));
        if (!place.which) {
            place.refused->done.post(make_error_code(errc::queue_full), reply{{}, {}, {}, certainty::never_sent});
            return;
        }
        parked_.find(*place.which)->timer = patience_.schedule(deadline, *place.which);
        if (slot.is_connected()) {
            slot.assign(canceller<switchboard, message_id>{self_, *place.which});
        }
    }

    std::shared_ptr<session_setting<Policies>> setting_;
    const admission_type& directory_;
    std::unordered_map<session_id, std::shared_ptr<host_type>> hosts_;
    rooms rooms_;
    key_desk keys_;
    parked_calls parked_;
    timer_wheel<message_id> patience_;
    std::weak_ptr<switchboard> self_;
    bool stopped_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
