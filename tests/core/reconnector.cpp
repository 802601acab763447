// Tests of the reconnector: when a client dials, waits, sprints and gives up.
#include <rejoinder/core/reconnector.hpp>

#include <chrono>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

const std::error_code lost_link = make_error_code(errc::not_connected);

struct bench {
    reconnector<sequence_backoff> dialler{sequence_backoff{}, 10s, 1};
    instant now = instant{} + 1h;

    void connect()
    {
        dialler.start(now);
        CHECK(dialler.advance(now) == dialling::dial);
        dialler.connected(now);
    }
    // How long until it dials again.
    duration until_dial()
    {
        const auto from = now;
        now = dialler.next_deadline();
        CHECK(dialler.advance(now) == dialling::dial);
        return now - from;
    }
};

} // namespace

TEST_CASE("reconnector: nothing happens before it is started, then it dials at once")
{
    bench b;
    CHECK(b.dialler.state() == link_state::disconnected);
    CHECK(b.dialler.next_deadline() == never);
    CHECK(b.dialler.advance(b.now) == dialling::nothing);
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    CHECK(b.dialler.attempt() == 1);
    CHECK(b.dialler.state() == link_state::connecting);
    CHECK(b.dialler.advance(b.now) == dialling::nothing);
    b.dialler.connected(b.now);
    CHECK(b.dialler.state() == link_state::connected);
    CHECK(b.dialler.next_deadline() == never);
}

TEST_CASE("reconnector: failing attempts wait 1, 2, 4, 8, 16, 16 seconds, each with a higher number (rule 1)")
{
    bench b;
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    std::uint64_t attempt = b.dialler.attempt();
    for (const auto delay : {1s, 2s, 4s, 8s, 16s, 16s}) {
        b.dialler.lost(lost_link, {}, b.now);
        CHECK(b.dialler.state() == link_state::waiting);
        CHECK(b.until_dial() == delay);
        CHECK(b.dialler.attempt() > attempt);
        attempt = b.dialler.attempt();
    }
    CHECK(b.dialler.failures() == 6);
    CHECK(b.dialler.last_error() == errc::not_connected);
}

TEST_CASE("reconnector: after a connection that worked the first attempt is immediate")
{
    bench b;
    b.connect();
    b.now += 1min;
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 0s);
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 1s);
}

TEST_CASE("reconnector: a connection that is lost as soon as it is welcomed makes no loop without delays")
{
    bench b;
    b.connect();
    duration waited{};
    for (int i = 0; i != 10; ++i) {
        b.dialler.lost(lost_link, {}, b.now);
        waited += b.until_dial();
        b.dialler.connected(b.now);
    }
    CHECK(waited >= 60s);
}

TEST_CASE("reconnector: an attempt that takes too long is abandoned and counts as failed")
{
    bench b;
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    CHECK(b.dialler.next_deadline() == b.now + 10s);
    b.now += 10s;
    CHECK(b.dialler.advance(b.now) == dialling::abandon);
    CHECK(b.dialler.state() == link_state::waiting);
    CHECK(b.dialler.last_error() == errc::handshake_timed_out);
    CHECK(b.until_dial() == 1s);
}

TEST_CASE("reconnector: a hub that asks for patience gets it")
{
    bench b;
    b.connect();
    b.now += 1min;
    b.dialler.lost(lost_link, 30s, b.now);
    CHECK(b.until_dial() == 30s);
    b.dialler.lost(lost_link, 1ms, b.now);
    CHECK(b.until_dial() == 2s);
}

TEST_CASE("reconnector: what cannot get better ends the attempts, once")
{
    for (const auto kind : {errc::auth_refused, errc::incompatible, errc::replaced}) {
        bench b;
        b.connect();
        b.dialler.lost(make_error_code(kind), {}, b.now);
        CHECK(b.dialler.state() == link_state::failed);
        CHECK(b.dialler.next_deadline() <= b.now);
        CHECK(b.dialler.advance(b.now) == dialling::fail);
        CHECK(b.dialler.advance(b.now + 1h) == dialling::nothing);
        CHECK(b.dialler.next_deadline() == never);
    }
}

TEST_CASE("reconnector: a schedule that ends means giving up")
{
    reconnector<limited<constant_backoff>> dialler{{{1s}, 1}, 10s, 1};
    instant now = instant{} + 1h;
    dialler.start(now);
    CHECK(dialler.advance(now) == dialling::dial);
    dialler.lost(lost_link, {}, now);
    CHECK(dialler.state() == link_state::waiting);
    now += 1s;
    CHECK(dialler.advance(now) == dialling::dial);
    dialler.lost(lost_link, {}, now);
    CHECK(dialler.state() == link_state::failed);
    CHECK(dialler.advance(now) == dialling::fail);
}

TEST_CASE("reconnector: started again after it gave up, it dials and has forgotten why it failed")
{
    bench b;
    b.connect();
    b.dialler.lost(make_error_code(errc::replaced), {}, b.now);
    b.dialler.start(b.now); // before anybody asked what to do
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    CHECK(b.dialler.state() == link_state::connecting);
}

TEST_CASE("reconnector: stopped, it makes no further attempt, and late news change nothing")
{
    bench b;
    b.connect();
    b.dialler.stop(b.now);
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.dialler.state() == link_state::disconnected);
    CHECK(b.dialler.next_deadline() == never);
    CHECK(b.dialler.advance(b.now + 1h) == dialling::nothing);
    b.connect();
    CHECK(b.dialler.attempt() == 2);
}
