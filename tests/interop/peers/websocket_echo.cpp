// A WebSocket server that echoes every message unchanged: what suites from outside test.
#include <rejoinder/channel/tune.hpp>
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "interop/support/command_line.hpp"
#include "interop/support/websocket_echo.hpp"

namespace {

using tcp = asio::ip::tcp;
using tls_stream = asio::ssl::stream<tcp::socket>;

constexpr const char* usage = R"(websocket_echo [options]: echoes every WebSocket message
  --port PORT              listen on PORT of localhost; 0, the default, takes a free one
  --deflate                accept permessage-deflate
  --max-message BYTES      longest message (16777216)
  --handshake-timeout MS   how long a client may take to ask (5000)
  --tls CERT KEY           speak TLS with this certificate and key, PEM files)";

struct settings {
    std::uint16_t port = 0;
    bool deflate = false;
    std::size_t message_max = std::size_t{16} << 20;
    std::chrono::milliseconds handshake_timeout{5000};
    std::string certificate{};
    std::string key{};
};

settings read_settings(int count, char** arguments)
{
    interop::command_line line{count, arguments, usage};
    settings made;
    for (std::string flag; line.next(flag);) {
        if (flag == "--port") {
            made.port = line.number<std::uint16_t>();
        } else if (flag == "--deflate") {
            made.deflate = true;
        } else if (flag == "--max-message") {
            made.message_max = line.number<std::size_t>();
        } else if (flag == "--handshake-timeout") {
            made.handshake_timeout = std::chrono::milliseconds{line.number<int>()};
        } else if (flag == "--tls") {
            made.certificate = line.value();
            made.key = line.value();
        } else {
            line.wrong();
        }
    }
    return made;
}

tcp::socket& socket_of(tcp::socket& stream)
{
    return stream;
}

tcp::socket& socket_of(tls_stream& stream)
{
    return stream.next_layer();
}

// Answers one handshake on `stream`, then echoes there.
template <class Stream>
asio::awaitable<void> serve(Stream stream, const settings& wanted)
{
    asio::steady_timer timer{stream.get_executor(), wanted.handshake_timeout};
    timer.async_wait([&stream](std::error_code ec) {
        if (!ec) {
            std::error_code ignored;
            socket_of(stream).close(ignored);
        }
    });
    std::error_code ec;
    if constexpr (requires { stream.async_handshake(Stream::server, asio::use_awaitable); }) {
        co_await stream.async_handshake(Stream::server, asio::redirect_error(asio::use_awaitable, ec));
    }
    rejoinder::http_request_reader reader;
    std::string bytes;
    std::array<char, 4096> buffer{};
    while (!ec && reader.progress() != rejoinder::http_progress::whole &&
           reader.progress() != rejoinder::http_progress::bad) {
        const auto count =
            co_await stream.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ec));
        bytes.append(buffer.data(), count);
        bytes.erase(0, reader.read(bytes));
    }
    if (ec) {
        co_return;
    }
    rejoinder::websocket_upgrade answer{rejoinder::http_text(400, "This is no HTTP request.\n"), {}};
    if (reader.progress() == rejoinder::http_progress::whole) {
        rejoinder::websocket_terms terms;
        if (wanted.deflate) {
            terms.deflate = rejoinder::deflate_terms{};
        }
        answer = rejoinder::answer_websocket(reader.take(), terms);
    }
    std::string out;
    rejoinder::append_response(out, answer.response);
    co_await asio::async_write(stream, asio::buffer(out), asio::redirect_error(asio::use_awaitable, ec));
    timer.cancel();
    if (ec || !answer.is_accepted()) {
        co_return;
    }
    rejoinder::websocket_options options;
    options.message_max = wanted.message_max;
    options.deflate = answer.agreement.deflate;
    using echo = interop::echo<Stream>;
    typename echo::channel_type channel{std::move(stream), rejoinder::websocket_role::server, options, bytes};
    std::make_shared<echo>(std::move(channel), nullptr)->start();
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, const settings& wanted, asio::ssl::context* tls)
{
    for (;;) {
        std::error_code ec;
        auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
        if (ec) {
            continue;
        }
        const auto executor = acceptor.get_executor();
        if (tls != nullptr) {
            tls_stream secured{std::move(socket), *tls};
            asio::co_spawn(executor, serve(std::move(secured), wanted), asio::detached);
        } else {
            asio::co_spawn(executor, serve(std::move(socket), wanted), asio::detached);
        }
    }
}

} // namespace

int main(int count, char** arguments)
{
    const auto wanted = read_settings(count, arguments);
    asio::io_context io{1};
    std::optional<asio::ssl::context> tls;
    if (!wanted.certificate.empty()) {
        tls.emplace(asio::ssl::context::tls_server);
        tls->use_certificate_chain_file(wanted.certificate);
        tls->use_private_key_file(wanted.key, asio::ssl::context::pem);
    }
    tcp::acceptor acceptor{io, tcp::endpoint{asio::ip::address_v4::loopback(), wanted.port}};
    std::printf("listening on %d\n", static_cast<int>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    asio::co_spawn(io, listen(acceptor, wanted, tls ? &*tls : nullptr), asio::detached);
    io.run();
}
