// One attempt to open a WebSocket: look-up, connection, TLS, handshake, each against cancellation and, once connected, against a clock.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_WEBSOCKET_ATTEMPT_HPP
#define REJOINDER_CHANNEL_DETAIL_WEBSOCKET_ATTEMPT_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/websocket_connector_options.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What a status says of the next attempt.
constexpr errc kind_of_status(int status) noexcept
{
    switch (status) {
    case 401:
    case 403: return errc::auth_refused;
    case 426:
    case 505: return errc::incompatible;
    case 408:
    case 429: return errc::busy;
    default: return status >= 500 ? errc::busy : errc::bad_message; // of a path that is not there yet, say
    }
}

/// The seconds of a `Retry-After` header; nothing for a date, which another clock has made.
inline std::optional<duration> retry_after_of(const http_response& answer)
{
    const auto text = answer.headers.value("Retry-After");
    std::uint32_t seconds = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || wrong != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return std::chrono::seconds{seconds};
}

// Asked of the system: once a connection is not too often.
inline std::string random_websocket_key()
{
    std::random_device source;
    std::string bytes;
    for (int i = 0; i != 4; ++i) {
        const auto word = static_cast<std::uint32_t>(source());
        for (unsigned shift = 0; shift != 32; shift += 8) {
            bytes.push_back(static_cast<char>(word >> shift & 0xFFU));
        }
    }
    return websocket_key(bytes);
}

/// Each step holds it; cancelling ends it at once, whatever step is under way.
template <class Layer>
class websocket_attempt : public std::enable_shared_from_this<websocket_attempt<Layer>> {
public:
    using channel_type = typename Layer::channel_type;
    using stream_type = typename Layer::stream_type;
    using tcp = asio::ip::tcp;

    websocket_attempt(stream_type&& stream, websocket_offer offer, const websocket_connector_options& options,
                      std::shared_ptr<std::optional<duration>> retry_after)
        : stream_(std::move(stream)), names_(stream_.get_executor()), clock_(stream_.get_executor()),
          offer_(std::move(offer)), options_(options), reader_({.head_max = options.head_max, .body_max = body_max}),
          retry_after_(std::move(retry_after))
    {}

    template <class Handler>
    void start(Handler&& handler)
    {
        done_ = completion<void(std::error_code, channel_type)>{std::forward<Handler>(handler), stream_.get_executor()};
        if (auto slot = done_.slot(); slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (const auto self = weak.lock(); self != nullptr && !self->is_over()) {
                    self->close();
                    self->done_.post(asio::error::operation_aborted, channel_type{});
                }
            });
        }
        retry_after_->reset();
        find();
    }

private:
    // An answer that is no 101 is taken for its head.
    static constexpr std::size_t body_max = std::size_t{64} << 10;

    [[nodiscard]] bool is_over() const noexcept { return !done_; }

    // A step that finds the attempt over does nothing; one that failed ends it.
    template <class Next>
    auto then(Next next)
    {
        return [self = this->shared_from_this(), next](std::error_code ec, const auto&...) {
            if (self->is_over()) {
                return;
            }
            if (ec) {
                self->fail(ec);
                return;
            }
            next(*self);
        };
    }

    void find()
    {
        std::error_code no_address;
        const auto address = asio::ip::make_address(offer_.where.host, no_address);
        if (!no_address) { // it needs no look-up, which would cost a thread
            stream_.lowest_layer().async_connect({address, offer_.where.port},
                                                 then([](websocket_attempt& self) { self.open(); }));
            return;
        }
        names_.async_resolve(
            offer_.where.host, std::to_string(offer_.where.port),
            [self = this->shared_from_this()](std::error_code ec, const tcp::resolver::results_type& found) {
                if (!self->is_over()) {
                    ec ? self->fail(ec) : self->connect(found);
                }
            });
    }

    void connect(const tcp::resolver::results_type& found)
    {
        asio::async_connect(stream_.lowest_layer(), found, then([](websocket_attempt& self) { self.open(); }));
    }

    void open()
    {
        clock_.expires_at(later(std::chrono::steady_clock::now(), options_.handshake_timeout));
        clock_.async_wait([weak = this->weak_from_this()](std::error_code ec) {
            if (const auto self = weak.lock(); self != nullptr && !ec && !self->is_over()) {
                self->fail(make_error_code(errc::handshake_timed_out));
            }
        });
        Layer::open(stream_, websocket_role::client, then([](websocket_attempt& self) { self.ask(); }));
    }

    void ask()
    {
        if (options_.on_request) {
            options_.on_request(offer_.headers);
        }
        bytes_ = websocket_request(offer_);
        asio::async_write(stream_, asio::buffer(bytes_), then([](websocket_attempt& self) {
                              self.bytes_.clear();
                              self.read();
                          }));
    }

    void read()
    {
        stream_.async_read_some(asio::buffer(piece_),
                                [self = this->shared_from_this()](std::error_code ec, std::size_t count) {
                                    if (!self->is_over()) {
                                        self->bytes_.append(self->piece_.data(), count);
                                        ec ? self->fail(ec) : self->look();
                                    }
                                });
    }

    void look()
    {
        bytes_.erase(0, reader_.read(bytes_));
        switch (reader_.progress()) {
        case http_progress::more: read(); break;
        case http_progress::bad: fail(make_error_code(errc::bad_message)); break;
        case http_progress::head:
        case http_progress::whole: judge(reader_.take()); break;
        }
    }

    void judge(const http_response& answer)
    {
        const auto self = this->shared_from_this(); // the program may cancel from inside
        if (options_.on_answer) {
            options_.on_answer(answer);
        }
        if (is_over()) {
            return;
        }
        websocket_agreement agreed;
        switch (read_websocket_answer(answer, offer_, agreed)) {
        case websocket_verdict::accepted: finish(agreed); break;
        case websocket_verdict::not_spoken: fail(make_error_code(errc::bad_message)); break;
        case websocket_verdict::refused:
            *retry_after_ = retry_after_of(answer);
            fail(make_error_code(kind_of_status(answer.status)));
            break;
        }
    }

    void finish(const websocket_agreement& agreed)
    {
        clock_.cancel();
        auto how = options_.channel;
        how.deflate = agreed.deflate;
        done_.complete({}, channel_type{std::move(stream_), websocket_role::client, how, bytes_});
    }

    void fail(std::error_code ec)
    {
        close();
        done_.complete(ec, channel_type{});
    }

    void close()
    {
        std::error_code ignored; // the attempt is over, whatever closing says
        stream_.lowest_layer().close(ignored);
        names_.cancel();
        clock_.cancel();
    }

    stream_type stream_;
    tcp::resolver names_;
    asio::steady_timer clock_;
    websocket_offer offer_;
    websocket_connector_options options_;
    http_response_reader reader_;
    std::shared_ptr<std::optional<duration>> retry_after_; // its connector's
    std::string bytes_;
    std::array<char, 2048> piece_{};
    completion<void(std::error_code, channel_type)> done_{};
};

} // namespace rejoinder::inline v0::detail

#endif
