// M6: allocations a request by path, of a hub and a client together in one process, over real sockets.
// m6_allocations --in-flight N
#include "bench/subjects/dial.hpp"
#include "bench/support/allocations.hpp"
#include "bench/support/payload.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"

#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/socket_io_server.hpp>
#include <rejoinder/net/web_listener.hpp>
#include <rejoinder/wire/json_text.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace {

constexpr std::size_t warm = 50'000;
constexpr std::size_t times = 100'000;

class path {
public:
    path(const bench::settings& how, std::string wire) : how_(how), wire_(std::move(wire))
    {
        hub_.on("text", [](const rejoinder::json_text& what) -> const rejoinder::json_text& { return what; });
    }

    double allocations_of_one()
    {
        auto client = bench::dial(io_, bench::settings{{{"wire", wire_}, {"port", std::to_string(listen())}}});
        bench::run_until(io_, [&] { return client.connected(); });
        client_ = &client;
        for (std::size_t i = 0; i != how_.in_flight(); ++i) {
            ask();
        }
        io_.run();
        return static_cast<double>(at_end_ - at_begin_) / times;
    }

private:
    std::uint16_t listen()
    {
        const asio::ip::tcp::endpoint free_port{asio::ip::address_v4::loopback(), 0};
        if (wire_ == "tcp") {
            rejoinder::listen_options<rejoinder::tcp_stream, rejoinder::json_codec> carried;
            return rejoinder::listen(hub_, free_port, carried).local_endpoint().port();
        }
        web_ = std::make_unique<rejoinder::web_listener>(io_.get_executor(), free_port);
        if (wire_ == "websocket") {
            web_->websocket_to("/{path...}", hub_);
        } else {
            socket_io_ = std::make_unique<rejoinder::socket_io_server>(*web_);
            socket_io_->serve("/", hub_);
        }
        return web_->local_endpoint().port();
    }

    void ask()
    {
        client_->async_request("text", text_, [this](std::error_code ec, const rejoinder::reply&) {
            if (ec) {
                std::abort();
            }
            if (++answers_ == warm) {
                at_begin_ = bench::allocations();
            }
            if (answers_ == warm + times) {
                at_end_ = bench::allocations();
                io_.stop();
            } else {
                ask();
            }
        });
    }

    const bench::settings& how_;
    std::string wire_;
    asio::io_context io_{1};
    rejoinder::hub<> hub_{io_.get_executor()};
    std::unique_ptr<rejoinder::web_listener> web_{};
    std::unique_ptr<rejoinder::socket_io_server> socket_io_{};
    rejoinder::client<>* client_ = nullptr;
    rejoinder::json_text text_ = rejoinder::json_text::unchecked(bench::payload(99));
    std::size_t answers_ = 0;
    std::size_t at_begin_ = 0;
    std::size_t at_end_ = 0;
};

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    bench::report all;
    all.add("tcp_allocations", path{how, "tcp"}.allocations_of_one());
    all.add("websocket_allocations", path{how, "websocket"}.allocations_of_one());
    all.add("socket_io_allocations", path{how, "socket-io"}.allocations_of_one());
    all.print();
    return 0;
}
