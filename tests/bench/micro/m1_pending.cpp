// M1: what is pending, with its deadline and completion: opened, and settled once. m1_pending --of rejoinder|registry|usual
#include "bench/support/pending_cost.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"

#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/pending_calls.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace {

using namespace std::chrono_literals;

std::uint64_t settled = 0;

// A user's completion: what to call, and with what.
struct completion {
    std::uint64_t* into;
    std::uint64_t context;

    void operator()(std::error_code, std::uint64_t value) const { *into += value + context; }
};

// Deadlines are 60 s away, and time goes on a microsecond with each.
class with_deadline {
public:
    explicit with_deadline(std::uint32_t capacity) : calls_(capacity) {}
    rejoinder::message_id open() { return *calls_.open({&settled, 1}, (now_ += 1us) + 60s); }
    void settle(rejoinder::message_id id) { calls_.resolve(id, 1); }

private:
    rejoinder::pending_calls<completion, std::uint64_t> calls_;
    rejoinder::instant now_{};
};

class registry_alone {
public:
    explicit registry_alone(std::uint32_t capacity) : calls_(capacity) {}
    rejoinder::message_id open() { return *calls_.open({&settled, 1}); }
    void settle(rejoinder::message_id id) { (*calls_.take(id))({}, 1); }

private:
    rejoinder::correlation_registry<completion> calls_;
};

// As one writes it first: a map by number, a function and a timer for each.
class usual {
public:
    explicit usual(std::uint32_t) {}

    std::uint64_t open()
    {
        const auto id = ++last_;
        auto& one = calls_.try_emplace(id, call{[](std::error_code, std::uint64_t value) { settled += value + 1; }, asio::steady_timer{io_, 60s}})
                        .first->second;
        one.timer.async_wait([this, id](std::error_code ec) {
            if (!ec) {
                calls_.erase(id);
            }
        });
        return id;
    }

    void settle(std::uint64_t id)
    {
        const auto found = calls_.find(id);
        const auto done = std::move(found->second.done);
        calls_.erase(found);
        done({}, 1);
        if (id % 64 == 0) {
            io_.poll(); // the cancelled timers' handlers
        }
    }

private:
    struct call {
        std::function<void(std::error_code, std::uint64_t)> done;
        asio::steady_timer timer;
    };

    asio::io_context io_{1};
    std::unordered_map<std::uint64_t, call> calls_{};
    std::uint64_t last_ = 0;
};

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    const auto of = how.text("of", "rejoinder");
    bench::report all;
    if (of == "usual") {
        bench::report_pending<usual>(all, sizeof(completion));
    } else if (of == "registry") {
        bench::report_pending<registry_alone>(all, sizeof(completion));
    } else {
        bench::report_pending<with_deadline>(all, sizeof(completion));
    }
    all.print();
    return 0;
}
