// What the contract says of every conversation, held against all that happens in a simulated world.
#ifndef REJOINDER_TESTS_SIMULATION_MODEL_HPP
#define REJOINDER_TESTS_SIMULATION_MODEL_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/testing/story.hpp>
#include <rejoinder/testing/world.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace simulation {

using namespace rejoinder;
using namespace rejoinder::testing;

// Acks on receipt for the names that say so.
struct acknowledge_by_name {
    [[nodiscard]] ack_when when(std::string_view name) const noexcept
    {
        return name == "receipt" ? ack_when::received : ack_when::handled;
    }
};

struct policies : default_policies {
    using ack = acknowledge_by_name;
};

using peer = scripted_peer<policies>;
using key = std::uint64_t;

// A payload begins with the key of its question: the model's name for it, never used twice.
inline key key_in(std::string_view payload)
{
    key found = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), found);
    return found;
}

// The ground truth, and the invariants. Each breach names the point of the contract that it breaks.
class model : public story {
public:
    explicit model(telling how) : story(how) {}

    void watch(world<policies>& watched) { world_ = &watched; }

    [[nodiscard]] bool is_fool(std::string_view label) const { return fools_.contains(label); }

    // What the scenario knows of a question before it is asked, and of its handler.
    void opens(key which, std::string name, repeatable repeat, duration timeout)
    {
        auto& fact = facts_[which];
        fact.name = std::move(name);
        fact.repeat = repeat;
        fact.timeout = timeout;
    }
    void notifies(std::string_view who, key which) { facts_[which].asker = who; }
    void failed(key which) { ++facts_[which].failures; }
    [[nodiscard]] unsigned failures_of(key which) { return facts_[which].failures; }
    void died(std::string_view who) override
    {
        story::died(who);
        if (who == "hub") {
            present_.clear();
            cleaning_.clear();
            std::erase_if(lanes_, [](const auto& lane) { return lane.first.starts_with("hub"); });
            owner_.clear();
        }
        for (auto& [which, fact] : facts_) {
            const bool his = who == "hub" ? fact.asker.starts_with("hub") : fact.asker == who;
            fact.forgotten |= his && (fact.asked == nullptr || !fact.asked->done());
        }
    }

    void sent(std::string_view who, connection_id on, const message& what) override
    {
        if (is_foul(who, on)) {
            return;
        }
        story::sent(who, on, what);
        const auto from = side_of(who);
        auto& sum = sums_[std::string{who}];
        sum.notifications_sent += what.kind == message_kind::notification ? 1 : 0;
        if (what.kind == message_kind::notification || !session_on_.contains(on)) {
            return;
        }
        const auto& session = session_on_.at(on);
        switch (what.kind) {
        case message_kind::request:
        case message_kind::delivery: question_sent({session, from, what.id}, on, what, sum); break;
        case message_kind::reply:
        case message_kind::ack:
        case message_kind::error: answer_sent({session, across(from), what.id}, on); break;
        default: break;
        }
    }

    void heard(std::string_view who, connection_id on, const message& what) override
    {
        if (is_foul(who, on)) {
            return;
        }
        story::heard(who, on, what);
        const auto& session = session_on_.at(on);
        expect(attached_to_[std::string{who}] == on, "contract 6",
               "a session heard a connection that it is not attached to");
        const identifier id{session, across(side_of(who)), what.id};
        if (what.kind == message_kind::request || what.kind == message_kind::delivery ||
            what.kind == message_kind::cancel) {
            ++owed_[{on, id}];
        }
        if (what.kind == message_kind::cancel && keys_.contains(id)) {
            facts_[keys_.at(id)].cancel_heard.insert(id);
        }
    }

    void attached(std::string_view who, connection_id on) override
    {
        const auto fools = world_->hub().directory().sessions_of("fool");
        const bool at_hub = side_of(who) == side::hub;
        if (at_hub && std::find(fools.begin(), fools.end(), world_->hub().session_on(on)) != fools.end()) {
            fools_.insert(std::string{who});
        }
        for (std::size_t i = 0; !at_hub && i != world_->clients(); ++i) {
            if (world_->at(i).identity() == "fool" && world_->at(i).self().label() == who) {
                fools_.insert(std::string{who});
            }
        }
        story::attached(who, on);
        attached_to_[std::string{who}] = on;
        if (side_of(who) == side::hub) {
            session_on_[on] = who;
        }
    }

    void detached(std::string_view who, connection_id on) override
    {
        story::detached(who, on);
        attached_to_.erase(std::string{who});
    }

    void asked(std::string_view who, message_kind kind, const question_ptr& what) override
    {
        auto& fact = facts_[key_in(what->payload)];
        fact.asker = who;
        fact.asked = what;
        fact.kind = kind;
        fact.deadline = what->asked_at + fact.timeout;
        story::asked(who, kind, what);
    }

    void settled(std::string_view who, const question_ptr& what) override;
    void started(std::string_view who, const invoke& run) override;
    void ended(std::string_view who, invocation run) override;
    void decided(const admission_verdict& what) override;
    void cleaned_up(std::string_view identity) override
    {
        story::cleaned_up(identity);
        cleaning_.erase(std::string{identity});
    }

    void settled_down() override
    {
        if (world_ != nullptr) {
            look();
        }
    }
    // What holds at every moment.
    void look();
    void limits(const world_options<policies>& options) { limits_ = &options; }
    // What holds when everything has had its time, and so many clients are to be back.
    void finish(std::size_t residents);

private:
    struct identifier { // an id means something within its session, from one of its sides
        std::string session;
        side from;
        message_id id;

        friend auto operator<=>(const identifier&, const identifier&) = default;
    };

    struct history {
        std::string name;
        std::string asker;
        question_ptr asked;
        message_kind kind = message_kind::notification;
        repeatable repeat = repeatable::no;
        duration timeout{};
        instant deadline = never;
        instant last_sent{};
        std::set<identifier> ids;
        std::set<identifier> cancel_heard;
        unsigned runs = 0;     // of the handler's work: one that refuses does none
        unsigned failures = 0; // runs that ended with an error that may be tried again
        bool may_not_run = false;
        bool forgotten = false; // whoever asked is no more
    };

    static side side_of(std::string_view who) { return who.starts_with("hub") ? side::hub : side::client; }

    void question_sent(const identifier& id, connection_id on, const message& what, counters& sum);
    void answer_sent(const identifier& id, connection_id on);
    void look_at(peer& who);
    // What the fool says, and what is said to him, is held against nothing: but nobody else is to notice.
    bool is_foul(std::string_view who, connection_id on) const
    {
        return fools_.contains(who) || !session_on_.contains(on) ? fools_.contains(who)
                                                                 : fools_.contains(session_on_.at(on));
    }

    world<policies>* world_ = nullptr;
    const world_options<policies>* limits_ = nullptr;
    std::set<std::string, std::less<>> fools_;
    std::map<std::string, counters> sums_; // by peer: what was seen to happen
    std::map<key, history> facts_;
    std::map<identifier, key> keys_;
    std::map<connection_id, std::string> session_on_;
    std::map<std::string, connection_id> attached_to_;
    std::map<std::pair<connection_id, identifier>, int>
        owed_; // answers that a connection may carry, having carried what they answer
    std::map<std::pair<std::string, side>, std::vector<message_id>>
        first_sent_; // ids of a session's side, in the order of first emission
    std::map<std::pair<connection_id, side>, std::pair<std::size_t, bool>>
        progress_;                                              // how far a connection is in repeating these
    std::map<std::pair<std::string, message_id>, key> running_; // by peer and run
    std::map<std::string, key> last_started_;                   // by asker and kind of lane
    std::map<std::string, int> lanes_;                          // serial runs, by peer
    std::map<std::string, std::pair<instant, bool>>
        present_; // when an identity lost its last link; whether it was told absent since
    std::set<std::string> cleaning_;
    std::map<session_id, std::pair<std::string, std::string>> owner_; // identity and page of a session
};

// Contract 5 and 15: nothing is sent twice on a live link. Contract 6: after a reconnect first what is unfinished, in
// its order.
inline void model::question_sent(const identifier& id, connection_id on, const message& what, counters& sum)
{
    const auto which = key_in(what.payload.bytes);
    auto& fact = facts_[which];
    fact.last_sent = world_->now();
    expect(!fact.may_not_run, "contract 4", "sent after its caller was told that it never was: ", which);
    expect(what.id <= message_id_max, "contract 3", "an id above 2^53-1");
    const bool known = keys_.contains(id);
    expect(!known || keys_.at(id) == which, "contract 3", "one id names two messages");
    keys_[id] = which;
    ++(known ? sum.resent : what.kind == message_kind::request ? sum.requests_sent : sum.deliveries_sent);
    fact.ids.insert(id);

    auto& order = first_sent_[{id.session, id.from}];
    auto& [repeated, fresh] = progress_[{on, id.from}];
    if (!known) {
        order.push_back(id.id);
        fresh = true;
        return;
    }
    expect(!fresh, "contract 6", "an unfinished message was repeated after a new one, or twice on one connection");
    const auto place = static_cast<std::size_t>(std::find(order.begin(), order.end(), id.id) - order.begin());
    expect(place >= repeated, "contract 6",
           "unfinished messages were repeated out of their order, or twice on one connection");
    repeated = place + 1;
}

// Contract 6: the responder re-sends nothing unasked.
inline void model::answer_sent(const identifier& id, connection_id on)
{
    auto& owed = owed_[{on, id}];
    expect(--owed >= 0, "contract 6", "an answer was sent that nobody asked for on this connection: ", id.id);
}

inline void model::started(std::string_view who, const invoke& run)
{
    const auto which = key_in(run.payload.bytes);
    auto& fact = facts_[which];
    const std::string label{who};
    if (fools_.contains(label)) {
        return;
    }
    story::started(who, run);
    running_[{label, run.call.number}] = which;
    fact.runs += run.name == "refuses" ? 0 : 1;

    expect(!fact.may_not_run, "contract 4", "ran although its caller was told that it would not: ", which);
    if (fact.repeat == repeatable::no) {
        const auto allowed = 1 + (fact.kind == message_kind::delivery ? fact.failures : 0);
        expect(fact.runs <= allowed, "contract 2", "ran once too often: ", which);
    }
    const bool cancelled = fact.ids.size() == 1 && fact.cancel_heard == fact.ids;
    expect(!cancelled, "contract 12", "ran after its cancel had arrived: ", which);

    if (fact.kind == message_kind::request || fact.kind == message_kind::delivery) {
        const auto transit = world_->now() - fact.last_sent;
        expect(run.deadline >= fact.deadline && run.deadline <= later(fact.deadline, transit), "contract 13",
               "the handler saw another deadline: ", which);
    }
    if (run.name == "serial") {
        expect(++lanes_[label] == 1, "contract 9", "two handlers of a serial name ran at once");
    }
    if (fact.kind != message_kind::request && fact.ids.size() <= 1 && fact.failures == 0) {
        auto& last = last_started_[fact.asker + (run.name == "serial" ? " serial" : "")];
        expect(which > last, "contract 9", "started out of order: ", which, " after ", last);
        last = which;
    }
}

inline void model::ended(std::string_view who, invocation run)
{
    const std::string label{who};
    const auto found = running_.find({label, run.number});
    if (found == running_.end()) {
        return; // the fool's
    }
    const auto& fact = facts_[found->second];
    story::ended(who, run);
    if (fact.name == "serial") {
        --lanes_[label];
    }
    // The end of a handler may be said unasked, to whichever connection is attached.
    if (attached_to_.contains(label)) {
        const auto on = attached_to_.at(label);
        for (const auto& id : fact.ids) {
            ++owed_[{on, id}];
        }
    }
    running_.erase(found);
}

// Contract 1: exactly one completion. Contract 4: an error says what may have happened.
inline void model::settled(std::string_view who, const question_ptr& what)
{
    const auto which = key_in(what->payload);
    auto& fact = facts_[which];
    story::settled(who, what);
    auto& sum = sums_[std::string{who}];
    sum.timeouts += what->error == errc::timed_out ? 1 : 0;
    sum.cancelled += what->error == errc::cancelled && what->code.empty() ? 1 : 0;
    expect(what->completions == 1, "contract 1", "completed twice: ", what->payload);
    expect(!fact.forgotten, "contract 1", "completed although its process is gone: ", what->payload);
    const bool sent = !fact.ids.empty();
    if (!what->error) {
        const bool held = fact.name == "receipt" && fact.kind == message_kind::delivery;
        expect(held ? sent : fact.runs > 0, "contract 4", "answered without having run: ", what->payload);
        expect(held || fact.name == "big" || key_in(what->answer) == which, "contract 2",
               "got the answer to another question: ", what->payload);
        return;
    }
    switch (certainty_of(what->error)) {
    case certainty::never_sent:
        expect(!sent, "contract 4", "told ", name_of(certainty_of(what->error)), ": ", what->payload);
        fact.may_not_run = true;
        break;
    case certainty::not_executed:
        expect(sent && fact.runs == 0, "contract 4", "told ", name_of(certainty_of(what->error)), ": ", what->payload);
        fact.may_not_run = fact.repeat == repeatable::no && fact.kind == message_kind::request;
        break;
    case certainty::acknowledged:
        expect(sent && fact.runs > 0, "contract 4", "told ", name_of(certainty_of(what->error)), ": ", what->payload);
        break;
    case certainty::maybe_executed:
        expect(sent, "contract 4", "told ", name_of(certainty_of(what->error)), ": ", what->payload);
        break;
    }
}

// Contract 7: presence. Contract 8: who a session belongs to.
inline void model::decided(const admission_verdict& what)
{
    story::decided(what);
    const auto& directory = world_->hub().directory();
    if (const auto* how = std::get_if<verdict_of::attach>(&what)) {
        std::string identity;
        std::string page;
        for (std::size_t i = 0; i != world_->clients(); ++i) {
            if (world_->at(i).line() == how->connection) {
                identity = world_->at(i).identity();
                page = world_->at(i).incarnation();
            }
        }
        if (identity.empty()) {
            return; // the client has given this connection up
        }
        expect(!cleaning_.contains(identity), "contract 7", "attached during its clean-up: ", identity);
        const auto all = directory.sessions_of(identity);
        expect(std::find(all.begin(), all.end(), how->session) != all.end(), "contract 8",
               "attached to a session of another identity: ", identity);
        const auto [owner, fresh] = owner_.try_emplace(how->session, identity, page);
        expect(fresh == !how->resumed || fresh, "contract 8", "a new session had an owner");
        expect(owner->second == std::pair{identity, page}, "contract 8",
               "a session was resumed by somebody else: ", page);
        present_.erase(identity);
    } else if (const auto* gone = std::get_if<verdict_of::leaving>(&what)) {
        present_[gone->identity] = {world_->now(), false};
    } else if (const auto* back = std::get_if<verdict_of::returned>(&what)) {
        expect(present_.contains(back->identity) && !present_.at(back->identity).second, "contract 7",
               "returned from no grace: ", back->identity);
    } else if (const auto* away = std::get_if<verdict_of::absent>(&what)) {
        const auto found = present_.find(away->identity);
        expect(found != present_.end() && !found->second.second, "contract 7",
               "told absent twice, or while present: ", away->identity);
        if (found != present_.end()) {
            expect(world_->now() - found->second.first >= std::chrono::seconds{5}, "contract 7",
                   "told absent within the grace: ", away->identity);
            found->second.second = true;
        }
        expect(directory.newest_attached(away->identity) == 0, "contract 7",
               "told absent while attached: ", away->identity);
        expect(cleaning_.insert(away->identity).second, "contract 7", "two clean-ups at once: ", away->identity);
    } else if (const auto* late = std::get_if<verdict_of::overdue>(&what)) {
        cleaning_.erase(late->identity);
    } else if (const auto* over = std::get_if<verdict_of::end>(&what)) {
        owner_.erase(over->session);
    }
}

inline void model::look_at(peer& who)
{
    if (fools_.contains(who.label())) {
        return;
    }
    const auto& session = who.session();
    const auto& limits = limits_->session;
    expect(session.pending() <= limits.capacity, "contract 10", who.label(), " has too much pending");
    expect(session.kept_bytes() <= limits.kept_answer_bytes_max, "contract 3", who.label(), " keeps too many bytes");
    const auto runs = std::size_t{limits.capacity} + limits.receipted_max + limits.notifications_max;
    expect(session.running() <= runs, "contract 3", who.label(), " runs too many handlers");
    expect(who.counts().bad_messages == 0, "contract 3", who.label(), " was sent a message that no correct peer sends");
    const auto& said = who.counts();
    const auto& sum = sums_[who.label()];
    expect(said.requests_sent == sum.requests_sent && said.deliveries_sent == sum.deliveries_sent &&
               said.notifications_sent == sum.notifications_sent && said.resent == sum.resent &&
               said.cancelled == sum.cancelled && said.timeouts == sum.timeouts,
           "metrics", who.label(), " counts other than what happened");
    expect(session.next_deadline() > world_->now(), "contract 11", who.label(),
           " wants to be called again without end");
}

inline void model::look()
{
    world_->hub().for_each([&](session_id, peer& one) { look_at(one); });
    for (std::size_t i = 0; i != world_->clients(); ++i) {
        look_at(world_->at(i).self());
    }
    const auto& directory = world_->hub().directory();
    expect(directory.sessions() <= limits_->admission.sessions_max, "contract 10", "too many sessions");
    for (const auto& [id, line] : world_->lines()) {
        for (const auto from : {side::client, side::hub}) {
            expect(line.link.under_way(from) <= limits_->link.room + 2, "contract 10",
                   "a connection was written to beyond its room");
        }
    }
}

inline void model::finish(std::size_t residents)
{
    for (const auto& [which, fact] : facts_) {
        if (fact.asked != nullptr && !fact.forgotten) {
            expect(fact.asked->completions == 1, "contract 1", "never completed: ", which, " of ", fact.asker);
        }
    }
    const auto over = [&](peer& who) {
        expect(who.live_runs() == 0, "contract 12", who.label(), " still runs a handler that nobody waits for");
        expect(who.session().pending() == 0, "contract 3", who.label(), " still holds a slot");
    };
    world_->hub().for_each([&](session_id, peer& one) { over(one); });
    for (const auto& one : world_->hub().over()) {
        over(*one);
    }
    for (std::size_t i = 0; i != world_->clients(); ++i) {
        auto& one = world_->at(i);
        over(one.self());
        expect(i >= residents || one.state() == link_state::connected || one.state() == link_state::failed,
               "contract 5", one.self().label(), " did not come back");
    }
}

} // namespace simulation

#endif
