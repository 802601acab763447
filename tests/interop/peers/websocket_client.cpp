// A WebSocket client that echoes every message unchanged until its server closes: what suites from outside test.
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "interop/support/command_line.hpp"
#include "interop/support/websocket_echo.hpp"

namespace {

using tcp = asio::ip::tcp;
using echo = interop::echo<tcp::socket>;
using channel_type = echo::channel_type;

constexpr const char* usage = R"(websocket_client [options] URL: echoes every WebSocket message until the server closes
  --deflate                offer permessage-deflate
  --max-message BYTES      longest message (16777216)
  --handshake-timeout MS   how long the server may take to answer (5000)
  --testee AGENT           run Autobahn's cases at URL under this name)";

struct settings {
    std::string url{};
    std::string agent{};
    bool deflate = false;
    std::size_t message_max = std::size_t{16} << 20;
    std::chrono::milliseconds handshake_timeout{5000};
};

settings read_settings(int count, char** arguments)
{
    interop::command_line line{count, arguments, usage};
    settings made;
    for (std::string flag; line.next(flag);) {
        if (flag == "--deflate") {
            made.deflate = true;
        } else if (flag == "--max-message") {
            made.message_max = line.number<std::size_t>();
        } else if (flag == "--handshake-timeout") {
            made.handshake_timeout = std::chrono::milliseconds{line.number<int>()};
        } else if (flag == "--testee") {
            made.agent = line.value();
        } else if (made.url.empty() && flag.front() != '-') {
            made.url = flag;
        } else {
            line.wrong();
        }
    }
    if (made.url.empty()) {
        line.wrong();
    }
    return made;
}

std::string random_key()
{
    std::random_device source;
    std::string bytes;
    for (int i = 0; i != 16; ++i) {
        bytes.push_back(static_cast<char>(source()));
    }
    return rejoinder::websocket_key(bytes);
}

// What one operation said, once it is over; the timer ends it.
struct outcome {
    std::error_code ec = asio::error::would_block;
    std::size_t count = 0;

    void operator()(std::error_code error, std::size_t bytes) { *this = {error, bytes}; }
};

// Connects, asks and reads the answer, all within the handshake timeout; throws the reason if there is no WebSocket then.
class dialling {
public:
    dialling(asio::io_context& io, const settings& wanted) : io_(io), wanted_(wanted), socket_(io), timer_(io)
    {
        timer_.expires_after(wanted.handshake_timeout);
        timer_.async_wait([this](std::error_code ec) {
            if (!ec) {
                is_late_ = true;
                resolver_.cancel();
                std::error_code ignored;
                socket_.close(ignored);
            }
        });
    }

    channel_type dial(std::string_view address)
    {
        rejoinder::websocket_offer offer;
        const auto where = rejoinder::parse_url(address);
        if (!where || where->is_secure()) {
            throw std::runtime_error("the URL cannot be read, or is none of ws://");
        }
        offer.where = *where;
        offer.key = random_key();
        if (wanted_.deflate) {
            offer.deflate = rejoinder::deflate_terms{};
        }
        connect(offer.where);
        exchange(rejoinder::websocket_request(offer));
        rejoinder::websocket_agreement agreed;
        if (read_websocket_answer(reader_.take(), offer, agreed) != rejoinder::websocket_verdict::accepted) {
            throw std::runtime_error("the server answered something else than a WebSocket handshake");
        }
        timer_.cancel();
        rejoinder::websocket_options options;
        options.message_max = wanted_.message_max;
        options.deflate = agreed.deflate;
        return channel_type{std::move(socket_), rejoinder::websocket_role::client, options, bytes_};
    }

private:
    void connect(const rejoinder::url& where)
    {
        outcome done;
        resolver_.async_resolve(where.host, std::to_string(where.port),
                                [&](std::error_code ec, const tcp::resolver::results_type& found) {
                                    if (ec) {
                                        done.ec = ec;
                                        return;
                                    }
                                    asio::async_connect(socket_, found, [&](std::error_code error, const tcp::endpoint&) {
                                        done.ec = error;
                                    });
                                });
        finish(done);
    }

    void exchange(const std::string& request)
    {
        outcome written;
        asio::async_write(socket_, asio::buffer(request), std::ref(written));
        finish(written);
        while (reader_.progress() == rejoinder::http_progress::more) {
            std::array<char, 4096> buffer{};
            outcome read;
            socket_.async_read_some(asio::buffer(buffer), std::ref(read));
            finish(read);
            bytes_.append(buffer.data(), read.count);
            bytes_.erase(0, reader_.read(bytes_));
        }
        if (reader_.progress() == rejoinder::http_progress::bad) {
            throw std::runtime_error("the server answered something else than HTTP");
        }
    }

    void finish(const outcome& waited_for)
    {
        while (waited_for.ec == asio::error::would_block && io_.run_one() != 0) {}
        if (is_late_) {
            throw std::runtime_error("the server did not answer the handshake in time");
        }
        if (waited_for.ec) {
            throw std::system_error(waited_for.ec);
        }
    }

    asio::io_context& io_;
    const settings& wanted_;
    tcp::resolver resolver_{io_};
    tcp::socket socket_;
    asio::steady_timer timer_;
    bool is_late_ = false;
    rejoinder::http_response_reader reader_{};
    std::string bytes_{};
};

channel_type dialled(asio::io_context& io, const settings& wanted, const std::string& address)
{
    const auto attempt = std::make_unique<dialling>(io, wanted);
    auto channel = attempt->dial(address);
    io.restart();
    io.poll(); // the timer's last word
    return channel;
}

// Echoes until the end; throws if that is not a clean one.
void echo_at(const settings& wanted, const std::string& address)
{
    asio::io_context io{1};
    std::error_code how = asio::error::eof;
    unsigned code = 0;
    std::make_shared<echo>(dialled(io, wanted, address), [&](std::error_code ec, unsigned closed_with) {
        how = ec;
        code = closed_with;
    })->start();
    io.restart();
    io.run();
    if (how != asio::error::eof) {
        throw std::system_error(how);
    }
    if (code == 1006) {
        throw std::runtime_error("the connection ended without a Close frame");
    }
}

// The first message that comes from there; empty if it closes without one.
std::string first_message(const settings& wanted, const std::string& address)
{
    asio::io_context io{1};
    auto channel = dialled(io, wanted, address);
    std::string text;
    std::function<void()> receive = [&] {
        channel.async_receive([&](std::error_code ec, rejoinder::frame_batch batch) {
            for (rejoinder::frame_view frame; batch.next(frame);) {
                text = frame.bytes;
            }
            if (ec) {
                channel.close();
            } else {
                receive();
            }
        });
    };
    receive();
    io.restart();
    io.run();
    return text;
}

void run_cases(const settings& wanted)
{
    const auto count = std::stoi(first_message(wanted, wanted.url + "/getCaseCount"));
    for (int i = 1; i <= count; ++i) {
        try {
            echo_at(wanted, wanted.url + "/runCase?case=" + std::to_string(i) + "&agent=" + wanted.agent);
        } catch (const std::exception&) {
            // The suite judges how it ended.
        }
    }
    first_message(wanted, wanted.url + "/updateReports?agent=" + wanted.agent);
}

} // namespace

int main(int count, char** arguments)
{
    const auto wanted = read_settings(count, arguments);
    try {
        if (wanted.agent.empty()) {
            echo_at(wanted, wanted.url);
        } else {
            run_cases(wanted);
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
