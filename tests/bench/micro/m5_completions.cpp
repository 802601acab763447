// M5: what the form of a completion costs: a callback, a coroutine, a future; a hub and a client in one process, without a socket.
#include "bench/support/payload.hpp"
#include "bench/support/report.hpp"
#include "bench/support/small_cost.hpp"
#include "support/memory_connector.hpp"

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/wire/json_text.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <system_error>
#include <vector>

namespace {

constexpr std::size_t in_flight = 64;
constexpr std::size_t warm = 50'000;
constexpr std::size_t times = 300'000;

class world {
public:
    world()
    {
        hub_.on("text", [](const rejoinder::json_text& what) -> const rejoinder::json_text& { return what; });
        while (!client_.connected()) {
            io_.run_one();
        }
    }

    double callbacks(std::size_t count)
    {
        return run(count, [this] { call_back(); });
    }

    double coroutines(std::size_t count)
    {
        return run(count, [this] { asio::co_spawn(io_, ask(), asio::detached); });
    }

    double futures(std::size_t count)
    {
        std::vector<std::future<rejoinder::reply>> all(in_flight);
        return bench::nanoseconds_of(count / in_flight, [&] {
            for (auto& each : all) {
                each = client_.async_request("text", text_, asio::use_future);
            }
            for (auto& each : all) {
                while (each.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
                    io_.poll();
                }
                each.get();
            }
        }) / in_flight;
    }

private:
    template <class Start>
    double run(std::size_t count, Start start)
    {
        left_ = count;
        return bench::nanoseconds_of(1, [&] {
            for (std::size_t i = 0; i != in_flight; ++i) {
                start();
            }
            while (client_.pending() != 0 || left_ != 0) {
                io_.run_one();
            }
        }) / static_cast<double>(count);
    }

    bool take_one()
    {
        if (left_ == 0) {
            return false;
        }
        --left_;
        return true;
    }

    void call_back()
    {
        if (take_one()) {
            client_.async_request("text", text_, [this](std::error_code, const rejoinder::reply&) { call_back(); });
        }
    }

    asio::awaitable<void> ask()
    {
        while (take_one()) {
            co_await client_.async_request("text", text_, asio::use_awaitable);
        }
    }

    asio::io_context io_{1};
    rejoinder::hub<> hub_{io_.get_executor()};
    rejoinder::client<> client_{io_.get_executor(), memory_connector{hub_}};
    rejoinder::json_text text_ = rejoinder::json_text::unchecked(bench::payload(99));
    std::size_t left_ = 0;
};

} // namespace

int main()
{
    world all;
    all.callbacks(warm);
    all.coroutines(warm);
    all.futures(warm);
    const auto callback = all.callbacks(times);
    const auto coroutine = all.coroutines(times);
    bench::report told;
    told.add("callback_ns", callback);
    told.add("coroutine_ns", coroutine);
    told.add("coroutine_extra_ns", coroutine - callback);
    told.add("future_ns", all.futures(times));
    told.print();
    return 0;
}
