// Rules 20 to 23 of the contract, each by the story that it closes: a sender and a receiver with their stores, and processes that end.
#include <rejoinder/core/durable_inbox.hpp>
#include <rejoinder/core/durable_outbox.hpp>

#include <rejoinder/core/memory_store.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr wall_time wall_of_story = 1'700'000'000'000;

// A process with a durable outbox. What it wants of its store is done when the story says so.
struct sending_process {
    explicit sending_process(memory_store on) : kept(std::move(on)), outbox({})
    {
        stored_outbox found;
        kept.begin();
        kept.open_outbox({"outbox", "secret", 0, 1, {}, {}}, found);
        kept.commit();
        outbox.opened(found, start, wall_of_story);
    }
    std::uint64_t enqueue(std::string name = "job")
    {
        errc why{};
        return outbox.enqueue(name, {"{}"}, 1h, start, wall_of_story, why).value_or(0);
    }
    void write()
    {
        kept.begin();
        durable_step::any step;
        while (outbox.next(step)) {
            if (const auto* put = std::get_if<durable_step::put>(&step)) {
                kept.put(outbox.find(put->sequence)->words);
                outbox.stored(put->sequence, {});
            } else if (const auto* remove = std::get_if<durable_step::remove>(&step)) {
                kept.remove(remove->sequence);
                outbox.removed(remove->sequence, {}, start);
            } else if (auto* left = std::get_if<durable_step::gone>(&step)) {
                gone.push_back(*left);
            }
        }
        kept.commit();
    }
    void meet(std::string_view store, bool knows)
    {
        kept.begin();
        outbox.welcomed(store, knows ? durable_outbox::after::knowing : durable_outbox::after::not_knowing);
        kept.set_peer(outbox.peer());
        kept.commit();
        write();
    }
    std::optional<stamp> send()
    {
        stamp place;
        return outbox.send_next(start, place) == nullptr ? std::nullopt : std::optional{place};
    }
    void answered(std::uint64_t sequence)
    {
        outbox.answered(sequence, {}, durable_outbox::word_of::peer, start);
        write();
    }
    // Its process ends: what was not committed is gone.
    static sending_process after(const sending_process& ended) { return sending_process{memory_store{ended.kept.state()}}; }

    memory_store kept;
    durable_outbox outbox;
    std::vector<durable_step::gone> gone;
};

struct receiving_process {
    explicit receiving_process(memory_store on) : kept(std::move(on)), inbox(kept) {}
    receiving_process(const receiving_process&) = delete;
    receiving_process& operator=(const receiving_process&) = delete;

    bool greet(const outbox_notice& notice, const record_owner& owner = {"me", "outbox"})
    {
        bool knew = false;
        refusal = inbox.greet(owner, notice, "digest of " + notice.secret, wall_of_story, knew);
        return knew;
    }
    durable_verdict receive(const stamp& place, std::uint64_t fingerprint = 1, const record_owner& owner = {"me", "outbox"})
    {
        durable_verdict verdict{};
        inbox.open(owner, place, fingerprint, wall_of_story, verdict, record);
        return verdict;
    }
    void run(const stamp& place) { inbox.end({"me", "outbox"}, place, {record_state::done, 0, 1, {}, {}, "ran", encoding::text}); }

    memory_store kept;
    durable_inbox<memory_store> inbox;
    stored_record record;
    std::error_code refusal;
};

} // namespace

TEST_CASE("rule 20: a message is on disk before its first byte is sent, so that its sequence never means another one")
{
    sending_process first{memory_store{}};
    first.meet("hub", true);
    const auto lost = first.enqueue("the first message");
    CHECK_FALSE(first.send()); // its commit is not through: nothing leaves
    auto second = sending_process::after(first);
    second.meet("hub", true);
    const auto other = second.enqueue("another message");
    second.write();
    CHECK(other == lost); // never seen by anybody, so it may be given again
    CHECK(second.send()->sequence == other);

    auto third = sending_process::after(second);
    third.meet("hub", true);
    CHECK(third.outbox.find(other)->words.name == "another message");
    CHECK(third.send()->sequence == other);
    third.answered(other);
    auto fourth = sending_process::after(third);
    CHECK(fourth.enqueue() == other + 1);
}

TEST_CASE("rule 20: settling is on disk before the peer is told that it may forget")
{
    sending_process at{memory_store{}};
    at.meet("hub", true);
    at.enqueue();
    at.write();
    at.send();
    at.outbox.answered(1, {}, durable_outbox::word_of::peer, start); // and the commit is under way
    at.enqueue();
    CHECK(at.outbox.settled_below() == 1);
    CHECK(at.outbox.notice().unsettled == std::vector<std::uint64_t>{1}); // 2 is being stored
    at.write();
    CHECK(at.send()->settled == 2);
}

TEST_CASE("rule 21: what was begun and not ended when the process died is answered interrupted, not run again")
{
    receiving_process first{memory_store{}};
    first.greet({"outbox", "secret", 1, 1, {}, {}});
    const stamp place{1, 1, 1};
    REQUIRE(first.receive(place) == durable_verdict::fresh);
    first.kept.begin();
    first.inbox.start({"me", "outbox"}, place, 1);
    first.kept.commit();
    receiving_process second{memory_store{first.kept.state()}};
    CHECK(second.receive(place) == durable_verdict::interrupted);
    CHECK(second.receive({1, 1, 2}) == durable_verdict::interrupted); // a refusal before the store was asked counts as an attempt, too
}

TEST_CASE("rule 21: an effect that shares the record's transaction is made by the next process, once")
{
    receiving_process first{memory_store{}};
    first.greet({"outbox", "secret", 1, 1, {}, {}});
    const stamp place{1, 1, 1};
    first.kept.begin();
    REQUIRE(first.receive(place) == durable_verdict::fresh);
    first.run(place);
    first.kept.rollback(); // the process died before the commit: neither effect nor record is there
    receiving_process second{memory_store{first.kept.state()}};
    second.kept.begin();
    CHECK(second.receive(place) == durable_verdict::fresh);
    second.run(place);
    second.kept.commit();
    receiving_process third{memory_store{second.kept.state()}};
    CHECK(third.receive(place) == durable_verdict::done);
    CHECK(third.record.payload == "ran");
}

TEST_CASE("rule 22: the hello says what is unsettled: that is not stale, though later ones are done")
{
    sending_process from{memory_store{}};
    from.meet("hub", false);
    for (int i = 0; i != 3; ++i) {
        from.enqueue();
    }
    from.write();
    receiving_process first{memory_store{}};
    first.greet(from.outbox.notice());
    const auto one = *from.send();
    const auto two = *from.send();
    first.run(two); // sequence 2 is committed, the receiver dies, 1 is still alive
    receiving_process second{memory_store{first.kept.state()}};
    second.greet(from.outbox.notice());
    CHECK(second.receive(one) == durable_verdict::fresh);
    CHECK(second.receive(two) == durable_verdict::done);
}

TEST_CASE("rule 22: what the sender has settled is dropped at its hello, and never runs again")
{
    sending_process from{memory_store{}};
    from.meet("hub", false);
    for (int i = 0; i != 3; ++i) {
        from.enqueue();
    }
    from.write();
    receiving_process at{memory_store{}};
    at.greet(from.outbox.notice());
    const auto one = *from.send();
    const auto two = *from.send();
    at.run(two);
    from.answered(2); // and its settled mark is lost, as 1 is slow
    at.greet(from.outbox.notice());
    CHECK(at.kept.state()->records.size() == 2);
    CHECK(at.receive(two) == durable_verdict::stale);
    CHECK(at.receive(one) == durable_verdict::fresh);
}

TEST_CASE("rule 23: records are an identity's own, and one sequence is one message")
{
    receiving_process at{memory_store{}};
    at.greet({"outbox", "secret", 1, 1, {}, {}});
    at.run({1, 1, 1});
    CHECK(at.receive({1, 1, 1}, 1, {"somebody else", "outbox"}) == durable_verdict::stale); // who has no outbox of that name here
    at.greet({"outbox", "secret", 1, 1, {}, {}}, {"somebody else", "outbox"});
    CHECK(at.receive({1, 1, 1}, 1, {"somebody else", "outbox"}) == durable_verdict::fresh);
    CHECK(at.receive({1, 1, 1}, 2) == durable_verdict::conflict);
    at.greet({"outbox", "guessed", 9, 1, {}, {}});
    CHECK(at.refusal == errc::auth_refused);
}

TEST_CASE("rule 23: each opening raises the epoch, and an earlier opening is refused")
{
    sending_process old{memory_store{}};
    auto young = sending_process::after(old);
    receiving_process at{memory_store{}};
    at.greet(young.outbox.notice());
    CHECK_FALSE(at.refusal);
    at.greet(old.outbox.notice());
    CHECK(at.refusal == errc::outdated_attempt);
}

TEST_CASE("rule 23: one slow delivery does not stall the others")
{
    sending_process at{memory_store{}};
    at.meet("hub", true);
    at.enqueue("slow");
    at.write();
    at.send();
    for (std::uint64_t i = 0; i != 1000; ++i) {
        const auto sequence = at.enqueue("quick");
        REQUIRE(sequence == i + 2);
        at.write();
        REQUIRE(at.send()->sequence == sequence);
        at.answered(sequence);
    }
    CHECK(at.outbox.settled_below() == 1);
}

TEST_CASE("rule 23: at a hub that has forgotten the outbox, what may have run there is not sent again, and the rest is")
{
    sending_process first{memory_store{}};
    first.meet("hub", true);
    first.enqueue("sent");
    first.write();
    first.send();
    auto second = sending_process::after(first);
    const auto fresh = second.enqueue("never sent");
    second.write();
    SECTION("another store")
    {
        second.meet("another hub", true);
    }
    SECTION("a store that does not know the outbox")
    {
        second.meet("hub", false);
    }
    SECTION("no store at all")
    {
        second.meet({}, false);
    }
    REQUIRE(second.gone.size() == 1);
    CHECK(second.gone[0].name == "sent");
    CHECK(second.gone[0].error == errc::session_lost);
    CHECK(certainty_of(second.gone[0].error) == certainty::maybe_executed);
    CHECK(second.send()->sequence == fresh);
}

TEST_CASE("rule 23: at the hub that knows the outbox, what an earlier process sent is sent again under its number")
{
    sending_process first{memory_store{}};
    first.meet("hub", true);
    first.enqueue();
    first.write();
    const auto place = *first.send();
    auto second = sending_process::after(first);
    second.meet("hub", true);
    CHECK(second.gone.empty());
    CHECK(second.send()->sequence == place.sequence);
}

TEST_CASE("rule 23: what expires after it was sent may have run, and settles")
{
    sending_process at{memory_store{}};
    at.meet("hub", true);
    at.enqueue();
    at.write();
    at.send();
    at.outbox.answered(1, make_error_code(errc::expired, certainty::maybe_executed), durable_outbox::word_of::this_side, start);
    at.write();
    REQUIRE(at.gone.size() == 1);
    CHECK(at.gone[0].how == departure::expired);
    CHECK(certainty_of(at.gone[0].error) == certainty::maybe_executed);
    CHECK(at.outbox.settled_below() == 2);
}

TEST_CASE("rule 20: a message that could not be stored leaves no sequence behind that its receiver would call stale")
{
    sending_process first{memory_store{}};
    first.meet("hub", true);
    const auto lost = first.enqueue("not stored");
    first.outbox.stored(lost, make_error_code(errc::store_failed));
    receiving_process at{memory_store{}};
    at.greet(first.outbox.notice());
    auto second = sending_process::after(first);
    second.meet("hub", true);
    REQUIRE(second.enqueue("stored") == lost); // the store never heard of the first
    second.write();
    at.greet(second.outbox.notice());
    CHECK(at.receive(*second.send()) == durable_verdict::fresh);
}

TEST_CASE("rule 23: an error of the last sending does not undo an earlier one that may have run")
{
    sending_process first{memory_store{}};
    first.meet("hub", true);
    first.enqueue();
    first.write();
    first.send();
    auto second = sending_process::after(first);
    second.meet("hub", true);
    second.send();
    second.outbox.answered(1, make_error_code(errc::no_handler), durable_outbox::word_of::peer, start);
    second.write();
    REQUIRE(second.gone.size() == 1);
    CHECK(certainty_of(second.gone[0].error) == certainty::maybe_executed);
}

TEST_CASE("rule 22: the hello names what is stored, as what is on its way to the disk may never have been")
{
    sending_process sender{memory_store{}};
    sender.meet("hub", true);
    sender.enqueue();
    CHECK(sender.outbox.notice().unsettled.empty());
    sender.write();
    CHECK(sender.outbox.notice().unsettled.size() == 1);
}
