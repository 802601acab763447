// The floor: an echo over Asio that reads what there is and answers all of it in one write. No JSON, no ids, no deadlines.
// batch_echo --role server; batch_echo --role client --port PORT
#include "bench/support/accepting.hpp"
#include "bench/support/gathered_load.hpp"
#include "bench/support/length_wire.hpp"

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
#include <utility>
#include <vector>

namespace {

using bench::length_wire;

class echo : public std::enable_shared_from_this<echo> {
public:
    explicit echo(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    void read()
    {
        if (unread_.size() - filled_ < chunk) {
            unread_.resize(filled_ + chunk);
        }
        socket_.async_read_some(asio::buffer(unread_.data() + filled_, unread_.size() - filled_),
                                [self = shared_from_this()](std::error_code ec, std::size_t count) {
                                    if (!ec) {
                                        self->filled_ += count;
                                        self->take();
                                    }
                                });
    }

private:
    void take()
    {
        std::size_t taken = 0;
        for (;;) {
            const std::string_view bytes{unread_.data() + taken, filled_ - taken};
            if (bytes.size() < length_wire::head || bytes.size() < length_wire::head + length_wire::length_of(bytes)) {
                break;
            }
            const auto size = length_wire::head + length_wire::length_of(bytes);
            waiting_ += bytes.substr(0, size);
            taken += size;
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
        asio::async_write(socket_, asio::buffer(writing_), [self = shared_from_this()](std::error_code ec, std::size_t) {
            if (!ec) {
                self->writing_.clear();
                self->write();
            }
        });
    }

    static constexpr std::size_t chunk = std::size_t{64} << 10;

    asio::ip::tcp::socket socket_;
    std::vector<char> unread_ = std::vector<char>(chunk);
    std::size_t filled_ = 0;
    std::string waiting_{};
    std::string writing_{};
};

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    if (how.text("role", "server") == "client") {
        return bench::load<length_wire>(how);
    }
    asio::io_context io{1};
    return bench::accept_for_ever(io, [](asio::ip::tcp::socket socket) { std::make_shared<echo>(std::move(socket))->read(); });
}
