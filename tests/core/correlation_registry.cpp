// Tests of the correlation registry, against a map where the history matters.
#include <rejoinder/core/correlation_registry.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;

static_assert(registry_of<correlation_registry<int>, int>);
static_assert(registry_of<correlation_registry<std::unique_ptr<int>>, std::unique_ptr<int>>);
static_assert(!registry_of<std::map<message_id, int>, int>);
static_assert(!registry_of<correlation_registry<int>, std::string>);

TEST_CASE("correlation_registry: an id is generation × capacity + slot, the first generation being 1")
{
    correlation_registry<int> registry{8};
    CHECK(registry.open(10) == 8U);
    CHECK(registry.open(11) == 9U);
    CHECK(registry.take(8) == 10);
    CHECK(registry.open(12) == 16U); // the slot freed last is used first
    CHECK(registry.open(13) == 10U);
    CHECK(registry.size() == 3);
}

TEST_CASE("correlation_registry: a second take finds nothing")
{
    correlation_registry<std::string> registry{4};
    const auto id = registry.open("x").value();
    REQUIRE(registry.find(id) != nullptr);
    CHECK(*registry.find(id) == "x");
    CHECK(*std::as_const(registry).find(id) == "x");
    CHECK(registry.take(id) == "x");
    CHECK(registry.take(id) == std::nullopt);
    CHECK(registry.find(id) == nullptr);
    CHECK(registry.empty());
}

TEST_CASE("correlation_registry: at the bound open gives nothing, and a freed slot makes room")
{
    correlation_registry<int> registry{2};
    const auto first = registry.open(1);
    CHECK(registry.open(2));
    CHECK(registry.full());
    CHECK_FALSE(registry.open(3));
    CHECK(registry.size() == 2);
    CHECK(registry.take(*first) == 1);
    CHECK_FALSE(registry.full());
    CHECK(registry.open(4));
}

TEST_CASE("correlation_registry: with no capacity it is always full and finds nothing")
{
    correlation_registry<int> registry{0};
    CHECK(registry.full());
    CHECK_FALSE(registry.open(1));
    CHECK(registry.find(0) == nullptr);
    CHECK_FALSE(registry.take(7));
    registry.shrink();
    CHECK(registry.full());
}

TEST_CASE("correlation_registry: numbers that a peer makes up find nothing")
{
    correlation_registry<int> registry{4};
    const auto pending = registry.open(1).value();
    const auto freed = registry.open(2).value();
    registry.take(freed);
    constexpr auto top = std::uint64_t{1} << 63;
    for (const message_id id : {message_id{0}, message_id{1}, pending + 4, pending - 4, freed, freed + 4, freed | top,
             (freed + 4) | top, pending | top, message_id_max, message_id_max + 1, ~message_id{0}}) {
        CAPTURE(id);
        CHECK(registry.find(id) == nullptr);
        CHECK_FALSE(registry.take(id));
    }
    CHECK(registry.size() == 1);
}

TEST_CASE("correlation_registry: move-only values survive growth and are destroyed with the registry")
{
    const auto alive = std::make_shared<int>(0);
    {
        correlation_registry<std::pair<std::unique_ptr<int>, std::shared_ptr<int>>> registry{1000};
        std::vector<message_id> ids;
        for (int i = 0; i != 500; ++i) {
            ids.push_back(registry.open({std::make_unique<int>(i), alive}).value());
            if (i % 3 == 0) {
                CHECK(*registry.take(ids[static_cast<std::size_t>(i)])->first == i);
            }
        }
        CHECK(alive.use_count() == 1 + static_cast<long>(registry.size()));
        CHECK(*registry.find(ids[1])->first == 1);
        auto moved = std::move(registry);
        CHECK(*moved.take(ids[499])->first == 499);
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE("correlation_registry: drain takes out everything once, for_each sees everything once")
{
    correlation_registry<int> registry{100};
    std::map<message_id, int> expected;
    for (int i = 0; i != 50; ++i) {
        expected[registry.open(i).value()] = i;
    }
    for (int i = 0; i < 50; i += 2) {
        const auto id = static_cast<message_id>(100 + i);
        registry.take(id);
        expected.erase(id);
    }
    std::map<message_id, int> seen;
    registry.for_each([&](message_id id, int& value) { seen[id] = value; });
    CHECK(seen == expected);
    std::map<message_id, int> drained;
    while (const auto left = registry.drain()) {
        CHECK(drained.emplace(left->id, left->value).second);
    }
    CHECK(drained == expected);
    CHECK(registry.empty());
    CHECK_FALSE(registry.drain());
    CHECK(registry.open(1));
}

TEST_CASE("correlation_registry: for_each may take entries")
{
    correlation_registry<int> registry{10};
    for (int i = 0; i != 10; ++i) {
        registry.open(i);
    }
    int calls = 0;
    registry.for_each([&](message_id id, int&) {
        ++calls;
        registry.take(id);
        registry.take(19);
    });
    CHECK(calls == 9);
    CHECK(registry.empty());
}

TEST_CASE("correlation_registry: shrink never lets an id come again, and keeps what is pending")
{
    correlation_registry<int> registry{4};
    std::set<message_id> given;
    for (int round = 0; round != 20; ++round) {
        std::vector<message_id> ids;
        for (int i = 0; i != 1 + round % 4; ++i) {
            ids.push_back(registry.open(i).value());
            REQUIRE(given.insert(ids.back()).second);
        }
        registry.shrink();
        for (const auto id : ids) {
            REQUIRE(registry.take(id));
        }
        registry.shrink();
        for (const auto id : given) {
            REQUIRE(registry.find(id) == nullptr);
        }
    }
}

TEST_CASE("correlation_registry: a slot whose ids are used up is retired")
{
    // With the largest capacity a slot has 2^21 generations, few enough to use them all.
    correlation_registry<char> registry{std::numeric_limits<std::uint32_t>::max()};
    const auto kept = registry.open('a').value();
    message_id last = 0;
    while (true) {
        const auto id = registry.open('b').value();
        registry.take(id);
        if (id % registry.capacity() != 1) {
            break;
        }
        if (id <= last || id > message_id_max) {
            FAIL("ids must rise up to the greatest one");
        }
        last = id;
    }
    CHECK(last + registry.capacity() > message_id_max);
    CHECK(registry.find(last) == nullptr);
    CHECK(registry.open('c').value() % registry.capacity() == 2);
    CHECK(registry.take(kept) == 'a');
    while (registry.drain()) {
    }
    registry.shrink();
    CHECK(registry.full());
    CHECK_FALSE(registry.open('d'));
}

TEST_CASE("correlation_registry: a random history agrees with a map")
{
    const auto seed = GENERATE(11U, 12U, 13U);
    std::mt19937_64 random{seed};
    correlation_registry<std::uint64_t> registry{64};
    std::map<message_id, std::uint64_t> model;
    std::vector<message_id> given;
    std::set<message_id> unique;
    for (int step = 0; step != 20000; ++step) {
        const auto what = random() % 100;
        if (what < 50) {
            const auto value = random();
            const auto id = registry.open(value);
            REQUIRE(id.has_value() == (model.size() < 64));
            if (id) {
                REQUIRE(unique.insert(*id).second);
                model[*id] = value;
                given.push_back(*id);
            }
        } else if (what < 98 && !given.empty()) {
            const auto back = random() % 2 == 0 ? std::min<std::size_t>(given.size(), 100) : given.size();
            const auto id = given[given.size() - 1 - random() % back];
            const auto found = model.find(id);
            const auto taken = registry.take(id);
            REQUIRE(taken.has_value() == (found != model.end()));
            if (taken) {
                REQUIRE(*taken == found->second);
                model.erase(found);
            }
        } else if (const auto any = registry.drain()) {
            REQUIRE(model.at(any->id) == any->value);
            model.erase(any->id);
        } else {
            registry.shrink();
        }
        REQUIRE(registry.size() == model.size());
        REQUIRE(registry.full() == (model.size() == 64));
    }
    for (const auto& [id, value] : model) {
        REQUIRE(*registry.find(id) == value);
    }
}
