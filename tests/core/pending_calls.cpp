// Tests of pending calls: every completion once, whatever ends its call.
#include <rejoinder/core/pending_calls.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr instant called_at{};

using completion = std::function<void(std::error_code, std::string)>;
using calls_type = pending_calls<completion, std::string>;

struct heard {
    int calls = 0;
    std::error_code ec;
    std::string value;

    completion record()
    {
        return [this](std::error_code with, std::string text) {
            ++calls;
            ec = with;
            value = std::move(text);
        };
    }
};

const auto canceled = std::make_error_code(std::errc::operation_canceled);

} // namespace

TEST_CASE("pending_calls: an answer completes its call once")
{
    calls_type calls{4};
    heard got;
    const auto id = calls.open(got.record(), called_at + 5s).value();
    CHECK(calls.pending(id));
    CHECK(calls.next_deadline() == called_at + 5s);
    CHECK(calls.resolve(id, "yes"));
    CHECK(got.calls == 1);
    CHECK_FALSE(got.ec);
    CHECK(got.value == "yes");
    CHECK_FALSE(calls.resolve(id, "again"));
    CHECK_FALSE(calls.fail(id, canceled));
    CHECK_FALSE(calls.cancel(id));
    CHECK(calls.next_deadline() == never);
    CHECK(calls.expire(called_at + 10s) == 0);
    CHECK(got.calls == 1);
}

TEST_CASE("pending_calls: a failure, a cancel and a deadline each complete a call with their error")
{
    calls_type calls{4};
    heard failed, cancelled, late, waiting;
    const auto first = calls.open(failed.record(), called_at + 5s).value();
    const auto second = calls.open(cancelled.record(), called_at + 5s).value();
    calls.open(late.record(), called_at + 5s);
    const auto fourth = calls.open(waiting.record()).value();
    CHECK(calls.fail(first, make_error_code(errc::busy)));
    CHECK(calls.cancel(second));
    CHECK(calls.expire(called_at + 5s - 1ns) == 0);
    CHECK(calls.expire(called_at + 5s) == 1);
    CHECK(failed.ec == errc::busy);
    CHECK(cancelled.ec == std::errc::operation_canceled);
    CHECK(late.ec == errc::timed_out);
    CHECK(calls.next_deadline() == never);
    CHECK(calls.expire(called_at + 10000h) == 0);
    CHECK(calls.resolve(fourth, "at last"));
    CHECK((failed.calls == 1 && cancelled.calls == 1 && late.calls == 1 && waiting.calls == 1));
}

TEST_CASE("pending_calls: destruction cancels what is left, and refuses what is opened meanwhile")
{
    heard left;
    int refused = 0;
    {
        std::optional<calls_type> calls{std::in_place, 4U};
        calls->open(left.record(), called_at + 5s);
        calls->open(
            [&](std::error_code, std::string) { refused += calls->open(left.record(), called_at) ? 0 : 1; }, called_at + 5s);
        calls->open(left.record());
    }
    CHECK(left.calls == 2);
    CHECK(left.ec == canceled);
    CHECK(refused == 1);
}

TEST_CASE("pending_calls: at the bound open gives nothing and drops the completion uncalled")
{
    calls_type calls{1};
    heard first, second;
    CHECK(calls.open(first.record(), called_at + 5s));
    CHECK(calls.full());
    CHECK_FALSE(calls.open(second.record(), called_at + 1s));
    CHECK(calls.next_deadline() == called_at + 5s);
    CHECK(calls.expire(called_at + 5s) == 1);
    CHECK(second.calls == 0);
}

TEST_CASE("pending_calls: a completion may open, cancel and settle others")
{
    calls_type calls{8};
    heard other, next;
    message_id other_id = 0;
    calls.open(
        [&](std::error_code, std::string) {
            CHECK(calls.cancel(other_id));
            CHECK(calls.open(next.record(), called_at + 1s));
            CHECK(calls.open(next.record(), called_at + 9s));
        },
        called_at + 1s);
    other_id = calls.open(other.record(), called_at + 1s).value();
    CHECK(calls.expire(called_at + 1s) == 2);
    CHECK(other.ec == canceled);
    CHECK(other.calls == 1);
    CHECK(next.ec == errc::timed_out);
    CHECK(next.calls == 1);
    CHECK(calls.size() == 1);
}

TEST_CASE("pending_calls: a completion may destroy the object that calls it")
{
    heard left;
    SECTION("from resolve")
    {
        auto calls = std::make_unique<calls_type>(4U);
        const auto id = calls->open([&](std::error_code, std::string) { calls.reset(); }, called_at + 1s).value();
        calls->open(left.record(), called_at + 2s);
        CHECK(calls->resolve(id, ""));
    }
    SECTION("from expire")
    {
        auto calls = std::make_unique<calls_type>(4U);
        calls->open([&](std::error_code, std::string) { calls.reset(); }, called_at + 1s);
        calls->open(left.record(), called_at + 1s);
        CHECK(calls->expire(called_at + 5s) == 1);
        CHECK(calls == nullptr);
    }
    SECTION("from an expire within an expire")
    {
        auto calls = std::make_unique<calls_type>(4U);
        calls->open([&](std::error_code, std::string) { CHECK(calls->expire(called_at + 5s) == 1); }, called_at + 1s);
        calls->open([&](std::error_code, std::string) { calls.reset(); }, called_at + 1s);
        calls->open(left.record(), called_at + 1s);
        CHECK(calls->expire(called_at + 5s) == 1);
    }
    CHECK(left.calls == 1);
    CHECK(left.ec == canceled);
}

TEST_CASE("pending_calls: a completion may be move-only and take no value, or several")
{
    struct once {
        std::unique_ptr<int> calls;
        int* total;
        void operator()(std::error_code) && { *total += ++*calls; }
    };
    int total = 0;
    pending_calls<once> bare{2};
    const auto id = bare.open(once{std::make_unique<int>(0), &total}, called_at + 1s).value();
    bare.open(once{std::make_unique<int>(0), &total}, called_at + 1s);
    CHECK(bare.resolve(id));
    CHECK(bare.expire(called_at + 1s) == 1);
    CHECK(total == 2);

    int sum = 0;
    const auto add = [&sum](std::error_code, int one, std::unique_ptr<int> other) { sum += one + (other ? *other : 100); };
    pending_calls<decltype(add), int, std::unique_ptr<int>> pair{2};
    CHECK(pair.resolve(pair.open(add).value(), 1, std::make_unique<int>(2)));
    CHECK(pair.cancel(pair.open(add).value()));
    CHECK(sum == 103);
}

TEST_CASE("pending_calls: in a random history every completion is called exactly once")
{
    std::mt19937_64 random{21};
    std::vector<std::unique_ptr<heard>> outcomes;
    {
        calls_type calls{32};
        std::vector<message_id> ids;
        auto now = called_at;
        for (int step = 0; step != 5000; ++step) {
            const auto what = random() % 10;
            if (what < 5) {
                outcomes.push_back(std::make_unique<heard>());
                const auto id = calls.open(outcomes.back()->record(), now + std::chrono::milliseconds{random() % 2000});
                if (id) {
                    ids.push_back(*id);
                } else {
                    outcomes.pop_back();
                }
            } else if (what < 9 && !ids.empty()) {
                const auto id = ids[ids.size() - 1 - random() % std::min<std::size_t>(ids.size(), 40)];
                const bool pending = calls.pending(id);
                REQUIRE((what < 8 ? calls.resolve(id, "v") : calls.cancel(id)) == pending);
            } else {
                now += std::chrono::milliseconds{random() % 200};
                calls.expire(now);
                REQUIRE(calls.next_deadline() > now);
            }
        }
    }
    for (const auto& one : outcomes) {
        REQUIRE(one->calls == 1);
    }
}
