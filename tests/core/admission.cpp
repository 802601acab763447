// Tests of the admission: who attaches to which session, and what becomes of identities that come and go.
#include <rejoinder/core/admission.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

// An admission with its hub played by the test: each session's token is "t" and its number.
struct admission_bench {
    explicit admission_bench(const admission_options& options = {}) : hub(options) {}

    admission<> hub;
    instant now = instant{} + 1h;
    connection_id last = 0;

    connection_id arrive(const std::string& identity, const std::string& incarnation, std::uint64_t attempt = 1,
                         session_id resumes = 0)
    {
        candidate who;
        who.connection = ++last;
        who.identity = identity;
        who.incarnation = incarnation;
        who.attempt = attempt;
        who.resumes = resumes != 0;
        who.token = resumes != 0 ? token_of(resumes) : digest{};
        hub.arrive(who, now);
        return last;
    }

    static digest token_of(session_id session) { return digest_of("t" + std::to_string(session)); }

    std::vector<admission_verdict> verdicts()
    {
        std::vector<admission_verdict> out;
        admission_verdict one;
        while (hub.next(one)) {
            if (const auto* how = std::get_if<verdict_of::attach>(&one); how != nullptr && !how->resumed) {
                hub.set_token(how->session, token_of(how->session));
            }
            out.push_back(one);
        }
        return out;
    }

    // A new session of one identity, attached.
    std::pair<connection_id, session_id> attach(const std::string& identity, const std::string& incarnation)
    {
        const auto line = arrive(identity, incarnation);
        for (const auto& one : verdicts()) {
            if (const auto* how = std::get_if<verdict_of::attach>(&one)) {
                return {line, how->session};
            }
        }
        FAIL("not attached");
        return {};
    }

    void wait(duration length)
    {
        now += length;
        hub.advance(now);
    }
};

template <class Verdict>
const Verdict* find(const std::vector<admission_verdict>& all)
{
    for (const auto& one : all) {
        if (const auto* found = std::get_if<Verdict>(&one)) {
            return found;
        }
    }
    return nullptr;
}

} // namespace

TEST_CASE("admission: a first hello opens a session, and its token resumes it")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    CHECK(b.hub.presence_of("42") == presence::present);
    CHECK(b.hub.newest_attached("42") == session);
    b.hub.lose(line, session, b.now);
    auto all = b.verdicts();
    CHECK(find<verdict_of::leaving>(all));
    CHECK(b.hub.newest_attached("42") == 0);
    b.wait(4s);
    const auto again = b.arrive("42", "page", 2, session);
    all = b.verdicts();
    CHECK(find<verdict_of::returned>(all));
    const auto* how = find<verdict_of::attach>(all);
    REQUIRE(how);
    CHECK((how->connection == again && how->session == session && how->resumed));
    b.wait(1h);
    CHECK(b.verdicts().empty());
}

TEST_CASE("admission: an absence is told once, and only after the grace")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.hub.lose(line, session, b.now);
    b.verdicts();
    b.wait(4999ms);
    CHECK(b.verdicts().empty());
    b.wait(1ms);
    auto all = b.verdicts();
    REQUIRE(all.size() == 1);
    const auto* gone = find<verdict_of::absent>(all);
    REQUIRE(gone);
    CHECK(gone->identity == "42");
    b.hub.clean_up_done("42", gone->absence, b.now);
    CHECK(b.hub.presence_of("42") == presence::absent);
    b.wait(1h);
    CHECK(b.verdicts().empty());
}

TEST_CASE("admission: who comes back during its clean-up waits for it, and nobody else does (contract 7)")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.wait(5s);
    const auto absence = find<verdict_of::absent>(b.verdicts())->absence;
    const auto back = b.arrive("42", "page", 2, session);
    CHECK(b.verdicts().empty());
    b.attach("43", "other");
    b.hub.clean_up_done("42", absence + 1, b.now);
    CHECK(b.verdicts().empty());
    b.hub.clean_up_done("42", absence, b.now);
    const auto all = b.verdicts();
    const auto* how = find<verdict_of::attach>(all);
    REQUIRE(how);
    CHECK((how->connection == back && how->resumed));
    CHECK_FALSE(find<verdict_of::returned>(all));
}

TEST_CASE("admission: a clean-up over its limit is told, and those who wait go on (rule 18)")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.wait(5s);
    const auto absence = find<verdict_of::absent>(b.verdicts())->absence;
    b.arrive("42", "page", 2, session);
    b.wait(1min);
    const auto all = b.verdicts();
    CHECK(find<verdict_of::overdue>(all));
    CHECK(find<verdict_of::attach>(all));
    b.hub.clean_up_done("42", absence, b.now); // it ends at last: nobody waits for it
    CHECK(b.hub.presence_of("42") == presence::present);
}

TEST_CASE("admission: a valid resume displaces the attached connection, whose end then means nothing")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.arrive("42", "page", 2, session);
    const auto all = b.verdicts();
    REQUIRE(all.size() == 2);
    CHECK(std::get<verdict_of::displace>(all[0]).connection == line);
    CHECK(std::get<verdict_of::attach>(all[1]).resumed);
    b.hub.lose(line, session, b.now);
    b.hub.lose(line, 0, b.now);
    CHECK(b.verdicts().empty());
    CHECK(b.hub.presence_of("42") == presence::present);
}

TEST_CASE(
    "admission: a token is worth nothing to another identity, and an unknown one opens a new session (contract 8)")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.arrive("thief", "page", 2, session);
    auto all = b.verdicts();
    REQUIRE(all.size() == 1);
    CHECK(std::get<verdict_of::deny>(all[0]).why == errc::auth_refused);
    CHECK(b.hub.presence_of("thief") == presence::absent);
    CHECK(b.hub.identities() == 1);
    b.arrive("42", "page", 2, 999);
    all = b.verdicts();
    REQUIRE(find<verdict_of::attach>(all));
    CHECK_FALSE(find<verdict_of::attach>(all)->resumed);
}

TEST_CASE("admission: a session without a link ends with its lease, and its token with it")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.wait(5s);
    b.hub.clean_up_done("42", find<verdict_of::absent>(b.verdicts())->absence, b.now);
    CHECK(b.hub.sessions() == 1);
    b.wait(70min);
    const auto all = b.verdicts();
    REQUIRE(all.size() == 1);
    CHECK(std::get<verdict_of::end>(all[0]).session == session);
    CHECK(b.hub.identities() == 0);
    CHECK(b.hub.next_deadline() == never);
    b.arrive("42", "page", 2, session);
    CHECK_FALSE(find<verdict_of::attach>(b.verdicts())->resumed);
}

TEST_CASE("admission: a waiting hello holds the lease, however its wait ends (rule 18)")
{
    admission_options options;
    options.lease = 10s;
    options.clean_up_limit = 10min;
    admission_bench b{options};
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.wait(5s);
    const auto absence = find<verdict_of::absent>(b.verdicts())->absence;

    SECTION("it attaches when the clean-up ends")
    {
        b.arrive("42", "page", 2, session);
        b.wait(1min);
        CHECK(b.verdicts().empty());
        b.hub.clean_up_done("42", absence, b.now);
        CHECK(find<verdict_of::attach>(b.verdicts())->resumed);
    }
    SECTION("it gives up: the lease runs again")
    {
        const auto waits = b.arrive("42", "page", 2, session);
        b.wait(1min);
        b.hub.lose(waits, 0, b.now);
        CHECK(b.verdicts().empty());
        b.wait(10s);
        CHECK(find<verdict_of::end>(b.verdicts()));
    }
    SECTION("it turns out to be an old attempt: the lease runs again")
    {
        b.arrive("42", "page", 1, session);
        b.hub.clean_up_done("42", absence, b.now);
        CHECK(find<verdict_of::deny>(b.verdicts())->why == errc::outdated_attempt);
        b.wait(10s);
        CHECK(find<verdict_of::end>(b.verdicts()));
    }
    SECTION("a newer attempt that resumes nothing takes its place: the lease runs again")
    {
        b.arrive("42", "page", 2, session);
        b.arrive("42", "page", 3);
        b.hub.clean_up_done("42", absence, b.now);
        b.wait(10s);
        CHECK(find<verdict_of::end>(b.verdicts()));
    }
    SECTION("it may not even wait: the lease goes on")
    {
        for (int other = 0; other != 5; ++other) {
            b.arrive("42", "other " + std::to_string(other));
        }
        b.arrive("42", "page", 2, session);
        CHECK(find<verdict_of::deny>(b.verdicts())->why == errc::too_many_connections);
        b.wait(10s);
        CHECK(find<verdict_of::end>(b.verdicts()));
    }
}

TEST_CASE("admission: of one client only the newest waiting attempt attaches (rule 17)")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.wait(5s);
    const auto absence = find<verdict_of::absent>(b.verdicts())->absence;
    const auto second = b.arrive("42", "page", 2, session);
    const auto fourth = b.arrive("42", "page", 4, session);
    const auto third = b.arrive("42", "page", 3, session);
    const auto all = b.verdicts();
    REQUIRE(all.size() == 2);
    CHECK(std::get<verdict_of::deny>(all[0]).connection == second);
    CHECK(std::get<verdict_of::deny>(all[1]).connection == third);
    b.hub.clean_up_done("42", absence, b.now);
    CHECK(find<verdict_of::attach>(b.verdicts())->connection == fourth);
}

TEST_CASE("admission: at the bound the longest silent one is probed, and gives its place away without a pong (rule 19)")
{
    admission_options options;
    options.connections_per_identity = 2;
    admission_bench b{options};
    const auto [first_line, first] = b.attach("42", "first");
    b.now += 1s;
    const auto [second_line, second] = b.attach("42", "second");
    b.now += 1s;
    b.hub.heard(first, b.now);

    const auto third = b.arrive("42", "third");
    auto all = b.verdicts();
    REQUIRE(all.size() == 1);
    CHECK(std::get<verdict_of::probe>(all[0]).session == second);

    SECTION("no pong came: its link is lost, and the one that waited has its place")
    {
        b.hub.lose(second_line, second, b.now + 1s);
        CHECK(find<verdict_of::attach>(b.verdicts())->connection == third);
    }
    SECTION("a pong came: who waits is turned away")
    {
        b.hub.heard(second, b.now + 1s);
        b.wait(2s);
        all = b.verdicts();
        REQUIRE(all.size() == 1);
        CHECK(std::get<verdict_of::deny>(all[0]).connection == third);
        CHECK(std::get<verdict_of::deny>(all[0]).why == errc::too_many_connections);
    }
    SECTION("who waits gives up: nothing is left of it")
    {
        b.hub.lose(third, 0, b.now);
        b.hub.lose(second_line, second, b.now);
        CHECK_FALSE(find<verdict_of::attach>(b.verdicts()));
    }
}

TEST_CASE("admission: at the bound it may also refuse at once")
{
    admission_options options;
    options.connections_per_identity = 1;
    options.on_crowding = crowding::refuse_new;
    admission_bench b{options};
    const auto [line, session] = b.attach("42", "first");
    b.arrive("42", "second");
    CHECK(find<verdict_of::deny>(b.verdicts())->why == errc::too_many_connections);
    b.arrive("42", "first", 2, session); // a resume takes no further place
    CHECK(find<verdict_of::attach>(b.verdicts())->resumed);
}

TEST_CASE("admission: at the bound it may also close the one that was silent longest, unasked")
{
    admission_options options;
    options.connections_per_identity = 2;
    options.on_crowding = crowding::drop_oldest;
    admission_bench b{options};
    const auto [first_line, first] = b.attach("42", "first");
    b.now += 1s;
    b.attach("42", "second");
    const auto third = b.arrive("42", "third");
    auto all = b.verdicts();
    const auto* left = find<verdict_of::give_way>(all);
    REQUIRE(left != nullptr);
    CHECK(left->connection == first_line);
    b.hub.lose(first_line, first, b.now);
    all = b.verdicts();
    const auto* granted = find<verdict_of::attach>(all);
    REQUIRE(granted != nullptr);
    CHECK(granted->connection == third);
}

TEST_CASE("admission: at the bound of sessions the longest dormant one gives way, and without one nobody is let in")
{
    admission_options options;
    options.sessions_max = 2;
    admission_bench b{options};
    const auto [first_line, first] = b.attach("1", "a");
    b.now += 1s;
    const auto [second_line, second] = b.attach("2", "b");
    b.arrive("3", "c");
    CHECK(find<verdict_of::deny>(b.verdicts())->why == errc::busy);
    b.hub.lose(first_line, first, b.now);
    b.hub.lose(second_line, second, b.now);
    b.verdicts();
    b.arrive("3", "c");
    const auto all = b.verdicts();
    CHECK(find<verdict_of::end>(all)->session == first);
    CHECK(find<verdict_of::attach>(all));
    CHECK(b.hub.sessions() == 2);
    b.wait(5s); // the grace of an identity without sessions is still its own
    CHECK(find<verdict_of::absent>(b.verdicts()));
}

TEST_CASE("admission: an expelled session cannot be resumed")
{
    admission_bench b;
    const auto [line, session] = b.attach("42", "page");
    b.hub.lose(line, session, b.now);
    b.hub.expel(session);
    b.hub.expel(session);
    CHECK(find<verdict_of::end>(b.verdicts()));
    b.arrive("42", "page", 2, session);
    CHECK_FALSE(find<verdict_of::attach>(b.verdicts())->resumed);
}

TEST_CASE("admission: several sessions of one identity are one presence")
{
    admission_bench b;
    const auto [tab_line, tab] = b.attach("42", "tab");
    const auto [phone_line, phone] = b.attach("42", "phone");
    CHECK(b.hub.sessions_of("42") == std::vector{tab, phone});
    b.hub.lose(tab_line, tab, b.now);
    CHECK(b.verdicts().empty());
    b.wait(1min);
    CHECK(b.hub.presence_of("42") == presence::present);
    b.hub.lose(phone_line, phone, b.now);
    CHECK(find<verdict_of::leaving>(b.verdicts()));
}

TEST_CASE("admission: who finds all places taken gets the one that stays silent, and is refused if it does not")
{
    admission<> hub{{.probe_wait = 2s, .connections_per_identity = 1}};
    admission_verdict out;
    auto now = instant{} + 1h;
    const auto next = [&] {
        std::vector<admission_verdict> all;
        while (hub.next(out)) {
            all.push_back(out);
        }
        return all;
    };
    hub.arrive({.connection = 1, .identity = "42", .incarnation = "a"}, now);
    const auto session = std::get<verdict_of::attach>(next().at(0)).session;
    now += 1s;
    hub.arrive({.connection = 2, .identity = "42", .incarnation = "b"}, now);
    CHECK(std::get<verdict_of::probe>(next().at(0)).session == session);

    SECTION("the one that was probed says nothing")
    {
        now += 2s;
        hub.advance(now);
        CHECK(std::get<verdict_of::silence>(next().at(0)).connection == 1);
        hub.lose(1, session, now);
        const auto all = next();
        REQUIRE(all.size() == 3); // the grace begins, and ends with the newcomer
        CHECK(std::get<verdict_of::attach>(all[2]).connection == 2);
    }
    SECTION("it gives a sign of life")
    {
        hub.heard(session, now + 1s);
        now += 2s;
        hub.advance(now);
        CHECK(std::get<verdict_of::deny>(next().at(0)).why == errc::too_many_connections);
    }
}

TEST_CASE("admission: an identity that reloads for ever displaces its own dormant sessions, nobody else's")
{
    admission<> hub{{.sessions_per_identity = 3, .sessions_max = 8}};
    admission_verdict out;
    auto now = instant{} + 1h;
    connection_id connection = 0;
    const auto come_and_go = [&](const std::string& identity) {
        now += 1ms;
        hub.arrive({.connection = ++connection, .identity = identity, .incarnation = std::to_string(connection)}, now);
        session_id session = 0;
        while (hub.next(out)) {
            session = std::holds_alternative<verdict_of::attach>(out) ? std::get<verdict_of::attach>(out).session : session;
        }
        hub.lose(connection, session, now);
        while (hub.next(out)) {
        }
    };
    come_and_go("neighbour");
    for (int i = 0; i != 50; ++i) {
        come_and_go("42");
    }
    CHECK(hub.sessions_of("42").size() == 3);
    CHECK(hub.sessions_of("neighbour").size() == 1);
}

TEST_CASE("admission: a token names the identity whose session it resumes")
{
    admission<> directory{{}};
    admission_verdict next;
    const auto now = instant{} + 1h;
    const auto token = digest_of("secret");
    directory.arrive({.connection = 1, .identity = "anonymous_a", .incarnation = "a"}, now);
    REQUIRE(directory.next(next));
    directory.set_token(std::get<verdict_of::attach>(next).session, token);
    CHECK(directory.holder_of(token).identity == "anonymous_a");
    CHECK(directory.holder_of(digest_of("another")).session == 0);
}

TEST_CASE("admission: a session whose wire cannot resume ends with its link, and the grace runs as ever")
{
    admission_bench b;
    candidate page;
    page.connection = ++b.last;
    page.identity = "42";
    page.incarnation = "a";
    page.lasting = false;
    b.hub.arrive(page, b.now);
    b.verdicts();
    b.hub.lose(page.connection, b.hub.newest_attached("42"), b.now);
    CHECK(b.hub.sessions() == 0);
    CHECK(b.hub.presence_of("42") == presence::grace);
    const auto all = b.verdicts();
    CHECK(find<verdict_of::leaving>(all) != nullptr);
    CHECK(find<verdict_of::end>(all) != nullptr);
    b.attach("42", "b");
    CHECK(b.hub.presence_of("42") == presence::present);
}

TEST_CASE("admission: a session whose wire has marks is kept for the grace, or not at all")
{
    for (const bool says_goodbye : {false, true}) {
        CAPTURE(says_goodbye);
        admission_bench b;
        candidate page;
        page.connection = ++b.last;
        page.identity = "42";
        page.incarnation = "a";
        page.marks = true;
        b.hub.arrive(page, b.now);
        b.verdicts();
        const auto session = b.hub.newest_attached("42");
        const auto holder = b.hub.holder_of(admission_bench::token_of(session));
        CHECK(holder.session == session);
        CHECK(holder.incarnation == "a");
        b.attach("42", "another tab"); // so that the grace of the identity does not begin
        if (says_goodbye) {
            b.hub.let_go(session);
        }
        b.hub.lose(page.connection, session, b.now);
        CHECK(b.hub.sessions() == (says_goodbye ? 1 : 2));
        b.now += 4s;
        b.hub.advance(b.now);
        CHECK(b.hub.sessions() == (says_goodbye ? 1 : 2));
        b.now += 1s;
        b.hub.advance(b.now);
        CHECK(b.hub.sessions() == 1);
    }
}

TEST_CASE("what is said of a session that is over, or never was, means nothing")
{
    admission<> directory{{}};
    directory.heard(99, instant{} + 1h);
    directory.alive(99);
    directory.set_token(99, {});
    directory.expel(99);
    directory.clean_up_done("nobody", 1, instant{} + 1h);
    admission_verdict what;
    CHECK_FALSE(directory.next(what));
    CHECK(directory.holder_of({}).identity.empty());
    CHECK(directory.sessions_of("nobody").empty());
    CHECK(directory.newest_attached("nobody") == 0);
    CHECK(name_of(directory.presence_of("nobody")) == "absent");
}
