// Who may attach, to which session, and when: a hub's directory of identities and sessions, with every clock that belongs to them.
#ifndef REJOINDER_CORE_ADMISSION_HPP
#define REJOINDER_CORE_ADMISSION_HPP

#include <rejoinder/core/admission_options.hpp>
#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/detail/residence.hpp>
#include <rejoinder/core/detail/ring.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/reconnect_grace.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// A hub's directory: a pure state machine. Feed it authenticated hellos (`arrive`), lost connections (`lose`) and time (`advance`), then take
/// the verdicts with `next` until there are none.
///
/// Presence is per identity; attach and detach of one identity never overlap, and nobody waits for another identity's clean-up (contract,
/// point 7). A session is resumed only with its token, by its identity, by its incarnation, and by a later attempt than the last (rules 1, 2).
/// Bounded by `sessions_max` and, for each identity, by `connections_per_identity` waiting ones. Operations are O(1) but for an identity's own
/// sessions. Distinct admissions are independent; one is used from one thread at a time.
template <grace_policy Grace = reconnect_grace>
class admission {
public:
    explicit admission(const admission_options& options) : options_(options), sessions_(options.sessions_max) {}
    admission(const admission&) = delete;
    admission& operator=(const admission&) = delete;

    // Getters

    /// Sessions, attached or dormant.
    [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
    /// Identities that are present, in their grace, being cleaned up, or have dormant sessions.
    [[nodiscard]] std::size_t identities() const noexcept { return identities_.size(); }
    /// Where an identity stands.
    [[nodiscard]] presence presence_of(const std::string& identity) const
    {
        const auto found = identities_.find(identity);
        return found == identities_.end() ? presence::absent : found->second.grace.state();
    }
    /// How many identities stand where: an element for each `presence`. Linear in the identities.
    [[nodiscard]] std::array<std::size_t, 4> presences() const
    {
        std::array<std::size_t, 4> all{};
        for (const auto& [name, at] : identities_) {
            ++all[static_cast<std::size_t>(at.grace.state())];
        }
        return all;
    }
    /// The session of an identity that attached last and still is; 0: none is attached. Linear in the identity's sessions.
    [[nodiscard]] session_id newest_attached(const std::string& identity) const noexcept
    {
        const auto found = identities_.find(identity);
        if (found == identities_.end()) {
            return 0;
        }
        session_id newest = 0;
        std::uint64_t last = 0;
        for (const auto session : found->second.sessions) {
            const auto& one = *sessions_.find(session);
            if (one.connection != 0 && one.connection > last) {
                newest = session;
                last = one.connection;
            }
        }
        return newest;
    }
    /// An identity's sessions, the oldest first.
    [[nodiscard]] std::vector<session_id> sessions_of(const std::string& identity) const
    {
        const auto found = identities_.find(identity);
        return found == identities_.end() ? std::vector<session_id>{} : found->second.sessions;
    }
    /// The session that this token resumes.
    [[nodiscard]] token_holder holder_of(const digest& token) const
    {
        const auto found = tokens_.find(token);
        const auto* one = found == tokens_.end() ? nullptr : sessions_.find(found->second);
        return one == nullptr ? token_holder{} : token_holder{found->second, one->at->name, one->incarnation};
    }
    /// When `advance` is due at the latest.
    [[nodiscard]] instant next_deadline() const noexcept { return timers_.next_expiry(); }

    // Inputs

    /// A client said hello and was authenticated.
    void arrive(candidate who, instant now)
    {
        auto& at = identities_.try_emplace(who.identity, options_.grace, who.identity).first->second;
        if (at.grace.state() == presence::cleaning) {
            hold(at, std::move(who), now);
            return;
        }
        admit(at, std::move(who), now);
        forget_if_empty(at);
    }

    /// A connection is gone, whatever it was. Only the end of a session's attached connection means anything to presence (rule 17).
    void lose(connection_id connection, session_id attached_to, instant now)
    {
        if (auto* one = sessions_.find(attached_to); one != nullptr && one->connection == connection) {
            auto& at = *one->at;
            detach(attached_to, *one, now);
            forget_if_empty(at);
            return;
        }
        if (const auto waits = waiting_.find(connection); waits != waiting_.end()) {
            auto& at = *waits->second;
            drop_waiting(at, connection, now);
            forget_if_empty(at);
        }
    }

    /// Something came from this session's peer: it is not silent.
    void heard(session_id session, instant now) noexcept
    {
        if (auto* one = sessions_.find(session)) {
            one->heard = now;
        }
    }

    /// The session that was to be probed gave its sign of life: if its incarnation has a successor, it is a duplicated tab, and both live.
    void alive(session_id session) noexcept
    {
        if (auto* one = sessions_.find(session)) {
            one->superseded = false;
        }
    }

    /// The clean-up that `absent` asked for has ended. Whoever waited for it attaches now: of each client its newest attempt.
    void clean_up_done(const std::string& identity, std::uint64_t absence, instant now)
    {
        const auto found = identities_.find(identity);
        if (found == identities_.end() || found->second.grace.state() != presence::cleaning ||
            found->second.absence != absence) {
            return; // it was overdue, and nobody waits for it any more
        }
        auto& at = found->second;
        timers_.cancel(at.timer);
        at.grace.clean_up_done();
        admit_waiting(at, now);
        forget_if_empty(at);
    }

    /// Time has passed.
    void advance(instant now)
    {
        while (const auto due = timers_.expire(now)) {
            switch (due->what) {
            case clock::lease: expel(due->session); break;
            case clock::grace: grace_over(*due->at, now); break;
            case clock::clean_up:
                verdicts_.push_back(verdict_of::overdue{due->at->name});
                clean_up_done(std::string{due->at->name}, due->at->absence, now);
                break;
            case clock::crowd: turn_away(*due->at, now); break;
            }
        }
    }

    // Commands

    /// The digest of a new session's token.
    void set_token(session_id session, const digest& token)
    {
        if (auto* one = sessions_.find(session)) {
            one->token = token;
            tokens_.insert_or_assign(token, session);
        }
    }

    /// Nobody comes back to this session: it ends with its link.
    void let_go(session_id session) noexcept
    {
        if (auto* one = sessions_.find(session)) {
            one->lasting = false;
        }
    }

    /// Ends a session whose connection is closed: it cannot be resumed.
    void expel(session_id session)
    {
        if (const auto* one = sessions_.find(session)) {
            auto& at = *one->at;
            finish(session);
            forget_if_empty(at);
        }
    }

    // Outputs

    /// Takes the next verdict. False: there is none.
    bool next(admission_verdict& out)
    {
        if (verdicts_.empty()) {
            return false;
        }
        out = verdicts_.pop_front();
        return true;
    }

private:
    using home = detail::home<Grace>;
    using resident = detail::resident<Grace>;
    using clock = detail::admission_clock;
    using alarm = detail::admission_alarm<Grace>;

    // The clean-up runs: who comes now waits for it, and a session that it may resume waits with it (rules 17 and 18).
    void hold(home& at, candidate who, instant now)
    {
        auto* one = resumable(at, who);
        if (park(at, std::move(who), now) && one != nullptr) {
            timers_.cancel(one->lease);
        }
    }

    // Of one client only the newest attempt waits. False: this one does not.
    bool park(home& at, candidate who, instant now)
    {
        const auto same = std::find_if(at.waiting.begin(), at.waiting.end(),
                                       [&](const candidate& other) { return other.incarnation == who.incarnation; });
        if (same == at.waiting.end() && at.waiting.size() >= options_.connections_per_identity) {
            verdicts_.push_back(verdict_of::deny{who.connection, errc::too_many_connections});
            return false;
        }
        if (same == at.waiting.end()) {
            waiting_.emplace(who.connection, &at);
            at.waiting.push_back(std::move(who));
            return true;
        }
        if (who.attempt <= same->attempt) {
            verdicts_.push_back(verdict_of::deny{who.connection, errc::outdated_attempt});
            return false;
        }
        waiting_.erase(same->connection);
        deny(at, *same, errc::outdated_attempt, now);
        waiting_.emplace(who.connection, &at);
        *same = std::move(who);
        return true;
    }

    // The session that this client may resume, if it is there.
    resident* resumable(home& at, const candidate& who)
    {
        const auto found = who.resumes ? tokens_.find(who.token) : tokens_.end();
        auto* one = found == tokens_.end() ? nullptr : sessions_.find(found->second);
        return one != nullptr && one->at == &at && one->incarnation == who.incarnation ? one : nullptr;
    }

    void admit(home& at, candidate who, instant now)
    {
        const auto found = who.resumes ? tokens_.find(who.token) : tokens_.end();
        if (found == tokens_.end()) {
            open(at, std::move(who), now);
            return;
        }
        const auto session = found->second;
        auto& one = *sessions_.find(session);
        if (one.at != &at) {
            verdicts_.push_back(verdict_of::deny{who.connection, errc::auth_refused});
        } else if (one.incarnation != who.incarnation) {
            supersede(session, one);
            open(at, std::move(who), now);
        } else if (who.attempt <= one.attempt) {
            deny(at, who, errc::outdated_attempt, now);
        } else if (one.connection == 0 && at.crowded(options_.connections_per_identity)) {
            crowd(at, std::move(who), now);
        } else {
            resume(session, one, who, now);
        }
    }

    void resume(session_id session, resident& one, const candidate& who, instant now)
    {
        if (one.connection != 0) {
            verdicts_.push_back(verdict_of::displace{one.connection}); // it may be the zombie (contract, point 8)
        } else {
            timers_.cancel(one.lease);
            arrive_at(*one.at, now);
        }
        one.connection = who.connection;
        one.attempt = who.attempt;
        one.heard = now;
        verdicts_.push_back(verdict_of::attach{who.connection, session, true});
    }

    void open(home& at, candidate who, instant now)
    {
        if (at.crowded(options_.connections_per_identity)) {
            crowd(at, std::move(who), now);
            return;
        }
        const bool place = at.sessions.size() < options_.sessions_per_identity || evict_dormant_of(at);
        if (!place || (sessions_.full() && !evict_dormant(at))) {
            verdicts_.push_back(verdict_of::deny{who.connection, errc::busy});
            return;
        }
        arrive_at(at, now);
        const auto session = sessions_.open(
            {&at, who.connection, who.attempt, std::move(who.incarnation), {}, now, {}, false, who.lasting, who.marks});
        at.sessions.push_back(*session);
        verdicts_.push_back(verdict_of::attach{who.connection, *session, false});
    }

    // The page was reloaded, or the tab was duplicated: without a link it was a reload; with one, its silence will tell.
    void supersede(session_id session, resident& old)
    {
        if (old.connection == 0) {
            finish(session);
            return;
        }
        old.superseded = true;
        verdicts_.push_back(verdict_of::probe{session});
    }

    void crowd(home& at, candidate who, instant now)
    {
        if (options_.on_crowding == crowding::refuse_new) {
            deny(at, who, errc::too_many_connections, now);
            return;
        }
        auto* one = resumable(at, who);
        if (!park(at, std::move(who), now)) {
            return;
        }
        if (one != nullptr) {
            timers_.cancel(one->lease);
        }
        at.probed = detail::silent_longest(sessions_, at, detail::link_of::attached);
        at.probed_at = now;
        if (options_.on_crowding == crowding::drop_oldest) {
            verdicts_.push_back(verdict_of::give_way{sessions_.find(at.probed)->connection});
        } else {
            verdicts_.push_back(verdict_of::probe{at.probed});
        }
        if (!timers_.active(at.crowd_timer)) {
            at.crowd_timer = timers_.schedule(later(now, options_.probe_wait), {clock::crowd, &at, 0});
        }
    }

    // Who waited for a place has waited long enough. Without a sign of life from the probed one there is a place; else there is none.
    void turn_away(home& at, instant now)
    {
        if (const auto* one = sessions_.find(at.probed);
            one != nullptr && one->connection != 0 && one->heard <= at.probed_at) {
            verdicts_.push_back(verdict_of::silence{one->connection});
            return;
        }
        for (const auto& who : std::exchange(at.waiting, {})) {
            waiting_.erase(who.connection);
            deny(at, who, errc::too_many_connections, now);
        }
        forget_if_empty(at);
    }

    void deny(home& at, const candidate& who, errc why, instant now)
    {
        resume_lease(at, who, now);
        verdicts_.push_back(verdict_of::deny{who.connection, why});
    }

    // Who held a dormant session's lease waits no more: the lease runs again.
    void resume_lease(home& at, const candidate& who, instant now)
    {
        auto* one = resumable(at, who);
        if (one != nullptr && one->connection == 0 && !timers_.active(one->lease)) {
            one->lease = timers_.schedule(one->lease_until(options_, now), {clock::lease, &at, tokens_.at(who.token)});
        }
    }

    void arrive_at(home& at, instant now)
    {
        if (at.grace.attach(now) == arrival::back_in_grace) {
            timers_.cancel(at.timer);
            verdicts_.push_back(verdict_of::returned{at.name});
        }
    }

    void detach(session_id session, resident& one, instant now)
    {
        auto& at = *one.at;
        one.connection = 0;
        at.grace.detach(now);
        if (at.grace.state() == presence::grace) {
            verdicts_.push_back(verdict_of::leaving{at.name});
            at.timer = timers_.schedule(at.grace.next_deadline(), {clock::grace, &at, 0});
        }
        if (one.superseded || !one.lasting) {
            finish(session);
        } else {
            one.lease = timers_.schedule(one.lease_until(options_, now), {clock::lease, &at, session});
        }
        admit_waiting(at, now); // a place is free
    }

    void grace_over(home& at, instant now)
    {
        if (!at.grace.expire(now)) {
            return;
        }
        at.timer = timers_.schedule(later(now, options_.clean_up_limit), {clock::clean_up, &at, 0});
        at.absence = ++absences_; // of all: a clean-up may end after its identity was forgotten, and has come back
        verdicts_.push_back(verdict_of::absent{at.name, at.absence});
    }

    void admit_waiting(home& at, instant now)
    {
        timers_.cancel(at.crowd_timer);
        for (auto& who : std::exchange(at.waiting, {})) {
            waiting_.erase(who.connection);
            admit(at, std::move(who), now);
        }
    }

    void drop_waiting(home& at, connection_id connection, instant now)
    {
        const auto found = std::find_if(at.waiting.begin(), at.waiting.end(),
                                        [&](const candidate& who) { return who.connection == connection; });
        const auto dropped = std::move(*found);
        at.waiting.erase(found);
        waiting_.erase(connection);
        resume_lease(at, dropped, now);
    }

    // An identity whose page reloads for ever makes room among its own sessions, not among its neighbours'.
    bool evict_dormant_of(home& at)
    {
        const auto longest = detail::silent_longest(sessions_, at, detail::link_of::dormant);
        if (longest != 0) {
            finish(longest);
        }
        return longest != 0;
    }

    bool evict_dormant(const home& for_whom)
    {
        session_id longest = 0;
        auto since = never;
        sessions_.for_each([&](session_id session, const resident& one) {
            if (one.connection == 0 && one.heard < since) {
                longest = session;
                since = one.heard;
            }
        });
        if (longest == 0) {
            return false;
        }
        auto& from = *sessions_.find(longest)->at;
        finish(longest);
        if (&from != &for_whom) {
            forget_if_empty(from);
        }
        return true;
    }

    void finish(session_id session)
    {
        const auto one = sessions_.take(session);
        timers_.cancel(one->lease);
        tokens_.erase(one->token);
        std::erase(one->at->sessions, session);
        verdicts_.push_back(verdict_of::end{session});
    }

    void forget_if_empty(home& at)
    {
        if (at.sessions.empty() && at.waiting.empty() && at.grace.state() == presence::absent) {
            timers_.cancel(at.crowd_timer);
            identities_.erase(std::string{at.name});
        }
    }

    admission_options options_;
    std::uint64_t absences_ = 0;
    std::unordered_map<std::string, home> identities_; // its nodes stay where they are
    std::unordered_map<connection_id, home*> waiting_; // whose hello waits where
    correlation_registry<resident> sessions_;
    std::unordered_map<digest, session_id, digest_hash> tokens_;
    timer_wheel<alarm> timers_;
    detail::ring<admission_verdict> verdicts_;
};

} // namespace rejoinder::inline v0

#endif
