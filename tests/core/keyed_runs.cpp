// Tests of the application's keys: one run for all messages of a key, through the inbox that uses them.
#include <rejoinder/core/keyed_runs.hpp>

#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/inbox.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr message_id first = 8;

// An inbox that answers "run", driven by hand.
struct keyed_bench {
    session_options<> options{.capacity = 8, .keys = {.count_max = 4, .age_max = 1min}};
    route_table routes;
    agenda<int> todo;
    counters counts;
    inbox<int, default_policies> in{options, routes, todo, counts};
    instant now = instant{} + 1h;
    std::vector<invocation> running;

    keyed_bench()
    {
        routes.set("run", {1});
        routes.set("serial", {2, handling::serial});
        in.attach();
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
        start();
    }

    void start()
    {
        while (!todo.outputs.empty()) {
            const auto one = todo.outputs.pop_front();
            if (const auto* called = std::get_if<invoke>(&one)) {
                running.push_back(called->call);
            }
        }
    }

    using word = std::tuple<message_id, message_kind, std::string>; // id, kind, payload or code

    std::vector<word> words()
    {
        std::vector<word> out;
        while (!todo.urgent.empty()) {
            message said;
            in.spell(todo.urgent.pop_front(), said);
            out.emplace_back(said.id, said.kind, said.kind == message_kind::error ? said.name : said.payload.bytes);
        }
        todo.reclaim();
        return out;
    }

    void finish(std::size_t which, std::string_view answer)
    {
        in.finish(running.at(which), {{answer}, {}, {}});
        start();
    }
};

using words = std::vector<keyed_bench::word>;

} // namespace

TEST_CASE("a key that is running takes further ids along: one run, and its answer for each of them")
{
    keyed_bench bench;
    bench.ask(first, "job");
    bench.ask(first + 1, "job");
    bench.ask(first + 2, "job");
    CHECK(bench.running.size() == 1);
    CHECK(bench.words().empty());
    bench.finish(0, "7");
    CHECK(bench.words() == words{{first, message_kind::reply, "7"}, {first + 1, message_kind::reply, "7"}, {first + 2, message_kind::reply, "7"}});
    CHECK(bench.counts.duplicates_suppressed == 2);
}

TEST_CASE("a key that is done is answered from its record, until it is too old")
{
    keyed_bench bench;
    bench.ask(first, "job");
    bench.finish(0, "7");
    bench.ask(first + 1, "job");
    CHECK(bench.words() == words{{first, message_kind::reply, "7"}, {first + 1, message_kind::reply, "7"}});
    bench.now += 2min;
    bench.ask(first + 2, "job");
    CHECK(bench.running.size() == 2);
}

TEST_CASE("the same key with another payload or name is an error, and runs nothing")
{
    keyed_bench bench;
    bench.ask(first, "job", "1");
    bench.ask(first + 1, "job", "2");
    bench.ask(first + 2, "job", "1", "serial");
    CHECK(bench.running.size() == 1);
    CHECK(bench.words() == words{{first + 1, message_kind::error, "key_conflict"}, {first + 2, message_kind::error, "key_conflict"}});
}

TEST_CASE("an error is not kept for a key: a retry runs again")
{
    keyed_bench bench;
    bench.ask(first, "job");
    bench.in.finish(bench.running.at(0), {{}, "handler_error", "no"});
    CHECK(bench.words() == words{{first, message_kind::error, "handler_error"}});
    bench.ask(first + 1, "job");
    CHECK(bench.running.size() == 2);
}

TEST_CASE("whoever asked first may give up: the run goes on for the others, and stops with the last")
{
    keyed_bench bench;
    bench.ask(first, "job");
    bench.ask(first + 1, "job");
    REQUIRE(bench.in.cancel(first));
    CHECK(bench.words() == words{{first, message_kind::error, "cancelled"}});
    CHECK(bench.todo.outputs.empty());
    REQUIRE(bench.in.cancel(first + 1));
    REQUIRE(bench.todo.outputs.size() == 1);
    CHECK(std::holds_alternative<stop>(bench.todo.outputs.front()));
    bench.finish(0, "7");
    CHECK(bench.words() == words{{first + 1, message_kind::error, "cancelled"}});
}

TEST_CASE("an id that joined may give up without harm to the others")
{
    keyed_bench bench;
    bench.ask(first, "job");
    bench.ask(first + 1, "job");
    REQUIRE(bench.in.cancel(first + 1));
    bench.finish(0, "7");
    CHECK(bench.words() == words{{first + 1, message_kind::error, "cancelled"}, {first, message_kind::reply, "7"}});
}

TEST_CASE("keys are bounded: one too many that run is refused as busy")
{
    keyed_bench bench;
    for (message_id i = 0; i != 4; ++i) {
        bench.ask(first + i, std::string(1, static_cast<char>('a' + i)));
    }
    bench.ask(first + 4, "e");
    CHECK(bench.words() == words{{first + 4, message_kind::error, "busy"}});
    bench.finish(0, "7");
    bench.words();
    bench.ask(first + 5, "e");
    CHECK(bench.running.size() == 5);
}

TEST_CASE("a held run of a serial name that is cancelled leaves its key free")
{
    keyed_bench bench;
    bench.ask(first, {}, "1", "serial");
    bench.ask(first + 1, "job", "1", "serial");
    REQUIRE(bench.in.cancel(first + 1));
    CHECK(bench.words() == words{{first + 1, message_kind::error, "cancelled"}});
    bench.ask(first + 2, "job", "1", "serial");
    bench.finish(0, "7");
    CHECK(bench.running.size() == 2);
}

TEST_CASE("a run that is being stopped takes nobody along: its key is busy until it has ended, and then runs again")
{
    keyed_bench bench;
    bench.ask(first, "job");
    REQUIRE(bench.in.cancel(first));
    bench.ask(first + 1, "job");
    CHECK(bench.running.size() == 1);
    CHECK(bench.words() == words{{first + 1, message_kind::error, "busy"}});
    bench.finish(0, "7");
    CHECK(bench.words() == words{{first, message_kind::error, "cancelled"}});
    bench.ask(first + 2, "job");
    REQUIRE(bench.running.size() == 2);
    bench.finish(1, "8");
    CHECK(bench.words() == words{{first + 2, message_kind::reply, "8"}});
}
