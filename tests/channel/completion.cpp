// The erased completion handler.
#include <rejoinder/channel/completion.hpp>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#if ASIO_VERSION >= 102600
#include <asio/deferred.hpp>
#else
#include <asio/experimental/deferred.hpp>
#endif

#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

using rejoinder::completion;
using answer = completion<void(std::error_code, std::string)>;

const std::error_code failed = std::make_error_code(std::errc::timed_out);

// An operation that ends when the test says so.
struct manual {
    asio::io_context& io;
    answer held{};

    template <class Token>
    auto async_wait_for(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, std::string)>(
            [this](auto&& handler) { held = answer{std::forward<decltype(handler)>(handler), io.get_executor()}; },
            token);
    }
};

// A handler that counts its life and cannot be copied.
struct counting_handler {
    std::unique_ptr<int> token = std::make_unique<int>(0);
    int* calls;

    explicit counting_handler(int& counter) : calls(&counter) {}
    void operator()(std::error_code, std::string) && { ++*calls; }
};

struct arena {
    std::size_t live = 0;
    std::size_t made = 0;
};

template <class T>
struct arena_allocator {
    using value_type = T;
    arena* where;

    explicit arena_allocator(arena* source) : where(source) {}
    template <class U>
    arena_allocator(const arena_allocator<U>& other) : where(other.where)
    {}
    T* allocate(std::size_t count)
    {
        ++where->live;
        ++where->made;
        return std::allocator<T>{}.allocate(count);
    }
    void deallocate(T* memory, std::size_t count)
    {
        --where->live;
        std::allocator<T>{}.deallocate(memory, count);
    }
    template <class U>
    bool operator==(const arena_allocator<U>& other) const
    {
        return where == other.where;
    }
};

struct arena_handler {
    using allocator_type = arena_allocator<int>;
    arena* where;
    std::size_t* live_in_call;

    allocator_type get_allocator() const noexcept { return allocator_type{where}; }
    void operator()(std::error_code, std::string) { *live_in_call = where->live; }
};

struct slot_handler {
    using cancellation_slot_type = asio::cancellation_slot;
    asio::cancellation_slot slot;
    std::vector<std::error_code>* seen;

    cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
    void operator()(std::error_code ec, std::string) { seen->push_back(ec); }
};

} // namespace

TEST_CASE("a callback is called with the arguments, inside the executor, and once")
{
    asio::io_context io;
    manual operation{io};
    std::vector<std::string> seen;
    operation.async_wait_for([&](std::error_code ec, std::string text) {
        CHECK(ec == failed);
        CHECK(io.get_executor().running_in_this_thread());
        seen.push_back(std::move(text));
    });
    REQUIRE(operation.held);
    operation.held.complete(failed, "text");
    CHECK_FALSE(operation.held);
    CHECK(seen.empty()); // this thread does not run the context
    io.run();
    CHECK(seen == std::vector<std::string>{"text"});
}

TEST_CASE("complete calls at once where the executor runs, and post does not")
{
    asio::io_context io;
    std::vector<std::string> order;
    const auto note = [&](std::error_code, std::string text) { order.push_back(std::move(text)); };
    answer first{note, io.get_executor()};
    answer second{note, io.get_executor()};
    asio::post(io, [&] {
        second.post({}, "posted");
        first.complete({}, "completed");
        order.push_back("end of the turn");
    });
    io.run();
    CHECK(order == std::vector<std::string>{"completed", "end of the turn", "posted"});
}

TEST_CASE("a pending completion keeps its context running, and its handler's own executor is used")
{
    asio::io_context io;
    asio::io_context other;
    bool called = false;
    answer held{asio::bind_executor(other.get_executor(),
                                    [&](std::error_code, std::string) {
                                        CHECK(other.get_executor().running_in_this_thread());
                                        called = true;
                                    }),
                io.get_executor()};
    other.poll();
    CHECK_FALSE(other.stopped());
    io.poll();
    CHECK(io.stopped());
    held.complete({}, "");
    CHECK_FALSE(called);
    other.run();
    CHECK(called);
}

TEST_CASE("a strand is kept to")
{
    asio::io_context io;
    const auto strand = asio::make_strand(io);
    bool called = false;
    answer held{asio::bind_executor(strand,
                                    [&](std::error_code, std::string) {
                                        CHECK(strand.running_in_this_thread());
                                        called = true;
                                    }),
                io.get_executor()};
    asio::post(io, [&] { held.complete({}, ""); });
    io.run();
    CHECK(called);
}

TEST_CASE("a completion that is destroyed destroys its handler uncalled")
{
    asio::io_context io;
    int calls = 0;
    {
        const answer held{counting_handler{calls}, io.get_executor()};
    }
    answer replaced{counting_handler{calls}, io.get_executor()};
    replaced = answer{counting_handler{calls}, io.get_executor()};
    answer moved = std::move(replaced);
    CHECK_FALSE(replaced);
    io.poll();
    CHECK(calls == 0);
    moved.complete({}, "");
    io.restart();
    io.run();
    CHECK(calls == 1);
}

TEST_CASE("the handler's allocator makes the memory, which is free again before the call")
{
    asio::io_context io;
    arena memory;
    std::size_t live_in_call = 99;
    answer held{arena_handler{&memory, &live_in_call}, io.get_executor()};
    CHECK(memory.live == 1);
    asio::post(io, [&] { held.complete({}, ""); });
    io.run();
    CHECK(live_in_call == 0);
    CHECK(memory.made == 1);

    answer dropped{arena_handler{&memory, &live_in_call}, io.get_executor()};
    CHECK(memory.live == 1);
    dropped = answer{};
    CHECK(memory.live == 0);
}

TEST_CASE("the cancellation slot is at hand, and empty once the completion is over")
{
    asio::io_context io;
    asio::cancellation_signal signal;
    std::vector<std::error_code> seen;
    answer held{slot_handler{signal.slot(), &seen}, io.get_executor()};
    REQUIRE(held.slot().is_connected());
    int emitted = 0;
    held.slot().assign([&](asio::cancellation_type) {
        ++emitted;
        held.post(failed, "");
    });
    signal.emit(asio::cancellation_type::total);
    signal.emit(asio::cancellation_type::total);
    CHECK(emitted == 1);
    io.run();
    CHECK(seen == std::vector<std::error_code>{failed});

    const answer without{[](std::error_code, std::string) {}, io.get_executor()};
    CHECK_FALSE(without.slot().is_connected());
}

TEST_CASE("use_future gets the value or the error")
{
    asio::io_context io;
    manual operation{io};
    auto value = operation.async_wait_for(asio::use_future);
    operation.held.complete({}, "value");
    io.run();
    CHECK(value.get() == "value");

    auto error = operation.async_wait_for(asio::use_future);
    operation.held.complete(failed, "");
    io.restart();
    io.run();
    CHECK_THROWS_AS(error.get(), std::system_error);

    auto broken = operation.async_wait_for(asio::use_future);
    operation.held = answer{};
    CHECK_THROWS_AS(broken.get(), std::future_error);
}

TEST_CASE("use_awaitable resumes the coroutine, and dropping the completion destroys it")
{
    asio::io_context io;
    manual operation{io};
    std::string got;
    const auto sentinel = std::make_shared<int>(0);
    const auto wait = [&](std::shared_ptr<int>) -> asio::awaitable<void> {
        got = co_await operation.async_wait_for(asio::use_awaitable);
    };
    asio::co_spawn(io, wait(sentinel), asio::detached);
    io.poll();
    REQUIRE(operation.held);
    operation.held.complete({}, "value");
    io.run();
    CHECK(got == "value");

    io.restart();
    asio::co_spawn(io, wait(sentinel), asio::detached);
    io.poll();
    CHECK(sentinel.use_count() == 2);
    operation.held = answer{};
    io.restart();
    io.poll(); // Asio unwinds a coroutine on its executor
    CHECK(sentinel.use_count() == 1);
}

TEST_CASE("a deferred operation begins when it is called")
{
    asio::io_context io;
    manual operation{io};
    std::string got;
#if ASIO_VERSION >= 102600
    auto later = operation.async_wait_for(asio::deferred);
#else
    auto later = operation.async_wait_for(asio::experimental::deferred);
#endif
    CHECK_FALSE(operation.held);
    std::move(later)([&](std::error_code, std::string text) { got = std::move(text); });
    REQUIRE(operation.held);
    operation.held.complete({}, "value");
    io.run();
    CHECK(got == "value");
}

TEST_CASE("completions of several and of no arguments are made alike")
{
    asio::io_context io;
    int sum = 0;
    completion<void(std::error_code)> bare{[&](std::error_code) { ++sum; }, io.get_executor()};
    completion<void(std::error_code, int, std::unique_ptr<int>)> several{
        [&](std::error_code, int number, std::unique_ptr<int> owned) { sum += number + *owned; }, io.get_executor()};
    bare.complete({});
    several.post({}, 10, std::make_unique<int>(100));
    io.run();
    CHECK(sum == 111);
}

TEST_CASE("a context that is destroyed destroys a posted handler uncalled")
{
    int calls = 0;
    auto io = std::make_unique<asio::io_context>();
    answer posted{counting_handler{calls}, io->get_executor()};
    posted.post({}, "");
    io.reset();
    CHECK(calls == 0);
}
