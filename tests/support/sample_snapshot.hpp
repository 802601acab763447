// A snapshot in which no two numbers are alike, so that a test sees which one stands where.
#ifndef REJOINDER_TESTS_SUPPORT_SAMPLE_SNAPSHOT_HPP
#define REJOINDER_TESTS_SUPPORT_SAMPLE_SNAPSHOT_HPP

#include <rejoinder/core/snapshot.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

inline rejoinder::snapshot sample_snapshot()
{
    using namespace std::chrono_literals;
    rejoinder::snapshot all;
    std::uint64_t number = 100;
    for (const auto& entry : rejoinder::counter_table) {
        all.counts.*entry.member = number++;
    }
    for (const auto& entry : rejoinder::gauge_table) {
        all.now.*entry.member = number++;
    }
    for (auto& count : all.all_reasons) {
        count = number++;
    }
    all.taken = rejoinder::instant{} + 100s;
    all.uptime = 90s + 500ms;
    all.request_latency = {1000, 7s, 5ms, 9ms, 20ms, 1500ms};
    all.round_trip = {3, 12ms, 3ms, 5ms, 6ms, 7ms};
    all.total_users_tracked = 77;
    for (std::string user : {"42", "quote\" back\\slash\nline", "\xFF\xC3\xA9"}) {
        rejoinder::user_disconnects one;
        one.user = std::move(user);
        one.count = number++;
        one.overcount = 1;
        one.reasons[static_cast<std::size_t>(rejoinder::close_reason::silent)] = one.count - 1;
        one.last = rejoinder::instant{} + 98s;
        all.top_disconnects.push_back(std::move(one));
    }
    return all;
}

#endif
