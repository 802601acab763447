// Tests of a delivery: how it is spelled, what it says of itself, and that its place keeps nothing of it.
#include <rejoinder/core/delivery.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr instant sent_at = instant{} + 100s;

delivery<std::shared_ptr<int>> sample()
{
    delivery<std::shared_ptr<int>> one;
    one.kind = message_kind::delivery;
    one.at = stage::sent;
    one.id = 17;
    one.name = "job_done";
    one.payload = "{}";
    one.key = "job-1";
    one.form = encoding::binary;
    one.deadline = sent_at + 30s;
    one.completion = std::make_shared<int>(1);
    return one;
}

} // namespace

TEST_CASE("delivery: it is spelled with the time that it has left, which is never negative (contract 13)")
{
    auto one = sample();
    const auto spelled = one.spelled(sent_at);
    CHECK(spelled.kind == message_kind::delivery);
    CHECK(spelled.id == 17);
    CHECK(spelled.name == "job_done");
    CHECK(spelled.payload == payload_view{"{}", encoding::binary});
    CHECK(spelled.key == "job-1");
    CHECK(spelled.time_left == 30s);
    CHECK(one.spelled(sent_at + 40s).time_left == duration::zero());
    one.deadline = never;
    CHECK_FALSE(one.spelled(sent_at).time_left);
}

TEST_CASE("delivery: a cleared place has another generation and nothing of its message")
{
    auto one = sample();
    one.sure = one.earlier = certainty::acknowledged;
    one.attempts = 2;
    const std::weak_ptr<int> mark = *one.completion;
    one.payload.assign(100'000, 'x');
    one.clear();
    CHECK(one.at == stage::none);
    CHECK(one.generation == 2);
    CHECK(one.sure == certainty::never_sent);
    CHECK(one.earlier == certainty::never_sent);
    CHECK(one.attempts == 0);
    CHECK(one.id == 0);
    CHECK(mark.expired());
    CHECK(one.payload.capacity() < 10'000);
}

TEST_CASE("delivery: generations skip 0, which names nothing")
{
    auto one = sample();
    one.generation = ~std::uint32_t{0};
    one.clear();
    CHECK(one.generation == 1);
}

TEST_CASE("delivery: what a last word says of it respects what it was before (rules 13 and 14)")
{
    auto one = sample();
    CHECK(one.certainty_after(certainty::not_executed) == certainty::not_executed);
    CHECK(one.certainty_after(certainty::acknowledged) == certainty::acknowledged);
    CHECK(one.certainty_after(certainty::never_sent) == certainty::maybe_executed);
    one.earlier = certainty::not_executed;
    CHECK(one.certainty_after(certainty::not_executed) == certainty::not_executed);
    one.earlier = certainty::maybe_executed;
    CHECK(one.certainty_after(certainty::not_executed) == certainty::maybe_executed);
    one.earlier = certainty::acknowledged;
    CHECK(one.certainty_after(certainty::not_executed) == certainty::acknowledged);
    CHECK(one.certainty_after(certainty::maybe_executed) == certainty::maybe_executed);
}
