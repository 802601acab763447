// The WebSocket channel alone: sends every message back.
#include "bench/support/settings.hpp"

#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/net/web_listener.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace {

class echo : public std::enable_shared_from_this<echo> {
public:
    explicit echo(rejoinder::tcp_websocket channel) : channel_(std::move(channel)) {}

    void receive()
    {
        channel_.async_receive([self = shared_from_this()](std::error_code ec, rejoinder::frame_batch batch) {
            if (ec) {
                return;
            }
            for (rejoinder::frame_view frame; batch.next(frame);) {
                self->channel_.begin().append(frame.bytes);
                self->channel_.commit(frame.form);
            }
            self->flush();
            self->receive();
        });
    }

private:
    void flush()
    {
        if (flushing_ || channel_.pending() == 0) {
            return;
        }
        flushing_ = true;
        channel_.async_flush([self = shared_from_this()](std::error_code ec) {
            self->flushing_ = false;
            if (!ec) {
                self->flush();
            }
        });
    }

    rejoinder::tcp_websocket channel_;
    bool flushing_ = false;
};

class echoing : public rejoinder::web_handler<rejoinder::tcp_websocket> {
public:
    void on_request(rejoinder::http_exchange) override {}
    std::optional<rejoinder::http_response> refuses(const rejoinder::http_request&) override { return std::nullopt; }
    [[nodiscard]] const rejoinder::websocket_terms& terms() const override { return terms_; }
    void on_websocket(rejoinder::tcp_websocket link, rejoinder::came_from, const rejoinder::websocket_agreement&) override
    {
        std::make_shared<echo>(std::move(link))->receive();
    }

private:
    rejoinder::websocket_terms terms_{};
};

} // namespace

int main()
{
    asio::io_context io{1};
    rejoinder::web_listener web{io.get_executor(), {asio::ip::address_v4::loopback(), 0}};
    web.mount("/{path...}", std::make_shared<echoing>());
    bench::say_port(web.local_endpoint().port());
    io.run();
    return 0;
}
