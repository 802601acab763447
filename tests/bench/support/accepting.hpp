// Accepts connections on a free port of localhost, for ever.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_ACCEPTING_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_ACCEPTING_HPP

#include "bench/support/settings.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <system_error>
#include <utility>

namespace bench {

/// Says its port, then calls `serve(socket)` for each connection, and runs.
template <class Serve>
int accept_for_ever(asio::io_context& io, Serve serve)
{
    asio::ip::tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    auto next = [&](auto self) -> void {
        acceptor.async_accept([&, self](std::error_code ec, asio::ip::tcp::socket socket) {
            if (!ec) {
                socket.set_option(asio::ip::tcp::no_delay{true});
                serve(std::move(socket));
            }
            self(self);
        });
    };
    next(next);
    say_port(acceptor.local_endpoint().port());
    io.run();
    return 0;
}

} // namespace bench

#endif
