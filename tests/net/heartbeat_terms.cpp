// Clients and hubs whose heartbeats do not go together say so and stop; those that do, ping as often as the other side needs.
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"
#include "support/memory_peer.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::link_state;

namespace {

constexpr auto sentence = "the client drops a link that is silent for 15 s (dead_after), but pings come only every 20 s (ping_every)";

rejoinder::client_options<> impatient()
{
    return {.session = {.heartbeat = {.ping_every = 30s, .dead_after = 15s}}};
}

// What a client says of its link, and what its events say.
struct heard_from_client {
    std::vector<std::string> states;
    std::vector<std::string> events;

    void listen(rejoinder::client<>& to)
    {
        to.on_state([this](link_state stands, std::error_code why) { states.push_back(std::string{name_of(stands)} + ' ' + why.message()); });
        to.on_event([this](const rejoinder::event& told) { events.push_back(std::string{told.name} + ' ' + std::string{told.reason} + ' ' + std::string{told.text}); });
    }
};

} // namespace

TEST_CASE("timings that contradict each other loop in silence: here the hub says why, and the client stops with that")
{
    house at{{}, impatient()};
    std::vector<std::string> of_hub;
    at.hub->on_event([&](const rejoinder::event& told) { of_hub.push_back(std::string{told.name} + ' ' + std::string{told.text}); });
    heard_from_client told;
    told.listen(*at.tab);
    std::vector<std::string> ends; // of a call that waited for the link, and of one that comes too late
    const auto ended = [&](std::error_code ec, const rejoinder::reply&) { ends.push_back(ec.message()); };
    at.tab->async_request("anything", 1, ended);
    at.meet();
    at.tab->async_request("anything", 1, ended);
    at.meet();
    CHECK(at.tab->state_of_link() == link_state::failed);
    CHECK(at.tab->last_error() == rejoinder::errc::incompatible);
    REQUIRE_FALSE(told.states.empty());
    CHECK(told.states.back().find(sentence) != std::string::npos);
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].find(sentence) != std::string::npos);
    CHECK(ends[1].find(sentence) != std::string::npos);
    const auto count = [&](const std::string& name) {
        return std::count_if(told.events.begin(), told.events.end(), [&](const std::string& one) {
            return one.starts_with(name) && one.find(sentence) != std::string::npos;
        });
    };
    CHECK(count("connect_failed incompatible ") == 1);
    CHECK(count("client_state failed ") == 1);
    CHECK(count("") == 2); // the refusal is told once, and where the client stands after it
    CHECK(std::count(of_hub.begin(), of_hub.end(), std::string{"ws_disconnect "} + sentence) == 1);
    driven::pass(at.io, 50ms);
    CHECK(at.board->attempts == 1); // a verdict, not a loop
    CHECK(at.hub->sessions() == 0);
}

TEST_CASE("a client checks the welcome of a hub that does not check the hello")
{
    house at;
    at.tab.reset();
    at.hub.reset();
    auto [mine, other] = rejoinder::memory_pair(at.io.get_executor(), at.io.get_executor());
    at.board->ready = std::make_shared<rejoinder::memory>(std::move(mine));
    at.tab = at.make_tab("42", impatient());
    heard_from_client told;
    told.listen(*at.tab);
    memory_peer hub{at.io, std::move(other)};
    driven::settle(at.io);
    CHECK(word_after(hub.first(R"(["hello")"), "dead") == "15000");
    hub.say(R"(["welcome",{"v":1,"session":"1","token":"t","resumed":false,"capacity":8,"ping":20000,"dead":60000}])");
    CHECK(at.tab->state_of_link() == link_state::failed);
    CHECK(at.tab->last_error() == rejoinder::errc::incompatible);
    REQUIRE_FALSE(told.states.empty());
    CHECK(told.states.back().find(sentence) != std::string::npos);
}

TEST_CASE("a peer that says nothing of its heartbeat is welcome, and so is one whose own pings are frequent")
{
    house at;
    at.meet();
    memory_peer silent{at.io, *at.hub};
    CHECK_FALSE(silent.join("silent").empty());
    const auto hello = GENERATE(R"({"v":1,"incarnation":"x","auth":"7","ping":5000,"dead":15000})",
                                R"({"v":1,"incarnation":"x","auth":"7","ping":0,"dead":21000})");
    memory_peer other{at.io, *at.hub};
    other.say(std::string{R"(["hello",)"} + hello + ']');
    CHECK_FALSE(other.first(R"(["welcome")").empty());
}

TEST_CASE("a hub pings as often as its peer needs to hear of it")
{
    house at;
    memory_peer other{at.io, *at.hub};
    other.say(R"(["hello",{"v":1,"incarnation":"x","auth":"7","ping":0,"dead":40}])");
    CHECK(other.first(R"(["refuse","incompatible")").find("40 ms") != std::string::npos);

    house quick{{.session = {.heartbeat = {.ping_every = 70ms}}}};
    memory_peer one{quick.io, *quick.hub};
    one.say(R"(["hello",{"v":1,"incarnation":"x","auth":"7","ping":0,"dead":80}])");
    one.say(R"(["ready"])");
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(driven::until(quick.io, [&] { return !one.first(R"(["ping",5)").empty(); }));
    CHECK(std::chrono::steady_clock::now() - begun < 4 * 70ms); // every 40 ms
}
