// Pairs of channels in memory.
#include <rejoinder/channel/memory.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

static_assert(channel<memory>);

using texts = std::vector<std::string>;

struct result_of_wait {
    std::optional<std::error_code> ended{};
    texts got{};

    void operator()(std::error_code ec, frame_batch frames = {})
    {
        CHECK_FALSE(ended);
        ended = ec;
        for (frame_view frame; frames.next(frame);) {
            got.emplace_back(frame.bytes);
        }
    }
};

bool put(memory& channel, std::string_view body, encoding form = encoding::text)
{
    channel.begin().append(body);
    return channel.commit(form);
}

void run(asio::io_context& io)
{
    io.restart();
    io.poll();
}

struct cancellable_result {
    using cancellation_slot_type = asio::cancellation_slot;
    result_of_wait* result;
    asio::cancellation_slot slot;

    cancellation_slot_type get_cancellation_slot() const noexcept { return slot; }
    void operator()(std::error_code ec, frame_batch frames = {}) { (*result)(ec, frames); }
};

} // namespace

TEST_CASE("what one end flushes the other receives, whichever comes first")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    result_of_wait flushed;
    result_of_wait received;
    const bool receive_first = GENERATE(true, false);
    if (receive_first) {
        right.async_receive(std::ref(received));
        run(io);
        CHECK_FALSE(received.ended);
    }
    put(left, "one");
    put(left, "two", encoding::binary);
    put(left, "");
    CHECK(left.pending() == 3 + 3 + 3 * 4);
    left.async_flush(std::ref(flushed));
    CHECK_FALSE(flushed.ended);
    CHECK(left.pending() == 0);
    run(io);
    if (!receive_first) {
        right.async_receive(std::ref(received));
        CHECK_FALSE(received.ended);
        run(io);
    }
    REQUIRE(flushed.ended);
    CHECK_FALSE(*flushed.ended);
    REQUIRE(received.ended);
    CHECK_FALSE(*received.ended);
    CHECK(received.got == texts{"one", "two", ""});
}

TEST_CASE("a second flush waits until the first was received")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    result_of_wait first;
    result_of_wait second;
    put(left, "one");
    left.async_flush(std::ref(first));
    run(io);
    CHECK(first.ended);
    put(left, "two");
    left.async_flush(std::ref(second));
    put(left, "three");
    run(io);
    CHECK_FALSE(second.ended);
    CHECK(left.pending() == 7 + 9);
    result_of_wait received;
    right.async_receive(std::ref(received));
    run(io);
    CHECK(received.got == texts{"one"});
    REQUIRE(second.ended);
    CHECK_FALSE(*second.ended);
    CHECK(left.pending() == 9);
}

TEST_CASE("a flush of nothing completes, later")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    result_of_wait flushed;
    left.async_flush(std::ref(flushed));
    CHECK_FALSE(flushed.ended);
    run(io);
    CHECK(flushed.ended);
    static_cast<void>(right);
}

TEST_CASE("a frame over the pair's limit is refused")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor(), 10);
    CHECK(put(left, "0123456789"));
    CHECK_FALSE(put(left, "0123456789a"));
    CHECK(left.pending() == 14);
    CHECK(right.carries(encoding::binary));
}

TEST_CASE("closing aborts this end's operations and ends the other's")
{
    asio::io_context io;
    std::optional<std::pair<memory, memory>> pair{memory_pair(io.get_executor(), io.get_executor())};
    auto& [left, right] = *pair;
    result_of_wait mine;
    result_of_wait theirs;
    result_of_wait blocked;
    result_of_wait flushed;
    put(left, "last");
    left.async_flush(std::ref(flushed));
    run(io);
    put(left, "never");
    left.async_flush(std::ref(blocked)); // waits for "last" to be received
    left.async_receive(std::ref(mine));
    run(io);
    CHECK_FALSE(mine.ended);
    CHECK_FALSE(blocked.ended);
    SECTION("close")
    {
        left.close();
        left.close();
    }
    SECTION("destruction")
    {
        const memory dropped = std::move(left);
    }
    SECTION("assignment")
    {
        left = memory{};
    }
    CHECK_FALSE(mine.ended);
    run(io);
    CHECK(mine.ended == asio::error::operation_aborted);
    CHECK(blocked.ended == asio::error::operation_aborted);

    right.async_receive(std::ref(theirs));
    run(io);
    CHECK(theirs.got == texts{"last"}); // flushed before the close
    result_of_wait end;
    right.async_receive(std::ref(end));
    run(io);
    CHECK(end.ended == asio::error::eof);
    result_of_wait broken;
    put(right, "into the void");
    right.async_flush(std::ref(broken));
    CHECK_FALSE(broken.ended);
    run(io);
    CHECK(broken.ended == asio::error::broken_pipe);
}

TEST_CASE("operations waiting when the peer closes end as a socket's would")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    result_of_wait receiving;
    result_of_wait first;
    result_of_wait flushing;
    left.async_receive(std::ref(receiving));
    put(left, "one");
    left.async_flush(std::ref(first));
    run(io);
    put(left, "two");
    left.async_flush(std::ref(flushing));
    run(io);
    right.close();
    run(io);
    CHECK(receiving.ended == asio::error::eof);
    CHECK(flushing.ended == asio::error::broken_pipe);
}

TEST_CASE("operations on a closed end are aborted, after their initiation")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    left.close();
    result_of_wait received;
    result_of_wait flushed;
    put(left, "x");
    left.async_receive(std::ref(received));
    left.async_flush(std::ref(flushed));
    CHECK_FALSE(received.ended);
    run(io);
    CHECK(received.ended == asio::error::operation_aborted);
    CHECK(flushed.ended == asio::error::operation_aborted);
    static_cast<void>(right);
}

TEST_CASE("a shutdown delivers what is left, then the end; the other way stays open")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    result_of_wait shut;
    put(left, "goodbye");
    left.async_shutdown(close_reason::normal, std::ref(shut));
    run(io);
    REQUIRE(shut.ended);
    CHECK_FALSE(*shut.ended);
    result_of_wait received;
    right.async_receive(std::ref(received));
    run(io);
    CHECK(received.got == texts{"goodbye"});
    result_of_wait end;
    right.async_receive(std::ref(end));
    run(io);
    CHECK(end.ended == asio::error::eof);
    result_of_wait answered;
    result_of_wait heard;
    put(right, "answer");
    right.async_flush(std::ref(answered));
    left.async_receive(std::ref(heard));
    run(io);
    CHECK(heard.got == texts{"answer"});
    result_of_wait late;
    put(left, "too late");
    left.async_flush(std::ref(late));
    run(io);
    CHECK(late.ended == asio::error::broken_pipe);
}

TEST_CASE("every cancellation type ends a receive and a flush, and nothing is lost")
{
    const auto type =
        GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial, asio::cancellation_type::terminal);
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    asio::cancellation_signal receive_signal;
    asio::cancellation_signal flush_signal;
    result_of_wait receiving;
    result_of_wait first;
    result_of_wait flushing;
    left.async_receive(cancellable_result{&receiving, receive_signal.slot()});
    put(left, "one");
    left.async_flush(std::ref(first));
    run(io);
    put(left, "two");
    left.async_flush(cancellable_result{&flushing, flush_signal.slot()});
    run(io);
    receive_signal.emit(type);
    flush_signal.emit(type);
    CHECK_FALSE(receiving.ended);
    run(io);
    CHECK(receiving.ended == asio::error::operation_aborted);
    CHECK(flushing.ended == asio::error::operation_aborted);

    result_of_wait got_one;
    right.async_receive(std::ref(got_one));
    run(io);
    put(left, "three");
    result_of_wait again;
    left.async_flush(std::ref(again));
    result_of_wait got_more;
    right.async_receive(std::ref(got_more));
    run(io);
    CHECK(got_one.got == texts{"one"});
    CHECK(got_more.got == texts{"two", "three"});
}

TEST_CASE("a context that is destroyed destroys the handlers that wait, and the ends that they own")
{
    auto io = std::make_unique<asio::io_context>();
    int calls = 0;
    std::weak_ptr<memory> watched;
    {
        auto [left, right] = memory_pair(io->get_executor(), io->get_executor());
        for (memory* const end : {&left, &right}) {
            const auto held = std::make_shared<memory>(std::move(*end));
            watched = held;
            held->async_receive([&calls, held](std::error_code, frame_batch) { ++calls; });
        }
    }
    io->poll();
    CHECK_FALSE(watched.expired());
    io.reset();
    CHECK(watched.expired());
    CHECK(calls == 0);
}

TEST_CASE("a handler may destroy its end and still read its frames")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    std::optional<memory> mine{std::move(right)};
    texts got;
    mine->async_receive([&](std::error_code, frame_batch frames) {
        mine.reset();
        for (frame_view frame; frames.next(frame);) {
            got.emplace_back(frame.bytes);
        }
    });
    put(left, "a");
    put(left, std::string(100000, 'b'));
    left.async_flush([](std::error_code) {});
    io.run();
    CHECK(got == texts{"a", std::string(100000, 'b')});
}

TEST_CASE("coroutines talk over a pair")
{
    asio::io_context io;
    auto [left, right] = memory_pair(io.get_executor(), io.get_executor());
    int rounds = 0;
    const auto echo = [](memory& mine) -> asio::awaitable<void> {
        for (int i = 0; i != 100; ++i) {
            auto frames = co_await mine.async_receive(asio::use_awaitable);
            for (frame_view frame; frames.next(frame);) {
                mine.begin().append(frame.bytes);
                mine.commit(frame.form);
            }
            co_await mine.async_flush(asio::use_awaitable);
        }
    };
    const auto ask = [](memory& mine, int& done) -> asio::awaitable<void> {
        for (int i = 0; i != 100; ++i) {
            mine.begin().append(std::to_string(i));
            mine.commit(encoding::text);
            co_await mine.async_flush(asio::use_awaitable);
            auto frames = co_await mine.async_receive(asio::use_awaitable);
            frame_view frame;
            if (frames.next(frame) && frame.bytes == std::to_string(i)) {
                ++done;
            }
        }
    };
    asio::co_spawn(io, echo(right), asio::detached);
    asio::co_spawn(io, ask(left, rounds), asio::detached);
    io.run();
    CHECK(rounds == 100);
}

TEST_CASE("the two ends may live on two threads")
{
    constexpr int rounds = 2000;
    asio::io_context here;
    asio::io_context there;
    auto [left, right] = memory_pair(here.get_executor(), there.get_executor());
    memory& asker = left;
    memory& echo = right;
    int heard = 0;
    std::optional<std::error_code> asker_end;
    std::optional<std::error_code> echo_end;
    std::function<void()> ask = [&] {
        put(asker, std::to_string(heard));
        asker.async_flush([](std::error_code) {});
    };
    std::function<void()> hear = [&] {
        asker.async_receive([&](std::error_code ec, frame_batch frames) {
            frame_view frame;
            if (ec || !frames.next(frame) || frame.bytes != std::to_string(heard)) {
                asker_end = ec;
                return;
            }
            if (++heard == rounds) {
                asker.close();
                return;
            }
            ask();
            hear();
        });
    };
    std::function<void()> repeat = [&] {
        echo.async_receive([&](std::error_code ec, frame_batch frames) {
            if (ec) {
                echo_end = ec;
                return;
            }
            for (frame_view frame; frames.next(frame);) {
                put(echo, frame.bytes);
            }
            echo.async_flush([&](std::error_code) { repeat(); });
        });
    };
    asio::post(here, [&] {
        ask();
        hear();
    });
    asio::post(there, repeat);
    std::thread other{[&] { there.run(); }};
    here.run();
    other.join();
    CHECK(heard == rounds);
    CHECK_FALSE(asker_end);
    CHECK(echo_end == asio::error::eof);
}
