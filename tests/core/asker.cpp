// Tests of the asking half: from the call to its one settling, and what it leaves behind.
#include <rejoinder/core/asker.hpp>

#include <rejoinder/testing/session_pair.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

session_options<> small_options(std::uint32_t capacity)
{
    session_options<> options;
    options.capacity = capacity;
    return options;
}

// An asker alone, with the connection played by the test.
struct asker_bench {
    explicit asker_bench(const session_options<>& chosen = {}) : options(chosen), asks(options, todo, counts, 1) {}

    session_options<> options;
    agenda<int> todo;
    counters counts;
    asker<int, default_policies> asks;
    instant now = instant{} + 1h;
    heartbeat beat{heartbeat_options{}, now, probing::allowed};

    call ask(int mark, const call_options& how = {})
    {
        return asks.open(message_kind::request, "name", {}, how, int{mark}, now);
    }
    call deliver(int mark, const call_options& how = {})
    {
        return asks.open(message_kind::delivery, "name", {}, how, int{mark}, now);
    }

    void attach(const capabilities& features = {})
    {
        beat = heartbeat{heartbeat_options{}, now, probing::allowed};
        asks.attach(features);
    }
    void detach()
    {
        asks.detach();
        todo.urgent.clear();
    }

    // Everything that goes out now: kinds and ids.
    std::vector<std::pair<message_kind, message_id>> emitted()
    {
        std::vector<std::pair<message_kind, message_id>> out;
        message said;
        while (!todo.urgent.empty()) {
            if (asks.spell_urgent(todo.urgent.pop_front(), said, beat, now) == spelling::done) {
                out.emplace_back(said.kind, said.id);
            }
        }
        while (asks.first_ticket()) {
            const auto how = asks.spell_first(said, beat, now);
            if (how == spelling::blocked) {
                break;
            }
            if (how == spelling::done) {
                out.emplace_back(said.kind, said.id);
            }
        }
        return out;
    }

    void word(message_kind kind, message_id id, std::string_view name = {})
    {
        message said;
        said.kind = kind;
        said.id = id;
        said.name = name;
        asks.last_word(said, beat, now);
    }

    // What was settled: marks and errors.
    std::vector<std::pair<int, std::error_code>> settlings()
    {
        std::vector<std::pair<int, std::error_code>> out;
        while (!todo.outputs.empty()) {
            auto one = todo.outputs.pop_front();
            if (const auto* done = std::get_if<settled<int>>(&one)) {
                out.emplace_back(done->completion, done->error);
            }
        }
        return out;
    }
};

} // namespace

TEST_CASE("asker: a message gets its id when it is emitted, and not before (rule 3)")
{
    asker_bench b{small_options(4)};
    b.ask(1);
    b.ask(2);
    CHECK(b.asks.waiting() == 2);
    CHECK(b.asks.unanswered() == 0);
    b.attach();
    const auto out = b.emitted();
    REQUIRE(out.size() == 2);
    CHECK(out[0] == std::pair{message_kind::request, message_id{4}});
    CHECK(out[1] == std::pair{message_kind::request, message_id{5}});
    CHECK(b.asks.waiting() == 0);
    CHECK(b.asks.unanswered() == 2);
}

TEST_CASE("asker: a reply settles its call, and a second one is only counted")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    const auto id = b.emitted().at(0).second;
    b.word(message_kind::reply, id);
    b.word(message_kind::reply, id);
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0] == std::pair{1, std::error_code{}});
    CHECK(b.counts.late_replies == 1);
    CHECK(b.asks.pending() == 0);
}

TEST_CASE("asker: after a link loss the sent go out again in their order, before anything new (contract 6)")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    b.deliver(2);
    b.ask(3);
    const auto first = b.emitted();
    b.word(message_kind::reply, first[0].second);
    b.detach();
    b.ask(4);
    b.attach();
    const auto again = b.emitted();
    REQUIRE(again.size() == 3);
    CHECK(again[0] == first[1]);
    CHECK(again[1] == first[2]);
    CHECK(again[2].second != first[1].second);
    CHECK(b.counts.resent == 2);
}

TEST_CASE("asker: an answer that needed no repeat spares the repeat")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    const auto id = b.emitted().at(0).second;
    b.detach();
    b.attach();
    b.word(message_kind::reply, id);
    CHECK(b.emitted().empty());
}

TEST_CASE("asker: an answer on a new connection proves nothing of what was emitted there")
{
    asker_bench b;
    b.attach();
    for (int mark = 0; mark != 10; ++mark) {
        b.ask(mark);
    }
    const auto first = b.emitted();
    b.detach();
    b.attach();
    CHECK(b.emitted().size() == 10);
    b.word(message_kind::reply, first[9].second); // given before the repeat arrived, for all that is known
    CHECK(b.beat.unproven());
}

TEST_CASE(
    "asker: cancelling tells the peer only what it may have, and holds the slot until its last word (rules 8 and 16)")
{
    asker_bench b{small_options(1)};
    const auto unsent = b.ask(1);
    b.asks.cancel(unsent);
    b.asks.cancel(unsent);
    CHECK(b.settlings().at(0).second == errc::cancelled);
    CHECK(b.asks.pending() == 0);

    b.attach();
    const auto sent = b.ask(2);
    const auto id = b.emitted().at(0).second;
    b.asks.cancel(sent);
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(certainty_of(done[0].second) == certainty::maybe_executed);
    CHECK(b.emitted() == std::vector{std::pair{message_kind::cancel, id}});
    CHECK(b.asks.pending() == 1);
    CHECK(b.ask(3).generation == 0);
    CHECK(b.settlings().at(0).second == errc::queue_full);
    b.word(message_kind::error, id, "cancelled");
    CHECK(b.asks.pending() == 0);
    CHECK(b.settlings().empty());
    b.ask(4);
    CHECK(b.emitted().at(0).second == id + 1);
}

TEST_CASE("asker: a cancel is repeated with every resume until its last word (rule 16)")
{
    asker_bench b;
    b.attach();
    const auto sent = b.ask(1);
    const auto id = b.emitted().at(0).second;
    b.detach();
    b.asks.cancel(sent);
    for (int link = 0; link != 3; ++link) {
        b.attach();
        CHECK(b.emitted() == std::vector{std::pair{message_kind::cancel, id}});
        b.detach();
    }
}

TEST_CASE("asker: a wire without cancels gets none, and a link loss frees the slot that nobody can ask about")
{
    capabilities bare;
    bare.cancel = false;
    asker_bench b;
    b.attach(bare);
    const auto sent = b.ask(1);
    CHECK(b.emitted().size() == 1);
    b.asks.cancel(sent);
    CHECK(b.emitted().empty());
    CHECK(b.asks.pending() == 1);
    b.detach();
    b.attach(bare);
    CHECK(b.emitted().empty());
    CHECK(b.asks.pending() == 0);
}

TEST_CASE("asker: a peer that keeps no records holds no slot of a call that is settled, and its late answer is nobody's")
{
    capabilities foreign;
    foreign.cancel = foreign.records = false;
    asker_bench b{small_options(1)};
    b.attach(foreign);
    const auto first = b.ask(1);
    const auto early = b.emitted().at(0).second;
    b.asks.cancel(first);
    CHECK(b.asks.pending() == 0);
    b.ask(2);
    const auto next = b.emitted().at(0).second;
    CHECK(next > early);
    b.settlings();
    b.word(message_kind::reply, early);
    CHECK(b.settlings().empty());
    CHECK(b.counts.late_replies == 1);
    b.word(message_kind::reply, next);
    CHECK(b.settlings().at(0).first == 2);
}

TEST_CASE("asker: on a wire without calls they end unsupported")
{
    capabilities silent;
    silent.calls = false;
    asker_bench b;
    b.attach(silent);
    b.ask(1);
    b.deliver(2);
    CHECK(b.emitted().empty());
    const auto done = b.settlings();
    REQUIRE(done.size() == 2);
    CHECK(done[0].second == errc::unsupported);
    CHECK(certainty_of(done[1].second) == certainty::never_sent);
    CHECK(b.asks.pending() == 0);
}

TEST_CASE("asker: where deliveries are not told from requests, a reply is the last word for both")
{
    capabilities plain;
    asker_bench b;
    b.attach(plain);
    b.deliver(1);
    message word;
    word.kind = message_kind::reply;
    word.id = b.emitted().at(0).second;
    CHECK_FALSE(b.asks.fits(word));
    plain.deliveries = false;
    b.attach(plain);
    CHECK(b.asks.fits(word));
}

TEST_CASE("asker: all slots held: what is new waits for a last word, in its order")
{
    asker_bench b{small_options(2)};
    b.attach();
    b.ask(1);
    b.ask(2);
    const auto first = b.emitted();
    CHECK(b.ask(3).generation == 0); // the bound on what is pending
    CHECK(b.settlings().at(0).second == errc::queue_full);
    b.word(message_kind::reply, first[0].second);
    b.ask(4);
    CHECK(b.emitted().size() == 1);
    CHECK(b.counts.refused == 1);
}

TEST_CASE("asker: a deadline passes wherever the message stands, and says what is known (rule 13)")
{
    asker_bench b;
    b.ask(1, {.timeout = 5s});
    b.attach();
    b.ask(2, {.timeout = 10s});
    CHECK(b.asks.next_deadline() <= b.now + 5s);
    b.detach();
    b.now += 5s;
    b.asks.expire(b.now);
    auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::timed_out);
    CHECK(certainty_of(done[0].second) == certainty::never_sent);
    b.attach();
    CHECK(b.emitted().size() == 1);
    b.now += 5s;
    b.asks.expire(b.now);
    done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(certainty_of(done[0].second) == certainty::maybe_executed);
    CHECK(b.counts.timeouts == 2);
    CHECK(b.asks.pending() == 1);
}

TEST_CASE("asker: a delivery is tried again under a new id, a request only if it is idempotent (rule 15)")
{
    asker_bench b;
    b.attach();
    b.deliver(1);
    b.ask(2);
    b.ask(3, {.repeat = repeatable::idempotent});
    const auto first = b.emitted();
    for (const auto& [kind, id] : first) {
        b.word(message_kind::error, id, "handler_error");
    }
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].first == 2);
    CHECK(certainty_of(done[0].second) == certainty::acknowledged);
    CHECK(b.emitted().empty());
    b.now += 10s;
    b.asks.expire(b.now);
    const auto again = b.emitted();
    REQUIRE(again.size() == 2);
    for (const auto& one : again) {
        for (const auto& before : first) {
            CHECK(one.second != before.second);
        }
    }
    CHECK(b.counts.retries == 2);
}

TEST_CASE("asker: attempts end, and the last error is the answer")
{
    asker_bench b;
    b.attach();
    b.deliver(1);
    for (unsigned attempt = 1; attempt != b.options.retry.attempts; ++attempt) {
        b.word(message_kind::error, b.emitted().at(0).second, "busy");
        CHECK(b.settlings().empty());
        b.now += 10s;
        b.asks.expire(b.now);
    }
    b.word(message_kind::error, b.emitted().at(0).second, "busy");
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::busy);
    CHECK(certainty_of(done[0].second) == certainty::not_executed);
}

TEST_CASE("asker: a refusal does not undo an earlier attempt that ran (rule 14)")
{
    asker_bench b;
    b.attach();
    b.deliver(1);
    b.word(message_kind::error, b.emitted().at(0).second, "handler_error");
    b.now += 10s;
    b.asks.expire(b.now);
    b.word(message_kind::error, b.emitted().at(0).second, "no_handler");
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::no_handler);
    CHECK(certainty_of(done[0].second) == certainty::acknowledged);
}

TEST_CASE("asker: no word of the peer makes an emitted message one that was never sent (rule 13)")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    b.word(message_kind::error, b.emitted().at(0).second, "not_connected"); // as a relay may say
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::not_connected);
    CHECK(certainty_of(done[0].second) == certainty::maybe_executed);
}

TEST_CASE("asker: no retry and no rest outlives the deadline")
{
    asker_bench b;
    b.attach();
    b.deliver(1, {.timeout = 1ms});
    b.word(message_kind::error, b.emitted().at(0).second, "handler_error");
    CHECK(b.settlings().size() == 1);
}

TEST_CASE("asker: a new session ends what was sent, but not what was never sent or may be repeated (contract 6)")
{
    asker_bench b{small_options(4)};
    b.attach();
    b.ask(1);
    b.ask(2, {.repeat = repeatable::idempotent});
    const auto gone = b.ask(3);
    CHECK(b.emitted().size() == 3);
    b.asks.cancel(gone);
    b.detach();
    b.ask(4);
    CHECK(b.settlings().size() == 1);
    b.asks.restart(4);
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].first == 1);
    CHECK(done[0].second == errc::session_lost);
    CHECK(certainty_of(done[0].second) == certainty::maybe_executed);
    CHECK(b.asks.pending() == 2);
    b.attach();
    const auto out = b.emitted();
    REQUIRE(out.size() == 2);
    CHECK(out[0].second == 4);
    CHECK(out[1].second == 5);
    b.detach();
    b.asks.end(errc::closed);
    for (const auto& [mark, error] : b.settlings()) {
        CHECK(certainty_of(error) == certainty::maybe_executed);
    }
}

TEST_CASE("asker: the end settles everything once, with what is known of it")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    b.deliver(2);
    const auto sent = b.emitted();
    b.word(message_kind::error, sent[1].second, "busy");
    b.detach();
    b.ask(3);
    b.asks.end(errc::replaced);
    const auto done = b.settlings();
    REQUIRE(done.size() == 3);
    for (const auto& [mark, error] : done) {
        CHECK(error == errc::replaced);
        CHECK(certainty_of(error) == (mark == 1   ? certainty::maybe_executed
                                      : mark == 2 ? certainty::not_executed
                                                  : certainty::never_sent));
    }
    CHECK(b.asks.pending() == 0);
    b.asks.end(errc::replaced);
    CHECK(b.settlings().empty());
    CHECK(b.asks.next_deadline() == never);
}

TEST_CASE("asker: the outbox's bound holds while the link is down, with the answer that was chosen (contract 10)")
{
    auto options = small_options(100);
    options.outbox.messages_max = 2;
    SECTION("the newest is refused")
    {
        asker_bench b{options};
        b.ask(1);
        b.ask(2);
        b.ask(3);
        const auto done = b.settlings();
        REQUIRE(done.size() == 1);
        CHECK(done[0].first == 3);
        CHECK(done[0].second == errc::queue_full);
        CHECK(certainty_of(done[0].second) == certainty::never_sent);
        CHECK(b.counts.refused == 1);
    }
    SECTION("the oldest gives way")
    {
        options.outbox.on_overflow = overflow::drop_oldest;
        asker_bench b{options};
        b.ask(1);
        b.ask(2);
        b.ask(3);
        const auto done = b.settlings();
        REQUIRE(done.size() == 1);
        CHECK(done[0].first == 1);
        CHECK(done[0].second == errc::evicted);
        CHECK(b.counts.evicted == 1);
        CHECK(b.asks.waiting() == 2);
    }
}

TEST_CASE("asker: a payload over the limit is never taken, at the limit it is")
{
    auto options = small_options(4);
    options.message_bytes_max = 10;
    asker_bench b{options};
    b.asks.open(message_kind::request, "name", {"123456", encoding::text}, {}, 1, b.now);
    b.asks.open(message_kind::request, "name", {"1234567", encoding::text}, {}, 2, b.now);
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].first == 2);
    CHECK(done[0].second == errc::too_big);
}

TEST_CASE("asker: a binary payload on a wire that has no bytes is refused without being sent")
{
    capabilities text_only;
    text_only.binary = false;
    asker_bench b;
    b.attach(text_only);
    b.asks.open(message_kind::request, "name", {"\x01", encoding::binary}, {}, 1, b.now);
    CHECK(b.emitted().empty());
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::unsupported);
    CHECK(certainty_of(done[0].second) == certainty::never_sent);
}

TEST_CASE(
    "asker: what the connection could not spell was never sent, unless an earlier one or an earlier attempt has had it")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    b.ask(2);
    b.deliver(3);
    const auto out = b.emitted();
    b.asks.undeliverable(out[0].second);
    b.asks.undeliverable(out[0].second);
    auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::too_big);
    CHECK(certainty_of(done[0].second) == certainty::never_sent);
    b.word(message_kind::error, out[2].second, "handler_error");
    b.detach();
    b.attach();
    CHECK(b.emitted() == std::vector{out[1]});
    b.asks.undeliverable(out[1].second);
    b.now += 10s;
    b.asks.expire(b.now);
    b.asks.undeliverable(b.emitted().at(0).second, errc::unsupported);
    done = b.settlings();
    REQUIRE(done.size() == 2);
    CHECK(certainty_of(done[0].second) == certainty::maybe_executed);
    CHECK(certainty_of(done[1].second) == certainty::acknowledged);
    CHECK(b.asks.pending() == 0);
}

TEST_CASE("asker: a last word must be of the kind that was asked")
{
    asker_bench b;
    b.attach();
    b.ask(1);
    b.deliver(2);
    const auto out = b.emitted();
    const auto fits = [&](message_kind kind, message_id id) {
        message word;
        word.kind = kind;
        word.id = id;
        return b.asks.fits(word);
    };
    CHECK(fits(message_kind::reply, out[0].second));
    CHECK_FALSE(fits(message_kind::ack, out[0].second));
    CHECK(fits(message_kind::ack, out[1].second));
    CHECK_FALSE(fits(message_kind::reply, out[1].second));
    CHECK(fits(message_kind::error, out[0].second));
    CHECK(fits(message_kind::reply, 999'999));
}

TEST_CASE("asker: a handle outlives its message harmlessly")
{
    asker_bench b;
    b.attach();
    const auto first = b.ask(1);
    b.word(message_kind::reply, b.emitted().at(0).second);
    b.settlings();
    b.asks.shrink();
    const auto second = b.ask(2);
    CHECK_FALSE(first == second);
    b.asks.cancel(first);
    CHECK(b.settlings().empty());
    CHECK(b.asks.completion(first) == nullptr);
    REQUIRE(b.asks.completion(second) != nullptr);
    CHECK(*b.asks.completion(second) == 2);
}

TEST_CASE("asker: retries are a share of the calls: over the budget an error is final")
{
    auto options = small_options(8);
    options.retries = {.percent = 0, .reserve = 1, .per_second = 0};
    asker_bench b{options};
    b.attach();
    b.ask(1, {.repeat = repeatable::idempotent});
    b.ask(2, {.repeat = repeatable::idempotent});
    const auto out = b.emitted();
    b.word(message_kind::error, out[0].second, "busy");
    CHECK(b.settlings().empty()); // it is tried again
    b.word(message_kind::error, out[1].second, "busy");
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].first == 2);
    CHECK(done[0].second == errc::busy);
    CHECK(b.counts.over_budget == 1);
}

namespace {

// A wire that cannot tell an overdue answer from a dead link.
constexpr capabilities without_probe{.deliveries = false, .records = false, .probe = false, .cancel = false};

} // namespace

TEST_CASE("asker: where the wire has no probe, an attempt without answer is followed by another one, with an id of its own")
{
    asker_bench b;
    b.attach(without_probe);
    b.ask(1, {.timeout = 1s, .repeat = repeatable::idempotent, .ack_timeout = 200ms});
    const auto first = b.emitted().at(0).second;
    b.now += 199ms;
    b.asks.expire(b.now);
    CHECK(b.emitted().empty());
    b.now += 2ms;
    b.asks.expire(b.now);
    const auto again = b.emitted();
    REQUIRE(again.size() == 1);
    CHECK(again[0].second != first);
    CHECK(b.counts.retries == 1);
    b.word(message_kind::reply, first); // late: it says nothing of the attempt that runs
    CHECK(b.settlings().empty());
    CHECK(b.counts.late_replies == 1);
    b.word(message_kind::reply, again[0].second);
    CHECK(b.settlings() == std::vector<std::pair<int, std::error_code>>{{1, {}}});
    b.now += 1h;
    b.asks.expire(b.now);
    CHECK(b.settlings().empty());
    CHECK(b.asks.pending() == 0);
}

TEST_CASE("asker: attempts without answer are as many as the policy has, and end with the call's own timeout")
{
    asker_bench b;
    b.attach(without_probe);
    b.ask(1, {.timeout = 1s, .repeat = repeatable::idempotent, .ack_timeout = 200ms});
    std::size_t sent = 0;
    while (b.asks.next_deadline() != never) {
        sent += b.emitted().size();
        b.now = b.asks.next_deadline();
        b.asks.expire(b.now);
    }
    CHECK(sent == 3);
    CHECK(b.now == instant{} + 1h + 1s);
    const auto done = b.settlings();
    REQUIRE(done.size() == 1);
    CHECK(done[0].second == errc::timed_out);
    CHECK(certainty_of(done[0].second) == certainty::maybe_executed);
}

TEST_CASE("asker: an attempt is not given up for what may not be repeated, where a probe would tell, or while the link is down")
{
    const auto tries = [](const capabilities& wire, repeatable repeat, bool loses_link) {
        asker_bench b;
        b.attach(wire);
        b.ask(1, {.timeout = 1s, .repeat = repeat, .ack_timeout = 200ms});
        auto sent = b.emitted().size();
        if (loses_link) {
            b.detach();
        }
        b.now += 300ms;
        b.asks.expire(b.now);
        sent += b.emitted().size();
        CHECK(b.asks.next_deadline() <= instant{} + 1h + 1s);
        b.now += 700ms;
        b.asks.expire(b.now);
        CHECK(b.settlings().size() == 1);
        return sent;
    };
    CHECK(tries(without_probe, repeatable::idempotent, false) == 2);
    CHECK(tries(without_probe, repeatable::no, false) == 1);
    CHECK(tries({}, repeatable::idempotent, false) == 1);
    CHECK(tries(without_probe, repeatable::idempotent, true) == 1);
}
