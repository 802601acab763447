// A completion runs where its handler says, in memory that its handler gives, and what it throws leaves run().
#include <rejoinder/net/client.hpp>

#include <rejoinder/net/hub.hpp>

#include "support/house.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

template <class T>
struct counting_allocator {
    using value_type = T;

    int* balance;
    int* taken;

    counting_allocator(int& held, int& all) : balance(&held), taken(&all) {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : balance(other.balance), taken(other.taken)
    {
    }

    T* allocate(std::size_t count)
    {
        ++*balance;
        ++*taken;
        return std::allocator<T>{}.allocate(count);
    }
    void deallocate(T* memory, std::size_t count) noexcept
    {
        --*balance;
        std::allocator<T>{}.deallocate(memory, count);
    }
    template <class U>
    friend bool operator==(const counting_allocator& a, const counting_allocator<U>& b) noexcept
    {
        return a.balance == b.balance;
    }
};

struct allocating_handler {
    using allocator_type = counting_allocator<char>;

    allocator_type memory;
    int* completed;

    allocator_type get_allocator() const noexcept { return memory; }
    void operator()(std::error_code, const rejoinder::reply&) const
    {
        CHECK(*memory.balance == 0); // it is given back before the handler is called
        ++*completed;
    }
};

void answers_ask(house& at)
{
    at.tab->on("ask", [](int x) { return x; });
    at.hub->on("ask", [](int x) { return x; });
    at.meet();
}

// Opens a call of every kind with copies of `done`; some are answered, some refused, some aborted.
template <class Handler>
int open_all(house& at, const Handler& done)
{
    at.hub->async_request(rejoinder::user{"42"}, "ask", 1, Handler{done});
    at.hub->async_request(rejoinder::user{"nobody"}, "ask", 1, Handler{done});
    at.hub->async_request(rejoinder::room{"user_42"}, "ask", 1, Handler{done});
    at.hub->async_request(rejoinder::user{"nobody"}, "ask", 1, {.timeout = 1ms, .when_absent = rejoinder::absent::wait}, Handler{done});
    at.hub->async_deliver(rejoinder::user{"42"}, "ask", 1, Handler{done});
    at.tab->async_request("ask", 1, Handler{done});
    at.tab->async_request("unknown", 1, Handler{done});
    at.tab->async_deliver("ask", 1, Handler{done});
    return 8;
}

} // namespace

TEST_CASE("a completion runs on the strand that is bound to it")
{
    house at;
    answers_ask(at);
    auto strand = asio::make_strand(at.io);
    int completed = 0;
    const int opened = open_all(at, asio::bind_executor(strand, [&](std::error_code, const rejoinder::reply&) {
                                    CHECK(strand.running_in_this_thread());
                                    ++completed;
                                }));
    CHECK(driven::until(at.io, [&] { return completed == opened; }));
    SECTION("also those that are aborted")
    {
        const int more = open_all(at, asio::bind_executor(strand, [&](std::error_code, const rejoinder::reply&) {
                                      CHECK(strand.running_in_this_thread());
                                      ++completed;
                                  }));
        at.hub.reset();
        at.tab.reset();
        at.meet();
        CHECK(completed == opened + more);
    }
}

TEST_CASE("a completion runs on another context, which it keeps at work")
{
    house at;
    answers_ask(at);
    asio::io_context elsewhere;
    int completed = 0;
    const int opened = open_all(at, asio::bind_executor(elsewhere.get_executor(), [&](std::error_code, const rejoinder::reply&) {
                                    CHECK(elsewhere.get_executor().running_in_this_thread());
                                    CHECK_FALSE(at.io.get_executor().running_in_this_thread());
                                    ++completed;
                                }));
    CHECK(completed == 0);
    elsewhere.poll(); // what was refused at once
    CHECK_FALSE(elsewhere.stopped()); // it has work: our calls
    CHECK(driven::until(at.io, [&] {
        elsewhere.poll();
        return completed == opened;
    }));
    driven::settle(at.io);
    elsewhere.poll();
    CHECK(elsewhere.stopped());
}

TEST_CASE("a hub and a client may live on strands")
{
    asio::io_context io;
    auto of_hub = asio::make_strand(io);
    auto of_tab = asio::make_strand(io);
    rejoinder::hub<> hub{of_hub};
    hub.authenticate(identity_of_auth);
    // The channel's two ends are on the two strands: each completes where its owner is.
    auto [mine, other] = rejoinder::memory_pair(of_tab, of_hub);
    asio::dispatch(of_hub, [&hub, end = std::make_shared<rejoinder::memory>(std::move(other))] { hub.serve(std::move(*end)); });
    const auto board = std::make_shared<memory_switchboard>();
    board->ready = std::make_shared<rejoinder::memory>(std::move(mine));
    rejoinder::client<> tab{of_tab, memory_connector{board}, {.auth = "\"42\""}};
    int asked = 0;
    hub.on("ask", [&](int x) {
        CHECK(of_hub.running_in_this_thread());
        ++asked;
        return x;
    });
    tab.on("ask", [&](int x) {
        CHECK(of_tab.running_in_this_thread());
        ++asked;
        return x;
    });
    int completed = 0;
    driven::settle(io);
    asio::post(of_tab, [&] {
        tab.async_request("ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK_FALSE(ec);
            CHECK(of_tab.running_in_this_thread());
            ++completed;
        });
    });
    asio::post(of_hub, [&] {
        hub.async_request(rejoinder::user{"42"}, "ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
            CHECK_FALSE(ec);
            CHECK(of_hub.running_in_this_thread());
            ++completed;
        });
    });
    CHECK(driven::until(io, [&] { return completed == 2; }));
    CHECK(asked == 2);
}

TEST_CASE("a completion's memory comes from its allocator, and is given back before it is called")
{
    house at;
    answers_ask(at);
    int balance = 0;
    int taken = 0;
    int completed = 0;
    for (int round = 0; round != 2; ++round) {
        // One at a time, because each looks at the balance of all.
        const allocating_handler done{{balance, taken}, &completed};
        const auto wait = [&](int how_many) { CHECK(driven::until(at.io, [&] { return completed == how_many; })); };
        completed = 0;
        taken = 0;
        at.hub->async_request(rejoinder::user{"42"}, "ask", 1, done);
        CHECK(taken > 0);
        wait(1);
        at.hub->async_request(rejoinder::user{"nobody"}, "ask", 1, done);
        wait(2);
        at.hub->async_request(rejoinder::room{"user_42"}, "ask", 1, done);
        wait(3);
        at.hub->async_request(rejoinder::user{"nobody"}, "ask", 1, {.timeout = 1ms, .when_absent = rejoinder::absent::wait}, done);
        wait(4);
        at.tab->async_request("ask", 1, done);
        wait(5);
        at.tab->async_deliver("ask", 1, done);
        wait(6);
        CHECK(taken >= 6);
    }
    const allocating_handler aborted{{balance, taken}, &completed};
    at.tab->async_request("ask", 1, aborted);
    at.tab.reset();
    at.meet();
    CHECK(completed == 7);
    CHECK(balance == 0);
}

TEST_CASE("what a completion throws leaves run(), and the connection goes on")
{
    house at;
    answers_ask(at);
    const auto throws = [](std::error_code, const rejoinder::reply&) { throw std::logic_error{"from a completion"}; };
    int thrown = 0;
    const auto run = [&] {
        driven::until(at.io, [] { return false; }, 20ms);
    };
    SECTION("a client's") { at.tab->async_request("ask", 1, throws); }
    SECTION("a hub's") { at.hub->async_request(rejoinder::user{"42"}, "ask", 1, throws); }
    SECTION("a room's") { at.hub->async_request(rejoinder::room{"user_42"}, "ask", 1, throws); }
    SECTION("one that is refused") { at.hub->async_request(rejoinder::user{"nobody"}, "ask", 1, throws); }
    SECTION("one that is late") { at.hub->async_request(rejoinder::user{"nobody"}, "ask", 1, {.timeout = 1ms, .when_absent = rejoinder::absent::wait}, throws); }
    SECTION("a listener of progress")
    {
        at.hub->on("step", [](int x, rejoinder::incoming asked) {
            asked.progress(1);
            return x;
        });
        at.tab->async_request("step", 1, {}, [](int) { throw std::logic_error{"from a listener"}; }, [](std::error_code ec, const rejoinder::reply&) { CHECK_FALSE(ec); });
    }
    SECTION("an observer") { at.hub->on_attach([](const rejoinder::peer&) { throw std::logic_error{"from an observer"}; }); }
    const auto second = at.make_tab("43");
    try {
        run();
    } catch (const std::logic_error&) {
        ++thrown;
        run();
    }
    CHECK(thrown == 1);
    int completed = 0;
    at.tab->async_request("ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
        CHECK_FALSE(ec);
        ++completed;
    });
    at.hub->async_request(rejoinder::user{"42"}, "ask", 1, [&](std::error_code ec, const rejoinder::reply&) {
        CHECK_FALSE(ec);
        ++completed;
    });
    CHECK(driven::until(at.io, [&] { return completed == 2; }));
    CHECK(at.tab->connected());
    CHECK(at.hub->connections() == 2);
}

TEST_CASE("a listener of progress keeps what it counts, and may end its own call")
{
    house at;
    at.hub->on("steps", [](rejoinder::responder answer) {
        answer.progress(1);
        answer.progress(2);
        answer.progress(3);
        answer.answer(4);
    });
    at.meet();
    int completed = 0;
    SECTION("it counts")
    {
        int last = 0;
        at.tab->async_request(
            "steps", 1, {}, [count = 0, &last](int) mutable { last = ++count; }, [&](std::error_code ec, const rejoinder::reply&) {
                CHECK_FALSE(ec);
                ++completed;
            });
        at.meet();
        CHECK(last == 3);
    }
    SECTION("it cancels")
    {
        asio::cancellation_signal signal;
        int heard = 0;
        at.tab->async_request(
            "steps", 1, {},
            [&](int) {
                ++heard;
                signal.emit(asio::cancellation_type::terminal);
            },
            asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec, const rejoinder::reply&) {
                CHECK(ec == asio::error::operation_aborted);
                ++completed;
            }));
        at.meet();
        CHECK(heard == 1);
    }
    CHECK(completed == 1);
}
