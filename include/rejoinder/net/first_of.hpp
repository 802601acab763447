// Several ways to the other side, in the order in which a client tries them.
#ifndef REJOINDER_NET_FIRST_OF_HPP
#define REJOINDER_NET_FIRST_OF_HPP

#include <rejoinder/channel/connector.hpp>

#include <tuple>
#include <utility>

namespace rejoinder::inline v0 {

/// Connectors of any types: other endpoints of the same service, or other transports to it.
///
///     client tab{executor, first_of{tcp_connector{"hub-1", 9000}, tcp_connector{"hub-2", 9000}, unix_connector{"/run/hub"}}};
///
/// A client begins with the first one, goes on with the next one at once when an attempt fails, and waits when all have failed in a row. After
/// a loss it begins with the one that worked last, where its session is. A verdict that ends it (wrong credentials, say) ends it whichever
/// way it came.
template <connector... Connectors>
    requires(sizeof...(Connectors) >= 1)
class first_of {
public:
    explicit first_of(Connectors... connectors) : connectors_(std::move(connectors)...) {}

    /// What it was made of.
    [[nodiscard]] std::tuple<Connectors...> connectors() && { return std::move(connectors_); }

private:
    std::tuple<Connectors...> connectors_;
};

} // namespace rejoinder::inline v0

#endif
