// Subscriptions that share a connection, and notifications that are throttled on their way to them.
#include <rejoinder/net/shared_client.hpp>

#include <rejoinder/net/throttled_notifier.hpp>

#include "support/house.hpp"

#include <boost/describe/class.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::shared_client;
using rejoinder::subscription;

namespace {

struct step {
    int done = 0;
};
BOOST_DESCRIBE_STRUCT(step, (), (done))

struct progress : rejoinder::contract<step> {
    static constexpr std::string_view name = "progress";
};

const rejoinder::user whom{"42"};

// A hub, and a client that several share.
struct shared_house : house {
    std::vector<std::string> failed;
    std::optional<shared_client<>> all;

    explicit shared_house(rejoinder::duration linger = {})
    {
        tab.reset();
        rejoinder::client_options<> options;
        options.auth = "\"42\"";
        all.emplace(io.get_executor(), memory_connector{board}, options, linger);
        all->on_event([this](const rejoinder::event& one) {
            if (one.name == "subscriber_failed") {
                failed.push_back(std::string{one.reason} + ": " + std::string{one.text});
            }
        });
        meet();
    }
    template <class T>
    void say(const std::string& name, const T& what)
    {
        hub->notify(whom, name, what);
        meet();
    }
    [[nodiscard]] bool connected() { return all->connection().connected(); }
};

} // namespace

TEST_CASE("several subscriptions share one connection, opened with the first and released when the last goes")
{
    shared_house at;
    CHECK(at.board->attempts == 0);
    std::vector<int> first;
    std::vector<int> second;
    int bare = 0;
    std::optional<subscription> a = at.all->subscribe("progress", [&](int x) { first.push_back(x); });
    auto b = at.all->subscribe("progress", [&](int x) { second.push_back(x); });
    auto c = at.all->subscribe("completed", [&] { ++bare; });
    at.meet();
    CHECK(at.connected());
    CHECK(at.hub->connections() == 1);
    CHECK(at.all->subscriptions() == 3);
    at.say("progress", 1);
    at.say("completed", 1);
    a.reset();
    at.say("progress", 2);
    CHECK(first == std::vector{1});
    CHECK(second == std::vector{1, 2});
    CHECK(bare == 1);
    b.end();
    CHECK_FALSE(b.active());
    CHECK(at.connected());
    at.all->unsubscribe("completed");
    CHECK_FALSE(c.active());
    at.meet();
    CHECK_FALSE(at.connected());
    CHECK(at.hub->connections() == 0);
    CHECK(at.all->subscriptions() == 0);

    // And again, in the same session.
    auto d = at.all->subscribe("progress", [&](int x) { first.push_back(x); });
    at.meet();
    CHECK(at.hub->counts().resumes == 1);
    at.say("progress", 3);
    CHECK(first == std::vector{1, 3});
}

TEST_CASE("a connection that lingers is not closed by who comes soon after the last one went")
{
    shared_house at{200ms};
    at.all->subscribe("x", [] {}).end();
    at.meet();
    CHECK(at.connected());
    std::optional<subscription> kept = at.all->hold();
    driven::pass(at.io, 300ms);
    CHECK(at.connected());
    CHECK(at.board->attempts == 1);
    kept.reset();
    CHECK(driven::until(at.io, [&] { return !at.connected(); }));
}

TEST_CASE("a subscriber that throws, or that the payload does not fit, is reported and harms no other")
{
    shared_house at;
    std::vector<int> seen;
    auto a = at.all->subscribe("progress", [](int) { throw std::runtime_error{"oh"}; });
    auto b = at.all->subscribe("progress", [](const std::vector<int>&) {});
    auto c = at.all->subscribe("progress", [&](int x) { seen.push_back(x); });
    at.meet();
    at.say("progress", 7);
    at.say("progress", 8);
    CHECK(seen == std::vector{7, 8});
    REQUIRE(at.failed.size() == 4);
    CHECK(at.failed[0] == "progress: oh");
    CHECK(at.failed[1].find("does not fit") != std::string::npos);
    CHECK(at.connected());
}

TEST_CASE("a subscription may be typed by a contract, and hears of deliveries")
{
    shared_house at;
    int done = 0;
    auto typed = at.all->subscribe<progress>([&](const step& now) { done = now.done; });
    at.meet();
    bool acknowledged = false;
    at.hub->async_deliver(whom, "progress", step{17}, [&](std::error_code ec, const rejoinder::reply&) { acknowledged = !ec; });
    at.meet();
    CHECK(done == 17);
    CHECK(acknowledged);
}

TEST_CASE("an event is told by its contract: from the hub, throttled, and from the client")
{
    shared_house at;
    std::vector<int> seen;
    const auto heard = at.all->subscribe<progress>([&](const step& now) { seen.push_back(now.done); });
    at.hub->on<progress>([&](const step& now) { seen.push_back(-now.done); });
    at.meet();
    CHECK(at.hub->notify<progress>(whom, step{1}) == 1);
    rejoinder::throttled_notifier slow{*at.hub, whom};
    slow.notify<progress>(step{2});
    at.meet();
    CHECK(at.all->connection().notify<progress>(step{3}));
    at.meet();
    CHECK(seen == std::vector<int>{1, 2, -3});
}

TEST_CASE("subscribers come and go while they are called, and may destroy everything")
{
    shared_house at;
    std::vector<std::string> order;
    std::vector<subscription> more;
    std::optional<subscription> second;
    auto first = at.all->subscribe("x", [&] {
        order.emplace_back("first");
        second.reset();
        more.push_back(at.all->subscribe("x", [&] { order.emplace_back("new"); }));
    });
    second.emplace(at.all->subscribe("x", [&] { order.emplace_back("second"); }));
    at.meet();
    at.hub->notify(whom, "x", 1);
    at.meet();
    CHECK(order == std::vector<std::string>{"first"});
    first.end();
    at.say("x", 2);
    CHECK(order.back() == "new");

    auto last = at.all->subscribe("y", [&] {
        more.clear();
        at.all.reset();
    });
    auto never_called = at.all->subscribe("y", [&] { order.emplace_back("no"); });
    at.say("y", 1);
    CHECK_FALSE(at.all);
    CHECK_FALSE(last.active());
    last.end();
}

TEST_CASE("a throttled subscription gets the first at once, then the latest, and always the last")
{
    shared_house at;
    std::vector<int> seen;
    std::vector<int> all;
    auto slow = at.all->subscribe("progress", [&](int x) { seen.push_back(x); }, {.per_second = 100});
    auto fast = at.all->subscribe("progress", [&](int x) { all.push_back(x); });
    at.meet();
    for (int i = 0; i != 20; ++i) {
        at.hub->notify(whom, "progress", i);
    }
    at.meet();
    CHECK(all.size() == 20);
    REQUIRE(driven::until(at.io, [&] { return seen.back() == 19; }));
    driven::pass(at.io, 20ms);
    CHECK(seen.front() == 0);
    CHECK(seen.size() <= 3);
}

TEST_CASE("batched status updates come several at a time, in their order, none left out")
{
    shared_house at;
    std::vector<std::vector<step>> batches;
    auto batched = at.all->subscribe_batched("progress", [&](const std::vector<step>& some) { batches.push_back(some); }, {.every = 10ms, .values_max = 8});
    at.meet();
    for (int i = 0; i != 10; ++i) {
        at.hub->notify(whom, "progress", step{i});
    }
    at.meet();
    REQUIRE(batches.size() == 1); // a full one does not wait
    CHECK(batches[0].size() == 8);
    REQUIRE(driven::until(at.io, [&] { return batches.size() == 2; }));
    REQUIRE(batches[1].size() == 2);
    CHECK(batches[1].back().done == 9);
}

TEST_CASE("throttled notifications leave at most so often a name, and the last one always leaves")
{
    shared_house at;
    std::vector<int> seen;
    std::vector<int> other;
    auto a = at.all->subscribe("progress", [&](int x) { seen.push_back(x); });
    auto b = at.all->subscribe("other", [&](int x) { other.push_back(x); });
    at.meet();
    rejoinder::throttled_notifier slow{*at.hub, whom};
    slow.notify("other", 1);
    for (int i = 0; i != 50; ++i) {
        slow.notify("progress", i);
    }
    at.meet();
    CHECK(seen == std::vector{0});
    CHECK(other == std::vector{1});
    const auto from = std::chrono::steady_clock::now();
    REQUIRE(driven::until(at.io, [&] { return seen.size() == 2; }));
    CHECK(std::chrono::steady_clock::now() - from >= 50ms);
    CHECK(seen.back() == 49);
    slow.notify("progress", 50);
    CHECK(seen.size() == 2);
    slow.flush();
    at.meet();
    CHECK(seen.back() == 50);
}

TEST_CASE("a throttled notifier may be destroyed with events held, and sends through a client, too")
{
    shared_house at;
    std::vector<int> seen;
    at.hub->on("progress", [&](int x) { seen.push_back(x); });
    const auto kept = at.all->hold();
    at.meet();
    {
        rejoinder::throttled_notifier slow{at.all->connection()};
        slow.notify("progress", 1);
        slow.notify("progress", 2);
    }
    driven::pass(at.io, 120ms);
    CHECK(seen == std::vector{1});
}
