// Tests of keys that mean the same in several sessions: one run, one answer, whoever asks, and whatever session ends.
#include <rejoinder/core/key_ledger.hpp>

#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/inbox.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr message_id first_shared_id = 8;

// One session of an identity, driven by hand.
struct sharing_session {
    session_options<> options{.capacity = 8, .keys = {.age_max = 1min}};
    route_table routes;
    agenda<int> todo;
    counters counts;
    inbox<int, default_policies> in{options, routes, todo, counts};
    instant now = instant{} + 1h;
    std::vector<invocation> running;
    std::size_t stopped = 0;

    struct line final : key_waiter {
        explicit line(sharing_session& of) : to(of) {}
        void answered(message_id id, const answer_view& word) override { to.in.answered(id, word); }
        sharing_session& to;
    };

    explicit sharing_session(std::shared_ptr<key_ledger> ledger)
    {
        routes.set("run", {1});
        routes.set("serial", {2, handling::serial});
        in.restart(8);
        in.attach();
        in.share_keys(std::move(ledger), std::make_shared<line>(*this));
    }

    void ask(message_id id, std::string_view key, std::string_view payload = "1", std::string_view name = "run")
    {
        message asked;
        asked.kind = message_kind::request;
        asked.id = id;
        asked.name = name;
        asked.key = key;
        asked.payload.bytes = payload;
        REQUIRE(in.receive(asked, now));
        take();
    }

    void take()
    {
        while (!todo.outputs.empty()) {
            const auto one = todo.outputs.pop_front();
            if (const auto* called = std::get_if<invoke>(&one)) {
                running.push_back(called->call);
            }
            stopped += std::holds_alternative<stop>(one) ? 1U : 0U;
        }
    }

    // "8 answer" or "8 code" of all that is to be emitted.
    std::vector<std::string> said()
    {
        std::vector<std::string> all;
        while (!todo.urgent.empty()) {
            message out;
            in.spell(todo.urgent.pop_front(), out);
            all.push_back(std::to_string(out.id) + " " + std::string{out.kind == message_kind::error ? out.name : out.payload.bytes});
        }
        return all;
    }
};

struct sharing_pair {
    std::shared_ptr<key_ledger> ledger = std::make_shared<key_ledger>(keyed_window::options{.age_max = 1min});
    std::unique_ptr<sharing_session> old = std::make_unique<sharing_session>(ledger);
    sharing_session young{ledger};
};

using ledger_words = std::vector<std::string>;

} // namespace

TEST_CASE("key ledger: a repeat in another session gets the answer, or waits for the run")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "k");
    REQUIRE(both.old->running.size() == 1);
    both.young.ask(first_shared_id + 1, "k");
    both.young.ask(first_shared_id + 2, "k", "another payload");
    CHECK(both.young.said() == ledger_words{"10 key_conflict"});
    both.old->in.finish(both.old->running[0], {{"done"}, {}, {}});
    CHECK(both.old->said() == ledger_words{"8 done"});
    CHECK(both.young.said() == ledger_words{"9 done"});
    both.young.ask(first_shared_id + 3, "k");
    CHECK(both.young.said() == ledger_words{"11 done"});
    CHECK(both.young.running.empty());
    both.young.now += 1min;
    both.young.ask(first_shared_id + 4, "k");
    CHECK(both.young.running.size() == 1);
}

TEST_CASE("key ledger: the run of a session that is lost goes on, and the next session gets its answer")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "k");
    both.old->ask(first_shared_id + 1, "");
    both.old->in.detach();
    both.old->in.end(errc::session_lost);
    both.old->take();
    CHECK(both.old->stopped == 1); // the one without a key
    both.young.ask(first_shared_id, "k");
    CHECK(both.young.running.empty());
    both.old->in.finish(both.old->running[0], {{"done"}, {}, {}});
    CHECK(both.young.said() == ledger_words{"8 done"});
}

TEST_CASE("key ledger: a run that is stopped, that fails, or whose session is destroyed leaves nobody waiting")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "k");
    both.young.ask(first_shared_id, "k");
    SECTION("its hub is closed")
    {
        both.old->in.end();
        both.old->take();
        CHECK(both.old->stopped == 1);
        both.old->in.finish(both.old->running[0], {});
        CHECK(both.young.said() == ledger_words{"8 cancelled"});
    }
    SECTION("it fails")
    {
        both.old->in.finish(both.old->running[0], {{}, "no_luck", {}});
        CHECK(both.young.said() == ledger_words{"8 no_luck"});
    }
    SECTION("it is destroyed")
    {
        both.old.reset();
        CHECK(both.young.said() == ledger_words{"8 cancelled"});
    }
    both.young.ask(first_shared_id + 1, "k");
    CHECK(both.young.running.size() == 1);
}

TEST_CASE("key ledger: an answer is kept from its run's end on, however long that took")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "k");
    both.young.now += 5min; // which is five times the age of an answer
    both.old->in.finish(both.old->running[0], {{"done"}, {}, {}});
    both.young.ask(first_shared_id, "k");
    CHECK(both.young.said() == ledger_words{"8 done"});
    both.young.now += 1min;
    both.young.ask(first_shared_id + 1, "k");
    CHECK(both.young.running.size() == 1);
}

TEST_CASE("key ledger: who waits no more ends nobody else's wait, in whichever session")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "k");
    both.young.ask(first_shared_id, "k");
    SECTION("the session that runs it")
    {
        REQUIRE(both.old->in.cancel(first_shared_id));
        both.old->take();
        CHECK(both.old->stopped == 0);
        CHECK(both.old->said() == ledger_words{"8 cancelled"});
        both.old->in.finish(both.old->running[0], {{"done"}, {}, {}});
        CHECK(both.old->said().empty());
        CHECK(both.young.said() == ledger_words{"8 done"});
    }
    SECTION("the one that waits")
    {
        REQUIRE(both.young.in.cancel(first_shared_id));
        CHECK(both.young.said() == ledger_words{"8 cancelled"}); // the last word, which frees its slot
        both.old->in.finish(both.old->running[0], {{"done"}, {}, {}});
        CHECK(both.old->said() == ledger_words{"8 done"});
        CHECK(both.young.said().empty());
    }
    SECTION("both")
    {
        REQUIRE(both.young.in.cancel(first_shared_id));
        REQUIRE(both.old->in.cancel(first_shared_id));
        both.old->take();
        CHECK(both.old->stopped == 1);
    }
}

TEST_CASE("key ledger: the runs of a session that is disinherited end with it")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "k");
    both.young.ask(first_shared_id, "k");
    both.old->in.disinherit();
    both.old->in.end(errc::session_lost);
    both.old->take();
    CHECK(both.old->stopped == 1);
    both.old->in.finish(both.old->running[0], {});
    CHECK(both.young.said() == ledger_words{"8 cancelled"});
    both.young.ask(first_shared_id + 1, "k");
    CHECK(both.young.running.size() == 1);
}

TEST_CASE("key ledger: what waited for its turn in a session that ends never runs, and another session runs it")
{
    sharing_pair both;
    both.old->ask(first_shared_id, "a", "1", "serial");
    both.old->ask(first_shared_id + 1, "b", "1", "serial");
    CHECK(both.old->running.size() == 1);
    both.old->in.end(errc::session_lost);
    both.young.ask(first_shared_id, "b", "1", "serial");
    CHECK(both.young.running.size() == 1);
}

TEST_CASE("key ledger: a session that is gone, or begins its ids anew, is told nothing")
{
    sharing_pair both;
    both.young.ask(first_shared_id, "k");
    both.old->ask(first_shared_id, "k");
    SECTION("gone") { both.old.reset(); }
    SECTION("anew") { both.old->in.disown(); }
    both.young.in.finish(both.young.running[0], {{"done"}, {}, {}});
    CHECK(both.young.said() == ledger_words{"8 done"});
    if (both.old != nullptr) {
        CHECK(both.old->said().empty());
    }
}
