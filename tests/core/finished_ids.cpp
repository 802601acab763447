// Tests of the finished ids: each is named until a pong says that it was read, and no longer than it means something.
#include <rejoinder/core/finished_ids.hpp>

#include <algorithm>
#include <set>
#include <vector>

#include "support/small_ids.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

std::vector<message_id> named(finished_ids& ids)
{
    const auto names = ids.name();
    return {names.begin(), names.end()};
}

} // namespace

TEST_CASE("finished_ids: what has ended is named until the pong of a ping that named it")
{
    finished_ids ids{capacity};
    CHECK(named(ids).empty());
    ids.add(id_of(1, 3));
    ids.add(id_of(1, 5));
    CHECK(named(ids) == std::vector{id_of(1, 3), id_of(1, 5)});
    CHECK(named(ids) == std::vector{id_of(1, 3), id_of(1, 5)});
    ids.arrived();
    CHECK(named(ids).empty());
}

TEST_CASE("finished_ids: names of a ping whose pong was lost with its link are repeated (rule 11)")
{
    finished_ids ids{capacity};
    ids.add(id_of(1, 3));
    CHECK(named(ids).size() == 1);
    ids.lost();
    ids.arrived();
    CHECK(named(ids) == std::vector{id_of(1, 3)});
}

TEST_CASE("finished_ids: what ended after the ping waits for the next one")
{
    finished_ids ids{capacity};
    ids.add(id_of(1, 3));
    CHECK(named(ids).size() == 1);
    ids.add(id_of(1, 4));
    ids.add(id_of(2, 3));
    ids.arrived();
    CHECK(named(ids) == std::vector{id_of(2, 3), id_of(1, 4)});
}

TEST_CASE("finished_ids: an id whose slot is used again is not named, because the new id tells as much")
{
    finished_ids ids{capacity};
    ids.add(id_of(1, 3));
    ids.add(id_of(1, 4));
    ids.reuse(id_of(2, 3));
    CHECK(named(ids) == std::vector{id_of(1, 4)});
    ids.reuse(id_of(2, 7));
    CHECK(named(ids) == std::vector{id_of(1, 4)});
}

TEST_CASE("finished_ids: a ping names some hundreds, the following ones the rest")
{
    finished_ids ids{1000};
    for (message_id slot = 0; slot != 700; ++slot) {
        ids.add(1000 + slot);
    }
    std::set<message_id> all;
    int pings = 0;
    for (auto some = named(ids); !some.empty(); some = named(ids)) {
        CHECK(some.size() <= 256);
        all.insert(some.begin(), some.end());
        ids.arrived();
        REQUIRE(++pings < 10);
    }
    CHECK(all.size() == 700);
}

TEST_CASE("finished_ids: giving memory back loses no name")
{
    finished_ids ids{capacity};
    ids.add(id_of(1, 3));
    ids.shrink();
    CHECK(named(ids) == std::vector{id_of(1, 3)});
    ids.arrived();
    ids.shrink();
    ids.arrived();
    CHECK(named(ids).empty());
    ids.add(id_of(2, 3));
    CHECK(named(ids) == std::vector{id_of(2, 3)});
}
