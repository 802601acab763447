// Links whose bytes go slowly, or not at all: the first are borne with, the second are not.
#include <rejoinder/net/connection.hpp>

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/memory.hpp>
#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

// A channel of whose bytes some are gone each time that somebody looks, while it flows.
class trickle : public rejoinder::memory {
public:
    struct tap {
        std::size_t gone = 0;
        bool flows = true;
    };

    trickle() = default;
    trickle(rejoinder::memory channel, std::shared_ptr<tap> of) : memory(std::move(channel)), tap_(std::move(of)) {}

    std::size_t pending() const noexcept
    {
        const auto all = memory::pending();
        tap_->gone += tap_->flows ? 64 : 0;
        return all - std::min(all, tap_->gone);
    }

private:
    std::shared_ptr<tap> tap_;
};

static_assert(rejoinder::channel<trickle>);

constexpr std::size_t high_water = 20'000;

// A hub and one peer that reads its welcome and then nothing more.
struct slow_house {
    asio::io_context io;
    rejoinder::hub<> hub;
    std::shared_ptr<trickle::tap> tap = std::make_shared<trickle::tap>();
    rejoinder::memory peer;
    std::string end;

    explicit slow_house(std::chrono::milliseconds patience = 10ms)
        : hub(io.get_executor(), {.session = {.notifications_max = 2},
                                  .connection = {.write_high_water = high_water, .write_low_water = high_water / 4, .patience = patience}})
    {
        hub.authenticate(identity_of_auth);
        hub.on_event([this](const rejoinder::event& told) {
            if (told.name == "ws_disconnect") {
                end = told.reason;
            }
        });
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
        peer = std::move(mine);
        tap->flows = false;
        hub.serve(trickle{std::move(other), tap});
        say(R"(["hello",{"v":1,"incarnation":"slow","auth":"42"}])");
        peer.async_receive([](std::error_code, rejoinder::frame_batch) {});
        driven::settle(io);
        say(R"(["ready"])");
        notify(1); // the one that is under way while the others wait
        while (hub.counts().notifications_dropped == 0) {
            notify(100);
        }
        tap->flows = true;
    }

    void say(std::string_view words)
    {
        peer.begin().append(words);
        peer.commit(rejoinder::encoding::text);
        peer.async_flush([](std::error_code) {});
        driven::settle(io);
    }

    void notify(std::size_t size) { hub.notify(rejoinder::user{"42"}, "news", std::string(size, 'x')); }
};

} // namespace

TEST_CASE("a slow link is borne with while its bytes flow, and dropped when they do not")
{
    slow_house at;
    CHECK(at.hub.snapshot().now.write_queue_bytes > 0);
    driven::pass(at.io, 50ms);
    CHECK(at.end.empty());
    CHECK(at.hub.connections() == 1);
    at.tap->flows = false;
    CHECK(driven::until(at.io, [&] { return at.hub.connections() == 0; }));
    CHECK(at.end == "slow_peer");
}

TEST_CASE("a slow link whose bytes flow is borne with although new ones take their place at once")
{
    slow_house at;
    const auto last = std::chrono::steady_clock::now() + 50ms;
    driven::until(at.io, [&] {
        at.notify(high_water / 4);
        return std::chrono::steady_clock::now() >= last;
    });
    CHECK(at.end.empty());
    CHECK(at.hub.connections() == 1);
    at.tap->flows = false;
    CHECK(driven::until(at.io, [&] { return at.hub.connections() == 0; }));
    CHECK(at.end == "slow_peer");
}

TEST_CASE("above the high water mark the session keeps its messages until the low one is reached")
{
    slow_house at{1h};
    at.tap->flows = false;
    const auto sent = at.hub.counts().notifications_sent;
    at.tap->gone = high_water / 2;
    at.notify(1);
    CHECK(at.hub.counts().notifications_sent == sent);
    at.tap->gone = high_water - high_water / 8;
    at.notify(1);
    CHECK(at.hub.counts().notifications_sent > sent);
}
