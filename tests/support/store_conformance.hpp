// What every store must do: one test for all of them.
#ifndef REJOINDER_TESTS_SUPPORT_STORE_CONFORMANCE_HPP
#define REJOINDER_TESTS_SUPPORT_STORE_CONFORMANCE_HPP

#include <rejoinder/core/store.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "support/catch.hpp"

namespace store_conformance {

inline const rejoinder::stored_outbox fresh{"outbox", "secret", 0, 1, {}, {}};
inline const rejoinder::record_owner me{"me", "outbox"};
inline const rejoinder::record_owner other{"other", "outbox"};

inline rejoinder::stored_message message(std::uint64_t sequence, std::string payload = "{}")
{
    return {sequence, "name", std::move(payload), rejoinder::encoding::text, 1'000'000 + static_cast<rejoinder::wall_time>(sequence)};
}

inline rejoinder::stored_record record(std::string payload)
{
    return {rejoinder::record_state::done, 2, 0xFEDC'BA98'7654'3210U, "code", "text", std::move(payload), rejoinder::encoding::binary};
}

template <class Store, class Change>
void within(Store& kept, Change change)
{
    REQUIRE_FALSE(kept.begin());
    change();
    REQUIRE_FALSE(kept.commit());
}

template <class Store>
rejoinder::stored_outbox opened(Store& kept)
{
    rejoinder::stored_outbox found;
    within(kept, [&] { REQUIRE_FALSE(kept.open_outbox(fresh, found)); });
    return found;
}

template <class Store>
std::vector<std::uint64_t> sequences(Store& kept, const rejoinder::record_owner& owner)
{
    std::vector<std::uint64_t> all;
    REQUIRE_FALSE(kept.sequences(owner, all));
    return all;
}

/// `make()` gives a store without contents; `again(store)` ends it and gives one on what it left, as after a crash.
template <class Make, class Again>
void check(Make make, Again again)
{
    using rejoinder::stored_record;
    auto kept = make();

    SECTION("an outbox keeps its name, and its epoch rises whenever it is opened")
    {
        const auto first = opened(kept);
        CHECK(first.name == fresh.name);
        CHECK(first.secret == fresh.secret);
        CHECK(first.epoch == 1);
        CHECK(first.next == 1);
        CHECK(first.peer.empty());
        CHECK(first.messages.empty());
        within(kept, [&] { CHECK_FALSE(kept.set_peer("hub")); });
        auto later = again(std::move(kept));
        rejoinder::stored_outbox found;
        within(later, [&] { CHECK_FALSE(later.open_outbox({"another", "name", 0, 1, {}, {}}, found)); });
        CHECK(found.name == fresh.name);
        CHECK(found.secret == fresh.secret);
        CHECK(found.epoch == 2);
        CHECK(found.peer == "hub");
    }
    SECTION("messages are found again in order, and a sequence is never free again")
    {
        opened(kept);
        const std::string bytes{"\0\xFF'\"binary", 10};
        within(kept, [&] {
            CHECK_FALSE(kept.put(message(1)));
            CHECK_FALSE(kept.put(message(2, bytes)));
            CHECK_FALSE(kept.put(message(3, {})));
        });
        within(kept, [&] {
            CHECK_FALSE(kept.remove(3));
            CHECK_FALSE(kept.remove(1));
            CHECK_FALSE(kept.remove(1));
        });
        auto later = again(std::move(kept));
        const auto found = opened(later);
        CHECK(found.messages == std::vector{message(2, bytes)});
        CHECK(found.next == 4);
    }
    SECTION("a transaction that does not commit never was")
    {
        opened(kept);
        within(kept, [&] {
            CHECK_FALSE(kept.put(message(1)));
            CHECK_FALSE(kept.write(me, 7, record("before")));
        });
        REQUIRE_FALSE(kept.begin());
        CHECK_FALSE(kept.put(message(2)));
        CHECK_FALSE(kept.remove(1));
        CHECK_FALSE(kept.write(me, 7, record("after")));
        CHECK_FALSE(kept.write(me, 8, record("after")));
        CHECK_FALSE(kept.drop_below(me, 8));
        CHECK_FALSE(kept.write(me, rejoinder::known_outbox{"digest", 1, 1, 1}));
        CHECK_FALSE(kept.rollback());
        const auto found = opened(kept);
        CHECK(found.messages == std::vector{message(1)});
        CHECK(found.next == 2);
        stored_record there;
        bool is_there = false;
        CHECK_FALSE(kept.find(me, 7, there, is_there));
        CHECK((is_there && there == record("before")));
        CHECK(sequences(kept, me) == std::vector<std::uint64_t>{7});
        std::size_t own = 1;
        std::size_t all = 1;
        CHECK_FALSE(kept.outboxes(me.identity, own, all));
        CHECK(own == 0);
        CHECK(all == 0);
    }
    SECTION("undoing goes back to the mark, and the rest of the transaction stays")
    {
        within(kept, [&] {
            CHECK_FALSE(kept.write(me, 1, record("kept")));
            CHECK_FALSE(kept.mark());
            CHECK_FALSE(kept.write(me, 2, record("undone")));
            CHECK_FALSE(kept.undo());
            CHECK_FALSE(kept.write(me, 3, record("kept")));
            CHECK_FALSE(kept.mark());
            CHECK_FALSE(kept.write(me, 4, record("kept")));
        });
        CHECK(sequences(kept, me) == std::vector<std::uint64_t>{1, 3, 4});
    }
    SECTION("records are replaced and dropped one by one or below a sequence, each owner's alone")
    {
        within(kept, [&] {
            for (const std::uint64_t sequence : {5U, 1U, 3U, 9U}) {
                CHECK_FALSE(kept.write(me, sequence, record("old")));
                CHECK_FALSE(kept.write(other, sequence, record("other's")));
            }
            CHECK_FALSE(kept.write(me, 5, record("new")));
            CHECK_FALSE(kept.drop(me, 9));
            CHECK_FALSE(kept.drop(me, 77));
            CHECK_FALSE(kept.drop_below(me, 3));
        });
        auto later = again(std::move(kept));
        CHECK(sequences(later, me) == std::vector<std::uint64_t>{3, 5});
        CHECK(sequences(later, other) == std::vector<std::uint64_t>{1, 3, 5, 9});
        stored_record there;
        bool is_there = false;
        CHECK_FALSE(later.find(me, 5, there, is_there));
        CHECK((is_there && there == record("new")));
        CHECK_FALSE(later.find(me, 9, there, is_there));
        CHECK_FALSE(is_there);
    }
    SECTION("outboxes that were not seen for long are forgotten with their records")
    {
        within(kept, [&] {
            CHECK_FALSE(kept.write(me, rejoinder::known_outbox{"digest", 3, 17, 1000}));
            CHECK_FALSE(kept.write(other, rejoinder::known_outbox{"digest", 3, 17, 2000}));
            CHECK_FALSE(kept.write(me, 1, record("x")));
            CHECK_FALSE(kept.write(other, 1, record("x")));
        });
        within(kept, [&] { CHECK_FALSE(kept.forget(2000)); });
        rejoinder::known_outbox known;
        bool is_there = true;
        CHECK_FALSE(kept.find(me, known, is_there));
        CHECK_FALSE(is_there);
        CHECK_FALSE(kept.find(other, known, is_there));
        CHECK((is_there && known == rejoinder::known_outbox{"digest", 3, 17, 2000}));
        CHECK(sequences(kept, me).empty());
        CHECK(sequences(kept, other).size() == 1);
        std::size_t own = 0;
        std::size_t all = 0;
        CHECK_FALSE(kept.outboxes(me.identity, own, all));
        CHECK(own == 0);
        CHECK(all == 1);
        CHECK_FALSE(kept.outboxes(other.identity, own, all));
        CHECK(own == 1);
    }
    SECTION("its name is kept with it")
    {
        const std::string name{kept.name()};
        CHECK_FALSE(name.empty());
        const auto later = again(std::move(kept));
        CHECK(later.name() == name);
    }
}

} // namespace store_conformance

#endif
