// Tests of the keyed registry.
#include <rejoinder/core/keyed_registry.hpp>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

// Counts its objects, those moved from as well.
struct counted {
    explicit counted(int& counter) noexcept : alive(&counter) { ++*alive; }
    counted(counted&& other) noexcept : alive(other.alive) { ++*alive; }
    counted& operator=(counted&&) = delete;
    ~counted() { --*alive; }

    int* alive;
};

} // namespace

TEST_CASE("keyed_registry: an entry is found by its key and taken once")
{
    keyed_registry<std::unique_ptr<int>> registry{4};
    CHECK(registry.open("a", std::make_unique<int>(1)) == opened::yes);
    REQUIRE(registry.find("a") != nullptr);
    CHECK(**registry.find("a") == 1);
    CHECK(**std::as_const(registry).find("a") == 1);
    CHECK(registry.find("b") == nullptr);
    CHECK(std::as_const(registry).find("b") == nullptr);
    const auto taken = registry.take("a");
    REQUIRE(taken);
    CHECK(**taken == 1);
    CHECK_FALSE(registry.take("a"));
    CHECK(registry.empty());
}

TEST_CASE("keyed_registry: a second entry of a pending key is refused and changes nothing, even at the bound")
{
    keyed_registry<int> registry{1};
    CHECK(registry.open("a", 1) == opened::yes);
    CHECK(registry.full());
    CHECK(registry.open("a", 2) == opened::duplicate);
    CHECK(registry.open("b", 3) == opened::full);
    CHECK(registry.take("a") == 1);
    CHECK(registry.open("b", 3) == opened::yes);
}

TEST_CASE("keyed_registry: with no capacity it is always full")
{
    keyed_registry<int> registry{0};
    CHECK(registry.full());
    CHECK(registry.open("", 1) == opened::full);
    CHECK_FALSE(registry.drain());
}

TEST_CASE("keyed_registry: an empty key and one with zeros in it are keys like others")
{
    keyed_registry<int> registry{4};
    CHECK(registry.open("", 1) == opened::yes);
    CHECK(registry.open(std::string(1, '\0'), 2) == opened::yes);
    CHECK(registry.take("") == 1);
    CHECK(registry.take(std::string(1, '\0')) == 2);
}

TEST_CASE("keyed_registry: the value of a taken entry is gone at once, though its place is kept")
{
    int alive = 0;
    keyed_registry<counted> registry{4};
    CHECK(registry.open(std::string(2000, 'k'), counted{alive}) == opened::yes);
    CHECK(registry.open("b", counted{alive}) == opened::yes);
    CHECK(alive == 2);
    registry.take("b");
    CHECK(alive == 1);
    registry.drain();
    CHECK(alive == 0);
    registry.shrink();
    CHECK(registry.open("b", counted{alive}) == opened::yes);
    CHECK(alive == 1);
}

TEST_CASE("keyed_registry: a random history agrees with a map")
{
    std::mt19937_64 random{31};
    keyed_registry<std::uint64_t> registry{50};
    std::map<std::string, std::uint64_t> model;
    for (int step = 0; step != 20000; ++step) {
        const auto key = "request-" + std::to_string(random() % 120);
        const auto value = random();
        if (random() % 2 == 0) {
            const auto expected = model.count(key) == 1 ? opened::duplicate
                : model.size() == 50                    ? opened::full
                                                        : opened::yes;
            REQUIRE(registry.open(key, value) == expected);
            if (expected == opened::yes) {
                model[key] = value;
            }
        } else {
            const auto found = model.find(key);
            const auto taken = registry.take(key);
            REQUIRE(taken.has_value() == (found != model.end()));
            if (taken) {
                REQUIRE(*taken == found->second);
                model.erase(found);
            }
        }
        REQUIRE(registry.size() == model.size());
    }
    std::map<std::string, std::uint64_t> seen;
    registry.for_each([&](std::string_view key, std::uint64_t& value) { seen.emplace(key, value); });
    CHECK(seen == model);
    while (const auto left = registry.drain()) {
        REQUIRE(model.erase(left->key) == 1);
    }
    CHECK(model.empty());
}
