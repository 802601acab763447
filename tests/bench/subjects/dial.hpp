// Clients by the wire's name.
#ifndef REJOINDER_TESTS_BENCH_SUBJECTS_DIAL_HPP
#define REJOINDER_TESTS_BENCH_SUBJECTS_DIAL_HPP

#include "bench/support/settings.hpp"

#include <rejoinder/channel/engine_io_connector.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace bench {

/// A client over the wire that `how` names, which comes back without a pause when it is cut.
inline rejoinder::client<> dial(asio::io_context& io, const settings& how)
{
    constexpr std::size_t message_max = std::size_t{2} << 20;
    rejoinder::client_options<> options;
    options.session.message_bytes_max = message_max;
    options.backoff = {{std::chrono::milliseconds{1}}};
    const auto wire = how.text("wire", "tcp");
    const auto at = "://127.0.0.1:" + std::to_string(how.port());
    if (wire == "websocket") {
        rejoinder::websocket_connector_options carried;
        carried.channel.message_max = message_max;
        return {io.get_executor(), rejoinder::websocket_connector{"ws" + at + "/", carried}, options};
    }
    if (wire == "socket-io") {
        return {io.get_executor(), rejoinder::engine_io_connector{"http" + at}, options, rejoinder::socket_io_codec{"/"}};
    }
    const asio::ip::tcp::endpoint where{asio::ip::address_v4::loopback(), how.port()};
    return {io.get_executor(), rejoinder::tcp_connector{where, rejoinder::length_prefix{message_max}}, options};
}

/// Runs until a condition holds.
template <class Condition>
void run_until(asio::io_context& io, Condition condition)
{
    while (!condition()) {
        io.run_one();
    }
}

} // namespace bench

#endif
