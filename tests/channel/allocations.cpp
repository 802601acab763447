// Nothing is allocated at steady state: this program counts every operator new.
#include <rejoinder/channel/memory.hpp>

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/websocket.hpp>

#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size)
{
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc{};
}

void* counted(std::size_t size, std::align_val_t alignment)
{
    ++allocations;
    const auto unit = static_cast<std::size_t>(alignment);
    if (void* const memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) {
        return memory;
    }
    throw std::bad_alloc{};
}

} // namespace

void* operator new(std::size_t size)
{
    return counted(size);
}
void* operator new[](std::size_t size)
{
    return counted(size);
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    return counted(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment)
{
    return counted(size, alignment);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept
{
    return operator new(size, tag);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept
{
    std::free(memory);
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

using namespace rejoinder;

namespace {

// Sends `burst` frames back and forth for ever; `turns` counts the bursts.
template <class Channel>
struct player {
    Channel& mine;
    std::size_t burst;
    std::size_t length;
    std::size_t turns = 0;
    std::size_t heard = 0;
    std::size_t at_begin = 0;
    std::size_t at_end = 0;
    bool flushing = false;

    void serve()
    {
        for (std::size_t i = 0; i != burst; ++i) {
            mine.begin().append(length, 'x');
            mine.commit(encoding::binary);
        }
        flush();
    }

    void flush()
    {
        if (flushing || mine.pending() == 0) {
            return;
        }
        flushing = true;
        mine.async_flush([this](std::error_code ec) {
            flushing = false;
            if (!ec) {
                flush();
            }
        });
    }

    // Warm after 50 turns.
    void count_turn()
    {
        ++turns;
        if (turns == 50) {
            at_begin = allocations.load();
        }
        if (turns == 250) {
            at_end = allocations.load();
        }
        if (turns == 260) {
            mine.close();
        }
    }

    void play()
    {
        mine.async_receive([this](std::error_code ec, frame_batch frames) {
            if (ec) {
                return;
            }
            heard += frames.size();
            play();
            if (heard == burst) {
                heard = 0;
                count_turn();
                serve();
            }
        });
    }
};

template <class Channel>
std::size_t allocated_while_playing(asio::io_context& io, Channel& left, Channel& right, std::size_t burst,
                                    std::size_t length)
{
    player<Channel> one{left, burst, length};
    player<Channel> two{right, burst, length};
    one.play();
    two.play();
    one.serve();
    io.run(); // as one run: Asio's own store of memory lasts for one
    REQUIRE(one.turns >= 250);
    return one.at_end - one.at_begin;
}

} // namespace

TEST_CASE("a memory pair allocates nothing at steady state")
{
    asio::io_context io;
    for (const std::size_t burst : {std::size_t{1}, std::size_t{100}}) {
        for (const std::size_t length : {std::size_t{10}, std::size_t{5000}}) {
            if (burst * length > 200000) {
                continue; // more than the thread keeps in one buffer
            }
            auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
            io.restart();
            CHECK(allocated_while_playing(io, left, right, burst, length) == 0);
        }
    }
}

TEST_CASE("a stream allocates nothing at steady state, also when frames are cut in two by the read buffer")
{
    asio::io_context io;
    using socket = asio::local::stream_protocol::socket;
    for (const auto& [burst, length] :
         std::vector<std::pair<std::size_t, std::size_t>>{{1, 10}, {100, 100}, {30, 5000}}) {
        socket a{io};
        socket b{io};
        asio::local::connect_pair(a, b);
        stream<socket> left{std::move(a)};
        stream<socket> right{std::move(b)};
        io.restart();
        CHECK(allocated_while_playing(io, left, right, burst, length) == 0);
    }
}

TEST_CASE("a WebSocket allocates nothing at steady state, also when messages are cut in two by the read buffer")
{
    asio::io_context io;
    using socket = asio::local::stream_protocol::socket;
    for (const auto& [burst, length] :
         std::vector<std::pair<std::size_t, std::size_t>>{{1, 10}, {100, 100}, {30, 5000}}) {
        socket a{io};
        socket b{io};
        asio::local::connect_pair(a, b);
        websocket<socket> left{std::move(a), websocket_role::client};
        websocket<socket> right{std::move(b), websocket_role::server};
        io.restart();
        CHECK(allocated_while_playing(io, left, right, burst, length) == 0);
    }
}

TEST_CASE("completions are made and called without allocation")
{
    asio::io_context io;
    const auto guard = asio::make_work_guard(io);
    std::vector<completion<void(std::error_code, std::string)>> held;
    held.reserve(256);
    std::size_t calls = 0;
    std::size_t before = 0;
    asio::post(io, [&] {
        for (int round = 0; round != 3; ++round) {
            before = allocations.load();
            for (int i = 0; i != 256; ++i) {
                held.emplace_back([&calls](std::error_code, std::string) { ++calls; }, io.get_executor());
            }
            for (auto& each : held) {
                each.complete({}, "");
            }
            held.clear();
        }
        before = allocations.load() - before;
    });
    io.poll();
    CHECK(calls == 3 * 256);
    CHECK(before == 0);
}

TEST_CASE("posted completions allocate nothing either")
{
    asio::io_context io;
    std::size_t calls = 0;
    std::size_t made = 0;
    for (int round = 0; round != 3; ++round) {
        const auto before = allocations.load();
        for (int i = 0; i != 100; ++i) {
            completion<void(std::error_code, int)> held{[&calls](std::error_code, int) { ++calls; },
                                                                io.get_executor()};
            held.post({}, i);
        }
        io.restart();
        io.run();
        made = allocations.load() - before;
    }
    CHECK(calls == 300);
    CHECK(made == 0);
}
