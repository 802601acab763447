// An Engine.IO server that echoes every message unchanged: what suites from outside test.
#include <rejoinder/net/engine_io_server.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "interop/support/command_line.hpp"

namespace {

using tcp = asio::ip::tcp;

constexpr const char* usage = R"(engine_io_echo [options]: echoes every Engine.IO message
  --port PORT              listen on PORT of localhost, IPv4 and IPv6; 0, the default, takes a free one
  --path PATH              where sessions are opened (/engine.io/)
  --ping-interval MS       from the opening or a pong to the next ping (300)
  --ping-timeout MS        for a pong (200)
  --max-payload BYTES      of a poll or a message (1000000)
  --upgrade-timeout MS     for an upgrade (10000)
  --transports LIST        polling,websocket or one of them)";

struct settings {
    std::uint16_t port = 0;
    rejoinder::engine_io_server_options options{};
};

rejoinder::engine_io_transports transports_of(interop::command_line& line)
{
    const auto list = line.value();
    if (list == "polling,websocket") {
        return rejoinder::engine_io_transports::both;
    }
    if (list != "polling" && list != "websocket") {
        line.wrong();
    }
    return list == "polling" ? rejoinder::engine_io_transports::polling : rejoinder::engine_io_transports::websocket;
}

settings read_settings(int count, char** arguments)
{
    using milliseconds = std::chrono::milliseconds;
    interop::command_line line{count, arguments, usage};
    settings made;
    made.options.path = "/engine.io/";
    made.options.terms = {milliseconds{300}, milliseconds{200}, 1'000'000};
    for (std::string flag; line.next(flag);) {
        if (flag == "--port") {
            made.port = line.number<std::uint16_t>();
        } else if (flag == "--path") {
            made.options.path = line.value();
        } else if (flag == "--ping-interval") {
            made.options.terms.ping_interval = milliseconds{line.number<int>()};
        } else if (flag == "--ping-timeout") {
            made.options.terms.ping_timeout = milliseconds{line.number<int>()};
        } else if (flag == "--max-payload") {
            made.options.terms.max_payload = line.number<std::size_t>();
        } else if (flag == "--upgrade-timeout") {
            made.options.upgrade_timeout = milliseconds{line.number<int>()};
        } else if (flag == "--transports") {
            made.options.transports = transports_of(line);
        } else {
            line.wrong();
        }
    }
    return made;
}

// One session's echo. It lives until the session has ended.
class session : public std::enable_shared_from_this<session> {
public:
    explicit session(rejoinder::engine_io_channel channel) : channel_(std::move(channel)) {}

    void receive()
    {
        receiving_ = true;
        channel_.async_receive([self = shared_from_this()](std::error_code ec, rejoinder::frame_batch batch) {
            self->receiving_ = false;
            if (!ec) {
                self->send_back(batch);
            }
        });
    }

private:
    static constexpr std::size_t enough = std::size_t{1} << 20; // bytes waiting for the peer

    void send_back(rejoinder::frame_batch batch)
    {
        for (rejoinder::frame_view frame; batch.next(frame);) {
            channel_.begin().append(frame.bytes);
            channel_.commit(frame.form);
        }
        flush();
        if (channel_.pending() < enough) {
            receive();
        }
    }

    void flush()
    {
        if (flushing_ || channel_.pending() == 0) {
            return;
        }
        flushing_ = true;
        channel_.async_flush([self = shared_from_this()](std::error_code ec) {
            self->flushing_ = false;
            if (ec) {
                return;
            }
            self->flush();
            if (!self->receiving_) {
                self->receive();
            }
        });
    }

    rejoinder::engine_io_channel channel_;
    bool receiving_ = false;
    bool flushing_ = false;
};

// IPv4 and, where there is any, IPv6 on the same port.
std::vector<rejoinder::web_listener> open_ports(asio::io_context& io, std::uint16_t wanted)
{
    std::vector<rejoinder::web_listener> made;
    made.emplace_back(io.get_executor(), tcp::endpoint{asio::ip::address_v4::loopback(), wanted});
    const auto port = made.front().local_endpoint().port();
    try {
        made.emplace_back(io.get_executor(), tcp::endpoint{asio::ip::address_v6::loopback(), port});
    } catch (const std::system_error&) { // then not
    }
    return made;
}

} // namespace

int main(int count, char** arguments)
{
    const auto wanted = read_settings(count, arguments);
    asio::io_context io{1};
    auto ports = open_ports(io, wanted.port);
    rejoinder::engine_io_server server{io.get_executor(), wanted.options,
                                       [](rejoinder::engine_io_channel channel, const rejoinder::came_from&) {
                                           std::make_shared<session>(std::move(channel))->receive();
                                       }};
    for (auto& port : ports) {
        server.mount_on(port);
    }
    std::printf("listening on %d\n", static_cast<int>(ports.front().local_endpoint().port()));
    std::fflush(stdout);
    io.run();
}
