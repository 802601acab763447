// Hundreds of clients that reconnect at random over real sockets, while clean-ups run that take their time.
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>

#include "support/house.hpp"
#include "support/raw_peer.hpp"

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

struct sizes {
    std::size_t clients;
    std::size_t leaving; // at once, for longer than the grace
    std::chrono::milliseconds grace;
    std::chrono::milliseconds clean_up;
    std::chrono::milliseconds length;
};

// A tenth of the real thing, or all of it: two thousand sessions, a hundred clean-ups of two seconds, a minute.
sizes sizes_here()
{
    if (std::getenv("REJOINDER_STORM_FULL") != nullptr) {
        return {2000, 100, 5s, 2s, 60s};
    }
    return {200, 50, 500ms, 1s, 4s};
}

// What the program was told of one identity, in order; used on the hub's thread alone.
struct presence_account {
    clock_type::time_point lost{};
    int attached = 0;
    int detaches = 0;
    bool cleaning = false;
};

// The hub has a thread of its own: nothing but its own work delays its answers.
struct busy_hub {
    asio::io_context io{1};
    sizes how;
    rejoinder::hub<> hub;
    asio::ip::tcp::endpoint port;
    std::map<std::string, presence_account> people{};
    int breaches = 0; // of what must be true
    int clean_ups = 0;
    int most_at_once = 0;
    int at_once = 0;
    std::thread runs{};

    explicit busy_hub(const sizes& of)
        : how(of), hub(io.get_executor(), {.grace = of.grace}),
          port(rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint())
    {
        hub.authenticate(identity_of_auth);
        hub.on("probe", [](int number) { return number; });
        hub.on_event([this](const rejoinder::event& told) { note(told); });
        hub.on_detach([this](const rejoinder::identity& who) { return clean_up(who.name()); });
        runs = std::thread{[this] { io.run(); }};
    }
    ~busy_hub()
    {
        io.stop();
        runs.join();
    }

    void note(const rejoinder::event& told)
    {
        auto& who = people[std::string{told.who}];
        if (told.name == "ws_connect") {
            breaches += who.cleaning ? 1 : 0;
            ++who.attached;
        } else if (told.name == "ws_disconnect" && told.session != 0) {
            --who.attached;
            who.lost = clock_type::now();
        }
    }

    asio::awaitable<void> clean_up(std::string name)
    {
        auto& who = people[name];
        const bool right = who.attached == 0 && clock_type::now() - who.lost >= how.grace - 1ms && !who.cleaning;
        breaches += right ? 0 : 1;
        who.cleaning = true;
        ++who.detaches;
        ++clean_ups;
        most_at_once = std::max(most_at_once, ++at_once);
        asio::steady_timer timer{io, how.clean_up};
        co_await timer.async_wait(asio::use_awaitable);
        --at_once;
        people[name].cleaning = false;
    }
};

// A page: its client, and when something happens to it.
struct page {
    std::string who;
    std::unique_ptr<rejoinder::client<>> tab;
    asio::steady_timer next;
};

struct crowd {
    asio::io_context& io;
    asio::ip::tcp::endpoint port;
    sizes how;
    std::mt19937 random{7};
    std::vector<page> pages{};
    bool over = false;

    void load(page& one)
    {
        rejoinder::client_options<> options;
        options.auth = '"' + one.who + '"';
        options.backoff.schedule = {20ms, 50ms, 100ms};
        one.tab = std::make_unique<rejoinder::client<>>(io.get_executor(), rejoinder::tcp_connector{port}, options);
    }

    void begin()
    {
        pages.reserve(how.clients);
        for (std::size_t i = 0; i != how.clients; ++i) {
            // The first have an identity of their own, the others share one in pairs.
            const auto number = i < how.leaving ? i : how.leaving + i / 2;
            pages.push_back({"user " + std::to_string(number), nullptr, asio::steady_timer{io}});
            load(pages.back());
        }
    }

    // Only once all are connected: who is disturbed before that would keep the test waiting.
    void stir()
    {
        for (std::size_t i = how.leaving; i < pages.size(); ++i) {
            plan(pages[i]);
        }
    }

    void plan(page& one)
    {
        one.next.expires_after(how.length / 20 + how.length * (random() % 100) / 400);
        one.next.async_wait([this, &one](std::error_code ec) {
            if (!ec && !over) {
                disturb(one);
                plan(one);
            }
        });
    }

    // Away and back in time, or away for longer; or loaded anew.
    void disturb(page& one)
    {
        const auto what = random() % 4;
        if (what == 0) {
            load(one);
        } else if (one.tab->connected()) {
            one.tab->disconnect();
        } else {
            one.tab->connect();
        }
    }

    [[nodiscard]] bool all_connected() const
    {
        return std::all_of(pages.begin(), pages.end(), [](const page& one) { return one.tab->connected(); });
    }
};

// Somebody else asks all the while.
struct prober {
    asio::io_context& io;
    rejoinder::client<>& tab;
    asio::steady_timer pause{io};
    std::vector<double> took{}; // milliseconds
    bool over = false;

    void ask()
    {
        tab.async_request("probe", 1, [this, asked = clock_type::now()](std::error_code ec, const rejoinder::reply&) {
            REQUIRE_FALSE(ec);
            took.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - asked).count());
            pause.expires_after(5ms);
            pause.async_wait([this](std::error_code cancelled) {
                if (!cancelled && !over) {
                    ask();
                }
            });
        });
    }
};

} // namespace

TEST_CASE("in a storm of reconnects each absence has one detach, nobody's clean-up delays another, and probes are answered at once")
{
    const auto how = sizes_here();
    busy_hub at{how};
    asio::io_context io;
    rejoinder::client_options<> of_probe;
    of_probe.auth = "\"probe\"";
    rejoinder::client<> asking{io.get_executor(), rejoinder::tcp_connector{at.port}, of_probe};
    REQUIRE(driven::until(io, [&] { return asking.connected(); }));
    crowd all{.io = io, .port = at.port, .how = how};
    all.begin();
    REQUIRE(driven::until(io, [&] { return all.all_connected(); }, 120s));
    all.stir();
    prober probe{.io = io, .tab = asking};
    probe.ask();
    const auto begun = clock_type::now();
    driven::pass(io, how.length / 4);
    for (std::size_t i = 0; i != how.leaving; ++i) {
        all.pages[i].tab->disconnect();
    }
    driven::pass(io, how.grace + how.clean_up / 2); // the clean-ups of those who left run now
    for (std::size_t i = 0; i != how.leaving; ++i) {
        all.pages[i].tab->connect();
    }
    driven::until(io, [&] { return clock_type::now() - begun > how.length; }, 10min);
    all.over = true;
    for (auto& one : all.pages) {
        one.next.cancel();
        one.tab->connect();
    }
    CHECK(driven::until(io, [&] { return all.all_connected(); }, 60s));
    probe.over = true;
    driven::pass(io, 20ms);
    at.io.stop();
    at.runs.join();
    at.runs = std::thread{[] {}};

    std::sort(probe.took.begin(), probe.took.end());
    const auto share = [&](double part) { return probe.took[static_cast<std::size_t>(part * static_cast<double>(probe.took.size() - 1))]; };
    WARN(how.clients << " clients, " << at.clean_ups << " clean-ups of " << how.clean_up.count() << " ms, " << at.most_at_once << " at once, "
                     << at.hub.counts().resumes << " resumes, " << at.hub.counts().sessions_started << " sessions; " << probe.took.size()
                     << " probes: p50 " << share(0.5) << " ms, p99 " << share(0.99) << " ms, max " << probe.took.back());
    CHECK(at.breaches == 0);
    CHECK(at.most_at_once >= static_cast<int>(how.leaving));
    CHECK(at.hub.counts().resumes > how.clients / 4);
    CHECK(share(0.99) < 50.0);
    CHECK(probe.took.back() < 250.0); // a busy machine's
    for (std::size_t i = 0; i != how.leaving; ++i) {
        CHECK(at.people[all.pages[i].who].detaches == 1); // exactly one: it was away once
    }
}
