// A client's connection for HTTP requests, one after another.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_HTTP_CALLER_HPP
#define REJOINDER_CHANNEL_DETAIL_HTTP_CALLER_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/http_values.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Connects when it is asked for something, and stays connected for the next request as long as the server lets it. It has no clock: who
/// asks has one, and closes it.
template <class Layer>
class http_caller : public std::enable_shared_from_this<http_caller<Layer>> {
public:
    using answered = std::function<void(std::error_code, const http_response&)>;

    http_caller(asio::any_io_executor executor, url where, Layer layer, http_limits limits)
        : executor_(executor), names_(executor), where_(std::move(where)), layer_(std::move(layer)), limits_(limits)
    {}

    /// Sends these bytes; `then` is called once, not from inside, unless it is closed before. One at a time. What fails is not tried again:
    /// the server may have seen it.
    void ask(std::string request, answered then)
    {
        request_ = std::move(request);
        then_ = std::move(then);
        reader_ = http_response_reader{limits_};
        bytes_.clear();
        if (stream_ != nullptr && clock::now() - idle_since_ < idle_max) {
            write();
        } else {
            connect();
        }
    }

    void close() noexcept
    {
        then_ = nullptr;
        hang_up();
        try {
            names_.cancel();
        } catch (...) { // out of memory; the look-up's end finds nobody
        }
    }

private:
    using clock = std::chrono::steady_clock;
    using stream_type = typename Layer::stream_type;
    using tcp = asio::ip::tcp;

    // Servers end a connection that is idle for a few seconds; a request that crosses that end is lost.
    static constexpr duration idle_max = std::chrono::seconds{2};

    // A step of an earlier connection, or of a request that is over, does nothing.
    template <class Next>
    auto then(Next next)
    {
        return
            [self = this->shared_from_this(), stream = stream_, next](std::error_code ec, const auto&... more) mutable {
                if (self->then_ == nullptr || stream != self->stream_) {
                    return;
                }
                ec ? self->finish(ec) : next(*self, more...);
            };
    }

    void connect()
    {
        hang_up();
        stream_ = std::make_shared<stream_type>(layer_.over(tcp::socket{executor_}, where_));
        std::error_code no_address;
        const auto address = asio::ip::make_address(where_.host, no_address);
        if (!no_address) { // it needs no look-up, which would cost a thread
            stream_->lowest_layer().async_connect({address, where_.port},
                                                  then([](http_caller& self, const auto&...) { self.open(); }));
            return;
        }
        names_.async_resolve(where_.host, std::to_string(where_.port),
                             then([](http_caller& self, const tcp::resolver::results_type& found) {
                                 asio::async_connect(self.stream_->lowest_layer(), found,
                                                     self.then([](http_caller& me, const auto&...) { me.open(); }));
                             }));
    }

    void open()
    {
        std::error_code ignored; // without it polls are slower, but no less polls
        stream_->lowest_layer().set_option(tcp::no_delay{true}, ignored);
        Layer::open(*stream_, websocket_role::client, then([](http_caller& self, const auto&...) { self.write(); }));
    }

    void write()
    {
        asio::async_write(*stream_, asio::buffer(request_), then([](http_caller& self, std::size_t) { self.read(); }));
    }

    void read()
    {
        stream_->async_read_some(asio::buffer(piece_), then([](http_caller& self, std::size_t count) {
                                     self.bytes_.append(self.piece_.data(), count);
                                     self.look();
                                 }));
    }

    void look()
    {
        bytes_.erase(0, reader_.read(bytes_));
        switch (reader_.progress()) {
        case http_progress::more:
        case http_progress::head: read(); break;
        case http_progress::bad: finish(make_error_code(errc::bad_message)); break;
        case http_progress::whole: {
            const auto answer = reader_.take();
            if (lists(answer.headers, "Connection", "close") || !bytes_.empty()) {
                hang_up();
            }
            idle_since_ = clock::now();
            std::exchange(then_, nullptr)({}, answer);
        }
        }
    }

    void finish(std::error_code ec)
    {
        hang_up();
        std::exchange(then_, nullptr)(ec, {});
    }

    void hang_up() noexcept
    {
        if (const auto gone = std::exchange(stream_, nullptr)) {
            std::error_code ignored; // it is over, whatever closing says
            gone->lowest_layer().close(ignored);
        }
    }

    asio::any_io_executor executor_;
    tcp::resolver names_;
    url where_;
    Layer layer_;
    http_limits limits_;
    std::shared_ptr<stream_type> stream_; // shared with its operations
    http_response_reader reader_{};
    std::string request_;
    std::string bytes_;
    std::array<char, 4096> piece_{};
    clock::time_point idle_since_;
    answered then_;
};

} // namespace rejoinder::inline v0::detail

#endif
