// Names and the handlers that they lead to.
#include <rejoinder/net/router.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/recording_site.hpp"

using namespace rejoinder;

namespace {

std::shared_ptr<detail::handler> says(int number)
{
    return detail::make_handler([number] { return number; });
}

struct routed_site {
    asio::io_context io;
    std::shared_ptr<recording_site> site = std::make_shared<recording_site>(io);
    router at;

    // What the handler of this name says; "none" without one.
    std::string said_of(std::string_view name)
    {
        const auto* to = at.routes().find(name);
        return to == nullptr ? "none" : said_by(to->handler);
    }
    std::string said_by(std::uint32_t number)
    {
        const auto to = at.handler_at(number);
        if (to == nullptr) {
            return "none";
        }
        site->ended.clear();
        site->call(*to, "");
        return site->ended.at(0).payload;
    }
};

} // namespace

TEST_CASE("a name leads to its handler, and to none once it is removed")
{
    routed_site on;
    CHECK(on.said_of("a") == "none");
    on.at.set("a", says(1));
    on.at.set("b", says(2), handling::serial);
    CHECK(on.said_of("a") == "1");
    CHECK(on.said_of("b") == "2");
    CHECK(on.at.routes().find("a")->run == handling::overlapping);
    CHECK(on.at.routes().find("b")->run == handling::serial);
    CHECK(on.at.remove("a"));
    CHECK_FALSE(on.at.remove("a"));
    CHECK(on.said_of("a") == "none");
    CHECK(on.said_of("b") == "2");
    CHECK(on.at.size() == 1);
}

TEST_CASE("a replaced handler keeps its number, so what is queued meets the new one")
{
    routed_site on;
    on.at.set("a", says(1));
    const auto number = on.at.routes().find("a")->handler;
    on.at.set("a", says(2), handling::serial);
    CHECK(on.at.routes().find("a")->handler == number);
    CHECK(on.at.routes().find("a")->run == handling::serial);
    CHECK(on.said_by(number) == "2");
    CHECK(on.at.size() == 1);
}

TEST_CASE("a removed name's number meets no other name's handler")
{
    routed_site on;
    on.at.set("a", says(1));
    const auto queued = on.at.routes().find("a")->handler;
    on.at.remove("a");
    on.at.set("b", says(2));
    on.at.set("a", says(3));
    CHECK(on.said_by(queued) == "none");
    CHECK(on.said_of("a") == "3");
}

TEST_CASE("the fallback takes what has no handler, and only that")
{
    routed_site on;
    on.at.set_fallback(says(0));
    CHECK(on.said_of("a") == "0");
    on.at.set("a", says(1));
    CHECK(on.said_of("a") == "1");
    CHECK(on.said_of("b") == "0");
    CHECK_FALSE(on.at.remove("b"));
    CHECK(on.at.remove("a"));
    CHECK(on.said_of("a") == "0");
    on.at.set_fallback(says(9), handling::serial);
    CHECK(on.said_of("a") == "9");
    CHECK(on.at.routes().find("a")->run == handling::serial);
}

TEST_CASE("a handler that replaces itself lives until its call is over")
{
    routed_site on;
    on.at.set("a", detail::make_handler([&on, text = std::string(100, 'x')] {
                  on.at.set("a", says(2));
                  return text;
              }));
    CHECK(on.said_of("a") == '"' + std::string(100, 'x') + '"');
    CHECK(on.said_of("a") == "2");
}

TEST_CASE("a name's own handler can be told from one that replaced it, and from the fallback")
{
    routed_site on;
    on.at.set_fallback(says(0));
    CHECK(on.at.handler_of("a") == nullptr);
    const auto first = says(1);
    on.at.set("a", first);
    CHECK(on.at.handler_of("a") == first);
    on.at.set("a", says(2));
    CHECK(on.at.handler_of("a") != first);
    CHECK(on.at.remove("a"));
    CHECK(on.at.handler_of("a") == nullptr);
}

TEST_CASE("what a handler holds may come back when it goes")
{
    routed_site on;
    struct comes_back {
        explicit comes_back(router& to) : at(&to) {}
        comes_back(comes_back&& other) noexcept : at(std::exchange(other.at, nullptr)) {}
        ~comes_back()
        {
            if (at != nullptr) {
                at->remove("b");
                at->set("c", says(3));
            }
        }
        router* at;
    };
    on.at.set("b", says(2));
    on.at.set("a", detail::make_handler([held = comes_back{on.at}] { return held.at != nullptr; }));
    SECTION("replaced")
    {
        on.at.set("a", says(1), handling::serial);
        CHECK(on.said_of("a") == "1");
    }
    SECTION("removed")
    {
        on.at.remove("a");
        CHECK(on.said_of("a") == "none");
    }
    CHECK(on.said_of("b") == "none");
    CHECK(on.said_of("c") == "3");
}

TEST_CASE("many registrations keep to the model of a map, and to its size")
{
    routed_site on;
    std::minstd_rand random{17};
    std::unordered_map<std::string, int> model;
    std::unordered_set<std::uint32_t> removed;
    for (int step = 0; step != 5000; ++step) {
        const auto name = "name" + std::to_string(random() % 20);
        if (random() % 3 == 0) {
            const auto* to = on.at.routes().find(name);
            if (to != nullptr) {
                removed.insert(to->handler);
            }
            CHECK(on.at.remove(name) == (model.erase(name) == 1));
        } else {
            on.at.set(name, says(step));
            model[name] = step;
            CHECK_FALSE(removed.contains(on.at.routes().find(name)->handler));
        }
        REQUIRE(on.at.size() == model.size());
        REQUIRE(on.at.routes().size() == model.size());
    }
    for (const auto& [name, number] : model) {
        CHECK(on.said_of(name) == std::to_string(number));
    }
}
