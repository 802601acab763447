// Boost.Beast's WebSocket echo: one write for each message, as its examples have it, or with --gathered yes over a stream that
// gathers the writes of a turn. Beast stands on Boost.Asio, not on the standalone one.
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using tcp = net::ip::tcp;

// A socket whose writes complete at once, and leave together when it has nothing more to read.
class gathering {
public:
    using executor_type = tcp::socket::executor_type;
    using next_layer_type = tcp::socket;

    explicit gathering(tcp::socket socket) : socket_(std::move(socket)) {}

    executor_type get_executor() { return socket_.get_executor(); }
    next_layer_type& next_layer() { return socket_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& into, Token&& token)
    {
        beast::error_code ignored;
        if (!waiting_.empty() && socket_.available(ignored) == 0) {
            net::write(socket_, net::buffer(waiting_), ignored);
            waiting_.clear();
        }
        return socket_.async_read_some(into, std::forward<Token>(token));
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token)
    {
        const auto count = net::buffer_size(from);
        const auto before = waiting_.size();
        waiting_.resize(before + count);
        net::buffer_copy(net::buffer(waiting_.data() + before, count), from);
        return net::async_initiate<Token, void(beast::error_code, std::size_t)>(
            [this, count](auto&& handler) {
                net::post(get_executor(), beast::bind_front_handler(std::forward<decltype(handler)>(handler), beast::error_code{}, count));
            },
            token);
    }

private:
    tcp::socket socket_;
    std::string waiting_{};
};

void teardown(beast::role_type, gathering& stream, beast::error_code& ec)
{
    stream.next_layer().close(ec);
}
template <class Handler>
void async_teardown(beast::role_type, gathering& stream, Handler&& handler)
{
    beast::error_code ec;
    stream.next_layer().close(ec);
    net::post(stream.get_executor(), [ec, handler = std::forward<Handler>(handler)]() mutable { handler(ec); });
}

template <class Stream>
class echo : public std::enable_shared_from_this<echo<Stream>> {
public:
    explicit echo(tcp::socket socket) : stream_(std::move(socket)) {}

    void start()
    {
        stream_.async_accept([self = this->shared_from_this()](beast::error_code ec) {
            if (!ec) {
                self->stream_.text(true);
                self->read();
            }
        });
    }

private:
    void read()
    {
        stream_.async_read(message_, [self = this->shared_from_this()](beast::error_code ec, std::size_t) {
            if (!ec) {
                self->write();
            }
        });
    }

    void write()
    {
        stream_.async_write(message_.data(), [self = this->shared_from_this()](beast::error_code ec, std::size_t) {
            if (!ec) {
                self->message_.clear();
                self->read();
            }
        });
    }

    beast::websocket::stream<Stream> stream_;
    beast::flat_buffer message_{};
};

template <class Stream>
void accept(tcp::acceptor& acceptor)
{
    acceptor.async_accept([&acceptor](beast::error_code ec, tcp::socket socket) {
        if (!ec) {
            socket.set_option(tcp::no_delay{true});
            std::make_shared<echo<Stream>>(std::move(socket))->start();
        }
        accept<Stream>(acceptor);
    });
}

} // namespace

int main(int count, char** words)
{
    const bool is_gathering = count > 1 && std::string_view{words[1]} == "--gathered";
    net::io_context io{1};
    tcp::acceptor acceptor{io, {net::ip::address_v4::loopback(), 0}};
    if (is_gathering) {
        accept<gathering>(acceptor);
    } else {
        accept<tcp::socket>(acceptor);
    }
    std::printf("port %u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    io.run();
    return 0;
}
