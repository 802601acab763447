// What a question costs in memory: nothing at steady state, and stated bytes for each that is pending and each session that idles.
#include <rejoinder/net/client.hpp>

#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/core/pending_calls.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::ptrdiff_t> living{0}; // bytes, as the heap counts them

void* counted(void* memory)
{
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    ++allocations;
    living += static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
    return memory;
}

void forget(void* memory) noexcept
{
    if (memory != nullptr) {
        living -= static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
        std::free(memory);
    }
}

} // namespace

void* operator new(std::size_t size) { return counted(std::malloc(size == 0 ? 1 : size)); }
void* operator new[](std::size_t size) { return counted(std::malloc(size == 0 ? 1 : size)); }
void* operator new(std::size_t size, std::align_val_t alignment)
{
    const auto unit = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void* operator new[](std::size_t size, std::align_val_t alignment) { return operator new(size, alignment); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    void* const memory = std::malloc(size == 0 ? 1 : size);
    return memory == nullptr ? nullptr : counted(memory);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { forget(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { forget(memory); }
void operator delete(void* memory) noexcept { forget(memory); }
void operator delete[](void* memory) noexcept { forget(memory); }
void operator delete(void* memory, std::size_t) noexcept { forget(memory); }
void operator delete[](void* memory, std::size_t) noexcept { forget(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { forget(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { forget(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { forget(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { forget(memory); }

using namespace std::chrono_literals;
using rejoinder::json_text;

namespace {

constexpr int warm = 2'000;
constexpr int measured = 2'000;

// Questions in flight: as each is answered, another is asked.
template <class Ask>
struct asking {
    asio::io_context& io;
    Ask ask;
    int answered = 0;
    std::size_t at_begin = 0;
    std::size_t at_end = 0;

    void begin(int in_flight)
    {
        for (int i = 0; i != in_flight; ++i) {
            next();
        }
    }

    void next()
    {
        ask([this](std::error_code ec, const rejoinder::reply& answer) {
            if (ec || answer.payload().bytes.empty()) {
                FAIL("a question was not answered: " + ec.message());
            }
            if (++answered == warm) {
                at_begin = allocations.load();
            }
            if (answered == warm + measured) {
                at_end = allocations.load();
                io.stop();
            } else if (answered < warm + measured) {
                next();
            }
        });
    }

    [[nodiscard]] bool over() const noexcept { return answered >= warm + measured; }
};

// The quietest of three counts: a session's timer that expires meanwhile, as it does on a slow machine, may take what Asio keeps for the
// next operation.
template <class Ask>
std::size_t allocations_of(asio::io_context& io, int in_flight, Ask ask)
{
    auto least = static_cast<std::size_t>(-1);
    for (int i = 0; i != 3 && least != 0; ++i) {
        asking<Ask> all{io, ask};
        all.begin(in_flight);
        io.restart();
        io.run(); // in one go: what Asio keeps for its next operations lasts as long as a call of run
        REQUIRE(all.over());
        driven::settle(io);
        least = std::min(least, all.at_end - all.at_begin);
    }
    return least;
}

const json_text question = json_text::unchecked(std::string(100, '7'));

// A copy would be the program's own allocation.
constexpr auto same = [](const json_text& what) -> const json_text& { return what; };

void answer_text(house& at)
{
    at.hub->on("ask", same);
    at.tab->on("ask", same);
}

} // namespace

TEST_CASE("a question over memory channels allocates nothing at steady state")
{
    house at;
    answer_text(at);
    at.meet();
    const int in_flight = GENERATE(1, 16, 256);
    const auto of_client = allocations_of(at.io, in_flight, [&](auto done) { at.tab->async_request("ask", question, std::move(done)); });
    CHECK(of_client == 0);
    const rejoinder::user to{"42"};
    const auto of_hub = allocations_of(at.io, in_flight, [&](auto done) { at.hub->async_request(to, "ask", question, std::move(done)); });
    CHECK(of_hub == 0);
    const auto delivered = allocations_of(at.io, in_flight, [&](auto done) { at.tab->async_deliver("ask", question, std::move(done)); });
    CHECK(delivered == 0);
}

TEST_CASE("a question over TCP allocates nothing at steady state")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.on("ask", same);
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector{port}};
    REQUIRE(driven::until(io, [&] { return tab.connected(); }));
    const int in_flight = GENERATE(1, 256);
    CHECK(allocations_of(io, in_flight, [&](auto done) { tab.async_request("ask", question, std::move(done)); }) == 0);
}

TEST_CASE("a question that a coroutine asks, or answers, or a kept responder answers, costs what it says here")
{
    house at;
    at.hub->on("coroutine", [](const json_text& what) -> asio::awaitable<json_text> { co_return what; });
    at.hub->on("responder", [](rejoinder::responder way) {
        auto executor = way.get_executor();
        asio::post(executor, [way = std::move(way)]() mutable { way.answer(question); });
    });
    at.hub->on("ask", same);
    at.meet();
    const auto by_coroutine = allocations_of(at.io, 1, [&](auto done) { at.tab->async_request("coroutine", question, std::move(done)); });
    const auto by_responder = allocations_of(at.io, 1, [&](auto done) { at.tab->async_request("responder", question, std::move(done)); });
    std::size_t asked_at_begin = 0;
    std::size_t asked_at_end = 0;
    bool over = false;
    asio::co_spawn(
        at.io,
        [&]() -> asio::awaitable<void> {
            for (int i = 0; i != warm + measured; ++i) {
                if (i == warm) {
                    asked_at_begin = allocations.load();
                }
                co_await at.tab->async_request("ask", question, asio::use_awaitable);
            }
            asked_at_end = allocations.load();
            over = true;
            at.io.stop();
        },
        tokens::rethrow);
    at.io.restart();
    at.io.run();
    REQUIRE(over);
    const auto each = [](std::size_t all) { return static_cast<double>(all) / measured; };
    WARN("allocations a question: answered by a coroutine " << each(by_coroutine) << ", by a kept responder " << each(by_responder)
                                                            << ", asked by a coroutine " << each(asked_at_end - asked_at_begin));
    CHECK(each(by_coroutine) <= 6.0);
    CHECK(by_responder == 0);
    CHECK(each(asked_at_end - asked_at_begin) <= 2.0);
}

TEST_CASE("a million pending requests with deadlines are opened and settled in one registry")
{
    struct settle {
        std::uint32_t* settled;
        void operator()(std::error_code, std::uint32_t) const { ++*settled; }
    };
    constexpr std::uint32_t many = 1'000'000;
    std::uint32_t settled = 0;
    rejoinder::pending_calls<settle, std::uint32_t> calls{many};
    const rejoinder::instant start{};
    std::vector<rejoinder::message_id> ids;
    ids.reserve(many);
    const auto ids_only = living.load();
    for (std::uint32_t i = 0; i != many; ++i) {
        const auto id = calls.open({&settled}, start + 1s + std::chrono::milliseconds{i % 60'000});
        REQUIRE(id);
        ids.push_back(*id);
    }
    const auto bytes = static_cast<double>(living.load() - ids_only) / many;
    WARN("bytes a pending request: " << bytes);
    CHECK(bytes <= 64.0);
    CHECK_FALSE(calls.open({&settled}, start + 1s)); // that is its capacity
    for (std::uint32_t i = 0; i != many; i += 2) {
        REQUIRE(calls.resolve(ids[i], i));
    }
    CHECK(settled == many / 2);
    CHECK(calls.expire(start + 70s) == many / 2);
    CHECK(settled == many);
    CHECK(calls.empty());
}

TEST_CASE("an idle session holds few bytes")
{
    constexpr int first = 100;
    constexpr int many = 10'000;
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.on("ask", same);
    std::vector<rejoinder::memory> others;
    // Only the hub's half counts: the other ends are what a peer elsewhere would hold.
    const auto greet = [&](int number) {
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
        hub.serve(std::move(other));
        const auto say = [&](const std::string& words) {
            mine.begin().append(words);
            mine.commit(rejoinder::encoding::text);
            mine.async_flush([](std::error_code) {});
            mine.async_receive([](std::error_code, rejoinder::frame_batch) {});
            driven::settle(io);
        };
        say(R"(["hello",{"v":1,"incarnation":"tab)" + std::to_string(number) + R"("}])");
        mine.begin().append(R"(["ready"])");
        mine.commit(rejoinder::encoding::text);
        say(R"(["req",1024,"ask",[1,2,3]])");
        others.push_back(std::move(mine));
    };
    others.reserve(first + many);
    for (int i = 0; i != first; ++i) {
        greet(i);
    }
    const auto before = living.load();
    for (int i = first; i != first + many; ++i) {
        greet(i);
    }
    const auto bytes = static_cast<double>(living.load() - before) / many;
    REQUIRE(hub.sessions() == first + many);
    WARN("bytes an idle session, with its connection and both ends of its memory channel, after one question: " << bytes);
    CHECK(bytes <= 7'000.0);
}
