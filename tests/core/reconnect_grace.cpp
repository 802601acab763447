// Presence: who is here, who may only be reloading a page, and who waits for a clean-up.
#include <rejoinder/core/reconnect_grace.hpp>

#include <cstdint>
#include <random>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// The smallest type that the concept takes: nobody is ever gone.
struct everlasting {
    explicit everlasting(duration) {}
    presence state() const { return presence::present; }
    std::uint32_t attached() const { return 1; }
    instant next_deadline() const { return never; }
    arrival attach(instant) { return arrival::another; }
    void detach(instant) {}
    bool expire(instant) { return false; }
    void clean_up_done() {}
};

struct unable_to_expire {
    explicit unable_to_expire(duration) {}
    presence state() const { return presence::present; }
    std::uint32_t attached() const { return 1; }
    instant next_deadline() const { return never; }
    arrival attach(instant) { return arrival::another; }
    void detach(instant) {}
    void clean_up_done() {}
};

} // namespace

TEST_CASE("the grace concept takes what has its expressions and rejects the rest")
{
    STATIC_REQUIRE(grace_policy<reconnect_grace>);
    STATIC_REQUIRE(grace_policy<everlasting>);
    STATIC_REQUIRE(!grace_policy<unable_to_expire>);
    STATIC_REQUIRE(!grace_policy<duration>);
}

TEST_CASE("an identity comes, stays in several sessions, and goes once the grace has passed")
{
    reconnect_grace who{5s};
    CHECK(who.state() == presence::absent);
    CHECK(who.next_deadline() == never);
    CHECK(who.attach(start) == arrival::first);
    CHECK(who.attach(start) == arrival::another);
    CHECK(who.attached() == 2);
    who.detach(start + 1s);
    CHECK(who.state() == presence::present);
    CHECK(who.next_deadline() == never);
    who.detach(start + 2s);
    CHECK(who.state() == presence::grace);
    CHECK(who.attached() == 0);
    CHECK(who.next_deadline() == start + 7s);
    CHECK(!who.expire(start + 7s - 1ns));
    CHECK(who.expire(start + 7s));
    CHECK(who.state() == presence::cleaning);
    CHECK(who.next_deadline() == never);
    who.clean_up_done();
    CHECK(who.state() == presence::absent);
    CHECK(who.attach(start + 1h) == arrival::first);
}

TEST_CASE("the clean-up is asked for exactly once in an absence")
{
    reconnect_grace who{5s};
    who.attach(start);
    who.detach(start);
    CHECK(who.expire(start + 5s));
    CHECK(!who.expire(start + 5s));
    CHECK(!who.expire(start + 1h));
    who.clean_up_done();
    CHECK(!who.expire(start + 2h));
}

TEST_CASE("a page that reloads within the grace is back unnoticed")
{
    reconnect_grace who;
    who.attach(start);
    who.detach(start);
    CHECK(who.next_deadline() == start + 5s);
    CHECK(who.attach(start + 5s - 1ns) == arrival::back_in_grace);
    CHECK(who.state() == presence::present);
    CHECK(who.attached() == 1);
    CHECK(who.next_deadline() == never);
    CHECK(!who.expire(start + 1h));
    who.detach(start + 1h);
    CHECK(who.next_deadline() == start + 1h + 5s); // the whole grace again
}

TEST_CASE("who attaches late, but before anybody was told, is back in the grace")
{
    reconnect_grace who;
    who.attach(start);
    who.detach(start);
    CHECK(who.attach(start + 1h) == arrival::back_in_grace);
    CHECK(!who.expire(start + 1h));
}

TEST_CASE("who comes back during a clean-up waits for it, and a waiting connection is not attached")
{
    reconnect_grace who;
    who.attach(start);
    who.detach(start);
    REQUIRE(who.expire(start + 5s));
    CHECK(who.attach(start + 6s) == arrival::must_wait);
    CHECK(who.attach(start + 7s) == arrival::must_wait);
    CHECK(who.attached() == 0);
    CHECK(who.state() == presence::cleaning);
    who.clean_up_done();
    CHECK(who.attach(start + 8s) == arrival::first);
    CHECK(who.attached() == 1);
}

TEST_CASE("who gives up while waiting leaves no grace behind")
{
    reconnect_grace who;
    who.attach(start);
    who.detach(start);
    REQUIRE(who.expire(start + 5s));
    REQUIRE(who.attach(start + 6s) == arrival::must_wait);
    who.clean_up_done(); // the waiting connection was lost meanwhile: nothing is reported
    CHECK(who.state() == presence::absent);
    CHECK(who.next_deadline() == never);
    CHECK(!who.expire(start + 1h));
}

TEST_CASE("without a grace an identity is gone at the next look, and an endless one never goes")
{
    for (const duration none : {duration::zero(), duration{-1s}, duration::min()}) {
        reconnect_grace hasty{none};
        hasty.attach(start);
        hasty.detach(start);
        CHECK(hasty.next_deadline() == start);
        CHECK(hasty.expire(start));
    }
    reconnect_grace patient{duration::max()};
    patient.attach(start);
    patient.detach(start);
    CHECK(patient.state() == presence::grace);
    CHECK(patient.next_deadline() == never);
    CHECK(!patient.expire(start + 100000h));
}

TEST_CASE("every sequence of inputs keeps attach and detach of one identity apart")
{
    std::mt19937 random{7};
    reconnect_grace who{5s};
    auto now = start;
    std::uint32_t attached = 0;
    bool told = false; // the application believes that the identity is here
    int absences = 0;
    for (int i = 0; i != 20000; ++i) {
        now += std::chrono::milliseconds{random() % 3000};
        switch (random() % 4) {
        case 0: {
            if (attached == 3) {
                break;
            }
            const auto came = who.attach(now);
            REQUIRE((came == arrival::first) == (!told && who.state() != presence::cleaning));
            attached += came == arrival::must_wait ? 0 : 1;
            told = told || came == arrival::first;
            break;
        }
        case 1:
            if (attached != 0) {
                --attached;
                who.detach(now);
            }
            break;
        case 2: {
            const bool due = who.next_deadline() <= now;
            const bool expired = who.expire(now);
            REQUIRE(expired == due);
            REQUIRE((!expired || (told && attached == 0)));
            told = told && !expired;
            absences += expired ? 1 : 0;
            break;
        }
        default:
            if (who.state() == presence::cleaning) {
                who.clean_up_done();
            }
        }
        REQUIRE(who.attached() == attached);
        REQUIRE((who.state() == presence::present) == (attached != 0));
    }
    CHECK(absences > 100);
}

TEST_CASE("each presence has its name")
{
    STATIC_REQUIRE(name_of(presence::absent) == "absent");
    STATIC_REQUIRE(name_of(presence::present) == "present");
    STATIC_REQUIRE(name_of(presence::grace) == "grace");
    STATIC_REQUIRE(name_of(presence::cleaning) == "cleaning");
}
