// Load on a server without a client's own costs: requests written as bytes, those of a turn in one write; answers only counted.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_GATHERED_LOAD_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_GATHERED_LOAD_HPP

#include "bench/support/measurement.hpp"
#include "bench/support/settings.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bench {

/// One connection with so many requests in flight. A `Wire` knows how bytes begin and end:
///
/// | | |
/// | --- | --- |
/// | `Wire(settings)`, `w.greet(socket)` | blocking: whatever comes before the first request |
/// | `w.append_request(out)` | appends the next one |
/// | `w.frame_size(bytes)` | of the whole frame that `bytes` begin with; 0: it is not whole |
template <class Wire>
class gathered_line {
public:
    gathered_line(asio::io_context& io, const settings& how, measurement& into)
        : io_(io), socket_(io), wire_(how), into_(into), in_flight_(how.in_flight())
    {
        socket_.connect({asio::ip::address_v4::loopback(), how.port()});
        socket_.set_option(asio::ip::tcp::no_delay{true});
        wire_.greet(socket_);
    }

    void start()
    {
        for (std::size_t i = 0; i != in_flight_; ++i) {
            wire_.append_request(waiting_);
        }
        write();
        read();
    }

private:
    void read()
    {
        if (unread_.size() - filled_ < chunk) {
            unread_.resize(filled_ + chunk);
        }
        socket_.async_read_some(asio::buffer(unread_.data() + filled_, unread_.size() - filled_),
                                [this](std::error_code ec, std::size_t count) {
                                    if (ec) {
                                        throw std::system_error(ec, "the server closed the connection");
                                    }
                                    filled_ += count;
                                    take();
                                });
    }

    void take()
    {
        std::size_t taken = 0;
        while (const auto size = wire_.frame_size({unread_.data() + taken, filled_ - taken})) {
            taken += size;
            if (!into_.add()) {
                io_.stop();
                return;
            }
            wire_.append_request(waiting_);
        }
        filled_ -= taken;
        std::memmove(unread_.data(), unread_.data() + taken, filled_);
        write();
        read();
    }

    void write()
    {
        if (!writing_.empty() || waiting_.empty()) {
            return;
        }
        writing_.swap(waiting_);
        asio::async_write(socket_, asio::buffer(writing_), [this](std::error_code ec, std::size_t) {
            if (ec) {
                throw std::system_error(ec, "a request could not be written");
            }
            writing_.clear();
            write();
        });
    }

    static constexpr std::size_t chunk = std::size_t{64} << 10;

    asio::io_context& io_;
    asio::ip::tcp::socket socket_;
    Wire wire_;
    measurement& into_;
    std::size_t in_flight_;
    std::vector<char> unread_ = std::vector<char>(chunk);
    std::size_t filled_ = 0;
    std::string waiting_{};
    std::string writing_{};
};

/// Loads a server by `connections` lines, and prints what was measured.
template <class Wire>
int load(const settings& how)
{
    asio::io_context io{1};
    measurement into{how};
    std::vector<std::unique_ptr<gathered_line<Wire>>> lines;
    for (std::size_t i = 0; i != how.connections(); ++i) {
        lines.push_back(std::make_unique<gathered_line<Wire>>(io, how, into));
    }
    for (const auto& line : lines) {
        line->start();
    }
    io.run();
    into.print();
    return 0;
}

} // namespace bench

#endif
