// The cost of a table of what is pending: how long one takes to go and another to come, at several sizes, and the bytes of each.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_PENDING_COST_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_PENDING_COST_HPP

#include "bench/support/report.hpp"
#include "bench/support/small_cost.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct size_of_table {
    const char* name;
    std::uint32_t count;
};
inline constexpr size_of_table table_sizes[] = {{"1k", 1'000}, {"100k", 100'000}, {"1M", 1'000'000}};

/// `Table(capacity)`; `t.open()` gives the id of one more, `t.settle(id)` takes it out; `own_bytes` of each are its user's.
template <class Table>
void report_pending(report& all, std::size_t own_bytes)
{
    for (const auto& size : table_sizes) {
        using id = decltype(std::declval<Table&>().open());
        std::vector<id> ids(size.count);
        const auto order = shuffled(size.count);
        const auto before = heap_bytes();
        Table table{size.count};
        for (auto& each : ids) {
            each = table.open();
        }
        const auto bytes = (heap_bytes() - before) / size.count - static_cast<double>(own_bytes);
        const std::size_t times = 2'000'000;
        std::size_t next = 0;
        const auto oldest = nanoseconds_of(times, [&] {
            auto& one = ids[next];
            next = next + 1 == ids.size() ? 0 : next + 1;
            table.settle(one);
            one = table.open();
        });
        next = 0;
        const auto random = nanoseconds_of(times, [&] {
            auto& one = ids[order[next]];
            next = next + 1 == ids.size() ? 0 : next + 1;
            table.settle(one);
            one = table.open();
        });
        all.add(std::string{"oldest_"} + size.name + "_ns", oldest);
        all.add(std::string{"random_"} + size.name + "_ns", random);
        all.add(std::string{"bytes_"} + size.name, bytes);
    }
}

} // namespace bench

#endif
