// What a receiver does with a durable message: run it, or answer from its records.
#include <rejoinder/core/durable_inbox.hpp>

#include <rejoinder/core/memory_store.hpp>

#include <string>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

const record_owner me{"me", "outbox"};
constexpr wall_time wall_now = 1'700'000'000'000;
constexpr wall_time hour = 3'600'000;

struct receiver {
    memory_store kept;
    durable_inbox<memory_store> inbox;

    explicit receiver(durable_inbox_options options = {}) : inbox(kept, options) {}

    std::error_code greet(std::uint64_t next, std::vector<std::uint64_t> unsettled = {}, std::uint64_t epoch = 1, wall_time at = wall_now,
                          const record_owner& owner = me)
    {
        return inbox.greet(owner, {owner.outbox, "secret", epoch, next, std::move(unsettled), {}}, "digest", at, knew);
    }
    durable_verdict open(stamp place, std::uint64_t fingerprint = 7)
    {
        durable_verdict said{};
        REQUIRE_FALSE(inbox.open(me, place, fingerprint, wall_now, said, answer));
        return said;
    }
    void run(stamp place, std::string payload, std::string code = {})
    {
        REQUIRE_FALSE(inbox.start(me, place, 7));
        REQUIRE_FALSE(inbox.end(me, place, {record_state::done, 0, 7, std::move(code), {}, std::move(payload), encoding::text}));
    }

    bool knew = false;
    stored_record answer;
};

} // namespace

TEST_CASE("a message runs once, and its repeats get the recorded answer")
{
    receiver at;
    REQUIRE_FALSE(at.greet(1));
    CHECK_FALSE(at.knew);
    CHECK(at.open({1, 1, 1}) == durable_verdict::fresh);
    at.run({1, 1, 1}, "42");
    for (const auto attempt : {1U, 2U, 9U}) {
        CHECK(at.open({1, 1, attempt}) == durable_verdict::done);
        CHECK(at.answer.payload == "42");
    }
    REQUIRE_FALSE(at.greet(2, {1}, 2));
    CHECK(at.knew);
    CHECK(at.open({1, 1, 1}) == durable_verdict::done);
}

TEST_CASE("another message with a used sequence is a conflict")
{
    receiver at;
    REQUIRE_FALSE(at.greet(1));
    at.run({1, 1, 1}, "42");
    CHECK(at.open({1, 1, 1}, 8) == durable_verdict::conflict);
}

TEST_CASE("a retry after a handler's failure runs again, its repeat does not, and other errors stand")
{
    receiver at;
    REQUIRE_FALSE(at.greet(1));
    at.run({9, 1, 1}, {}, "answer_lost");
    CHECK(at.open({9, 1, 2}) == durable_verdict::done);
    at.run({1, 1, 1}, {}, "handler_error");
    CHECK(at.open({1, 1, 1}) == durable_verdict::done);
    CHECK(at.answer.code == "handler_error");
    CHECK(at.open({1, 1, 2}) == durable_verdict::fresh);
    at.run({1, 1, 2}, "42");
    CHECK(at.open({1, 1, 2}) == durable_verdict::done);
    CHECK(at.answer.payload == "42");
    CHECK(at.open({1, 1, 1}) == durable_verdict::done); // a sender that started anew counts its tries anew
}

TEST_CASE("a message that was refused before its handler may come again")
{
    receiver at;
    REQUIRE_FALSE(at.greet(1));
    REQUIRE_FALSE(at.inbox.start(me, {1, 1, 1}, 7));
    REQUIRE_FALSE(at.inbox.give_back(me, {1, 1, 1}));
    CHECK(at.open({1, 1, 1}) == durable_verdict::fresh);
}

TEST_CASE("records go when the sender's settled mark passes them")
{
    receiver at;
    REQUIRE_FALSE(at.greet(1));
    for (const std::uint64_t sequence : {1U, 2U, 3U}) {
        at.run({sequence, 1, 1}, "42");
    }
    CHECK(at.open({4, 3, 1}) == durable_verdict::fresh);
    CHECK(at.kept.state()->records.size() == 1);
    CHECK(at.open({1, 1, 1}) == durable_verdict::stale);
    CHECK(at.open({3, 3, 1}) == durable_verdict::done);
}

TEST_CASE("an answer over the bound is done, and not kept")
{
    receiver at{{.kept_answer_bytes_max = 10}};
    REQUIRE_FALSE(at.greet(1));
    at.run({1, 1, 1}, std::string(11, 'x'));
    CHECK(at.open({1, 1, 1}) == durable_verdict::done);
    CHECK(at.answer.code == name_of(errc::answer_lost));
    CHECK(at.answer.payload.empty());
}

TEST_CASE("an outbox with another secret, or opened anew since, is refused")
{
    receiver at;
    REQUIRE_FALSE(at.greet(1, {}, 2));
    bool knew = false;
    CHECK(at.inbox.greet(me, {"outbox", "?", 3, 1, {}, {}}, "another digest", wall_now, knew) == errc::auth_refused);
    CHECK(at.greet(1, {}, 1) == errc::outdated_attempt);
    CHECK_FALSE(at.greet(1, {}, 2));
    CHECK_FALSE(at.greet(1, {}, 3));
}

TEST_CASE("known outboxes are bounded: the longest silent are forgotten, and never one that may still send")
{
    receiver at{{.outboxes_max = 2}};
    const record_owner second{"me", "second"};
    const record_owner third{"me", "third"};
    REQUIRE_FALSE(at.greet(1, {}, 1, wall_now));
    at.run({1, 1, 1}, "42");
    REQUIRE_FALSE(at.greet(1, {}, 1, wall_now + hour, second));
    CHECK(at.greet(1, {}, 1, wall_now + 25 * hour, third) == errc::busy);
    CHECK_FALSE(at.greet(1, {}, 1, wall_now + 26 * hour, third));
    CHECK(at.kept.state()->known.size() == 2);
    CHECK(at.kept.state()->records.empty());
    CHECK_FALSE(at.greet(1, {}, 1, wall_now + 26 * hour, second));
    CHECK(at.knew);
}

TEST_CASE("an identity that opens outbox after outbox harms no other identity")
{
    receiver at{{.outboxes_per_identity = 2}};
    REQUIRE_FALSE(at.greet(1, {}, 1, wall_now));
    REQUIRE_FALSE(at.greet(1, {}, 1, wall_now, {"me", "second"}));
    CHECK(at.greet(1, {}, 1, wall_now, {"me", "third"}) == errc::busy);
    CHECK_FALSE(at.greet(1, {}, 1, wall_now, {"me", "second"}));
    CHECK_FALSE(at.greet(1, {}, 1, wall_now, {"you", "first"}));
}

TEST_CASE("a message of an outbox that nobody introduced is stale, and makes none known")
{
    receiver at;
    CHECK(at.open({1, 1, 1}) == durable_verdict::stale);
    CHECK(at.kept.state()->known.empty());
}

TEST_CASE("a sender that settles nothing cannot make its records grow for ever")
{
    receiver at{{.sequences_max = 10}};
    REQUIRE_FALSE(at.greet(1));
    CHECK(at.open({10, 1, 1}) == durable_verdict::fresh);
    CHECK(at.open({11, 1, 1}) == durable_verdict::too_far);
    CHECK(at.open({11, 2, 1}) == durable_verdict::fresh);
}

TEST_CASE("an outbox in use is not forgotten, however long its connection lasts")
{
    receiver at{{.outboxes_max = 1}};
    REQUIRE_FALSE(at.greet(1, {}, 1, wall_now));
    durable_verdict said{};
    REQUIRE_FALSE(at.inbox.open(me, {1, 1, 1}, 7, wall_now + 24 * hour, said, at.answer));
    CHECK(at.greet(1, {}, 1, wall_now + 26 * hour, {"me", "second"}) == errc::busy);
}

TEST_CASE("what may have run elsewhere never runs here, also when the first welcome was lost")
{
    receiver at;
    const outbox_notice notice{"outbox", "secret", 1, 4, {1, 2, 3}, {1, 2}};
    bool knew = true;
    REQUIRE_FALSE(at.inbox.greet(me, notice, "digest", wall_now, knew));
    CHECK_FALSE(knew);
    REQUIRE_FALSE(at.inbox.greet(me, notice, "digest", wall_now, knew));
    CHECK(knew);
    CHECK(at.open({1, 1, 1}) == durable_verdict::stale);
    CHECK(at.open({2, 1, 1}) == durable_verdict::stale);
    CHECK(at.open({3, 1, 1}) == durable_verdict::fresh);
    CHECK(at.open({4, 1, 1}) == durable_verdict::fresh);
}

namespace {

// A disk that fails at the n-th call.
struct failing_disk : memory_store {
    std::error_code fail() { return left-- == 0 ? make_error_code(errc::store_failed) : std::error_code{}; }

    std::error_code find(const record_owner& owner, known_outbox& out, bool& found)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::find(owner, out, found);
    }
    std::error_code find(const record_owner& owner, std::uint64_t sequence, stored_record& out, bool& found)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::find(owner, sequence, out, found);
    }
    std::error_code write(const record_owner& owner, const known_outbox& known)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::write(owner, known);
    }
    std::error_code write(const record_owner& owner, std::uint64_t sequence, const stored_record& record)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::write(owner, sequence, record);
    }
    std::error_code outboxes(std::string_view identity, std::size_t& own, std::size_t& all)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::outboxes(identity, own, all);
    }
    std::error_code forget(wall_time seen_before)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::forget(seen_before);
    }
    std::error_code drop(const record_owner& owner, std::uint64_t sequence)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::drop(owner, sequence);
    }
    std::error_code drop_below(const record_owner& owner, std::uint64_t sequence)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::drop_below(owner, sequence);
    }
    std::error_code sequences(const record_owner& owner, std::vector<std::uint64_t>& out)
    {
        const auto ec = fail();
        return ec ? ec : memory_store::sequences(owner, out);
    }

    int left = -1;
};

} // namespace

TEST_CASE("a disk that fails at any call is told of, and nothing is done as if it had not")
{
    int failures = 0;
    for (int n = 0; n != 30; ++n) {
        failing_disk kept;
        durable_inbox<failing_disk> inbox{kept};
        bool knew = false;
        durable_verdict verdict = durable_verdict::stale;
        stored_record record;
        REQUIRE_FALSE(inbox.greet({"me", "other"}, {"other", "secret", 1, 1, {}, {}}, "digest", wall_now, knew));
        REQUIRE_FALSE(inbox.greet(me, {"outbox", "secret", 1, 3, {1, 2}, {}}, "digest", wall_now, knew));
        kept.left = n;
        auto ec = inbox.greet(me, {"outbox", "secret", 2, 4, {2, 3}, {}}, "digest", wall_now, knew);
        ec = ec ? ec : inbox.greet({"me", "third"}, {"third", "secret", 1, 1, {}, {}}, "digest", wall_now, knew);
        ec = ec ? ec : inbox.open(me, {3, 2, 1}, 7, wall_now + 2 * hour, verdict, record);
        failures += ec == errc::store_failed ? 1 : 0;
        CHECK((ec || verdict == durable_verdict::fresh));
        CHECK((!ec || verdict == durable_verdict::stale));
    }
    CHECK(failures > 10);
    CHECK(failures < 30);
}
