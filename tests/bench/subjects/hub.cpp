// A hub as programs have it: heartbeat, grace, records of what ran and deadlines are on. It answers what it is asked.
// hub --wire tcp|websocket|socket-io
#include "bench/support/settings.hpp"

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/socket_io_server.hpp>
#include <rejoinder/net/web_listener.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <sys/socket.h>

#include <cstdio>
#include <memory>
#include <string>

namespace {

using namespace rejoinder;

constexpr std::size_t message_max = std::size_t{2} << 20; // W5 asks a MiB

// Breaks every connection of this process, as a network does: no goodbye.
void cut_all()
{
    for (int descriptor = 3; descriptor != 20'000; ++descriptor) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
            ::shutdown(descriptor, SHUT_RDWR);
        }
    }
}

void answer(hub<>& all)
{
    all.on("text", [](const json_text& what) -> const json_text& { return what; });
    all.on("decoded", [](const json& what) -> const json& { return what; });
    all.on("cut", [&all] { asio::post(all.get_executor(), cut_all); });
}

asio::ip::tcp::endpoint free_port() { return {asio::ip::address_v4::loopback(), 0}; }

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    asio::io_context io{1};
    hub_options<> options;
    options.session.message_bytes_max = message_max;
    hub<> all{io.get_executor(), options};
    answer(all);
    std::unique_ptr<web_listener> web;
    std::unique_ptr<socket_io_server> socket_io;
    const auto wire = how.text("wire", "tcp");
    if (wire == "tcp") {
        listen_options<tcp_stream, json_codec> carried;
        carried.framing.limit = message_max;
        bench::say_port(listen(all, free_port(), carried).local_endpoint().port());
    } else if (wire == "websocket") {
        websocket_listen_options<> carried;
        carried.route.channel.message_max = message_max;
        bench::say_port(listen<tcp_websocket>(all, free_port(), carried).local_endpoint().port());
    } else {
        web = std::make_unique<web_listener>(io.get_executor(), free_port());
        socket_io = std::make_unique<socket_io_server>(*web);
        socket_io->serve("/", all);
        bench::say_port(web->local_endpoint().port());
    }
    io.run();
    return 0;
}
