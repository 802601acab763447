// M2: deadlines that are met: scheduled, and cancelled. m2_timers --of rejoinder|asio
#include "bench/support/pending_cost.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/timer_wheel.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

namespace {

using namespace std::chrono_literals;

class wheel {
public:
    explicit wheel(std::uint32_t) {}
    rejoinder::timer_id open() { return timers_.schedule((now_ += 1us) + 60s, 1); }
    void settle(rejoinder::timer_id id) { timers_.cancel(id); }

private:
    rejoinder::timer_wheel<std::uint64_t> timers_{};
    rejoinder::instant now_{};
};

class timer_each {
public:
    explicit timer_each(std::uint32_t) {}

    std::unique_ptr<asio::steady_timer> open()
    {
        auto one = std::make_unique<asio::steady_timer>(io_, 60s);
        one->async_wait([](std::error_code) {});
        return one;
    }

    void settle(std::unique_ptr<asio::steady_timer>& one)
    {
        one.reset();
        if (++settled_ % 64 == 0) {
            io_.poll();
        }
    }

private:
    asio::io_context io_{1};
    std::size_t settled_ = 0;
};

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    bench::report all;
    if (how.text("of", "rejoinder") == "asio") {
        bench::report_pending<timer_each>(all, 0);
    } else {
        bench::report_pending<wheel>(all, sizeof(std::uint64_t));
    }
    all.print();
    return 0;
}
