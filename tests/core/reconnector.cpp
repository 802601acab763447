// Tests of the reconnector: when a client dials, waits, sprints and gives up.
#include <rejoinder/core/reconnector.hpp>

#include <chrono>
#include <set>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

const std::error_code lost_link = make_error_code(errc::not_connected);

struct dial_bench {
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
    dial_bench b;
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
    dial_bench b;
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
    dial_bench b;
    b.connect();
    b.now += 1min;
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 0s);
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 1s);
}

TEST_CASE("reconnector: a connection that is lost as soon as it is welcomed makes no loop without delays")
{
    dial_bench b;
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
    dial_bench b;
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    CHECK(b.dialler.next_deadline() == b.now + 10s);
    b.now += 10s;
    CHECK(b.dialler.advance(b.now) == dialling::abandon);
    CHECK(b.dialler.state() == link_state::waiting);
    CHECK(b.dialler.last_error() == errc::handshake_timed_out);
    CHECK(b.until_dial() == 1s);
}

TEST_CASE("reconnector: a hub that asks for patience gets it, and its clients do not come back together")
{
    dial_bench b;
    b.connect();
    b.now += 1min;
    b.dialler.lost(lost_link, 30s, b.now);
    const auto waited = b.until_dial();
    CHECK(waited >= 30s);
    CHECK(waited <= 37500ms);
    b.dialler.lost(lost_link, 1ms, b.now);
    CHECK(b.until_dial() == 2s);

    std::set<duration> seen;
    for (std::uint64_t seed = 0; seed != 100; ++seed) {
        reconnector<sequence_backoff> one{sequence_backoff{}, 10s, seed};
        one.start(b.now);
        CHECK(one.advance(b.now) == dialling::dial);
        one.lost(make_error_code(errc::busy), 30s, b.now);
        seen.insert(one.next_deadline() - b.now);
    }
    CHECK(seen.size() > 90);
    CHECK(*seen.rbegin() - *seen.begin() > 6s);
}

TEST_CASE("reconnector: thundering herds after a deploy: a goodbye is followed by a jittered delay, a cut by none")
{
    std::set<duration> seen;
    for (std::uint64_t seed = 0; seed != 100; ++seed) {
        const auto now = instant{} + 1h;
        reconnector<jittered<sequence_backoff>> one{{}, 10s, seed};
        one.start(now);
        CHECK(one.advance(now) == dialling::dial);
        one.connected(now);
        one.lost(lost_link, duration::zero(), now + 1min);
        const auto delay = one.next_deadline() - (now + 1min);
        CHECK(delay >= 500ms);
        CHECK(delay <= 1s);
        seen.insert(delay);
        CHECK(one.advance(now + 2min) == dialling::dial);
        one.connected(now + 2min);
        one.lost(lost_link, {}, now + 3min);
        CHECK(one.next_deadline() == now + 3min);
    }
    CHECK(seen.size() > 90);
}

TEST_CASE("reconnector: of several ways each is tried at once before a round of failures is waited for")
{
    dial_bench b;
    b.dialler.ways(3);
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    for (const std::size_t next : {1U, 2U}) {
        b.dialler.lost(lost_link, {}, b.now);
        CHECK(b.until_dial() == 0s);
        CHECK(b.dialler.way() == next);
        CHECK(b.dialler.failures() == 0);
    }
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 1s);
    CHECK(b.dialler.failures() == 1);
    CHECK(b.dialler.way() == 0);

    // The way that works is the first one after the cut.
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 0s);
    b.dialler.connected(b.now);
    b.now += 1min;
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() == 0s);
    CHECK(b.dialler.way() == 1);
}

TEST_CASE("reconnector: a way that asks for patience does not keep the others waiting, and has it in the end")
{
    dial_bench b;
    b.dialler.ways(2);
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    b.dialler.lost(make_error_code(errc::busy), 30s, b.now);
    CHECK(b.until_dial() == 0s);
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.until_dial() >= 30s);
}

TEST_CASE("reconnector: a silent endless reconnect loop: a name that never worked is final after five rounds, and said at once")
{
    for (const auto verdict : {link_verdict::unresolvable, link_verdict::garbled}) {
        dial_bench b;
        b.dialler.start(b.now);
        CHECK(b.dialler.advance(b.now) == dialling::dial);
        for (int round = 1; round != 5; ++round) {
            b.dialler.lost(lost_link, verdict, {}, b.now);
            CHECK(b.dialler.verdict() == verdict);
            REQUIRE(b.dialler.state() == link_state::waiting);
            static_cast<void>(b.until_dial());
        }
        b.dialler.lost(lost_link, verdict, {}, b.now);
        CHECK(b.dialler.state() == link_state::failed);
        CHECK(b.dialler.advance(b.now) == dialling::fail);

        // Told to connect, it has five rounds again.
        b.dialler.start(b.now);
        CHECK(b.dialler.advance(b.now) == dialling::dial);
        b.dialler.lost(lost_link, verdict, {}, b.now);
        CHECK(b.dialler.state() == link_state::waiting);
    }
}

TEST_CASE("reconnector: a certificate that is not believed is final at once, if it is so each way and no connection ever worked")
{
    dial_bench b;
    b.dialler.ways(2);
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    b.dialler.lost(lost_link, link_verdict::untrusted, {}, b.now);
    CHECK(b.until_dial() == 0s);
    b.dialler.lost(lost_link, link_verdict::down, {}, b.now);
    REQUIRE(b.dialler.state() == link_state::waiting); // the other way may be down only
    static_cast<void>(b.until_dial());
    b.dialler.lost(lost_link, link_verdict::untrusted, {}, b.now);
    CHECK(b.until_dial() == 0s);
    SECTION("a name that is missing, too, may come")
    {
        b.dialler.lost(lost_link, link_verdict::unresolvable, {}, b.now);
        CHECK(b.dialler.state() == link_state::waiting);
    }
    SECTION("nobody is believed")
    {
        b.dialler.lost(lost_link, link_verdict::untrusted, {}, b.now);
        CHECK(b.dialler.state() == link_state::failed);
        CHECK(b.dialler.verdict() == link_verdict::untrusted);
    }
}

TEST_CASE("reconnector: a certificate that is not believed is waited out if a connection worked before")
{
    dial_bench b;
    b.connect();
    for (int round = 0; round != 20; ++round) {
        b.dialler.lost(lost_link, link_verdict::untrusted, {}, b.now);
        REQUIRE(b.dialler.state() == link_state::waiting);
        static_cast<void>(b.until_dial());
    }
}

TEST_CASE("reconnector: a name that worked once is waited for, and so is one that is missing now and then")
{
    dial_bench b;
    int known_every = 100;
    SECTION("worked once") { b.connect(); }
    SECTION("now and then")
    {
        known_every = 4;
        b.dialler.start(b.now);
        CHECK(b.dialler.advance(b.now) == dialling::dial);
    }
    for (int round = 0; round != 20; ++round) {
        b.dialler.lost(lost_link, round % known_every == known_every - 1 ? link_verdict::down : link_verdict::unresolvable, {}, b.now);
        REQUIRE(b.dialler.state() == link_state::waiting);
        static_cast<void>(b.until_dial());
    }
}

TEST_CASE("reconnector: one way without a name is no reason to give the others up")
{
    dial_bench b;
    b.dialler.ways(2);
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    for (int round = 0; round != 20; ++round) {
        b.dialler.lost(lost_link, link_verdict::unresolvable, {}, b.now);
        CHECK(b.until_dial() == 0s);
        b.dialler.lost(lost_link, link_verdict::down, {}, b.now);
        REQUIRE(b.dialler.state() == link_state::waiting);
        static_cast<void>(b.until_dial());
    }
}

TEST_CASE("reconnector: it knows since when it is connected or not, and when it tries next")
{
    dial_bench b;
    CHECK_FALSE(b.dialler.disconnected_since());
    const auto began = b.now;
    b.dialler.start(b.now);
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.dialler.next_try_at() == b.now + 1s);
    b.now += 5s;
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    CHECK(b.dialler.next_try_at() == never);
    CHECK(b.dialler.disconnected_since() == began);
    CHECK_FALSE(b.dialler.connected_since());
    b.dialler.connected(b.now);
    CHECK(b.dialler.connected_since() == b.now);
    CHECK_FALSE(b.dialler.disconnected_since());
    CHECK(b.dialler.verdict() == link_verdict::none);
    b.now += 1min;
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.dialler.verdict() == link_verdict::down);
    CHECK(b.dialler.disconnected_since() == b.now);
    CHECK(b.dialler.connected_since() == b.now - 1min);
}

TEST_CASE("reconnector: what cannot get better ends the attempts, once")
{
    for (const auto kind : {errc::auth_refused, errc::incompatible, errc::replaced}) {
        dial_bench b;
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
    dial_bench b;
    b.connect();
    b.dialler.lost(make_error_code(errc::replaced), {}, b.now);
    b.dialler.start(b.now); // before anybody asked what to do
    CHECK(b.dialler.advance(b.now) == dialling::dial);
    CHECK(b.dialler.state() == link_state::connecting);
}

TEST_CASE("reconnector: stopped, it makes no further attempt, and late news change nothing")
{
    dial_bench b;
    b.connect();
    b.dialler.stop(b.now);
    b.dialler.lost(lost_link, {}, b.now);
    CHECK(b.dialler.state() == link_state::disconnected);
    CHECK(b.dialler.next_deadline() == never);
    CHECK(b.dialler.advance(b.now + 1h) == dialling::nothing);
    b.connect();
    CHECK(b.dialler.attempt() == 2);
}
