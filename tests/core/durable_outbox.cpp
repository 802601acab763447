// The sender's side of durable deliveries, without a disk.
#include <rejoinder/core/durable_outbox.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr wall_time wall_start = 1'700'000'000'000;

struct sender {
    explicit sender(outbox_options options = {}, stored_outbox found = {"outbox", "secret", 1, 1, {}, {}}) : outbox(options)
    {
        outbox.opened(std::move(found), start, wall_start);
    }

    std::uint64_t enqueue(std::string_view name = "job", duration ttl = 1h)
    {
        errc why{};
        const auto sequence = outbox.enqueue(name, {"{}"}, ttl, start, wall_start, why);
        refusal = why;
        return sequence.value_or(0);
    }
    // Does what the outbox wants of its store, at once, and notes the rest.
    void store(const std::error_code& failure = {})
    {
        durable_step::any step;
        while (outbox.next(step)) {
            std::visit(
                [&](auto& one) {
                    using kind = std::decay_t<decltype(one)>;
                    if constexpr (std::is_same_v<kind, durable_step::put>) {
                        puts.push_back(one.sequence);
                        outbox.stored(one.sequence, failure);
                    } else if constexpr (std::is_same_v<kind, durable_step::remove>) {
                        removes.push_back(one.sequence);
                        outbox.removed(one.sequence, failure, start);
                    } else if constexpr (std::is_same_v<kind, durable_step::taken>) {
                        taken.push_back(one.error);
                    } else {
                        gone.push_back(one);
                    }
                },
                step);
        }
    }
    void meet(std::string_view store_name = "hub", bool knows = true) 
    {
        outbox.welcomed(store_name, knows ? durable_outbox::after::knowing : durable_outbox::after::not_knowing);
    }
    std::uint64_t send(instant at = start)
    {
        place = {};
        outbox.send_next(at, place);
        return place.sequence;
    }

    durable_outbox outbox;
    errc refusal{};
    stamp place;
    std::vector<std::uint64_t> puts;
    std::vector<std::uint64_t> removes;
    std::vector<std::error_code> taken;
    std::vector<durable_step::gone> gone;
};

const auto this_side = durable_outbox::word_of::this_side;
const auto peer_said = durable_outbox::word_of::peer;

stored_outbox left_behind(std::string peer, std::uint64_t count)
{
    stored_outbox found{"outbox", "secret", 2, count + 1, std::move(peer), {}};
    for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
        found.messages.push_back({sequence, "job", "{}", encoding::text, wall_start + 3'600'000});
    }
    return found;
}

} // namespace

TEST_CASE("messages are sent in order, and each that is answered leaves once")
{
    sender at;
    at.meet();
    CHECK(at.enqueue() == 1);
    CHECK(at.enqueue() == 2);
    at.store();
    CHECK(at.taken.size() == 2);
    CHECK(at.send() == 1);
    CHECK(at.send() == 2);
    CHECK(at.send() == 0);
    at.outbox.answered(2, {}, peer_said, start);
    at.store();
    CHECK(at.outbox.settled_below() == 1);
    at.outbox.answered(1, {}, peer_said, start);
    at.outbox.answered(1, {}, peer_said, start);
    at.store();
    CHECK(at.outbox.settled_below() == 3);
    REQUIRE(at.gone.size() == 2);
    CHECK(at.gone[0].sequence == 2);
    CHECK(at.gone[1].how == departure::sent);
    CHECK(at.outbox.entries().empty());
}

TEST_CASE("a message that could not be stored was never taken, and its sequence is not used again")
{
    sender at;
    at.meet();
    CHECK(at.enqueue() == 1);
    at.store(make_error_code(errc::store_failed));
    REQUIRE(at.taken.size() == 1);
    CHECK(at.taken[0] == errc::store_failed);
    CHECK(at.enqueue() == 2);
    at.store();
    CHECK(at.send() == 2);
}

TEST_CASE("a full outbox refuses the newest, or evicts the oldest that was not sent; each outcome is told")
{
    sender refusing{{.messages_max = 2}};
    refusing.enqueue();
    refusing.enqueue();
    CHECK(refusing.enqueue() == 0);
    CHECK(refusing.refusal == errc::queue_full);

    sender evicting{{.messages_max = 2, .on_overflow = overflow::drop_oldest}};
    evicting.meet();
    evicting.enqueue();
    evicting.enqueue();
    evicting.store();
    CHECK(evicting.send() == 1);
    CHECK(evicting.enqueue() == 3);
    evicting.store();
    REQUIRE(evicting.gone.size() == 1);
    CHECK(evicting.gone[0].sequence == 2);
    CHECK(evicting.gone[0].how == departure::evicted);
    CHECK(certainty_of(evicting.gone[0].error) == certainty::never_sent);

    sender narrow{{.bytes_max = 10}};
    CHECK(narrow.enqueue("12345678") == 1);
    CHECK(narrow.enqueue("1") == 0);
    CHECK(narrow.refusal == errc::queue_full);
}

TEST_CASE("the newest runs ahead of the oldest that is unsettled by no more than the bound")
{
    durable_outbox outbox{{}, 3};
    outbox.opened({"outbox", "secret", 1, 1, {}, {}}, start, wall_start);
    errc why{};
    const auto one = outbox.enqueue("a", {}, 1h, start, wall_start, why);
    outbox.stored(*one, {});
    for (int i = 0; i != 2; ++i) {
        const auto more = outbox.enqueue("b", {}, 1h, start, wall_start, why);
        REQUIRE(more);
        outbox.stored(*more, {});
        outbox.withdraw(*more);
        outbox.removed(*more, {}, start);
    }
    CHECK_FALSE(outbox.enqueue("c", {}, 1h, start, wall_start, why));
    CHECK(why == errc::queue_full);
}

TEST_CASE("what is not sent in its time expires, also over a restart, and its outcome is told")
{
    sender at;
    at.enqueue("job", 10s);
    at.store();
    CHECK(at.outbox.next_deadline() == start + 10s);
    at.outbox.advance(start + 10s);
    at.store();
    REQUIRE(at.gone.size() == 1);
    CHECK(at.gone[0].how == departure::expired);
    CHECK(certainty_of(at.gone[0].error) == certainty::never_sent);

    auto old = left_behind("hub", 1);
    old.messages[0].expires = wall_start - 1;
    sender later{{}, old};
    later.store();
    REQUIRE(later.gone.size() == 1);
    CHECK(later.gone[0].how == departure::expired);
    CHECK(certainty_of(later.gone[0].error) == certainty::maybe_executed);
    CHECK(later.removes == std::vector<std::uint64_t>{1});
}

TEST_CASE("a peer that is full is tried again after a rest, one that refuses is not")
{
    sender at;
    at.meet();
    at.enqueue();
    at.store();
    at.send();
    at.outbox.answered(1, make_error_code(errc::store_failed), peer_said, start);
    at.store();
    CHECK(at.send() == 0);
    CHECK(at.outbox.next_deadline() == start + 1s);
    CHECK(at.send(start + 1s) == 1);
    at.outbox.answered(1, make_error_code(errc::no_handler), peer_said, start);
    at.store();
    REQUIRE(at.gone.size() == 1);
    CHECK(at.gone[0].how == departure::refused);
    CHECK(at.gone[0].error == errc::no_handler);
}

TEST_CASE("a session that ends on this side loses nothing: the message waits again")
{
    sender at;
    at.meet();
    at.enqueue();
    at.store();
    at.send();
    at.outbox.answered(1, make_error_code(errc::closed), this_side, start);
    at.store();
    CHECK(at.gone.empty());
    CHECK(at.send(start + 1s) == 1);
}

TEST_CASE("a message taken back before it is stored, sent or answered leaves as removed")
{
    sender at;
    at.meet();
    const auto first = at.enqueue();
    CHECK(at.outbox.withdraw(first));
    at.store();
    const auto second = at.enqueue();
    at.store();
    CHECK(at.outbox.withdraw(second));
    at.store();
    const auto third = at.enqueue();
    at.store();
    CHECK(at.send() == third);
    CHECK_FALSE(at.outbox.withdraw(third));
    at.store();
    REQUIRE(at.gone.size() == 3);
    for (const auto& one : at.gone) {
        CHECK(one.how == departure::removed);
    }
    CHECK(certainty_of(at.gone[1].error) == certainty::never_sent);
    CHECK(certainty_of(at.gone[2].error) == certainty::maybe_executed);
    CHECK_FALSE(at.outbox.withdraw(99));
}

TEST_CASE("an outcome that cannot be written is told, and written when the store works again")
{
    sender at;
    at.meet();
    at.enqueue();
    at.store();
    at.send();
    at.outbox.answered(1, {}, peer_said, start);
    at.store(make_error_code(errc::store_failed));
    CHECK(at.gone.size() == 1);
    CHECK(at.outbox.settled_below() == 1); // the peer is not told before it is on disk
    CHECK(at.outbox.next_deadline() == start + 1s);
    at.outbox.advance(start + 1s);
    at.store();
    CHECK(at.removes.size() == 2);
    CHECK(at.gone.size() == 1);
    CHECK(at.outbox.settled_below() == 2);
}

TEST_CASE("what is said of a message that has left, or never was, means nothing")
{
    sender at;
    at.outbox.stored(7, {});
    at.outbox.removed(7, {}, start);
    at.outbox.answered(7, {}, durable_outbox::word_of::peer, start);
    at.outbox.unsend(7);
    CHECK_FALSE(at.outbox.withdraw(7));
    CHECK(at.outbox.find(7) == nullptr);
    at.enqueue();
    at.outbox.unsend(1); // it was not sent
    CHECK(at.outbox.next_sequence() == 2);
    at.store();
    at.outbox.answered(1, {}, durable_outbox::word_of::peer, start);
    CHECK(at.outbox.entries().size() == 1);
    CHECK(at.gone.empty());
}

TEST_CASE("a message whose session is given up waits again, and an error of that session that it was never sent undoes nothing")
{
    sender at;
    at.meet();
    at.enqueue();
    at.store();
    CHECK(at.send() == 1);
    at.outbox.unsend(1);
    CHECK(at.send() == 1);
    at.outbox.answered(1, make_error_code(errc::closed, certainty::never_sent), durable_outbox::word_of::this_side, start);
    CHECK(at.send(start + 1s) == 1);
    at.outbox.answered(1, make_error_code(errc::too_big, certainty::never_sent), durable_outbox::word_of::this_side, start);
    at.store();
    REQUIRE(at.gone.size() == 1);
    CHECK(certainty_of(at.gone[0].error) == certainty::maybe_executed); // the first sending may have run
}

TEST_CASE("a message that never went out and is refused on this side is known never to have been sent")
{
    for (const auto why : {errc::too_big, errc::unsupported}) {
        sender at;
        at.meet();
        at.enqueue();
        at.store();
        CHECK(at.send() == 1);
        at.outbox.answered(1, make_error_code(why, certainty::never_sent), durable_outbox::word_of::this_side, start);
        at.store();
        REQUIRE(at.gone.size() == 1);
        CHECK(certainty_of(at.gone[0].error) == certainty::never_sent);
    }
}

TEST_CASE("what this side decided is not told before it is on disk, what the peer answered is")
{
    const auto told = [](auto leaves) {
        sender at;
        at.meet();
        at.enqueue();
        at.store();
        at.send();
        leaves(at.outbox);
        at.store(make_error_code(errc::store_failed));
        return at.gone.size();
    };
    using from = durable_outbox::word_of;
    CHECK(told([](durable_outbox& box) { box.withdraw(1); }) == 0);
    CHECK(told([](durable_outbox& box) { box.welcomed("another", durable_outbox::after::knowing); }) == 0);
    CHECK(told([](durable_outbox& box) { box.answered(1, {}, from::peer, start); }) == 1);
    CHECK(told([](durable_outbox& box) { box.answered(1, make_error_code(errc::expired), from::peer, start); }) == 1);
    CHECK(told([](durable_outbox& box) { box.answered(1, make_error_code(errc::no_handler), from::peer, start); }) == 1);
    CHECK(told([](durable_outbox& box) { box.answered(1, make_error_code(errc::busy), from::peer, start); }) == 0);
}

TEST_CASE("a message that is larger than the whole outbox is refused, and one without end is kept for ever")
{
    outbox_options small;
    small.bytes_max = 10;
    small.on_overflow = overflow::drop_oldest;
    sender at{small};
    CHECK(at.enqueue("a long name that fits nowhere") == 0);
    CHECK(at.enqueue("job", duration::max()) == 1);
    at.store();
    CHECK(at.outbox.find(1)->words.expires > wall_start + 1'000'000'000);
    CHECK(at.enqueue("other") == 2); // the first one gives way
    at.store();
    CHECK(at.gone.at(0).how == departure::evicted);
}
