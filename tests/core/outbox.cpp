// The outbox: order, bounds, expiry, and that no entry vanishes silently.
#include <rejoinder/core/outbox.hpp>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/start.hpp"

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

template <class T>
std::vector<ticket> tickets(const outbox<T>& box)
{
    std::vector<ticket> all;
    box.for_each([&](const outbox_entry<T>& entry) { all.push_back(entry.id); });
    return all;
}

// The outbox as one would write it without a thought for speed.
struct model {
    struct entry {
        int value;
        std::size_t bytes;
        instant pushed;
        instant expires;
    };

    outbox_options options;
    std::map<ticket, entry> waiting;

    std::size_t bytes() const
    {
        std::size_t sum = 0;
        for (const auto& [id, each] : waiting) {
            sum += each.bytes;
        }
        return sum;
    }

    bool fits(std::size_t more) const
    {
        return waiting.size() < options.messages_max && bytes() + more <= options.bytes_max;
    }

    instant next_expiry() const
    {
        instant first = never;
        for (const auto& [id, each] : waiting) {
            first = std::min(first, each.expires);
        }
        return first;
    }

    ticket first_expired() const
    {
        for (const auto& [id, each] : waiting) {
            if (each.expires == next_expiry()) {
                return id;
            }
        }
        return 0;
    }
};

} // namespace

TEST_CASE("messages leave in the order in which they came")
{
    outbox<std::string> box;
    CHECK(box.empty());
    CHECK(box.front() == nullptr);
    CHECK(box.next_expiry() == never);
    const auto first = box.push("one", 3, start);
    const auto second = box.push("two", 3, start + 1s);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(*first < *second);
    CHECK(*first != 0);
    CHECK(box.size() == 2);
    CHECK(box.bytes() == 6);
    CHECK(box.front()->value == "one");
    CHECK(box.front()->pushed == start);
    CHECK(box.front()->expires == start + 1h);
    CHECK(box.find(*second)->value == "two");
    const auto gone = box.take(*first, departure::sent);
    REQUIRE(gone);
    CHECK(gone->id == *first);
    CHECK(gone->value == "one");
    CHECK(gone->how == departure::sent);
    CHECK(gone->bytes == 3);
    CHECK(box.front()->id == *second);
    CHECK(box.find(*first) == nullptr);
    CHECK(!box.take(*first, departure::sent));
}

TEST_CASE("a full outbox refuses, and the caller keeps the value")
{
    outbox<std::unique_ptr<int>> box{{.messages_max = 2}};
    REQUIRE(box.push(std::make_unique<int>(1), 1, start));
    REQUIRE(box.push(std::make_unique<int>(2), 1, start));
    auto third = std::make_unique<int>(3);
    CHECK(!box.fits(1));
    CHECK(!box.make_room(1));
    CHECK(!box.push(std::move(third), 1, start));
    REQUIRE(third);
    CHECK(*third == 3);
    CHECK(box.size() == 2);
}

TEST_CASE("bytes are bounded too, and a message over the bound never fits")
{
    outbox<int> box{{.bytes_max = 10}};
    REQUIRE(box.push(1, 6, start));
    CHECK(!box.push(2, 5, start));
    CHECK(box.push(3, 4, start));
    CHECK(box.push(4, 0, start));
    CHECK(!box.fits(static_cast<std::size_t>(-1)));
    CHECK(!box.push(5, static_cast<std::size_t>(-1), start));
    CHECK(box.bytes() == 10);
    outbox<int> vast{{.bytes_max = static_cast<std::size_t>(-1)}};
    CHECK(vast.push(1, static_cast<std::size_t>(-6), start));
    CHECK(!vast.push(2, 10, start));
    CHECK(vast.push(3, 5, start));
}

TEST_CASE("where the oldest give way, they are handed over one at a time")
{
    outbox<int> box{{.messages_max = 10, .bytes_max = 10, .on_overflow = overflow::drop_oldest}};
    for (int i = 1; i <= 5; ++i) {
        CHECK(!box.make_room(2));
        REQUIRE(box.push(i, 2, start));
    }
    std::vector<int> evicted;
    while (auto gone = box.make_room(5)) {
        CHECK(gone->how == departure::evicted);
        evicted.push_back(gone->value);
    }
    CHECK(evicted == std::vector<int>{1, 2, 3});
    CHECK(box.push(6, 5, start));
    CHECK(box.bytes() == 9);
}

TEST_CASE("nobody gives way to a message that would not fit anyway")
{
    outbox<int> box{{.bytes_max = 10, .on_overflow = overflow::drop_oldest}};
    REQUIRE(box.push(1, 2, start));
    CHECK(!box.make_room(11));
    CHECK(!box.push(2, 11, start));
    CHECK(box.size() == 1);
    outbox<int> none{{.messages_max = 0, .on_overflow = overflow::drop_oldest}};
    CHECK(!none.make_room(0));
    CHECK(!none.push(1, 0, start));
}

TEST_CASE("each message expires by its own time to live, the soonest first")
{
    outbox<int> box;
    const auto slow = box.push(1, 1, start, 30s);
    const auto fast = box.push(2, 1, start, 10s);
    const auto usual = box.push(3, 1, start);
    const auto ever = box.push(4, 1, start, duration::max());
    const auto never_waits = box.push(5, 1, start, duration::zero());
    CHECK(box.next_expiry() == start);
    CHECK(box.expire(start)->id == *never_waits);
    CHECK(box.next_expiry() == start + 10s);
    CHECK(!box.expire(start + 10s - 1ns));
    const auto gone = box.expire(start + 1min);
    CHECK(gone->id == *fast);
    CHECK(gone->how == departure::expired);
    CHECK(box.expire(start + 1min)->id == *slow);
    CHECK(!box.expire(start + 1min));
    CHECK(box.expire(start + 1h)->id == *usual);
    CHECK(box.next_expiry() == never);
    CHECK(!box.expire(never));
    CHECK(box.front()->id == *ever);
}

TEST_CASE("the old are dropped by age, and a clock that goes back does not hide them")
{
    outbox<int> box;
    box.push(1, 1, start + 10s);
    box.push(2, 1, start);
    box.push(3, 1, start + 20s);
    CHECK(box.find(2)->pushed == start + 10s);
    CHECK(!box.drop_older_than(start + 10s));
    CHECK(box.drop_older_than(start + 11s)->value == 1);
    CHECK(box.drop_older_than(start + 11s)->value == 2);
    CHECK(!box.drop_older_than(start + 11s));
    CHECK(box.size() == 1);
}

TEST_CASE("draining hands out everything, oldest first, and tickets go on")
{
    outbox<int> box;
    for (int i = 0; i != 20; ++i) {
        box.push(i, 1, start);
    }
    for (int i = 0; i != 20; ++i) {
        const auto gone = box.drain();
        REQUIRE(gone);
        CHECK(gone->value == i);
        CHECK(gone->how == departure::removed);
    }
    CHECK(!box.drain());
    CHECK(box.bytes() == 0);
    CHECK(box.next_expiry() == never);
    box.shrink();
    CHECK(box.push(20, 1, start) == ticket{21});
    CHECK(box.front()->value == 20);
}

TEST_CASE("what was taken goes back to its old place, whatever the bounds")
{
    outbox<int> box{{.messages_max = 4}};
    for (int i = 1; i <= 4; ++i) {
        box.push(i, 1, start + 1s * i);
    }
    auto one = *box.take(1, departure::sent);
    auto three = *box.take(3, departure::sent);
    auto four = *box.take(4, departure::sent);
    box.push(5, 1, start + 5s);
    box.push(6, 1, start + 6s);
    box.restore(three);
    box.restore(one.id, one.value, one.bytes, one.expires);
    box.restore(four);
    CHECK(tickets(box) == std::vector<ticket>{1, 2, 3, 4, 5, 6});
    CHECK(box.size() == 6);
    CHECK(box.next_expiry() == start + 1s + 1h);
    CHECK(box.find(1)->pushed == start + 1s);
    CHECK(!box.push(7, 1, start + 7s));
    CHECK(box.drop_older_than(start + 4s)->id == 1);
}

TEST_CASE("what comes back with another expiry expires by that one")
{
    outbox<int> box;
    box.push(1, 1, start, 30s);
    const auto two = *box.push(2, 1, start, 20s);
    box.push(3, 1, start, 10s); // covers the expiry that the second leaves behind
    box.take(two, departure::sent);
    box.restore(two, 2, 1, start + 1min);
    CHECK(box.expire(start + 10s)->value == 3);
    CHECK(box.next_expiry() == start + 30s);
    CHECK(box.expire(start + 30s)->value == 1);
    CHECK(box.next_expiry() == start + 1min);
}

TEST_CASE("expiry keeps its order after most messages have left otherwise")
{
    std::mt19937 random{3};
    for (int round = 0; round != 200; ++round) {
        outbox<int> box;
        for (int i = 0; i != 60; ++i) {
            box.push(i, 1, start, std::chrono::seconds{1 + random() % 1000});
        }
        for (int i = 0; i != 45; ++i) {
            box.take(1 + random() % 60, departure::sent);
        }
        auto before = start;
        while (const auto gone = box.expire(start + 1h)) {
            REQUIRE(gone->expires >= before);
            before = gone->expires;
        }
        REQUIRE(box.empty());
    }
}

TEST_CASE("an unknown age is reckoned within that of the neighbours")
{
    outbox<int> box{{.ttl = 1h}};
    box.push(1, 1, start);
    box.push(2, 1, start + 1s, 2h);
    box.push(3, 1, start + 2s);
    box.push(4, 1, start + 3s, duration::max());
    auto two = *box.take(2, departure::sent);
    auto four = *box.take(4, departure::sent);
    box.restore(two.id, two.value, two.bytes, two.expires);
    box.restore(four.id, four.value, four.bytes, four.expires);
    CHECK(box.find(2)->pushed == start + 2s);
    CHECK(box.find(2)->expires == start + 1s + 2h);
    CHECK(box.find(4)->pushed == start + 2s);
    outbox<int> endless{{.ttl = duration::max()}};
    endless.push(1, 1, start);
    auto one = *endless.drain();
    endless.restore(one.id, one.value, one.bytes, instant{} + 1s);
    CHECK(endless.next_expiry() == instant{} + 1s);
}

TEST_CASE("an outbox that is used for long from the middle stays right")
{
    outbox<int> box{{.messages_max = 8}};
    const auto anchor = *box.push(0, 1, start, 1s);
    for (int i = 1; i != 100000; ++i) {
        const auto id = *box.push(i, 1, start);
        auto gone = *box.take(id, departure::sent);
        box.restore(std::move(gone));
        REQUIRE(box.take(id, departure::sent));
        REQUIRE(box.find(anchor) != nullptr);
    }
    CHECK(box.size() == 1);
    CHECK(box.expire(start + 1s)->id == anchor);
    CHECK(box.next_expiry() == never);
}

TEST_CASE("the outbox agrees with a naive model over long random histories")
{
    for (const auto policy : {overflow::reject_newest, overflow::drop_oldest}) {
        std::mt19937 random{42};
        const outbox_options options{.messages_max = 12, .bytes_max = 60, .ttl = 20s, .on_overflow = policy};
        outbox<std::string> box{options};
        model naive{options, {}};
        std::vector<departed<std::string>> away;
        auto now = start;
        ticket last = 0;
        const auto check_gone = [&](const departed<std::string>& gone) {
            const auto found = naive.waiting.find(gone.id);
            REQUIRE(found != naive.waiting.end());
            REQUIRE(gone.value == std::to_string(found->second.value));
            REQUIRE(gone.bytes == found->second.bytes);
            REQUIRE(gone.pushed == found->second.pushed);
            REQUIRE(gone.expires == found->second.expires);
            naive.waiting.erase(found);
        };
        for (int i = 0; i != 40000; ++i) {
            now += std::chrono::milliseconds{random() % 500};
            switch (random() % 8) {
            case 0:
            case 1:
            case 2: {
                const std::size_t bytes = random() % 15;
                while (auto gone = box.make_room(bytes)) {
                    REQUIRE(policy == overflow::drop_oldest);
                    REQUIRE(!naive.fits(bytes));
                    REQUIRE(gone->id == naive.waiting.begin()->first);
                    check_gone(*gone);
                }
                const bool fits = naive.fits(bytes);
                const duration ttl = random() % 4 == 0 ? duration::max() : std::chrono::seconds{random() % 30};
                const auto id = box.push(std::to_string(i), bytes, now, ttl);
                REQUIRE(id.has_value() == fits);
                if (id) {
                    REQUIRE(*id > last);
                    last = *id;
                    naive.waiting[*id] = {i, bytes, now, later(now, ttl)};
                }
                break;
            }
            case 3: // sent from the front, or taken from anywhere
            case 4: {
                const bool front = random() % 2 == 0;
                const ticket id =
                    front && !box.empty() ? box.front()->id : last - std::min<ticket>(last, random() % 16);
                auto gone = box.take(id, departure::sent);
                REQUIRE(gone.has_value() == naive.waiting.contains(id));
                if (gone) {
                    check_gone(*gone);
                    away.push_back(std::move(*gone));
                }
                break;
            }
            case 5:
                if (!away.empty()) {
                    const auto chosen = away.begin() + static_cast<std::ptrdiff_t>(random() % away.size());
                    naive.waiting[chosen->id] = {std::stoi(chosen->value), chosen->bytes, chosen->pushed,
                                                 chosen->expires};
                    box.restore(std::move(*chosen));
                    away.erase(chosen);
                }
                break;
            case 6:
                while (auto gone = box.expire(now)) {
                    REQUIRE(gone->id == naive.first_expired());
                    REQUIRE(gone->how == departure::expired);
                    check_gone(*gone);
                }
                REQUIRE(naive.next_expiry() > now);
                break;
            default:
                if (random() % 20 == 0) {
                    while (auto gone = box.drop_older_than(now - 10s)) {
                        check_gone(*gone);
                    }
                    for (const auto& [id, each] : naive.waiting) {
                        REQUIRE(each.pushed >= now - 10s);
                    }
                }
                if (away.size() > 20) {
                    away.clear();
                }
            }
            REQUIRE(box.size() == naive.waiting.size());
            REQUIRE(box.bytes() == naive.bytes());
            REQUIRE(box.next_expiry() == naive.next_expiry());
            std::vector<ticket> expected;
            for (const auto& [id, each] : naive.waiting) {
                expected.push_back(id);
                REQUIRE(box.find(id) != nullptr);
                REQUIRE(box.find(id)->value == std::to_string(each.value));
            }
            REQUIRE(tickets(box) == expected);
            REQUIRE((box.front() == nullptr ? 0 : box.front()->id) == (expected.empty() ? 0 : expected.front()));
        }
        CHECK(last > 1000);
    }
}

TEST_CASE("an outbox works at compile time, and its departures have names")
{
    STATIC_REQUIRE([] {
        outbox<int> box;
        box.push(1, 1, start);
        box.push(2, 1, start);
        return box.take(2, departure::sent)->value + box.drain()->value;
    }() == 3);
    STATIC_REQUIRE(name_of(departure::sent) == "sent");
    STATIC_REQUIRE(name_of(departure::expired) == "expired");
    STATIC_REQUIRE(name_of(departure::evicted) == "evicted");
    STATIC_REQUIRE(name_of(departure::refused) == "refused");
    STATIC_REQUIRE(name_of(departure::removed) == "removed");
}
