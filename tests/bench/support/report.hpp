// What a program has measured: one line of JSON, numbers by name.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_REPORT_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_REPORT_HPP

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace bench {

class report {
public:
    void add(std::string name, double value) { numbers_.emplace_back(std::move(name), value); }

    void print() const
    {
        std::string line = "{";
        for (const auto& [name, value] : numbers_) {
            char number[64];
            std::snprintf(number, sizeof number, "%.9g", value);
            line += (line.size() == 1 ? "\"" : ",\"") + name + "\":" + number;
        }
        std::puts((line + '}').c_str());
        std::fflush(stdout);
    }

private:
    std::vector<std::pair<std::string, double>> numbers_;
};

} // namespace bench

#endif
