// A window of time in which answers are counted, after a warm-up; with what both processes spent in it.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_MEASUREMENT_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_MEASUREMENT_HPP

#include "bench/support/process.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"
#include "bench/support/system_calls.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

class measurement {
public:
    explicit measurement(const settings& how)
        : warm_up_(how.seconds("warm-up", 0.4)), length_(how.seconds("seconds", 1.0)), bytes_(how.bytes()),
          server_(how.number("watch", 0)), each_timed_(how.connections() * how.in_flight() == 1),
          stride_(each_timed_ ? 1 : std::min<std::size_t>(64, how.connections() * how.in_flight()))
    {
        if (each_timed_) {
            times_.reserve(std::size_t{1} << 20);
        }
    }

    /// One more answer. False: the window is over, ask no more. Answers that come even then are not counted.
    bool add()
    {
        if (is_over_) {
            return false;
        }
        ++answers_;
        if (++since_look_ < stride_) {
            return true;
        }
        since_look_ = 0;
        return look(clock::now());
    }

    /// Prints what was measured, once `add` was false.
    void print()
    {
        report all;
        const auto count = static_cast<double>(answers_);
        all.add("requests", count);
        all.add("seconds", seconds_);
        all.add("rate", count / seconds_);
        all.add("mb_per_s", count / seconds_ * static_cast<double>(bytes_) / 1e6);
        all.add("client_cpu_us", client_cpu_ / count);
        all.add("server_cpu_us", server_cpu_ / count);
        all.add("client_calls", static_cast<double>(calls_) / count);
        if (!times_.empty()) {
            std::sort(times_.begin(), times_.end());
            all.add("p50_us", at(0.5));
            all.add("p99_us", at(0.99));
        }
        all.print();
    }

private:
    using clock = std::chrono::steady_clock;

    bool look(clock::time_point now)
    {
        if (!began_) {
            begin_ = last_ = now;
            began_ = true;
            return true;
        }
        const std::chrono::duration<double> gone = now - begin_;
        if (!is_warm_) {
            if (gone >= warm_up_) {
                open();
            }
            return true;
        }
        if (gone >= length_) {
            close(gone);
            return false;
        }
        if (each_timed_) {
            times_.push_back(std::chrono::duration<double, std::micro>(now - last_).count());
        }
        last_ = now;
        return true;
    }

    void open()
    {
        is_warm_ = true;
        answers_ = 0;
        server_cpu_ = -server_.cpu_us();
        client_cpu_ = -own_cpu_us();
        calls_ = system_calls();
        begin_ = last_ = clock::now();
    }

    void close(std::chrono::duration<double> gone)
    {
        calls_ = system_calls() - calls_;
        client_cpu_ += own_cpu_us();
        server_cpu_ += server_.cpu_us();
        seconds_ = gone.count();
        is_over_ = true;
    }

    [[nodiscard]] double at(double part) const { return times_[static_cast<std::size_t>(part * static_cast<double>(times_.size() - 1))]; }

    std::chrono::duration<double> warm_up_;
    std::chrono::duration<double> length_;
    std::size_t bytes_;
    process server_;
    bool each_timed_;
    std::size_t stride_; // answers between two looks at the clock
    bool began_ = false;
    bool is_warm_ = false;
    bool is_over_ = false;
    clock::time_point begin_{};
    clock::time_point last_{};
    std::size_t answers_ = 0;
    std::size_t since_look_ = 0;
    unsigned long calls_ = 0;
    double client_cpu_ = 0;
    double server_cpu_ = 0;
    double seconds_ = 0;
    std::vector<double> times_{};
};

} // namespace bench

#endif
