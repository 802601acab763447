// Asks the interceptors about a call.
#ifndef REJOINDER_NET_DETAIL_INTERCEPTION_HPP
#define REJOINDER_NET_DETAIL_INTERCEPTION_HPP

#include <rejoinder/net/interceptor.hpp>

#include <exception>
#include <memory>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Asks one after another, until one refuses. It keeps the chain: that may be replaced from inside.
inline void intercept(std::shared_ptr<const std::vector<interceptor>> chain, intercepted& seen)
{
    for (auto one = chain->begin(); one != chain->end() && !seen.refused(); ++one) {
        try {
            (*one)(seen);
        } catch (const std::exception& thrown) {
            seen.refuse(thrown.what());
        } catch (...) {
            seen.refuse("an interceptor threw something that is no std::exception");
        }
    }
}

} // namespace rejoinder::inline v0::detail

#endif
