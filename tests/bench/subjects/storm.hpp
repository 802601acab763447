// All connections break at once: how long until every session is resumed, and what that costs.
#ifndef REJOINDER_TESTS_BENCH_SUBJECTS_STORM_HPP
#define REJOINDER_TESTS_BENCH_SUBJECTS_STORM_HPP

#include "bench/subjects/dial.hpp"
#include "bench/support/process.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"

#include <rejoinder/net/client.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <system_error>
#include <vector>

namespace bench {

class storm {
public:
    explicit storm(const settings& how) : server_(how.number("watch", 0)), count_(how.connections())
    {
        for (std::size_t i = 0; i != count_; ++i) {
            clients_.push_back(dial(io_, how));
        }
        for (auto& each : clients_) {
            run_until(io_, [&] { return each.connected(); });
            each.on_state([this](rejoinder::link_state now, std::error_code) { connects_ += now == rejoinder::link_state::connected; });
        }
    }

    int run()
    {
        const auto cpu = own_cpu_us() + server_.cpu_us();
        const auto begin = std::chrono::steady_clock::now();
        clients_.front().notify("cut", rejoinder::json_text{});
        run_until(io_, [&] { return connects_ >= count_; });
        const std::chrono::duration<double, std::milli> gone = std::chrono::steady_clock::now() - begin;
        report all;
        all.add("resumed_ms", gone.count());
        all.add("cpu_us_per_session", (own_cpu_us() + server_.cpu_us() - cpu) / static_cast<double>(count_));
        all.print();
        return 0;
    }

private:
    process server_;
    std::size_t count_;
    std::size_t connects_ = 0;
    asio::io_context io_{1};
    std::vector<rejoinder::client<>> clients_{};
};

} // namespace bench

#endif
