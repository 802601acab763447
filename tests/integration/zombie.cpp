// Links that die without a word, and links that are only waited on: the first are found in round trips, the second are left alone.
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>

#include "support/house.hpp"
#include "support/proxy.hpp"

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// The time that a busy machine takes from this process, as a timer sees it: what it owes itself is not the library's. A message passes
// many turns of the loop on its way, and each of them may have to wait.
class lateness {
public:
    explicit lateness(asio::io_context& io) : timer_(io) { tick(); }

    void reset() noexcept { total_ = {}; }
    [[nodiscard]] clock_type::duration total() const noexcept { return total_; }

private:
    void tick()
    {
        timer_.expires_after(2ms);
        timer_.async_wait([this](std::error_code ec) {
            if (!ec) {
                const auto late = clock_type::now() - timer_.expiry();
                total_ += late > 1ms ? late : clock_type::duration{};
                tick();
            }
        });
    }

    asio::steady_timer timer_;
    clock_type::duration total_{};
};

// A hub that notes when each number came; in front of it networks of different lengths, with clients of defaults behind them.
struct fleet {
    struct squadron {
        microseconds delay;
        std::unique_ptr<proxy> between;
        std::vector<std::unique_ptr<rejoinder::client<>>> tabs{};
        std::vector<double> took{}; // milliseconds

        [[nodiscard]] milliseconds bound() const { return std::chrono::duration_cast<milliseconds>(6 * delay) + 300ms; }
    };

    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    asio::ip::tcp::endpoint port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    lateness late{io};
    std::vector<squadron> parts;
    std::map<int, int> runs;
    std::map<int, clock_type::time_point> arrived;
    std::size_t settled = 0;
    std::size_t failed = 0;
    int last = 0;

    fleet(const std::vector<microseconds>& delays, std::size_t each)
    {
        hub.authenticate(identity_of_auth);
        hub.on("note", [this](int number) {
            ++runs[number];
            arrived.emplace(number, clock_type::now());
        });
        hub.on("slow", [this](int length) { return work(length); });
        for (const auto delay : delays) {
            parts.push_back({.delay = delay, .between = std::make_unique<proxy>(io, port, proxied_line{.delay = delay})});
            for (std::size_t i = 0; i != each; ++i) {
                rejoinder::client_options<> options;
                options.auth = '"' + std::to_string(parts.size()) + '_' + std::to_string(i) + '"';
                parts.back().tabs.push_back(std::make_unique<rejoinder::client<>>(
                    io.get_executor(), rejoinder::tcp_connector{parts.back().between->endpoint()}, options));
            }
        }
        REQUIRE(driven::until(io, [this] { return all_connected(); }));
    }

    asio::awaitable<int> work(int length)
    {
        asio::steady_timer timer{io, milliseconds{length}};
        co_await timer.async_wait(asio::use_awaitable);
        co_return length;
    }

    [[nodiscard]] bool all_connected() const
    {
        return std::all_of(parts.begin(), parts.end(), [](const squadron& part) {
            return std::all_of(part.tabs.begin(), part.tabs.end(), [](const auto& tab) { return tab->connected(); });
        });
    }

    [[nodiscard]] std::uint64_t links_dropped() const
    {
        auto all = hub.counts().links_dropped;
        for (const auto& part : parts) {
            for (const auto& tab : part.tabs) {
                all += tab->counts().links_dropped;
            }
        }
        return all;
    }

    auto done()
    {
        return [this](std::error_code ec, const rejoinder::reply&) {
            ++settled;
            failed += ec ? 1U : 0U;
        };
    }

    // Every link dies at once; then everybody has something to say.
    void zombie_round()
    {
        driven::pass(io, 1100ms); // so long that the way back needs no pause, and every round trip is known
        late.reset();
        std::map<int, squadron*> sent;
        settled = 0;
        for (auto& part : parts) {
            part.between->freeze();
            for (auto& tab : part.tabs) {
                sent[++last] = &part;
                tab->async_deliver("note", last, done());
            }
        }
        const auto begun = clock_type::now();
        REQUIRE(driven::until(io, [&] { return settled == sent.size(); }));
        for (const auto& [number, part] : sent) {
            const std::chrono::duration<double, std::milli> took = arrived.at(number) - begun;
            part->took.push_back(took.count());
            CHECK(took < part->bound() + late.total());
        }
        CHECK(failed == 0);
    }

    void tell()
    {
        for (auto& part : parts) {
            std::sort(part.took.begin(), part.took.end());
            const auto at = [&](double share) { return part.took[static_cast<std::size_t>(share * static_cast<double>(part.took.size() - 1))]; };
            WARN("round trip " << 2 * part.delay.count() / 1000 << " ms, " << part.took.size() << " zombies: delivered after p50 " << at(0.5)
                               << " ms, p90 " << at(0.9) << ", max " << part.took.back() << "; bound " << part.bound().count());
        }
    }
};

// Longer for measuring.
int rounds(int usual)
{
    const char* const wanted = std::getenv("REJOINDER_ZOMBIE_ROUNDS");
    return wanted == nullptr ? usual : std::max(1, std::atoi(wanted));
}

} // namespace

TEST_CASE("a message sent into a frozen link is delivered over a new one in three round trips and 300 ms, and runs once")
{
    fleet at{{0us, 10ms, 50ms}, 12};
    const int times = rounds(1);
    for (int i = 0; i != times; ++i) {
        at.zombie_round();
    }
    at.tell();
    CHECK(at.runs.size() == static_cast<std::size_t>(at.last));
    CHECK(std::all_of(at.runs.begin(), at.runs.end(), [](const auto& one) { return one.second == 1; }));
    CHECK(at.hub.counts().sessions_started == 36); // all of it in the sessions that there were
}

TEST_CASE("heartbeat plus a slow peer aborts the process: here a slow handler is not a dead link")
{
    fleet at{{500us}, 20};
    const int times = 3 * rounds(1);
    std::size_t asked = 0;
    for (int i = 0; i != times; ++i) {
        for (auto& tab : at.parts[0].tabs) {
            tab->async_request("slow", 300 + static_cast<int>(++asked * 37 % 400), at.done());
        }
        REQUIRE(driven::until(at.io, [&] { return at.settled == asked; }));
    }
    CHECK(at.failed == 0);
    CHECK(at.links_dropped() == 0);
    CHECK(at.parts[0].between->accepted() == 20);
    CHECK(at.parts[0].tabs[0]->counts().probes_sent >= 3); // the links were doubted, and answered
}

TEST_CASE("a health check cancels honest long work: here work goes on for as long as it needs, among quick questions")
{
    fleet at{{500us, 10ms}, 3};
    for (auto& part : at.parts) {
        for (auto& tab : part.tabs) {
            tab->async_request("slow", 1500, at.done());
        }
    }
    std::size_t quick = 0;
    while (at.settled < 6 + quick) { // the quick ones keep the probes close together
        for (auto& part : at.parts) {
            for (auto& tab : part.tabs) {
                tab->async_deliver("note", ++at.last, at.done());
                ++quick;
            }
        }
        driven::pass(at.io, 150ms);
    }
    CHECK(at.failed == 0);
    CHECK(at.links_dropped() == 0);
    CHECK(at.hub.counts().resumes == 0);
}

TEST_CASE("a large message on a slow line is no dead link, though a ping or its pong has to wait behind it")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    hub.on("large", [](int size) { return std::string(static_cast<std::size_t>(size), 'x'); });
    hub.on("length", [](const std::string& text) { return static_cast<int>(text.size()); });
    proxy between{io, port, {.bytes_per_second = 1'000'000}};
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{between.endpoint()}};
    REQUIRE(driven::until(io, [&] { return tab.connected(); }));
    driven::pass(io, 50ms); // a round trip is known
    bool over = false;
    SECTION("as the answer")
    {
        tab.async_request("large", 1'000'000, [&](std::error_code ec, const rejoinder::reply& answer) {
            over = true;
            CHECK_FALSE(ec);
            CHECK(answer.payload().bytes.size() > 1'000'000);
        });
    }
    SECTION("as the question")
    {
        tab.async_request("length", std::string(1'000'000, 'x'), [&](std::error_code ec, const rejoinder::reply& answer) {
            over = true;
            REQUIRE_FALSE(ec);
            CHECK(answer.as<int>() == 1'000'000);
        });
    }
    REQUIRE(driven::until(io, [&] { return over; }));
    CHECK(tab.counts().links_dropped == 0);
    CHECK(hub.counts().links_dropped == 0);
    CHECK(between.accepted() == 1);
}

TEST_CASE("a message sent into a network that drops its packets is delivered over a new link in 300 ms", "[.netns]")
{
    if (std::getenv("REJOINDER_NETWORK_IS_OURS") == nullptr) {
        WARN("tests/integration/zombie_netns.sh runs this in a network that it may break");
        return;
    }
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    std::string from;
    hub.authenticate([&](const rejoinder::handshake& of) {
        from = std::string{of.from};
        return rejoinder::identity{"42"};
    });
    clock_type::time_point arrived;
    int runs = 0;
    hub.on("note", [&](int) {
        arrived = clock_type::now();
        ++runs;
    });
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{port}};
    std::vector<double> took;
    lateness late{io};
    const int times = rounds(2);
    for (int i = 0; i != times; ++i) {
        REQUIRE(driven::until(io, [&] { return tab.connected(); }));
        driven::pass(io, 1100ms);
        const auto number = from.substr(from.rfind(':') + 1);
        const auto drop = "ip rule add pref 5 ipproto tcp sport " + number + " blackhole && ip rule add pref 5 ipproto tcp dport " + number + " blackhole";
        REQUIRE(std::system(drop.c_str()) == 0);
        bool over = false;
        late.reset();
        const auto begun = clock_type::now();
        tab.async_deliver("note", i, [&](std::error_code ec, const rejoinder::reply&) {
            over = true;
            CHECK_FALSE(ec);
        });
        REQUIRE(driven::until(io, [&] { return over; }));
        took.push_back(std::chrono::duration<double, std::milli>(arrived - begun).count());
        CHECK(arrived - begun < 300ms + late.total());
    }
    std::sort(took.begin(), took.end());
    WARN(took.size() << " zombies by dropped packets: delivered after p50 " << took[took.size() / 2] << " ms, max " << took.back());
    CHECK(runs == times);
    CHECK(hub.counts().sessions_started == 1);
}
