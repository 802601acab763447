// What the contract says of every conversation, held against all that happens in a simulated world.
#ifndef REJOINDER_TESTS_SIMULATION_MODEL_HPP
#define REJOINDER_TESTS_SIMULATION_MODEL_HPP

#include <rejoinder/testing/witness.hpp>
#include <rejoinder/testing/world.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
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
class model : public witness {
public:
    explicit model(bool traces) : traces_(traces) {}

    void watch(world<policies>& watched) { world_ = &watched; }

    [[nodiscard]] const std::optional<std::string>& breach() const noexcept { return breach_; }
    [[nodiscard]] const std::string& trace() const noexcept { return trace_; }

    void expect(bool holds, const char* point, const std::string& story)
    {
        if (!holds && !breach_) {
            note("BREACH " + story);
            breach_ = std::string{point} + ": " + story;
        }
    }

    void note(const std::string& what)
    {
        if (traces_ && !breach_) {
            const auto at =
                std::chrono::duration_cast<std::chrono::microseconds>(world_->now() - instant{} - std::chrono::hours{1})
                    .count();
            trace_ += std::to_string(at / 1000) + "." + std::to_string(at / 100 % 10) + " ms  " + what + "\n";
        }
    }

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
    void hub_died()
    {
        for (auto& [which, fact] : facts_) {
            fact.forgotten |= fact.asker.starts_with("hub") && (fact.asked == nullptr || !fact.asked->done());
        }
        present_.clear();
        cleaning_.clear();
        std::erase_if(lanes_, [](const auto& lane) { return lane.first.starts_with("hub"); });
        owner_.clear();
        note("the hub restarts");
    }

    void sent(std::string_view who, connection_id on, const message& what) override
    {
        note(std::string{who} + " -> " + std::to_string(on) + " " + spell(what));
        const auto from = side_of(who);
        if (what.kind == message_kind::notification || !session_on_.contains(on)) {
            return;
        }
        const auto& session = session_on_.at(on);
        switch (what.kind) {
        case message_kind::request:
        case message_kind::delivery: question_sent({session, from, what.id}, on, what); break;
        case message_kind::reply:
        case message_kind::ack:
        case message_kind::error: answer_sent({session, across(from), what.id}, on); break;
        default: break;
        }
    }

    void heard(std::string_view who, connection_id on, const message& what) override
    {
        note(std::string{who} + " <- " + std::to_string(on) + " " + spell(what));
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
        note(std::string{who} + " attached to " + std::to_string(on));
        attached_to_[std::string{who}] = on;
        if (side_of(who) == side::hub) {
            session_on_[on] = who;
        }
    }

    void detached(std::string_view who, connection_id on) override
    {
        note(std::string{who} + " detached from " + std::to_string(on));
        attached_to_.erase(std::string{who});
    }

    void asked(std::string_view who, message_kind kind, const question_ptr& what) override
    {
        auto& fact = facts_[key_in(what->payload)];
        fact.asker = who;
        fact.asked = what;
        fact.kind = kind;
        fact.deadline = what->asked_at + fact.timeout;
        note(std::string{who} + " asks " + what->name + " " + what->payload);
    }

    void settled(std::string_view who, const question_ptr& what) override;
    void started(std::string_view who, const invoke& run) override;
    void ended(std::string_view who, invocation run) override;
    void stopped(std::string_view who, invocation run) override
    {
        note(std::string{who} + " stops run " + std::to_string(run.number));
    }
    void decided(const admission_verdict& what) override;
    void cleaned_up(std::string_view identity) override
    {
        note("cleaned up after " + std::string{identity});
        cleaning_.erase(std::string{identity});
    }

    // What holds at every moment.
    void look(const world_options<policies>& options);
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

    void question_sent(const identifier& id, connection_id on, const message& what);
    void answer_sent(const identifier& id, connection_id on);
    void look_at(peer& who, const world_options<policies>& options);

    static std::string spell(const message& what)
    {
        static constexpr const char* names[] = {"hello",        "welcome",  "ready",  "refusal",  "bye",
                                                "request",      "reply",    "error",  "delivery", "ack",
                                                "notification", "progress", "cancel", "ping",     "pong"};
        return std::string{names[static_cast<std::size_t>(what.kind)]} + " " + std::to_string(what.id) + " " +
               std::string{what.name} + " " + std::string{what.payload.bytes.substr(0, 20)};
    }

    bool traces_;
    world<policies>* world_ = nullptr;
    std::optional<std::string> breach_;
    std::string trace_;
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
inline void model::question_sent(const identifier& id, connection_id on, const message& what)
{
    const auto which = key_in(what.payload.bytes);
    auto& fact = facts_[which];
    fact.last_sent = world_->now();
    expect(!fact.may_not_run, "contract 4",
           "sent after its caller was told that it never was: " + std::to_string(which));
    expect(what.id <= message_id_max, "contract 3", "an id above 2^53-1");
    const bool known = keys_.contains(id);
    expect(!known || keys_.at(id) == which, "contract 3", "one id names two messages");
    keys_[id] = which;
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
    expect(--owed >= 0, "contract 6",
           "an answer was sent that nobody asked for on this connection: " + std::to_string(id.id));
}

inline void model::started(std::string_view who, const invoke& run)
{
    const auto which = key_in(run.payload.bytes);
    auto& fact = facts_[which];
    const std::string label{who};
    note(label + " runs " + std::string{run.name} + " " + std::string{run.payload.bytes} + " as " +
         std::to_string(run.call.number));
    running_[{label, run.call.number}] = which;
    fact.runs += run.name == "refuses" ? 0 : 1;

    expect(!fact.may_not_run, "contract 4",
           "ran although its caller was told that it would not: " + std::to_string(which));
    if (fact.repeat == repeatable::no) {
        const auto allowed = 1 + (fact.kind == message_kind::delivery ? fact.failures : 0);
        expect(fact.runs <= allowed, "contract 2", "ran once too often: " + std::to_string(which));
    }
    const bool cancelled = fact.ids.size() == 1 && fact.cancel_heard == fact.ids;
    expect(!cancelled, "contract 12", "ran after its cancel had arrived: " + std::to_string(which));

    if (fact.kind == message_kind::request || fact.kind == message_kind::delivery) {
        const auto transit = world_->now() - fact.last_sent;
        expect(run.deadline >= fact.deadline && run.deadline <= later(fact.deadline, transit), "contract 13",
               "the handler saw another deadline: " + std::to_string(which));
    }
    if (run.name == "serial") {
        expect(++lanes_[label] == 1, "contract 9", "two handlers of a serial name ran at once");
    }
    if (fact.kind != message_kind::request && fact.ids.size() <= 1 && fact.failures == 0) {
        auto& last = last_started_[fact.asker + (run.name == "serial" ? " serial" : "")];
        expect(which > last, "contract 9",
               "started out of order: " + std::to_string(which) + " after " + std::to_string(last));
        last = which;
    }
}

inline void model::ended(std::string_view who, invocation run)
{
    const std::string label{who};
    const auto found = running_.find({label, run.number});
    const auto& fact = facts_[found->second];
    note(label + " has ended run " + std::to_string(run.number));
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
    note(std::string{who} + " has its end of " + what->payload + ": " + (what->error ? what->error.message() : "ok") +
         ", " + std::string{name_of(certainty_of(what->error))});
    const auto told = "told " + std::string{name_of(certainty_of(what->error))} + " (" + what->error.message() +
                      "): " + what->payload;
    expect(what->completions == 1, "contract 1", "completed twice: " + what->payload);
    expect(!fact.forgotten, "contract 1", "completed although its process is gone: " + what->payload);
    const bool sent = !fact.ids.empty();
    if (!what->error) {
        const bool held = fact.name == "receipt" && fact.kind == message_kind::delivery;
        expect(held ? sent : fact.runs > 0, "contract 4", "answered without having run: " + what->payload);
        expect(held || fact.name == "big" || key_in(what->answer) == which, "contract 2",
               "got the answer to another question: " + what->payload);
        return;
    }
    switch (certainty_of(what->error)) {
    case certainty::never_sent:
        expect(!sent, "contract 4", told);
        fact.may_not_run = true;
        break;
    case certainty::not_executed:
        expect(sent && fact.runs == 0, "contract 4", told);
        fact.may_not_run = fact.repeat == repeatable::no && fact.kind == message_kind::request;
        break;
    case certainty::acknowledged: expect(sent && fact.runs > 0, "contract 4", told); break;
    case certainty::maybe_executed: expect(sent, "contract 4", told); break;
    }
}

// Contract 7: presence. Contract 8: who a session belongs to.
inline void model::decided(const admission_verdict& what)
{
    const auto& directory = world_->hub().directory();
    if (const auto* how = std::get_if<verdict_of::attach>(&what)) {
        note("attach " + std::to_string(how->connection) + " to session " + std::to_string(how->session) +
             (how->resumed ? ", resumed" : ""));
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
        expect(!cleaning_.contains(identity), "contract 7", "attached during its clean-up: " + identity);
        const auto all = directory.sessions_of(identity);
        expect(std::find(all.begin(), all.end(), how->session) != all.end(), "contract 8",
               "attached to a session of another identity: " + identity);
        const auto [owner, fresh] = owner_.try_emplace(how->session, identity, page);
        expect(fresh == !how->resumed || fresh, "contract 8", "a new session had an owner");
        expect(owner->second == std::pair{identity, page}, "contract 8",
               "a session was resumed by somebody else: " + page);
        present_.erase(identity);
    } else if (const auto* gone = std::get_if<verdict_of::leaving>(&what)) {
        note("leaving " + gone->identity);
        present_[gone->identity] = {world_->now(), false};
    } else if (const auto* back = std::get_if<verdict_of::returned>(&what)) {
        note("returned " + back->identity);
        expect(present_.contains(back->identity) && !present_.at(back->identity).second, "contract 7",
               "returned from no grace: " + back->identity);
    } else if (const auto* away = std::get_if<verdict_of::absent>(&what)) {
        note("absent " + away->identity);
        const auto found = present_.find(away->identity);
        expect(found != present_.end() && !found->second.second, "contract 7",
               "told absent twice, or while present: " + away->identity);
        if (found != present_.end()) {
            expect(world_->now() - found->second.first >= std::chrono::seconds{5}, "contract 7",
                   "told absent within the grace: " + away->identity);
            found->second.second = true;
        }
        expect(directory.newest_attached(away->identity) == 0, "contract 7",
               "told absent while attached: " + away->identity);
        expect(cleaning_.insert(away->identity).second, "contract 7", "two clean-ups at once: " + away->identity);
    } else if (const auto* late = std::get_if<verdict_of::overdue>(&what)) {
        note("overdue " + late->identity);
        cleaning_.erase(late->identity);
    } else if (const auto* no = std::get_if<verdict_of::deny>(&what)) {
        note("deny " + std::to_string(no->connection) + " " + std::string{name_of(no->why)});
    } else if (const auto* old = std::get_if<verdict_of::displace>(&what)) {
        note("displace " + std::to_string(old->connection));
    } else if (const auto* over = std::get_if<verdict_of::end>(&what)) {
        note("end of session " + std::to_string(over->session));
        owner_.erase(over->session);
    }
}

inline void model::look_at(peer& who, const world_options<policies>& options)
{
    const auto& session = who.session();
    const auto& limits = options.session;
    expect(session.pending() <= limits.capacity, "contract 10", who.label() + " has too much pending");
    expect(session.kept_bytes() <= limits.kept_answer_bytes_max, "contract 3", who.label() + " keeps too many bytes");
    const auto runs = std::size_t{limits.capacity} + limits.receipted_max + limits.notifications_max;
    expect(session.running() <= runs, "contract 3", who.label() + " runs too many handlers");
    expect(who.counts().bad_messages == 0, "contract 3",
           who.label() + " was sent a message that no correct peer sends");
    expect(session.next_deadline() > world_->now(), "contract 11",
           who.label() + " wants to be called again without end");
}

inline void model::look(const world_options<policies>& options)
{
    world_->hub().for_each([&](session_id, peer& one) { look_at(one, options); });
    for (std::size_t i = 0; i != world_->clients(); ++i) {
        look_at(world_->at(i).self(), options);
    }
    const auto& directory = world_->hub().directory();
    expect(directory.sessions() <= options.admission.sessions_max, "contract 10", "too many sessions");
    for (const auto& [id, line] : world_->lines()) {
        for (const auto from : {side::client, side::hub}) {
            expect(line.link.under_way(from) <= options.link.room + 2, "contract 10",
                   "a connection was written to beyond its room");
        }
    }
}

inline void model::finish(std::size_t residents)
{
    for (const auto& [which, fact] : facts_) {
        if (fact.asked != nullptr && !fact.forgotten) {
            expect(fact.asked->completions == 1, "contract 1",
                   "never completed: " + std::to_string(which) + " of " + fact.asker);
        }
    }
    const auto over = [&](peer& who) {
        expect(who.live_runs() == 0, "contract 12", who.label() + " still runs a handler that nobody waits for");
        expect(who.session().pending() == 0, "contract 3", who.label() + " still holds a slot");
    };
    world_->hub().for_each([&](session_id, peer& one) { over(one); });
    for (const auto& one : world_->hub().over()) {
        over(*one);
    }
    for (std::size_t i = 0; i != world_->clients(); ++i) {
        auto& one = world_->at(i);
        over(one.self());
        expect(i >= residents || one.state() == link_state::connected || one.state() == link_state::failed,
               "contract 5", one.self().label() + " did not come back");
    }
}

} // namespace simulation

#endif
