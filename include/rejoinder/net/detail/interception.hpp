// Asks the interceptors about a call.
#ifndef REJOINDER_NET_DETAIL_INTERCEPTION_HPP
#define REJOINDER_NET_DETAIL_INTERCEPTION_HPP

#include <rejoinder/core/output.hpp>
#include <rejoinder/net/detail/watched_runs.hpp>
#include <rejoinder/net/interceptor.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Asks one after another, until one refuses. It keeps the chain: that may be replaced from inside. Who wants to see the end is noted.
inline void intercept(std::shared_ptr<const std::vector<interceptor>> chain, intercepted& seen, invocation which,
                      std::unique_ptr<watched_runs>& watched)
{
    const auto began = std::chrono::steady_clock::now();
    for (auto one = chain->begin(); one != chain->end() && !seen.refused(); ++one) {
        try {
            (*one)(seen);
        } catch (const std::exception& thrown) {
            seen.refuse(thrown.what());
        } catch (...) {
            seen.refuse("an interceptor threw something that is no std::exception");
        }
    }
    if (!seen.observers().empty()) {
        watched = watched == nullptr ? std::make_unique<watched_runs>() : std::move(watched);
        watched->watch(which, began, std::move(seen.observers()));
    }
}

} // namespace rejoinder::inline v0::detail

#endif
