// The contract's rules 1 to 7, on connecting: each test tells the story that the rule ends.
#include <rejoinder/testing/session_pair.hpp>
#include <rejoinder/testing/world.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

namespace {

// Keeps what was said and heard, in order.
struct recorder : witness {
    struct line {
        std::string peer;
        connection_id on;
        message_kind kind;
        message_id id;
    };
    std::vector<line> said;
    std::vector<line> took;
    std::vector<admission_verdict> verdicts;

    void sent(std::string_view peer, connection_id on, const message& what) override
    {
        said.push_back({std::string{peer}, on, what.kind, what.id});
    }
    void heard(std::string_view peer, connection_id on, const message& what) override
    {
        took.push_back({std::string{peer}, on, what.kind, what.id});
    }
    void decided(const admission_verdict& what) override { verdicts.push_back(what); }

    [[nodiscard]] auto count(const std::vector<line>& in, connection_id on, message_kind kind) const
    {
        return std::count_if(in.begin(), in.end(), [&](const line& one) { return one.on == on && one.kind == kind; });
    }
};

template <class Verdict>
std::size_t count_of(const std::vector<admission_verdict>& all)
{
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& one) { return std::holds_alternative<Verdict>(one); }));
}

world_options<> echoing_side()
{
    world_options<> options;
    options.equip = [](side, scripted_peer<>& peer) {
        peer.on("echo", [](auto& run) { run.answer(run.payload); });
        peer.on("slow", [](auto& run) { run.answer_after(3s, run.payload); });
        peer.on("never", [](auto&) {});
    };
    return options;
}

} // namespace

TEST_CASE("rule 1: a client must not replace itself")
{
    world<> world{echoing_side()};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    const auto pending = tab.self().ask("slow", "kept");
    world.run_for(1s);

    // It comes back on a connection whose authentication takes long, gives that up and comes back on another one.
    world.hub().authentication_takes(15s);
    tab.link()->cut();
    world.run_for(1s);
    const auto slow_line = tab.line();
    world.lines().at(slow_line).link.freeze(side::client); // the hub does not learn that the client has given up
    world.run_for(1s);
    world.hub().authentication_takes(0s);
    REQUIRE(world.run_until([&] { return tab.state() == link_state::connected; }, 12s));
    const auto line = tab.line();
    CHECK(line != slow_line);

    // Now the first one is authenticated. It must not displace what came after it.
    world.run_for(10s);
    CHECK(tab.state() == link_state::connected);
    CHECK(tab.line() == line);
    CHECK(pending->answer == "kept");
}

TEST_CASE("rule 1: a displaced client stops, and all that it waited for ends with replaced")
{
    world<> world{echoing_side()};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    const auto sent = tab.self().ask("never");
    world.run_for(1s);
    tab.link()->freeze(side::client);
    const auto emitted = tab.self().ask("echo");

    auto& twin = world.add_client("42"); // the same memory in another process
    twin.impersonate(tab, 1);
    twin.start();
    world.run_for(1s);
    CHECK(twin.state() == link_state::connected);
    CHECK(tab.state() == link_state::failed);
    for (const auto& one : {sent, emitted}) {
        CHECK(one->error == errc::replaced);
        CHECK(certainty_of(one->error) == certainty::maybe_executed);
        CHECK(one->completions == 1);
    }
    world.run_for(10min);
    CHECK(tab.state() == link_state::failed);
    CHECK(world.hub().directory().sessions() == 1);
}

TEST_CASE("rule 2: another incarnation never resumes")
{
    recorder record;
    world<> world{echoing_side(), &record};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    const auto old_token = tab.token();
    const auto old = tab.self().ask("echo", "the old page's answer");
    const auto command = world.hub().peer_of("42")->ask("never");
    world.run_for(1s);
    REQUIRE(old->answered());

    SECTION("the old page has no link: its session ends at once")
    {
        tab.reload(reloading::keeps_token);
        const auto fresh = tab.self().ask("echo", "the new page's"); // slot 0, generation 1, as the old page's was
        world.run_for(1s);
        CHECK(fresh->answer == "the new page's");
        CHECK(tab.token() != old_token);
        CHECK(world.hub().directory().sessions() == 1);
        CHECK(command->error == errc::session_lost);
    }
    SECTION("the old page's link is a zombie: it is probed, and its session ends with it, without lease")
    {
        world.run_for(30s); // a ping has shown how fast the link is
        tab.link()->freeze(side::client);
        tab.link()->freeze(side::hub);
        tab.reload(reloading::keeps_token);
        const auto fresh = tab.self().ask("echo", "the new page's");
        world.run_for(100ms);
        CHECK(fresh->answer == "the new page's");
        CHECK(count_of<verdict_of::probe>(record.verdicts) == 1);
        CHECK(world.hub().directory().sessions() == 2);
        world.run_for(11s);
        CHECK(world.hub().directory().sessions() == 1);
        CHECK(command->error == errc::session_lost);
    }
    SECTION("the old page answers: the tab was duplicated, and both live")
    {
        auto& twin = world.add_client("42");
        twin.token(tab.token());
        twin.start();
        world.run_for(30s);
        CHECK(world.hub().directory().sessions() == 2);
        CHECK(tab.state() == link_state::connected);
        CHECK(twin.state() == link_state::connected);
        CHECK(twin.token() != tab.token());
        CHECK_FALSE(command->done());
        const auto token = tab.token();
        tab.link()->cut();
        world.run_for(5s);
        CHECK(tab.state() == link_state::connected);
        CHECK(tab.token() == token); // its session was kept, and resumed
        CHECK_FALSE(command->done());
    }
}

TEST_CASE("rule 3: nothing but hello before welcome")
{
    recorder record;
    auto options = echoing_side();
    int runs = 0;
    options.equip = [&runs](side, scripted_peer<>& peer) {
        peer.on("count", [&runs](auto& run) {
            ++runs;
            run.answer();
        });
    };
    world<> world{options, &record};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);

    // The hub restarts, and its authentication takes a while: what is asked meanwhile belongs to a session that is not
    // yet known.
    world.hub().restart();
    world.hub().authentication_takes(3s);
    world.run_for(1s);
    const auto asked = tab.self().ask("count");
    world.run_for(1s);
    CHECK(record.count(record.said, tab.line(), message_kind::request) == 0);
    tab.link()->cut(); // and once more, so that two connections have been tried
    world.run_for(10s);
    CHECK(asked->answered());
    CHECK(runs == 1);
}

TEST_CASE("rule 4: the welcome is confirmed")
{
    recorder record;
    auto options = echoing_side();
    options.link.delay = 100ms;
    world<> world{options, &record};
    auto& tab = world.add_client("42");
    tab.start();
    REQUIRE(world.run_until([&] { return world.hub().peer_of("42") != nullptr; }));

    // The hub asks right after its welcome, and the link is cut before that arrives: the client has no token, and gets
    // another session.
    const auto question = world.hub().peer_of("42")->ask("echo", "?", {.timeout = 20s});
    const auto lost_line = tab.line();
    world.run_for(50ms);
    tab.link()->cut();
    world.run_for(5s);
    CHECK(tab.state() == link_state::connected);
    CHECK(world.hub().directory().sessions() == 2);
    CHECK(record.count(record.said, lost_line, message_kind::request) == 0);

    // So the question never left: whoever asked may ask the other session without fear.
    world.run_for(20s);
    CHECK(question->error == errc::timed_out);
    CHECK(certainty_of(question->error) == certainty::never_sent);
}

TEST_CASE("rule 5: a session hears one connection")
{
    recorder record;
    world<> world{echoing_side(), &record};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    const auto old_line = tab.line();
    tab.link()->delay(side::client, 10s);
    const auto question = tab.self().ask("echo", "once");
    tab.stop(); // gone, as far as the client knows; its request is still on its way
    tab.start();
    world.run_for(2s);
    CHECK(question->answered());
    world.run_for(20s); // now it has arrived, behind a goodbye that means nothing any more
    CHECK(record.count(record.took, old_line, message_kind::request) == 0);
    CHECK(record.count(record.took, tab.line(), message_kind::request) == 1);
    CHECK(tab.state() == link_state::connected);
    CHECK(world.hub().directory().presence_of("42") == presence::present);
}

TEST_CASE("rule 6: the capacity is fixed for the session's life, and a token without its records is not enough")
{
    recorder record;
    auto options = echoing_side();
    options.session.capacity = 8;
    world<> world{options, &record};
    auto& tab = world.add_client("42");
    tab.capacity(4);
    tab.start();
    world.run_for(1s);
    const auto first = tab.self().ask("never", {}, {.timeout = 10min});
    world.run_for(1s);
    tab.capacity(8); // another hello asks for more
    tab.link()->cut();
    world.run_for(1s);
    const auto second = tab.self().ask("echo", "2");
    world.run_for(1s);
    CHECK(second->answered());
    std::vector<message_id> ids;
    for (const auto& one : record.said) {
        if (one.kind == message_kind::request) {
            ids.push_back(one.id);
        }
    }
    CHECK(ids == std::vector<message_id>{4, 4, 5}); // slots of 4: the first one, again, and the second

    world.hub().restart(); // the token is good, but the records are gone
    world.run_for(2s);
    CHECK(tab.state() == link_state::connected);
    CHECK(first->error == errc::session_lost);
    CHECK(certainty_of(first->error) == certainty::maybe_executed);
}

TEST_CASE("rule 7: pings and pongs keep their place among the messages, so that a pong proves what was before its ping")
{
    recorder record;
    session_options<> options;
    options.heartbeat.ping_every = 50ms;
    session_pair<> pair{options, {.delay = 7ms, .room = 3}, &record};
    pair.hub().on("job", [](auto& run) { run.answer_after(60ms); });
    pair.connect();
    for (int i = 0; i != 200; ++i) {
        pair.client().ask("job");
        pair.client().notify("job");
        pair.run_for(3ms);
    }
    int pongs = 0;
    std::size_t arrived = 0;
    for (const auto& pong : record.took) {
        if (pong.peer == "hub") {
            // Everything arrives in the order in which it was said.
            while (record.said[arrived].peer != "client") {
                ++arrived;
            }
            REQUIRE(record.said[arrived].kind == pong.kind);
            REQUIRE(record.said[arrived].id == pong.id);
            ++arrived;
        } else if (pong.kind == message_kind::pong) {
            const auto ping = std::find_if(record.said.begin(), record.said.end(), [&](const auto& one) {
                return one.peer == "client" && one.kind == message_kind::ping && one.id == pong.id;
            });
            REQUIRE(ping - record.said.begin() < static_cast<std::ptrdiff_t>(arrived));
            ++pongs;
        }
    }
    CHECK(pongs > 5);
}
