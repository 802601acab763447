// The runs of handlers whose end somebody wants to see.
#ifndef REJOINDER_NET_DETAIL_WATCHED_RUNS_HPP
#define REJOINDER_NET_DETAIL_WATCHED_RUNS_HPP

#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/net/interceptor.hpp>

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Of one session; bounded by its runs.
class watched_runs {
public:
    void watch(invocation which, instant began, std::vector<intercepted::observer> observers)
    {
        if (!observers.empty()) {
            runs_.insert_or_assign(which.number, watched{began, std::move(observers)});
        }
    }

    /// A run has ended: gives each of its observers, the last first, to `call` with the end.
    template <class Call>
    void ended(invocation which, const outcome& how, instant now, Call call)
    {
        const auto taken = runs_.extract(which.number);
        if (taken.empty()) {
            return;
        }
        const auto& [began, observers] = taken.mapped();
        const call_end end{now - began, how.code, how.text, how.payload};
        for (auto one = observers.rbegin(); one != observers.rend(); ++one) {
            call(*one, end);
        }
    }

private:
    struct watched {
        instant began;
        std::vector<intercepted::observer> observers;
    };

    std::unordered_map<std::uint64_t, watched> runs_;
};

} // namespace rejoinder::inline v0::detail

#endif
