// A hub without sockets: an admission, its sessions, and the ends of the lines that clients dialled.
#ifndef REJOINDER_TESTING_SIMULATED_HUB_HPP
#define REJOINDER_TESTING_SIMULATED_HUB_HPP

#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/scripted_peer.hpp>
#include <rejoinder/testing/simulated_disk.hpp>
#include <rejoinder/testing/simulated_inbox.hpp>
#include <rejoinder/testing/simulated_network.hpp>
#include <rejoinder/testing/world_options.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0::testing {

/// The hub of a `world`: it drives the machines of the core as a real hub does, with authentication and clean-ups that
/// take their time.
template <class Policies>
class simulated_hub {
public:
    using peer = scripted_peer<Policies>;

    simulated_hub(const world_options<Policies>& options, simulated_network& network)
        : options_(options), network_(network), admission_(std::make_unique<admission_type>(options.admission))
    {
        if (options.durable == durability::on_disk) {
            disk_ = std::make_unique<simulated_disk>(network.clock, "the hub's store");
            inbox_ = std::make_unique<simulated_inbox<Policies>>(*disk_, network.clock);
        }
    }

    // Getters

    [[nodiscard]] const auto& directory() const noexcept { return *admission_; }
    /// The peer that answers for a session, or null.
    [[nodiscard]] peer* peer_of(session_id session)
    {
        const auto found = residents_.find(session);
        return found == residents_.end() ? nullptr : found->second.self.get();
    }
    /// The newest session of an identity that is attached, or its newest at all; null if it has none.
    [[nodiscard]] peer* peer_of(const std::string& identity)
    {
        const auto attached = admission_->newest_attached(identity);
        const auto all = admission_->sessions_of(identity);
        return attached != 0 ? peer_of(attached) : all.empty() ? nullptr : peer_of(all.back());
    }
    /// The session that a line carries; 0: none.
    [[nodiscard]] session_id session_on(connection_id line) const
    {
        const auto found = guests_.find(line);
        return found == guests_.end() || found->second.at != stage::attached ? 0 : found->second.session;
    }
    /// Every session that there is, with its peer.
    template <class Each>
    void for_each(Each each)
    {
        for (auto& [session, one] : residents_) {
            each(session, *one.self);
        }
    }
    /// Where it keeps records of durable deliveries; null in a world without.
    [[nodiscard]] simulated_disk* disk() noexcept { return disk_.get(); }
    /// Sessions that are over, and whose handlers may not have ended.
    [[nodiscard]] const std::vector<std::unique_ptr<peer>>& over() const noexcept { return over_; }
    [[nodiscard]] instant next_deadline() const
    {
        auto next = admission_->next_deadline();
        for (const auto& [session, one] : residents_) {
            next = std::min(next, one.self->next_deadline());
        }
        for (const auto& one : over_) {
            next = std::min(next, one->next_deadline());
        }
        for (const auto& [id, one] : guests_) {
            next = std::min({next, one.at == stage::authenticating ? one.authenticated : never,
                             one.at == stage::greeting ? one.greets_until : never});
        }
        for (const auto& one : clean_ups_) {
            next = std::min(next, one.due);
        }
        return disk_ == nullptr ? next : std::min(next, disk_->next_deadline());
    }

    // What the test says

    void authentication_takes(duration length) noexcept { authentication_ = length; }
    void clean_up_takes(duration length) noexcept { clean_up_ = length; }
    void disk_takes(duration length) noexcept
    {
        if (disk_ != nullptr) {
            disk_->takes(length);
        }
    }

    /// The process dies and another one takes its place: sessions, records and running handlers are gone, but for what its disk has. Of the
    /// writes that this has not confirmed the first `synced` are there afterwards.
    void restart(std::size_t synced = 0)
    {
        network_.watching().died("hub");
        for (auto& [id, line] : network_.lines()) {
            line.link.cut();
        }
        for (auto& [session, one] : residents_) {
            gone_.push_back(std::move(one.self));
        }
        std::move(over_.begin(), over_.end(), std::back_inserter(gone_));
        residents_.clear();
        over_.clear();
        guests_.clear();
        clean_ups_.clear();
        admission_ = std::make_unique<admission_type>(options_.admission);
        if (disk_ != nullptr) {
            disk_->crash(synced); // before who waits for it goes
            inbox_ = std::make_unique<simulated_inbox<Policies>>(*disk_, network_.clock);
        }
    }

    // What the world does

    /// Does what can be done now. Whether there was anything.
    bool drive()
    {
        bool any = disk_ != nullptr && disk_->drive();
        for (auto& [id, line] : network_.lines()) {
            any |= read(guests_.try_emplace(id, &line, later(network_.now(), options_.dial_limit)).first->second);
        }
        any |= finish_authentications();
        any |= finish_clean_ups();
        if (admission_->next_deadline() <= network_.now()) {
            admission_->advance(network_.now());
            obey();
        }
        for (auto& one : over_) {
            one->advance();
        }
        for (auto& [session, one] : residents_) {
            one.self->advance();
        }
        for (auto& [id, who] : guests_) {
            any |=
                who.at == stage::attached && (hang_up(who) || write_to(network_, *who.line, side::hub, self_of(who)));
        }
        return any;
    }

    /// Forgets what was closed.
    void sweep(connection_id id) { guests_.erase(id); }

private:
    using admission_type = admission<typename Policies::grace>;

    enum class stage : std::uint8_t { greeting, authenticating, introducing, waiting, attached, closed };

    struct guest {
        guest(simulated_line* on, instant until) : line{on}, greets_until{until} {}

        simulated_line* line;
        stage at = stage::greeting;
        candidate who{};
        std::optional<std::string> identity{};
        std::uint32_t capacity = 0;
        instant greets_until; // without a hello by then it is dropped
        instant authenticated{};
        session_id session = 0;
        std::optional<outbox_notice> outbox{};
        bool known = false; // its outbox has been here before
    };

    struct resident {
        std::unique_ptr<peer> self;
        std::uint32_t capacity = 0;
        std::string token;
    };

    struct clean_up {
        std::string identity;
        std::uint64_t absence;
        instant due;
    };

    peer& self_of(const guest& who) { return *residents_.at(who.session).self; }

    bool read(guest& who)
    {
        bool any = false;
        while (who.at != stage::closed) {
            const auto came = who.line->link.arrive(side::hub, network_.now());
            if (!came) {
                break;
            }
            any = true;
            if (const auto* said = std::get_if<hello>(&*came)) {
                if (who.at == stage::greeting) {
                    greeted(who, *said);
                } else if (who.at == stage::attached) {
                    self_of(who).session().bad(network_.now());
                } else {
                    refuse(who, errc::bad_message);
                }
            } else if (const auto* message = std::get_if<owned_message>(&*came)) {
                heard(who, message->view());
            }
        }
        const bool mute = who.at == stage::greeting && network_.now() >= who.greets_until;
        if (who.at != stage::closed && (mute || !who.line->link.readable(side::hub, network_.now()))) {
            lose(who);
            any = true;
        }
        return any;
    }

    void greeted(guest& who, const hello& said)
    {
        who.identity = options_.authenticate(said);
        who.who = {who.line->id, who.identity.value_or(""), said.incarnation, digest_of(said.token),
                   said.attempt, !said.token.empty()};
        who.outbox = said.outbox;
        who.capacity = std::min(said.capacity, options_.session.capacity);
        who.authenticated = later(network_.now(), authentication_);
        who.at = stage::authenticating;
    }

    // Only the attached line of a session is heard; nothing but a hello comes before the welcome (rules 3 and 5).
    void heard(guest& who, const message& what)
    {
        if (who.at != stage::attached) {
            refuse(who, errc::bad_message);
            return;
        }
        admission_->heard(who.session, network_.now());
        auto& self = self_of(who);
        network_.watching().heard(self.label(), who.line->id, what);
        self.receive(what);
    }

    bool finish_authentications()
    {
        bool any = false;
        for (auto& [id, who] : guests_) {
            if (who.at != stage::authenticating || network_.now() < who.authenticated) {
                continue;
            }
            any = true;
            if (!who.identity) {
                refuse(who, errc::auth_refused);
                continue;
            }
            if (inbox_ != nullptr && who.outbox) {
                introduce(id, who);
            } else {
                arrive(who);
            }
        }
        return any;
    }

    void arrive(guest& who)
    {
        who.at = stage::waiting;
        admission_->arrive(who.who, network_.now());
        obey();
    }

    void introduce(connection_id id, guest& who)
    {
        who.at = stage::introducing;
        inbox_->greet({*who.identity, who.outbox->name}, *who.outbox, [this, id](const std::error_code& ec, bool knew) {
            const auto found = guests_.find(id);
            if (found == guests_.end() || found->second.at != stage::introducing) {
                return; // it has left meanwhile
            }
            found->second.known = knew;
            if (ec) {
                refuse(found->second, kind_of(ec).value_or(errc::refused));
            } else {
                arrive(found->second);
            }
        });
    }

    // Who runs what this session's durable outbox delivers.
    void keep_records(guest& who, peer& self)
    {
        if (inbox_ == nullptr || !who.outbox) {
            return;
        }
        const record_owner owner{*who.identity, who.outbox->name};
        self.durable({[this, owner, &self](const invoke& asked) { inbox_->take(owner, self, asked); },
                      [this, &self](invocation which, const outcome& how) { return inbox_->ended(self, which, how); }});
    }

    bool finish_clean_ups()
    {
        bool any = false;
        for (std::size_t i = 0; i != clean_ups_.size();) {
            if (network_.now() < clean_ups_[i].due) {
                ++i;
                continue;
            }
            any = true;
            const auto done = clean_ups_[i];
            clean_ups_.erase(clean_ups_.begin() + static_cast<std::ptrdiff_t>(i));
            network_.watching().cleaned_up(done.identity);
            admission_->clean_up_done(done.identity, done.absence, network_.now());
            obey();
        }
        return any;
    }

    void obey()
    {
        admission_verdict what;
        while (admission_->next(what)) {
            network_.watching().decided(what);
            std::visit([this](const auto& one) { this->perform(one); }, what);
        }
    }

    void perform(std::monostate) {}

    void perform(const verdict_of::attach& how)
    {
        auto& who = guests_.at(how.connection);
        if (!how.resumed) {
            open(how.session, who.capacity);
        }
        auto& one = residents_.at(how.session);
        who.at = stage::attached;
        who.session = how.session;
        keep_records(who, *one.self);
        welcome answer{
            .session = one.self->label(), .token = one.token, .resumed = how.resumed, .capacity = one.capacity};
        if (inbox_ != nullptr && who.outbox) {
            answer.store = store_notice{std::string{disk_->name()}, who.known};
        }
        network_.greet(*who.line, side::hub, std::move(answer));
        network_.watching().attached(one.self->label(), how.connection);
        one.self->session().attach(options_.features, options_.session.heartbeat, network_.now());
    }

    void perform(const verdict_of::deny& how) { refuse(guests_.at(how.connection), how.why); }

    void perform(const verdict_of::displace& how)
    {
        auto& who = guests_.at(how.connection);
        detach(who);
        message bye;
        bye.kind = message_kind::bye;
        bye.name = name_of(close_reason::replaced);
        network_.say(*who.line, side::hub, "hub", bye);
        close(who);
    }

    void perform(const verdict_of::silence& how) { lose(guests_.at(how.connection)); }
    void perform(const verdict_of::give_way& how) { lose(guests_.at(how.connection)); }
    void perform(const verdict_of::probe& how) { residents_.at(how.session).self->session().probe(); }

    void perform(const verdict_of::end& how)
    {
        auto& self = residents_.at(how.session).self;
        self->session().end(errc::session_lost);
        self->take_outputs();
        over_.push_back(std::move(self));
        residents_.erase(how.session);
    }

    void perform(const verdict_of::leaving&) {}
    void perform(const verdict_of::returned&) {}
    void perform(const verdict_of::absent& who)
    {
        clean_ups_.push_back({who.identity, who.absence, later(network_.now(), clean_up_)});
    }
    void perform(const verdict_of::overdue&) {}

    void open(session_id session, std::uint32_t capacity)
    {
        auto& one = residents_[session];
        one.capacity = capacity;
        one.token = "token-" + std::to_string(++tokens_);
        one.self = std::make_unique<peer>(side::hub, "hub/" + std::to_string(tokens_), options_.session, network_.clock,
                                          options_.seed + tokens_, &network_.watching());
        options_.equip(side::hub, *one.self);
        one.self->session().begin(capacity);
        admission_->set_token(session, digest_of(one.token));
    }

    void refuse(guest& who, errc why)
    {
        message refusal;
        refusal.kind = message_kind::refusal;
        refusal.name = name_of(why);
        network_.say(*who.line, side::hub, "hub", refusal);
        const bool waited = who.at == stage::waiting;
        close(who);
        if (waited) {
            admission_->lose(who.line->id, 0, network_.now());
        }
    }

    bool hang_up(guest& who)
    {
        if (self_of(who).take_alive()) {
            admission_->alive(who.session);
        }
        if (!self_of(who).take_hang_up()) {
            return false;
        }
        lose(who);
        return true;
    }

    // The line is gone, whoever ended it.
    void lose(guest& who)
    {
        const auto session = who.at == stage::attached ? who.session : 0;
        if (session != 0) {
            detach(who);
        }
        close(who);
        admission_->lose(who.line->id, session, network_.now());
        obey();
    }

    void detach(guest& who)
    {
        auto& self = self_of(who);
        self.session().detach(network_.now());
        self.take_hang_up();
        self.take_farewell();
        network_.watching().detached(self.label(), who.line->id);
        self.take_outputs();
    }

    void close(guest& who)
    {
        who.at = stage::closed;
        who.line->link.close(side::hub, network_.now());
    }

    const world_options<Policies>& options_;
    simulated_network& network_;
    std::unique_ptr<admission_type> admission_;
    std::map<connection_id, guest> guests_;
    std::map<session_id, resident> residents_;
    std::vector<clean_up> clean_ups_;
    std::vector<std::unique_ptr<peer>> over_; // sessions that have ended
    std::vector<std::unique_ptr<peer>>
        gone_; // of a process that has died: kept for those who hold their runs, never driven
    std::unique_ptr<simulated_disk> disk_;
    std::unique_ptr<simulated_inbox<Policies>> inbox_;
    std::uint64_t tokens_ = 0;
    duration authentication_{};
    duration clean_up_{};
};

} // namespace rejoinder::inline v0::testing

#endif
