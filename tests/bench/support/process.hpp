// What a process has cost so far, this one or another: processor time, resident memory.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_PROCESS_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_PROCESS_HPP

#include <sys/resource.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace bench {

/// A process by its number in /proc; 0: none, which costs nothing.
class process {
public:
    explicit process(std::size_t id) : folder_(id == 0 ? "" : "/proc/" + std::to_string(id)) {}

    /// Microseconds of all its living threads, as the scheduler counts them (it brings them up to date once a tick).
    [[nodiscard]] double cpu_us() const
    {
        if (folder_.empty()) {
            return 0;
        }
        double nanoseconds = 0;
        std::error_code gone; // a thread may end meanwhile
        for (std::filesystem::directory_iterator thread{folder_ + "/task", gone}, end; thread != end; thread.increment(gone)) {
            double of_thread = 0;
            std::ifstream{thread->path() / "schedstat"} >> of_thread;
            nanoseconds += of_thread;
        }
        return nanoseconds / 1000;
    }

    /// KiB of resident memory, exactly (the number in `stat` is an estimate).
    [[nodiscard]] double resident_kib() const
    {
        std::ifstream rollup{folder_ + "/smaps_rollup"};
        for (std::string word; rollup >> word;) {
            if (word == "Rss:") {
                double kib = 0;
                rollup >> kib;
                return kib;
            }
        }
        return 0;
    }

private:
    std::string folder_;
};

/// Microseconds of this process, user and system.
inline double own_cpu_us()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
    return of(used.ru_utime) + of(used.ru_stime);
}

} // namespace bench

#endif
