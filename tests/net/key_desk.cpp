// A hub's memory of whose keys mean what: whom it forgets, and how much it keeps of those who are gone.
#include <rejoinder/net/detail/key_desk.hpp>

#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/keyed_window.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

struct remembering_desk {
    detail::key_desk desk;
    keyed_window::options bounds{};
    instant now = instant{} + 1h;

    // A session of this identity comes, leaves an answer of so many bytes, and goes.
    void visit(const std::string& who, std::size_t bytes = 1)
    {
        const auto ledger = desk.of(who, bounds);
        const std::string said(bytes, 'x');
        if (ledger->window().open("k", 1, now) == keyed_verdict::fresh) {
            ledger->window().finish("k", {.payload = {said}}, now);
        }
        desk.left(who, now, bounds.age_max);
    }
    bool knows(const std::string& who) { return desk.of(who, bounds)->window().size() != 0; }
};

} // namespace

TEST_CASE("who comes and goes all day has nobody else's answers forgotten")
{
    remembering_desk at;
    at.visit("quiet");
    for (std::size_t i = 0; i != 2 * detail::key_desk::absent_max; ++i) {
        at.visit("restless");
    }
    CHECK(at.knows("quiet"));
    CHECK(at.knows("restless"));
    at.now += at.bounds.age_max;
    at.visit("later");
    CHECK_FALSE(at.knows("quiet"));
}

TEST_CASE("who left a long run behind is remembered until its answer has grown old")
{
    remembering_desk at;
    const auto run = at.desk.of("patient", at.bounds);
    CHECK(run->window().open("k", 1, at.now) == keyed_verdict::fresh);
    at.desk.left("patient", at.now, at.bounds.age_max);
    at.now += 2 * at.bounds.age_max;
    run->window().finish("k", {});
    at.visit("other");
    CHECK(run.use_count() == 2);
    at.now += at.bounds.age_max;
    at.visit("other");
    CHECK(run.use_count() == 1);
}

TEST_CASE("what is kept for those who are gone is bounded, all together")
{
    remembering_desk at;
    const auto each = at.bounds.bytes_max - 1;
    const auto fit = detail::key_desk::absent_bytes_max / each;
    for (std::size_t i = 0; i <= fit + 1; ++i) {
        at.visit(std::to_string(i), each);
    }
    CHECK_FALSE(at.knows("0"));
    CHECK(at.knows(std::to_string(fit + 1)));
    CHECK(at.knows("3"));
}

TEST_CASE("so many sessions that are over have runs that go on, and no more")
{
    remembering_desk at;
    std::vector<std::shared_ptr<int>> running;
    while (running.size() != detail::key_desk::orphaned_max) {
        running.push_back(std::make_shared<int>());
        CHECK(at.desk.adopts(running.back()));
    }
    const auto stranger = std::make_shared<int>();
    CHECK_FALSE(at.desk.adopts(stranger));
    running.pop_back(); // its run has ended
    CHECK(at.desk.adopts(stranger));
}
