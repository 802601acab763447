// What a hub is behind its handle: its links, its sessions, and the admission between them.
#ifndef REJOINDER_NET_DETAIL_HUB_STATE_HPP
#define REJOINDER_NET_DETAIL_HUB_STATE_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/gate.hpp>
#include <rejoinder/net/detail/group_call.hpp>
#include <rejoinder/net/detail/host.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/parked_calls.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/rooms.hpp>
#include <rejoinder/net/handshake.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/reply.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0 {

/// The numbers of a hub.
template <class Policies = default_policies>
struct hub_options {
    duration grace = std::chrono::seconds{5};               ///< from the loss of an identity's last link to its detach
    duration lease = std::chrono::minutes{70};              ///< how long a session without a link is kept
    duration clean_up_limit = std::chrono::minutes{1};      ///< of a detach handler, before those who wait for it go on
    duration handshake_timeout = std::chrono::seconds{10};  ///< for the hello, and again for the authenticator
    std::uint32_t connections_per_identity = 5;
    crowding on_crowding = crowding::probe_oldest;
    duration probe_wait = std::chrono::seconds{2};          ///< how long who finds all places taken waits for one
    std::uint32_t sessions_max = 100'000;
    std::uint32_t connections_max = 100'000;                ///< in all, those without a session yet included
    session_options<Policies> session{};
    connection_options connection{};

    [[nodiscard]] admission_options admission() const
    {
        return {grace, lease, clean_up_limit, probe_wait, connections_per_identity, on_crowding, sessions_max};
    }
};

namespace detail {

/// Shared by the hub's handle, its listeners and what is under way.
template <class Policies>
class hub_state final : public link_owner, public host_owner<Policies>, public std::enable_shared_from_this<hub_state<Policies>> {
public:
    using host_type = host<Policies>;

    hub_state(const asio::any_io_executor& executor, hub_options<Policies> options)
        : options_(std::move(options)), setting_(std::make_shared<session_setting<Policies>>()), clock_(executor),
          admission_(options_.admission()), parked_(options_.session.outbox.messages_max, options_.session.capacity)
    {
        setting_->executor = executor;
        setting_->options = options_.session;
    }

    [[nodiscard]] session_setting<Policies>& setting() noexcept { return *setting_; }
    [[nodiscard]] const hub_options<Policies>& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t connections() const noexcept { return links_.size(); }
    [[nodiscard]] std::size_t sessions() const noexcept { return admission_.sessions(); }
    [[nodiscard]] presence presence_of(const identity& who) const { return admission_.presence_of(who.name()); }
    [[nodiscard]] rooms& groups() noexcept { return rooms_; }

    // The program's functions

    authenticator authenticate;
    std::function<void(const peer&)> attached;
    std::function<void(const peer&)> session_ended;
    clean_up detached;

    // The handle's commands

    /// Takes a channel that a listener accepted, or that the program has. False: too many connections; it is closed.
    template <channel Channel, codec Codec>
    bool serve(Channel carrier, Codec spelling, std::string from)
    {
        if (stopped_ || links_.size() >= options_.connections_max) {
            carrier.close();
            return false;
        }
        const auto number = ++last_link_;
        auto made = std::make_shared<connection<Channel, Codec>>(number, std::move(carrier), std::move(spelling), options_.connection,
                                                                 setting_->counts, *this, std::move(from));
        auto& entry = links_[number];
        entry.carrier = made;
        expect(number, entry, now());
        made->start();
        return true;
    }

    void stop()
    {
        stopped_ = true;
        clock_.stop();
        for (auto& close_it : std::exchange(feeders_, {})) {
            close_it();
        }
        for (auto& [number, entry] : std::exchange(links_, {})) {
            if (auto* one = find(entry.session); one != nullptr && one->connection() == entry.carrier) {
                one->detach(now());
            }
            entry.carrier->close(close_reason::going_away);
        }
        for (auto& [session, one] : std::exchange(hosts_, {})) {
            one->end(errc::closed);
        }
        for (auto& one : parked_.drain()) {
            one.waiting.done.post(asio::error::operation_aborted, reply{{}, {}, {}, certainty::never_sent});
        }
    }

    void open(message_kind kind, const user& who, outgoing words, pending_call waiting)
    {
        if (words.how().when_absent == absent::wait && waiting.again == nullptr) {
            waiting.again = std::make_unique<asked>(asked{kind, who.name(), words, deadline_of(kind, words)});
        }
        if (auto* one = find(admission_.newest_attached(who.name()))) {
            one->open(kind, words.name(), words.payload(), words.how(), std::move(waiting), now());
        } else if (waiting.again != nullptr && !stopped_) {
            park(std::move(waiting));
        } else {
            absent_target(std::move(waiting));
        }
    }

    void open(message_kind kind, const peer& to, outgoing words, pending_call waiting)
    {
        auto* one = find(to.session());
        if (one != nullptr && (one->connection() != nullptr || words.how().when_absent == absent::wait)) {
            one->open(kind, words.name(), words.payload(), words.how(), std::move(waiting), now());
        } else {
            absent_target(std::move(waiting));
        }
    }

    void open(message_kind kind, const room& to, const outgoing& words, pending_call waiting)
    {
        auto members = inside(to);
        std::erase_if(members, [&](session_id one) { return find(one) == nullptr || find(one)->connection() == nullptr; });
        if (members.empty()) {
            absent_target(std::move(waiting));
            return;
        }
        const auto when = kind == message_kind::request ? group_end::first_answer : group_end::all_answers;
        const auto group = std::make_shared<group_call>(when, members.size(), std::move(waiting.done));
        group->obey_caller();
        for (std::size_t i = 0; i != members.size(); ++i) {
            open(kind, peer_of(members[i]), words, group->part(i, setting_->executor));
        }
    }

    /// The sessions in a room; an identity's own room holds its attached ones.
    [[nodiscard]] std::vector<session_id> inside(const room& where)
    {
        constexpr std::string_view own = "user_";
        const std::string_view name = where.name();
        auto joined = rooms_.inside(where.name());
        return joined.empty() && name.starts_with(own) ? attached_sessions(identity{name.substr(own.size())}) : joined;
    }

    /// Calls `close_it` when the hub stops: for what feeds it with channels.
    void keep_until_stopped(std::function<void()> close_it) { feeders_.push_back(std::move(close_it)); }

    bool notify(session_id to, const outgoing& words)
    {
        auto* one = find(to);
        if (one == nullptr) {
            ++setting_->counts->notifications_dropped;
            return false;
        }
        const bool taken = one->core().notify(words.name(), words.payload(), now());
        one->settle_up();
        return taken;
    }

    /// Sessions of an identity that are attached.
    [[nodiscard]] std::vector<session_id> attached_sessions(const identity& who)
    {
        auto all = admission_.sessions_of(who.name());
        std::erase_if(all, [&](session_id one) { return find(one) == nullptr || find(one)->connection() == nullptr; });
        return all;
    }

    [[nodiscard]] peer peer_of(session_id session)
    {
        auto* one = find(session);
        return one == nullptr ? peer{} : one->from();
    }

    /// Closes a session's connection, without ending the session.
    void close(session_id session, close_reason why)
    {
        if (auto* one = find(session); one != nullptr && one->connection() != nullptr) {
            part(*one, why);
        }
    }

    /// A deadline has come.
    void tick()
    {
        const auto at = now();
        while (const auto due = timers_.expire(at)) {
            due->what == alarm::session ? session_due(due->number, at) : too_late(due->number, due->what);
        }
        admission_.advance(at);
        carry_out();
        arm();
    }

    // What links say

    void on_hello(link& from, hello&& greeting) override
    {
        const auto self = this->shared_from_this();
        const auto found = links_.find(from.number());
        if (found == links_.end()) {
            return;
        }
        auto& entry = found->second;
        if (entry.greeted) {
            drop(from.number(), errc::bad_message, "a connection says hello once");
            return;
        }
        entry.greeted = true;
        entry.who = {from.number(), {}, greeting.incarnation, digest_of(greeting.token), greeting.attempt, !greeting.token.empty()};
        entry.capacity = greeting.capacity;
        expect(from.number(), entry, now());
        ask_identity_of(from, std::move(greeting));
    }

    void on_welcome(link& from, welcome&&) override { drop(from.number(), errc::bad_message, "a client does not say welcome"); }
    void on_refusal(link& from, errc, std::string_view, std::optional<duration>) override { forget(from.number()); }
    void on_end(link& ended, const std::error_code&) override { forget(ended.number()); }

    // What sessions say

    void on_deadline(host_type& of) override
    {
        admission_.heard(of.from().session(), now());
        const auto when = of.core().next_deadline();
        if (when >= of.due.at) {
            return;
        }
        timers_.cancel(of.due.timer);
        of.due = {timers_.schedule(when, {alarm::session, of.from().session()}), when};
        arm();
    }

    void on_hang_up(host_type& of, close_reason why) override { part(of, why); }
    void on_farewell(host_type& of, const farewell&) override { part(of, close_reason::normal); }

    void on_orphan(pending_call&& orphan, const std::error_code& why) override
    {
        const bool may_repeat = certainty_of(why) == certainty::never_sent || orphan.again->words.how().repeat == repeatable::idempotent;
        const auto left = orphan.again->deadline - now();
        if (!may_repeat || left <= duration::zero() || stopped_) {
            orphan.done.post(why, reply{{}, {}, {}, certainty_of(why)});
            return;
        }
        auto words = orphan.again->words;
        words.set_timeout(left);
        const auto kind = orphan.again->kind;
        open(kind, user{orphan.again->target}, std::move(words), std::move(orphan));
    }

    /// A parked call's caller gives up.
    void cancel_parked(message_id which)
    {
        if (auto one = parked_.take(which)) {
            timers_.cancel(one->timer);
            one->waiting.done.post(asio::error::operation_aborted, reply{{}, {}, {}, certainty::never_sent});
        }
    }

private:
    enum class alarm : std::uint8_t { session, hello, parked };

    struct tick_of {
        alarm what;
        std::uint64_t number;
    };

    struct link_entry {
        std::shared_ptr<link> carrier;
        candidate who;
        session_id session = 0;
        std::uint32_t capacity = 0;
        bool greeted = false;
        timer_id patience{}; // for the hello, then for the authenticator
    };

    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    [[nodiscard]] host_type* find(session_id session)
    {
        const auto found = hosts_.find(session);
        return found == hosts_.end() ? nullptr : found->second.get();
    }

    void arm() { clock_.arm(std::min(timers_.next_expiry(), admission_.next_deadline()), this->weak_from_this()); }

    void expect(std::uint64_t number, link_entry& entry, instant at)
    {
        timers_.cancel(entry.patience);
        entry.patience = timers_.schedule(later(at, options_.handshake_timeout), {alarm::hello, number});
        arm();
    }

    void session_due(session_id session, instant at)
    {
        const auto found = hosts_.find(session);
        if (found == hosts_.end()) {
            return;
        }
        const auto one = found->second; // it may end inside
        one->due = {};
        one->advance(at);
    }

    void too_late(std::uint64_t number, alarm what)
    {
        if (what == alarm::hello) {
            drop(number, errc::handshake_timed_out, {});
        } else if (auto one = parked_.take(number)) {
            const auto why = make_error_code(one->waiting.again->kind == message_kind::request ? errc::timed_out : errc::expired, certainty::never_sent);
            one->waiting.done.post(why, reply{{}, {}, {}, certainty::never_sent});
        }
    }

    // Admission

    void ask_identity_of(link& from, hello&& greeting)
    {
        const auto number = from.number();
        if (!authenticate) {
            identified(number, authentication{identity{"anonymous_" + greeting.incarnation}});
            return;
        }
        handshake shown;
        shown.from = from.description();
        shown.resumes = !greeting.token.empty();
        if (read_payload({greeting.auth}, shown.auth, nullptr) || read_payload({greeting.metadata}, shown.metadata, nullptr)) {
            drop(number, errc::bad_message, "the hello's auth or metadata is no JSON");
            return;
        }
        authenticate(setting_->executor, shown, [weak = this->weak_from_this(), number](std::exception_ptr thrown, authentication word) {
            if (const auto self = weak.lock()) {
                thrown ? self->drop(number, errc::refused, "the authenticator failed") : self->identified(number, std::move(word));
            }
        });
    }

    void identified(std::uint64_t number, const authentication& word)
    {
        const auto found = links_.find(number);
        if (found == links_.end() || stopped_) {
            return; // it went away, or took too long, meanwhile
        }
        timers_.cancel(found->second.patience);
        if (const auto* why = word.why()) {
            ++setting_->counts->auth_refused;
            drop(number, why->why(), why->text());
            return;
        }
        found->second.who.identity = word.who()->name();
        admission_.arrive(found->second.who, now());
        carry_out();
        arm();
    }

    // Does what the admission decided. What that leads to may come back here: then the outer loop goes on with it.
    void carry_out()
    {
        if (deciding_) {
            return;
        }
        deciding_ = true;
        admission_verdict next;
        while (admission_.next(next)) {
            std::visit([&](auto& one) { carry_out(one); }, next);
        }
        deciding_ = false;
    }

    void carry_out(std::monostate) noexcept {}

    void carry_out(const verdict_of::attach& granted)
    {
        const auto found = links_.find(granted.connection);
        if (found == links_.end()) {
            admission_.lose(granted.connection, granted.session, now());
            return;
        }
        auto& entry = found->second;
        entry.session = granted.session;
        auto one = granted.resumed ? hosts_.at(granted.session) : make_host(granted.session, entry);
        welcome words;
        words.session = std::to_string(granted.session);
        words.token = granted.resumed ? std::string{} : new_token(granted.session); // a resumed session keeps its own
        words.resumed = granted.resumed;
        words.capacity = std::min(entry.capacity, options_.session.capacity);
        words.ping_interval = options_.session.heartbeat.ping_every;
        words.dead_after = options_.session.heartbeat.dead_after;
        entry.carrier->say(words);
        one->attach(entry.carrier, options_.session.heartbeat, now());
        setting_->report({.name = "ws_connect", .who = one->from().who().name(), .session = granted.session, .connection = granted.connection,
                          .reason = granted.resumed ? "resumed" : "new"});
        ++(granted.resumed ? setting_->counts->resumes : setting_->counts->sessions_started);
        unpark(one->from().who(), *one);
        one->settle_up();
        if (!granted.resumed && attached) {
            tell(attached, one->from());
        }
    }

    void carry_out(const verdict_of::deny& refused) { drop(refused.connection, refused.why, {}); }

    void carry_out(const verdict_of::displace& displaced)
    {
        const auto found = links_.find(displaced.connection);
        if (found == links_.end()) {
            return;
        }
        const auto left = take_out(found);
        ++setting_->counts->replaced;
        left->close(close_reason::replaced);
    }

    void carry_out(const verdict_of::probe& asked_for)
    {
        if (auto* one = find(asked_for.session)) {
            one->core().probe();
            one->advance(now());
        }
    }

    void carry_out(const verdict_of::end& over)
    {
        const auto found = hosts_.find(over.session);
        if (found == hosts_.end()) {
            return;
        }
        const auto one = found->second;
        hosts_.erase(found);
        timers_.cancel(one->due.timer);
        rooms_.leave_all(over.session);
        ++setting_->counts->sessions_ended;
        one->end(errc::session_lost);
        if (session_ended) {
            tell(session_ended, one->from());
        }
    }

    void carry_out(const verdict_of::leaving& away) { setting_->report({.name = "user_detach_delay_start", .who = away.identity}); }
    void carry_out(const verdict_of::returned& back)
    {
        ++setting_->counts->detaches_cancelled;
        setting_->report({.name = "user_detach_cancelled", .who = back.identity});
    }
    void carry_out(const verdict_of::overdue& slow) { setting_->report({.name = "registry_cleanup_overdue", .who = slow.identity}); }

    void carry_out(const verdict_of::absent& gone)
    {
        ++setting_->counts->detaches_executed;
        setting_->report({.name = "user_detach_executing", .who = gone.identity});
        setting_->report({.name = "registry_cleanup_start", .who = gone.identity});
        auto done = [weak = this->weak_from_this(), gone](std::exception_ptr thrown) {
            if (const auto self = weak.lock(); self != nullptr && !self->stopped_) {
                self->setting_->report({.name = thrown ? "registry_cleanup_error" : "registry_cleanup_success", .who = gone.identity});
                self->setting_->report({.name = "ws_cleanup_complete", .who = gone.identity});
                self->admission_.clean_up_done(gone.identity, gone.absence, now());
                self->carry_out();
                self->arm();
            }
        };
        if (detached) {
            detached(setting_->executor, identity{gone.identity}, std::move(done));
        } else {
            done(nullptr);
        }
    }

    [[nodiscard]] std::shared_ptr<host_type> make_host(session_id session, const link_entry& entry)
    {
        auto made = std::make_shared<host_type>(side::hub, setting_, *this, peer{identity{entry.who.identity}, session}, seeds_());
        made->core().begin(std::min(entry.capacity, options_.session.capacity));
        hosts_.emplace(session, made);
        return made;
    }

    // Made once a session, told to its client once, kept as a digest.
    [[nodiscard]] std::string new_token(session_id session)
    {
        auto token = random_name();
        admission_.set_token(session, digest_of(token));
        return token;
    }

    // The program's observers may do anything, even destroy the hub: they are called on their own.
    void tell(const std::function<void(const peer&)>& observer, const peer& of)
    {
        asio::post(setting_->executor, [observer, of] { observer(of); });
    }

    // Links that end

    using links = std::unordered_map<std::uint64_t, link_entry>;

    // Takes a link out of everything that knows it. Its session, if it has one, is detached.
    std::shared_ptr<link> take_out(typename links::iterator found)
    {
        auto entry = std::move(found->second);
        links_.erase(found);
        timers_.cancel(entry.patience);
        if (auto* one = find(entry.session); one != nullptr && one->connection() == entry.carrier) {
            one->detach(now());
        }
        return std::move(entry.carrier);
    }

    void forget(std::uint64_t number)
    {
        const auto self = this->shared_from_this();
        const auto found = links_.find(number);
        if (found == links_.end()) {
            return;
        }
        const auto session = found->second.session;
        const auto left = take_out(found);
        admission_.lose(number, session, now());
        carry_out();
        arm();
    }

    // No session for this link.
    void drop(std::uint64_t number, errc why, std::string_view text)
    {
        const auto found = links_.find(number);
        if (found == links_.end()) {
            return;
        }
        const auto left = take_out(found);
        left->refuse(why, text, std::nullopt);
        admission_.lose(number, 0, now());
        carry_out();
        arm();
    }

    void part(host_type& of, close_reason why)
    {
        const auto left = of.connection();
        if (left == nullptr) {
            return;
        }
        forget(left->number());
        why == close_reason::silent ? left->abort() : left->close(why);
    }

    // Calls for somebody who is not here

    [[nodiscard]] instant deadline_of(message_kind kind, const outgoing& words) const
    {
        const auto how = words.how();
        const auto usual = kind == message_kind::delivery ? options_.session.outbox.ttl : options_.session.timeout_of(words.name());
        return later(now(), how.timeout == duration::zero() ? usual : how.timeout);
    }

    void absent_target(pending_call waiting)
    {
        const auto why = stopped_ ? std::error_code{asio::error::operation_aborted} : make_error_code(errc::not_connected);
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
        parked_.find(*place.which)->timer = timers_.schedule(deadline, {alarm::parked, *place.which});
        if (slot.is_connected()) {
            slot.assign([weak = this->weak_from_this(), which = *place.which](asio::cancellation_type type) {
                const auto one = which;
                if (const auto self = weak.lock(); self != nullptr && type != asio::cancellation_type::none) {
                    self->cancel_parked(one);
                }
            });
        }
        arm();
    }

    // Its target is here: what waited for it is asked, in the order in which it was asked for.
    void unpark(const identity& who, host_type& at)
    {
        for (auto& one : parked_.take_all(who.name())) {
            timers_.cancel(one.timer);
            auto words = one.waiting.again->words;
            words.set_timeout(std::max<duration>(one.waiting.again->deadline - now(), std::chrono::milliseconds{1}));
            const auto kind = one.waiting.again->kind;
            at.open(kind, words.name(), words.payload(), words.how(), std::move(one.waiting), now());
        }
    }

    hub_options<Policies> options_;
    std::shared_ptr<session_setting<Policies>> setting_;
    clockwork clock_;
    admission<typename Policies::grace> admission_;
    timer_wheel<tick_of> timers_;
    links links_;
    std::unordered_map<session_id, std::shared_ptr<host_type>> hosts_;
    parked_calls parked_;
    rooms rooms_;
    std::vector<std::function<void()>> feeders_;
    random_source seeds_{random_seed()};
    std::uint64_t last_link_ = 0;
    bool deciding_ = false;
    bool stopped_ = false;
};

} // namespace detail

} // namespace rejoinder::inline v0

#endif
