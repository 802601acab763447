// The contract's rules 17 to 19, on presence: each test tells the story that the rule ends.
#include <rejoinder/testing/world.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace rejoinder::testing;
using namespace std::chrono_literals;

namespace {

// Counts verdicts, and finds an attach or a second clean-up during a clean-up.
struct doorkeeper : witness {
    int absences = 0;
    int leavings = 0;
    int attaches = 0;
    int resumes = 0;
    int overdue = 0;
    int overlaps = 0;
    bool cleaning = false;

    void decided(const admission_verdict& what) override
    {
        if (std::holds_alternative<verdict_of::absent>(what)) {
            ++absences;
            overlaps += cleaning ? 1 : 0;
            cleaning = true;
        } else if (const auto* how = std::get_if<verdict_of::attach>(&what)) {
            ++attaches;
            resumes += how->resumed ? 1 : 0;
            overlaps += cleaning ? 1 : 0;
        } else if (std::holds_alternative<verdict_of::overdue>(what)) {
            ++overdue;
            cleaning = false;
        }
        leavings += std::holds_alternative<verdict_of::leaving>(what) ? 1 : 0;
    }
    void cleaned_up(std::string_view) override { cleaning = false; }
};

world_options<> echoing_world()
{
    world_options<> options;
    options.equip = [](side, scripted_peer<>& peer) { peer.on("echo", [](auto& run) { run.answer(run.payload); }); };
    return options;
}

} // namespace

TEST_CASE("rule 17: a waiting connection is not attached, and its loss starts no grace")
{
    doorkeeper door;
    world<> world{echoing_world(), &door};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    world.hub().clean_up_takes(30s);
    tab.stop();
    world.run_for(6s);
    REQUIRE(door.cleaning);
    REQUIRE(door.absences == 1);

    // It comes back during the clean-up and leaves again, and comes back: nothing of that is presence.
    tab.start();
    world.run_for(5s);
    CHECK(door.attaches == 1);
    tab.stop();
    world.run_for(7s);
    CHECK(door.leavings == 1);
    CHECK(door.absences == 1);
    tab.start();
    world.run_for(20s);
    CHECK(door.attaches == 2);
    CHECK(door.resumes == 1);
    CHECK(door.absences == 1);
    CHECK(door.overlaps == 0);
    CHECK(tab.state() == link_state::connected);
}

TEST_CASE("rule 17: the end of a connection that is not its session's attached one means nothing to presence")
{
    doorkeeper door;
    world<> world{echoing_world(), &door};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    auto& old_link = *tab.link();
    old_link.delay(side::client, 3s);
    tab.stop(); // its goodbye takes a while
    tab.start();
    world.run_for(1min);
    CHECK(door.leavings == 0);
    CHECK(door.absences == 0);
    CHECK(world.hub().directory().presence_of("42") == presence::present);
}

TEST_CASE("rule 17: when the clean-up ends, only the newest waiting attempt of a session attaches")
{
    doorkeeper door;
    auto options = echoing_world();
    options.dial_limit = 3s;
    options.admission.clean_up_limit = 10min;
    world<> world{options, &door};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    world.hub().clean_up_takes(1min);
    tab.stop();
    world.run_for(6s);
    REQUIRE(door.cleaning);
    tab.start();
    for (int attempts = 0; attempts != 4; ++attempts) {
        world.run_for(2s);
        for (auto& [id, line] : world.lines()) {
            line.link.freeze(side::client); // the hub does not learn of those that the client gives up
        }
        world.run_for(4s);
    }
    world.run_for(2min);
    CHECK(tab.state() == link_state::connected);
    CHECK(door.attaches == 2);
    CHECK(door.overlaps == 0);
    CHECK(world.hub().directory().sessions() == 1);
}

TEST_CASE("rule 18: a waiting hello holds the lease, and is decided when it attaches")
{
    doorkeeper door;
    auto options = echoing_world();
    options.admission.lease = 10s;
    options.admission.clean_up_limit = 10min;
    options.dial_limit = 5min;
    world<> world{options, &door};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    const auto token = tab.token();
    world.hub().clean_up_takes(1min);
    tab.stop();
    world.run_for(6s);
    tab.start();
    world.run_for(30s); // the lease would be over
    CHECK(world.hub().directory().sessions() == 1);
    world.run_for(1min);
    CHECK(tab.token() == token);
    CHECK(door.resumes == 1);
}

TEST_CASE("rule 18: a clean-up over its time limit is an event, and admission goes on")
{
    doorkeeper door;
    auto options = echoing_world();
    options.dial_limit = 5min;
    world<> world{options, &door};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    world.hub().clean_up_takes(1h);
    tab.stop();
    world.run_for(6s);
    tab.start();
    world.run_for(50s);
    CHECK(door.overdue == 0);
    CHECK(door.attaches == 1);
    world.run_for(20s);
    CHECK(door.overdue == 1);
    CHECK(door.attaches == 2);
    CHECK(tab.state() == link_state::connected);
    world.run_for(2h); // the clean-up ends at last, which means nothing any more
    CHECK(tab.state() == link_state::connected);
    CHECK(door.absences == 1);
}

TEST_CASE("rule 19: at the bound the longest silent connection is probed, and displaced without a pong")
{
    auto options = echoing_world();
    options.admission.connections_per_identity = 2;
    options.session.heartbeat.ack_timeout = 1s;
    world<> world{options};
    auto& tab = world.add_client("42");
    auto& other = world.add_client("42");
    tab.start();
    other.start();
    world.run_for(1min);

    SECTION("a reload whose old connection is a zombie gets its place")
    {
        tab.link()->freeze(side::client);
        tab.link()->freeze(side::hub);
        tab.reload(reloading::loses_token);
        world.run_for(5s);
        CHECK(tab.state() == link_state::connected);
        CHECK(other.state() == link_state::connected);
    }
    SECTION("a third tab does not displace two that live")
    {
        auto& third = world.add_client("42");
        third.start();
        world.run_for(5s);
        CHECK(third.state() != link_state::connected);
        CHECK(third.dialler().last_error() == errc::too_many_connections);
        CHECK(tab.state() == link_state::connected);
        CHECK(other.state() == link_state::connected);
    }
}

TEST_CASE("rule 19: a clean close keeps the grace: a reload closes cleanly too")
{
    doorkeeper door;
    world<> world{echoing_world(), &door};
    auto& tab = world.add_client("42");
    tab.start();
    world.run_for(1s);
    tab.reload(reloading::keeps_token);
    world.run_for(1min);
    CHECK(door.leavings == 1);
    CHECK(door.absences == 0);
    tab.stop();
    world.run_for(4s);
    CHECK(door.absences == 0);
    world.run_for(2s);
    CHECK(door.absences == 1);
}
