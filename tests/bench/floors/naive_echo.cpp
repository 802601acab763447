// The echo that one writes first: two reads and one write for each message.
// naive_echo --role server; naive_echo --role client --port PORT
#include "bench/support/accepting.hpp"
#include "bench/support/length_wire.hpp"
#include "bench/support/measurement.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace {

using bench::length_wire;

// One end: reads frames one by one, and writes frames one by one.
template <class Take>
class line : public std::enable_shared_from_this<line<Take>> {
public:
    line(asio::ip::tcp::socket socket, Take take) : socket_(std::move(socket)), take_(std::move(take)) {}

    void read()
    {
        frame_.resize(length_wire::head);
        asio::async_read(socket_, asio::buffer(frame_), [self = this->shared_from_this()](std::error_code ec, std::size_t) {
            if (!ec) {
                self->read_body();
            }
        });
    }

    void write(std::string frame)
    {
        waiting_.push_back(std::move(frame));
        if (waiting_.size() == 1) {
            write_next();
        }
    }

private:
    void read_body()
    {
        frame_.resize(length_wire::head + length_wire::length_of(frame_));
        asio::async_read(socket_, asio::buffer(frame_.data() + length_wire::head, frame_.size() - length_wire::head),
                         [self = this->shared_from_this()](std::error_code ec, std::size_t) {
                             if (!ec && self->take_(*self, self->frame_)) {
                                 self->read();
                             }
                         });
    }

    void write_next()
    {
        asio::async_write(socket_, asio::buffer(waiting_.front()), [self = this->shared_from_this()](std::error_code ec, std::size_t) {
            self->waiting_.pop_front();
            if (!ec && !self->waiting_.empty()) {
                self->write_next();
            }
        });
    }

    asio::ip::tcp::socket socket_;
    Take take_;
    std::string frame_{};
    std::deque<std::string> waiting_{};
};

int ask(const bench::settings& how)
{
    asio::io_context io{1};
    bench::measurement into{how};
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), how.port()});
    socket.set_option(asio::ip::tcp::no_delay{true});
    std::string request;
    length_wire{how}.append_request(request);
    const auto count = [&](auto& self, const std::string&) {
        if (!into.add()) {
            io.stop();
            return false;
        }
        self.write(request);
        return true;
    };
    const auto us = std::make_shared<line<decltype(count)>>(std::move(socket), count);
    for (std::size_t i = 0; i != how.in_flight(); ++i) {
        us->write(request);
    }
    us->read();
    io.run();
    into.print();
    return 0;
}

int answer()
{
    asio::io_context io{1};
    return bench::accept_for_ever(io, [](asio::ip::tcp::socket socket) {
        const auto back = [](auto& self, const std::string& frame) {
            self.write(frame);
            return true;
        };
        std::make_shared<line<decltype(back)>>(std::move(socket), back)->read();
    });
}

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    return how.text("role", "server") == "client" ? ask(how) : answer();
}
