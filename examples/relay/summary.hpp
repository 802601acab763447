// Holds the backend's ledger against the plugin's log, and prints what came of it.
#ifndef EXAMPLES_RELAY_SUMMARY_HPP
#define EXAMPLES_RELAY_SUMMARY_HPP

#include "backend.hpp"
#include "jobs.hpp"
#include "proxy.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace relay_example {

struct tally {
    std::size_t jobs = 0;
    std::size_t settled = 0;
    std::size_t asked = 0;
    std::size_t answered = 0;
    std::array<std::size_t, 4> failures{}; ///< by level
    std::size_t unexpected = 0;
    std::size_t lost = 0;
    std::size_t twice = 0;
    std::size_t cancelled = 0;
};

inline std::size_t runs_of(const std::vector<execution>& log, std::string_view request_id, std::string_view state)
{
    return static_cast<std::size_t>(std::count_if(
        log.begin(), log.end(), [&](const execution& one) { return one.request_id == request_id && (state.empty() || one.state == state); }));
}

// An attempt is lost if the plugin finished it and the job never heard, or if the job has an answer that the plugin never gave.
inline void count_attempt(const attempt& one, const std::vector<execution>& log, tally& sum)
{
    const auto runs = runs_of(log, one.request_id, "");
    const bool finished = runs_of(log, one.request_id, "finished") != 0;
    ++sum.asked;
    sum.answered += one.answered ? 1 : 0;
    sum.lost += one.answered != finished ? 1 : 0;
    sum.twice += runs > 1 ? runs - 1 : 0;
}

inline tally count(const std::vector<job>& jobs, const std::vector<execution>& log)
{
    tally sum;
    sum.jobs = jobs.size();
    for (const auto& one : jobs) {
        sum.settled += one.settled ? 1 : 0;
        sum.unexpected += one.settled && one.failed_at != one.expected ? 1 : 0;
        sum.failures[static_cast<std::size_t>(one.failed_at)] += one.settled ? 1 : 0;
        for (const auto& each : one.attempts) {
            count_attempt(each, log, sum);
        }
    }
    sum.cancelled = static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [](const execution& one) { return one.state == "cancelled"; }));
    return sum;
}

inline void row(const char* what, const std::string& figures)
{
    std::printf("  %-22s %s\n", what, figures.c_str());
}

/// Returns the process's exit status.
inline int summarise(const backend& from, const proxy& network)
{
    const auto sum = count(from.jobs(), from.executions());
    const auto text = [](std::size_t number) { return std::to_string(number); };
    std::string through = "never";
    if (const auto& zombie = network.zombie()) {
        if (const auto at = from.answered_at(zombie->request_id)) {
            std::array<char, 32> room{};
            std::snprintf(room.data(), room.size(), "%.3f s", seconds(*at - zombie->since));
            through = room.data();
        }
    }
    const auto failed = sum.failures[1] + sum.failures[2] + sum.failures[3];
    std::printf("\n");
    row("asked", text(sum.asked));
    row("answered", text(sum.answered));
    row("expected failures",
        text(failed - sum.unexpected) + " (session " + text(sum.failures[1]) + ", plugin " + text(sum.failures[2]) + ", job " + text(sum.failures[3]) + ")");
    row("unexpected ends", text(sum.unexpected));
    row("cancelled at plugin", text(sum.cancelled));
    row("lost", text(sum.lost));
    row("executed twice", text(sum.twice));
    row("sent again", text(from.counts().resent));
    row("detaches cancelled", text(from.counts().detaches_cancelled));
    row("detaches executed", text(from.counts().detaches_executed));
    row("through the zombie in", through);
    std::printf("\nrelay: %zu of %zu jobs settled, %zu lost, %zu executed twice\n", sum.settled, sum.jobs, sum.lost, sum.twice);
    const bool good = sum.settled == sum.jobs && sum.lost == 0 && sum.twice == 0 && sum.unexpected == 0 && sum.cancelled == 1 &&
                      network.faults_left() == 0 && through != "never";
    return good ? 0 : 1;
}

} // namespace relay_example

#endif
