// Tests of the answering half: what runs, what is answered, and what never runs twice.
#include <rejoinder/core/inbox.hpp>

#include <rejoinder/core/agenda.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/receipts.hpp"
#include "support/small_ids.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// An inbox alone, with the connection and the handlers played by the test.
template <class Policies = default_policies>
struct inbox_bench {
    inbox_bench() : inbox_bench(session_options<Policies>{}) {}
    explicit inbox_bench(session_options<Policies> chosen)
        : options(std::move(chosen)), in(with_routes(), routes, todo, counts)
    {
        in.attach();
    }

    const session_options<Policies>& with_routes()
    {
        options.capacity = capacity;
        routes.set("now", {1});
        routes.set("serial", {2, handling::serial});
        return options;
    }

    session_options<Policies> options;
    route_table routes;
    agenda<int> todo;
    counters counts;
    inbox<int, Policies> in;
    instant now = instant{} + 1h;

    bool receive(message_kind kind, message_id id, std::string_view name = "now",
                 std::optional<duration> time_left = {}, std::string_view payload = {})
    {
        message asked;
        asked.kind = kind;
        asked.id = id;
        asked.name = name;
        asked.time_left = time_left;
        asked.payload.bytes = payload;
        if (kind == message_kind::notification) {
            in.notified(asked, now);
            return true;
        }
        return in.receive(asked, now);
    }

    struct order {
        char what; // i: invoke, s: stop
        invocation which;
        std::string payload;
        instant deadline;
    };

    std::vector<order> orders()
    {
        std::vector<order> out;
        while (!todo.outputs.empty()) {
            auto one = todo.outputs.pop_front();
            if (const auto* called = std::get_if<invoke>(&one)) {
                out.push_back({'i', called->call, std::string{called->payload.bytes}, called->deadline});
            } else if (const auto* stopped = std::get_if<stop>(&one)) {
                out.push_back({'s', stopped->call, {}, never});
            }
        }
        return out;
    }

    struct said {
        message_kind kind;
        message_id id;
        std::string name;
        std::string payload;
    };

    std::vector<said> answers()
    {
        std::vector<said> out;
        message word;
        while (!todo.urgent.empty()) {
            in.spell(todo.urgent.pop_front(), word);
            out.push_back({word.kind, word.id, std::string{word.name}, std::string{word.payload.bytes}});
        }
        return out;
    }

    void answer(invocation which, std::string_view payload) { in.finish(which, {{payload, encoding::text}, {}, {}}); }
};

} // namespace

TEST_CASE("inbox: a request runs once, its repeats are silent, then get the recorded answer (rule 12)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0), "now", 5s, "ask"));
    CHECK(b.receive(message_kind::request, id_of(1, 0), "now", 5s, "ask"));
    const auto runs = b.orders();
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].payload == "ask");
    CHECK(runs[0].deadline == b.now + 5s);
    CHECK(b.answers().empty());
    b.answer(runs[0].which, "yes");
    CHECK(b.receive(message_kind::request, id_of(1, 0), "now", 5s, "ask"));
    CHECK(b.orders().empty());
    const auto words = b.answers();
    REQUIRE(words.size() == 2);
    CHECK((words[0].kind == message_kind::reply && words[0].payload == "yes"));
    CHECK((words[1].kind == message_kind::reply && words[1].payload == "yes"));
    CHECK(b.counts.duplicates_suppressed == 2);
    CHECK(b.counts.answers_replayed == 1);
}

TEST_CASE("inbox: a higher generation is new, a lower one is stale and never runs")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(2, 0)));
    b.answer(b.orders().at(0).which, "two");
    CHECK(b.receive(message_kind::request, id_of(3, 0)));
    CHECK(b.orders().size() == 1);
    b.answers();
    CHECK(b.receive(message_kind::request, id_of(2, 0)));
    CHECK(b.orders().empty());
    const auto words = b.answers();
    REQUIRE(words.size() == 1);
    CHECK((words[0].kind == message_kind::error && words[0].name == "stale_request"));
    CHECK(b.counts.stale_requests == 1);
}

TEST_CASE("inbox: a higher generation over a running record is the peer's fault, and changes nothing (rule 8)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK_FALSE(b.receive(message_kind::request, id_of(2, 0)));
    const auto runs = b.orders();
    REQUIRE(runs.size() == 1);
    b.answer(runs[0].which, "one");
    CHECK(b.answers().at(0).id == id_of(1, 0));
}

TEST_CASE("inbox: a name without handler is refused before any handler, and so is a deadline that has passed")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0), "unknown"));
    CHECK(b.receive(message_kind::request, id_of(1, 1), "now", 0s));
    CHECK(b.orders().empty());
    const auto words = b.answers();
    REQUIRE(words.size() == 2);
    CHECK(words[0].name == "no_handler");
    CHECK(words[1].name == "timed_out");
    CHECK(b.in.running() == 0);
}

TEST_CASE("inbox: a delivery's handler is its ack, and a failed one is an error")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::delivery, id_of(1, 0)));
    CHECK(b.receive(message_kind::delivery, id_of(1, 1)));
    const auto runs = b.orders();
    b.answer(runs[0].which, "done");
    b.in.finish(runs[1].which, {{"data", encoding::text}, "out_of_stock", "none left"});
    const auto words = b.answers();
    REQUIRE(words.size() == 2);
    CHECK((words[0].kind == message_kind::ack && words[0].payload == "done"));
    CHECK((words[1].kind == message_kind::error && words[1].name == "out_of_stock" && words[1].payload == "data"));
    CHECK(b.counts.handler_failures == 1);
}

TEST_CASE("inbox: a cancel stops the handler, and is confirmed when the handler has ended (rules 8 and 16)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    const auto run = b.orders().at(0).which;
    CHECK(b.in.cancel(id_of(1, 0)));
    CHECK(b.in.cancel(id_of(1, 0)));
    const auto orders = b.orders();
    REQUIRE(orders.size() == 1);
    CHECK((orders[0].what == 's' && orders[0].which == run));
    CHECK(b.answers().empty());
    b.answer(run, "too late");
    auto words = b.answers();
    REQUIRE(words.size() == 1);
    CHECK((words[0].kind == message_kind::error && words[0].name == "cancelled"));
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.orders().empty());
    CHECK(b.answers().at(0).name == "cancelled"); // rule 14
}

TEST_CASE(
    "inbox: a cancel that comes before its message is recorded and confirmed, and the message never runs (rule 16)")
{
    inbox_bench<> b;
    CHECK(b.in.cancel(id_of(1, 0)));
    CHECK(b.answers().at(0).name == "cancelled");
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.orders().empty());
    CHECK(b.answers().at(0).name == "cancelled");
    CHECK_FALSE(b.in.cancel(3)); // no id at all
}

TEST_CASE("inbox: a cancel of what is done gets the answer once more")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    b.answer(b.orders().at(0).which, "yes");
    b.answers();
    CHECK(b.in.cancel(id_of(1, 0)));
    CHECK(b.answers().at(0).payload == "yes");
}

TEST_CASE("inbox: a serial name runs one at a time in its order, with bytes of any size kept meanwhile (contract 9)")
{
    inbox_bench<> b;
    const std::string large(100'000, 'x');
    CHECK(b.receive(message_kind::request, id_of(1, 0), "serial", {}, "first"));
    CHECK(b.receive(message_kind::delivery, id_of(1, 1), "serial", 10s, large));
    CHECK(b.receive(message_kind::request, id_of(1, 2), "serial", {}, "third"));
    const auto first = b.orders();
    REQUIRE(first.size() == 1);
    CHECK(b.in.running() == 3);
    b.answer(first[0].which, {});
    const auto second = b.orders();
    REQUIRE(second.size() == 1);
    CHECK(second[0].payload == large);
    CHECK(second[0].deadline == b.now + 10s);
    CHECK(b.in.cancel(id_of(1, 2))); // it waits: it never starts
    CHECK(b.orders().empty());
    b.answer(second[0].which, {});
    CHECK(b.orders().empty());
    const auto words = b.answers();
    REQUIRE(words.size() == 3);
    CHECK(words[1].name == "cancelled");
    CHECK(b.receive(message_kind::request, id_of(1, 3), "serial"));
    CHECK(b.orders().size() == 1);
}

TEST_CASE("inbox: acked on receipt, a delivery leaves its slot, and its repeat is acked again (rule 10)")
{
    session_options<receipts> options;
    options.receipted_max = 2;
    inbox_bench<receipts> b{options};
    CHECK(b.receive(message_kind::delivery, id_of(1, 0)));
    CHECK(b.receive(message_kind::delivery, id_of(1, 0)));
    auto runs = b.orders();
    REQUIRE(runs.size() == 1);
    auto words = b.answers();
    REQUIRE(words.size() == 2);
    CHECK((words[0].kind == message_kind::ack && words[1].kind == message_kind::ack));
    CHECK(b.receive(message_kind::delivery, id_of(2, 0)));
    CHECK(b.orders().size() == 1);
    CHECK(b.answers().size() == 1);
    CHECK(b.receive(message_kind::delivery, id_of(1, 1))); // the bound: its receipt is withheld until it is handled
    const auto third = b.orders();
    REQUIRE(third.size() == 1);
    CHECK(b.answers().empty());
    b.answer(third[0].which, {});
    CHECK(b.answers().size() == 1);
    CHECK(b.receive(message_kind::request, id_of(1, 2))); // an ack policy is no matter of requests
    CHECK(b.answers().empty());
    b.answer(runs[0].which, {});
    CHECK(b.answers().empty());
    CHECK(b.receive(message_kind::delivery, id_of(2, 1)));
    CHECK(b.answers().size() == 1);
}

TEST_CASE("inbox: a handler that ends late ends nobody else's request (rule 9)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    const auto old = b.orders().at(0).which;
    b.in.restart(capacity);
    CHECK(b.orders().at(0).what == 's');
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    const auto fresh = b.orders().at(0).which;
    CHECK_FALSE(old == fresh);
    b.answer(old, "of the old session");
    CHECK(b.answers().empty());
    CHECK(b.in.running() == 1);
    b.answer(fresh, "of the new one");
    CHECK(b.answers().at(0).payload == "of the new one");
    b.answer(fresh, "twice");
    CHECK(b.answers().empty());
}

TEST_CASE("inbox: the end stops what runs, and what waits for its turn never starts (rule 16)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0), "serial"));
    CHECK(b.receive(message_kind::request, id_of(1, 1), "serial"));
    b.receive(message_kind::notification, 0, "now");
    const auto runs = b.orders();
    REQUIRE(runs.size() == 2);
    b.in.end();
    const auto orders = b.orders();
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].which == runs[0].which);
    b.answer(runs[0].which, {});
    CHECK(b.orders().empty());
    b.answer(runs[1].which, {});
    CHECK(b.in.running() == 0);
}

TEST_CASE("inbox: an answer over the message limit is lost, and says so")
{
    session_options<> options;
    options.message_bytes_max = 10;
    inbox_bench<> b{options};
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    b.answer(b.orders().at(0).which, "more than ten bytes");
    CHECK(b.answers().at(0).name == "answer_lost");
}

TEST_CASE("inbox: an answer that there is no room to keep is sent once, and its repeat is told (contract 3)")
{
    session_options<> options;
    options.kept_answer_bytes_max = 10;
    inbox_bench<> b{options};
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    b.answer(b.orders().at(0).which, "more than ten bytes");
    CHECK(b.in.kept_bytes() == 0);
    CHECK(b.answers().at(0).payload == "more than ten bytes");
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.answers().at(0).name == "answer_lost");
}

TEST_CASE("inbox: a known error without room for its text goes out whole once, and keeps its code")
{
    session_options<> options;
    options.kept_answer_bytes_max = 10;
    inbox_bench<> b{options};
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    b.in.finish(b.orders().at(0).which, {{"data of the error", encoding::text}, "bad_payload", "what was wrong"});
    const auto words = b.answers();
    CHECK(words.at(0).name == "bad_payload");
    CHECK(words.at(0).payload == "data of the error");
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.answers().at(0).name == "bad_payload");
}

TEST_CASE("inbox: without a link an answer is recorded and not said: the asker repeats its id (contract 6)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    b.in.detach();
    b.answer(b.orders().at(0).which, "yes");
    b.in.attach();
    CHECK(b.answers().empty());
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.answers().at(0).payload == "yes");
}

TEST_CASE("inbox: progress goes to whoever waits, and to nobody after a cancel, a link loss or the end")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    const auto run = b.orders().at(0).which;
    b.in.progress(run, {"half", encoding::text});
    CHECK(b.answers().at(0).payload == "half");
    b.in.detach();
    b.in.progress(run, {"unheard", encoding::text});
    b.in.attach();
    CHECK(b.in.cancel(id_of(1, 0)));
    b.in.progress(run, {"unwanted", encoding::text});
    b.answer(run, {});
    b.in.progress(run, {"late", encoding::text});
    CHECK(b.answers().size() == 1);
}

TEST_CASE(
    "inbox: a peer that asks on without reading its answers is stopped, and chatty handlers are not kept (contract 10)")
{
    session_options<> options;
    options.notifications_max = 4;
    inbox_bench<> b{options};
    CHECK(b.receive(message_kind::request, id_of(1, 7)));
    const auto run = b.orders().at(0).which;
    for (int word = 0; word != 100; ++word) {
        b.in.progress(run, {"word", encoding::text});
    }
    CHECK(b.todo.urgent.size() == 4 + capacity);
    message_id generation = 1;
    while (b.receive(message_kind::request, id_of(generation, 0), "unknown")) {
        ++generation;
        REQUIRE(generation < 1000);
    }
    CHECK(b.todo.urgent.size() == 4 + 8 * capacity);
    CHECK_FALSE(b.in.cancel(id_of(1, 3)));
}

TEST_CASE("inbox: notifications have their own bound, which their handlers' ends free")
{
    session_options<> options;
    options.notifications_max = 2;
    inbox_bench<> b{options};
    for (int n = 0; n != 3; ++n) {
        b.receive(message_kind::notification, 0);
    }
    b.receive(message_kind::notification, 0, "unknown");
    const auto runs = b.orders();
    REQUIRE(runs.size() == 2);
    CHECK(b.counts.notifications_dropped == 2);
    b.answer(runs[0].which, {});
    CHECK(b.answers().empty());
    b.receive(message_kind::notification, 0);
    CHECK(b.orders().size() == 1);
}

TEST_CASE("inbox: a finished id named by a ping keeps its generation and gives back its bytes (rule 11)")
{
    inbox_bench<> b;
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    b.answer(b.orders().at(0).which, "yes");
    CHECK(b.in.kept_bytes() == 3);
    b.answers();
    b.in.forget(id_of(1, 0));
    CHECK(b.in.kept_bytes() == 0);
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.orders().empty());
    CHECK(b.answers().at(0).name == "answer_lost");
    b.in.shrink();
    CHECK(b.receive(message_kind::request, id_of(1, 0)));
    CHECK(b.orders().empty());
}
