// What a hub is behind its handle: its links, its sessions, and the admission between them.
#ifndef REJOINDER_NET_DETAIL_HUB_STATE_HPP
#define REJOINDER_NET_DETAIL_HUB_STATE_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/heartbeat_terms.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/detail/announcer.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/context_end.hpp>
#include <rejoinder/net/detail/drain.hpp>
#include <rejoinder/net/detail/feeders.hpp>
#include <rejoinder/net/detail/gatekeeper.hpp>
#include <rejoinder/net/detail/host.hpp>
#include <rejoinder/net/detail/hub_alarm.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/detail/link_entry.hpp>
#include <rejoinder/net/detail/link_watch.hpp>
#include <rejoinder/net/detail/measuring.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/switchboard.hpp>
#include <rejoinder/net/handshake.hpp>
#include <rejoinder/net/hub_options.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/shutdown_options.hpp>

#include <asio/any_io_executor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <variant>

namespace rejoinder::inline v0::detail {

/// Shared by the hub's handle, its listeners and what is under way.
template <class Policies>
class hub_state final : public link_owner,
                        public host_owner<Policies>,
                        public lives_on_context,
                        public std::enable_shared_from_this<hub_state<Policies>> {
public:
    using host_type = host<Policies>;

    hub_state(const asio::any_io_executor& executor, hub_options<Policies> options)
        : lives_on_context(executor), options_(std::move(options)),
          setting_(std::make_shared<session_setting<Policies>>(executor, options_.session)), clock_(executor),
          admission_(options_.admission()), watch_(options_.disconnects), gate_(options_.connections_max),
          switchboard_(setting_, admission_, options_.parked)
    {}

    /// Called once it is held by shared pointer.
    void begin()
    {
        setting_->record_with(options_.journal.thread(), options_.durable);
        switchboard_.live_with(std::shared_ptr<switchboard<Policies>>{this->shared_from_this(), &switchboard_});
    }

    [[nodiscard]] session_setting<Policies>& setting() noexcept { return *setting_; }
    [[nodiscard]] const hub_options<Policies>& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t connections() const noexcept { return links_.size(); }
    [[nodiscard]] std::size_t sessions() const noexcept { return admission_.sessions(); }
    [[nodiscard]] presence presence_of(const identity& who) const { return admission_.presence_of(who.name()); }
    [[nodiscard]] switchboard<Policies>& calls() noexcept { return switchboard_; }
    [[nodiscard]] gatekeeper& gate() noexcept { return gate_; }
    [[nodiscard]] announcer& news() noexcept { return news_; }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    [[nodiscard]] bool is_full() const noexcept { return links_.size() >= options_.connections_max; }
    [[nodiscard]] bool takes_links() const noexcept { return !stopped_ && !way_down_.taken() && !is_full(); }

    /// What happened so far, and what there is. Linear in the sessions and identities.
    [[nodiscard]] rejoinder::snapshot snapshot()
    {
        measuring all{watch_.look(*setting_)};
        all.add(links_.size(), admission_.presences());
        switchboard_.measure(all);
        return all.finish();
    }

    // The handle's commands

    /// Takes a channel that a listener accepted, or that the program has. False: it takes none now, and that one is closed.
    template <channel Channel, codec Codec>
    bool serve(Channel carrier, Codec spelling, came_from from)
    {
        if (!takes_links()) {
            carrier.close();
            return false;
        }
        const auto number = ++last_link_;
        auto made = std::make_shared<connection<Channel, Codec>>(number, std::move(carrier), std::move(spelling),
                                                                 options_.connection, setting_->counts, *this,
                                                                 std::move(from.address));
        auto& entry = links_[number];
        entry.carrier = made;
        entry.request = std::move(from.request);
        expect(number, entry, entry.since = now());
        made->start();
        return true;
    }

    void stop()
    {
        if (std::exchange(stopped_, true)) {
            return;
        }
        clock_.stop();
        way_down_.abort();
        feeders_.close();
        for (auto& [number, entry] : std::exchange(links_, {})) {
            detach_from(entry);
            entry.carrier->close(close_reason::going_away);
        }
        switchboard_.stop();
    }

    template <class Target>
    void open(message_kind kind, const Target& to, outgoing words, pending_call waiting)
    {
        switchboard_.open(kind, to, std::move(words), std::move(waiting));
        arm();
    }

    /// What feeds it with channels, until it stops.
    [[nodiscard]] feeders& sources() noexcept { return feeders_; }

    /// Goes down, or goes on doing so; `done` when nothing is left.
    void shut_down(const shutdown_options& how, drained done) { way_down_.take(*this, how, std::move(done)); }

    /// Closes a session's connection, without ending the session.
    void close(session_id session, close_reason why)
    {
        if (const auto one = switchboard_.find(session)) {
            part(*one, why);
        }
    }

    /// A deadline has come.
    void tick()
    {
        const auto at = ticking_at_ = now();
        while (!stopped_) { // what a deadline leads to may destroy the hub
            const auto due = timers_.expire(at);
            if (!due) {
                break;
            }
            due->of == hub_alarm::what::session ? session_due(due->number, at)
                                                : drop(due->number, errc::handshake_timed_out, {});
        }
        switchboard_.advance(at);
        admission_.advance(at);
        decide();
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
        if (const auto conflict = entry.take(greeting, options_.session.heartbeat); !conflict.empty()) {
            drop(from.number(), errc::incompatible, conflict);
            return;
        }
        if (setting_->events) {
            entry.label(greeting.metadata);
        }
        expect(from.number(), entry, now());
        gate_.ask(
            *setting_, entry.take_origin(), greeting, admission_.holder_of(entry.who.token).identity, entry.asking,
            [weak = this->weak_from_this(), number = from.number()](const authentication& word, bool outbox_known) {
                if (const auto hub = weak.lock()) {
                    hub->identified(number, word, outbox_known);
                }
            });
    }

    void on_welcome(link& from, welcome&&) override { drop(from.number(), errc::bad_message, clients_do_not); }
    void on_refusal(link& from, errc, std::string_view, std::optional<duration>) override
    {
        drop(from.number(), errc::bad_message, clients_do_not);
    }
    void on_end(link& ended, const std::error_code& why) override
    {
        forget(ended.number(), reason_of_end(why), {}, why);
    }

    // What sessions say

    void on_deadline(host_type& of) override
    {
        if (std::exchange(of.heard, false)) {
            admission_.heard(of.from().session(), now());
        }
        way_down_.touch(of.from().session());
        // Never for the tick that runs: a session that still wants something then waits for the next one, as everybody does.
        const auto when = std::max(of.next_deadline(), ticking_at_ + std::chrono::milliseconds{1});
        if (when >= of.due.at) {
            return;
        }
        timers_.cancel(of.due.timer);
        of.due = {timers_.schedule(when, {hub_alarm::what::session, of.from().session()}), when};
        arm();
    }

    void on_alive(host_type& of) override { admission_.alive(of.from().session()); }
    void on_hang_up(host_type& of, close_reason why) override { part(of, why); }
    void on_orphan(pending_call&& orphan, const std::error_code& why) override
    {
        switchboard_.repeat(std::move(orphan), why);
    }
    void on_farewell(host_type& of, const farewell& words) override { part(of, words.reason); }

private:
    friend class drain<hub_state>;
    static constexpr std::string_view clients_do_not = "a client neither welcomes nor refuses";
    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    void context_ended() override
    {
        const auto self = this->shared_from_this();
        stopped_ = true;
        way_down_.drop();
        for (auto& [number, entry] : std::exchange(links_, {})) {
            detach_from(entry);
            entry.carrier->abort();
        }
        switchboard_.drop();
    }

    void arm()
    {
        clock_.arm(std::min({timers_.next_expiry(), admission_.next_deadline(), switchboard_.next_deadline()}),
                   this->weak_from_this());
    }

    void expect(std::uint64_t number, link_entry& entry, instant at)
    {
        timers_.cancel(entry.patience);
        entry.patience = timers_.schedule(later(at, options_.handshake_timeout), {hub_alarm::what::hello, number});
        arm();
    }

    void session_due(session_id session, instant at)
    {
        if (const auto one = switchboard_.find(session)) {
            one->due = {};
            one->advance(at);
        }
    }

    // Admission

    void identified(std::uint64_t number, const authentication& word, bool outbox_known)
    {
        const auto found = links_.find(number);
        if (found == links_.end() || stopped_) {
            return; // it went away, or took too long, meanwhile
        }
        timers_.cancel(found->second.patience);
        found->second.asking.reset();
        if (const auto* why = word.why()) {
            setting_->counts->auth_refused += why->why() == errc::store_failed || why->why() == errc::busy ? 0U : 1U;
            return drop(number, why->why(), why->text(), {}, why->data());
        }
        found->second.who.identity = word.who()->name();
        found->second.outbox_known = outbox_known;
        switchboard_.recognise(found->second.who, found->second.seen, now());
        admission_.arrive(found->second.who, now());
        decide();
    }

    // Does what the admission decided. What that leads to may come back here: then the outer loop goes on with it.
    void carry_out()
    {
        if (deciding_) {
            return;
        }
        const auto self = this->shared_from_this(); // the program's clean-up may destroy the hub
        deciding_ = true;
        admission_verdict next;
        while (!stopped_ && admission_.next(next)) {
            std::visit([&](auto& one) { carry_out(one); }, next);
        }
        deciding_ = false;
    }

    void decide()
    {
        carry_out();
        arm();
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
        const auto capacity = std::min(entry.capacity, options_.session.capacity);
        const auto one = granted.resumed ? switchboard_.find(granted.session)
                                         : switchboard_.add(peer{identity{entry.who.identity}, granted.session},
                                                            capacity, this->weak_from_this(), seeds_());
        const auto seen = granted.resumed ? entry.seen : 0;
        if (granted.resumed && entry.who.marks && !one->core().covers(seen, now())) { // it waited too long for its turn
            admission_.let_go(granted.session);
            return part(granted.connection, close_reason::going_away);
        }
        const auto words = entry.welcomed(welcome_by(options_), granted, *one, *setting_);
        if (!words.token.empty()) { // told to its client once, kept as a digest
            admission_.set_token(granted.session, digest_of(words.token));
        }
        entry.carrier->say(words);
        one->attach(entry.carrier, agreed(options_.session.heartbeat, entry.terms), now(), seen);
        watch_.connected(*setting_, entry.told(), granted.resumed ? "resumed" : "new", entry.since);
        ++(granted.resumed ? setting_->counts->resumes : setting_->counts->sessions_started);
        switchboard_.unpark(one->from().who(), *one);
        one->settle_up();
        if (!granted.resumed) {
            news_.tell(news_.attached, *setting_, this->weak_from_this(), one->from());
        }
    }

    void carry_out(const verdict_of::deny& refused) { drop(refused.connection, refused.why, {}); }

    void carry_out(const verdict_of::displace& displaced)
    {
        if (const auto found = links_.find(displaced.connection); found != links_.end()) {
            ++setting_->counts->replaced;
            take_out(found, close_reason::replaced, {})->close(close_reason::replaced);
        }
    }

    void carry_out(const verdict_of::silence& dead) { part(dead.connection, close_reason::silent); }
    void carry_out(const verdict_of::give_way& dropped)
    {
        ++setting_->counts->replaced;
        part(dropped.connection, close_reason::replaced);
    }

    void carry_out(const verdict_of::probe& asked_for)
    {
        if (const auto one = switchboard_.find(asked_for.session)) {
            one->core().probe();
            one->advance(now());
        }
    }

    void carry_out(const verdict_of::end& over)
    {
        const auto one = switchboard_.remove(over.session);
        if (one == nullptr) {
            return;
        }
        timers_.cancel(one->due.timer);
        ++setting_->counts->sessions_ended;
        setting_->report({.name = "session_end", .who = one->from().who().name(), .session = over.session});
        one->end(errc::session_lost);
        news_.tell(news_.session_ended, *setting_, this->weak_from_this(), one->from());
    }

    void carry_out(const auto& changed) { news_.tell_presence(changed, *setting_, options_); }

    void carry_out(const verdict_of::absent& gone)
    {
        ++setting_->counts->detaches_executed;
        news_.clean_up(*setting_, this->weak_from_this(), gone.identity, [gone](hub_state& hub) {
            hub.admission_.clean_up_done(gone.identity, gone.absence, now());
            hub.carry_out();
            hub.arm();
            hub.way_down_.touch(0); // it may have waited for this
        });
    }

    // Links that end

    using links = std::unordered_map<std::uint64_t, link_entry>;

    // Takes a link out of everything that knows it. Its session, if it has one, is detached.
    std::shared_ptr<link> take_out(typename links::iterator found, close_reason why, std::string_view text,
                                   const std::error_code& error = {})
    {
        auto entry = std::move(found->second);
        links_.erase(found);
        timers_.cancel(entry.patience);
        entry.stop_asking();
        detach_from(entry);
        watch_.disconnected(*setting_, entry.told(text, error), why, entry.since);
        return std::move(entry.carrier);
    }

    void detach_from(const link_entry& entry)
    {
        if (const auto one = switchboard_.find(entry.session); one != nullptr && one->connection() == entry.carrier) {
            one->detach(now());
        }
    }

    void forget(std::uint64_t number, close_reason why, std::string_view text, const std::error_code& error = {})
    {
        const auto self = this->shared_from_this();
        const auto found = links_.find(number);
        if (found == links_.end()) {
            return;
        }
        const auto session = found->second.session;
        const auto left = take_out(found, why, text, error);
        admission_.lose(number, session, now());
        decide();
    }

    // No session for this link.
    void drop(std::uint64_t number, errc why, std::string_view text, std::optional<duration> retry_after = {},
              std::string_view data = {})
    {
        const auto found = links_.find(number);
        if (found == links_.end()) {
            return;
        }
        take_out(found, close_reason::refused, text.empty() ? name_of(why) : text)
            ->refuse(why, text, retry_after, data);
        admission_.lose(number, 0, now());
        decide();
    }

    void part(host_type& of, close_reason why)
    {
        if (const auto left = of.connection()) {
            part(left->number(), why);
        }
    }

    void part(connection_id number, close_reason why)
    {
        if (const auto found = links_.find(number); found != links_.end()) {
            const auto left = found->second.carrier;
            if (found->second.is_final(why)) {
                admission_.let_go(found->second.session);
            }
            forget(number, why, {});
            why == close_reason::silent ? left->abort() : left->close(why);
        }
    }

    hub_options<Policies> options_;
    std::shared_ptr<session_setting<Policies>> setting_;
    clockwork clock_;
    admission<typename Policies::grace> admission_;
    timer_wheel<hub_alarm> timers_;
    link_watch watch_;
    links links_;
    gatekeeper gate_;
    announcer news_;
    switchboard<Policies> switchboard_;
    feeders feeders_;
    way_down<hub_state> way_down_;
    random_source seeds_{random_seed()};
    std::uint64_t last_link_ = 0;
    instant ticking_at_{};
    bool deciding_ = false;
    bool stopped_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
