// A TCP socket with TLS over it, or without: which one, the URL decides.
// Not behind the door: it needs OpenSSL.
#ifndef REJOINDER_CHANNEL_TLS_STREAM_HPP
#define REJOINDER_CHANNEL_TLS_STREAM_HPP

#include <asio/async_result.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// An `async_stream`, so that one channel type serves `ws://` and `wss://`. Moving it moves nothing of the operations under way, which go on.
/// One reading and one writing operation at a time; distinct objects are independent.
class tls_stream {
public:
    using executor_type = asio::ip::tcp::socket::executor_type;
    using next_layer_type = asio::ssl::stream<asio::ip::tcp::socket>;
    using lowest_layer_type = asio::ip::tcp::socket::lowest_layer_type;

    enum class mode { tls, plain };

    /// The context's settings are the stream's; it is kept.
    tls_stream(asio::ip::tcp::socket&& socket, std::shared_ptr<asio::ssl::context> context, mode how)
        : state_(std::make_unique<state>(std::move(socket), std::move(context), how))
    {}

    executor_type get_executor() const { return state_->stream.lowest_layer().get_executor(); }
    next_layer_type& next_layer() noexcept { return state_->stream; }
    lowest_layer_type& lowest_layer() noexcept { return state_->stream.lowest_layer(); }
    const lowest_layer_type& lowest_layer() const noexcept { return std::as_const(state_->stream).lowest_layer(); }
    [[nodiscard]] bool is_plain() const noexcept { return state_->how == mode::plain; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& to, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            [here = state_.get()](auto&& handler, const Buffers& into) {
                using handler_type = decltype(handler);
                here->how == mode::plain
                    ? here->stream.next_layer().async_read_some(into, std::forward<handler_type>(handler))
                    : here->stream.async_read_some(into, std::forward<handler_type>(handler));
            },
            token, to);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            [here = state_.get()](auto&& handler, const Buffers& out) {
                using handler_type = decltype(handler);
                here->how == mode::plain
                    ? here->stream.next_layer().async_write_some(out, std::forward<handler_type>(handler))
                    : here->stream.async_write_some(out, std::forward<handler_type>(handler));
            },
            token, from);
    }

private:
    struct state {
        state(asio::ip::tcp::socket&& socket, std::shared_ptr<asio::ssl::context> by, mode which)
            : context(std::move(by)), stream(std::move(socket), *context), how(which)
        {}

        std::shared_ptr<asio::ssl::context> context;
        next_layer_type stream;
        mode how;
    };

    std::unique_ptr<state> state_;
};

} // namespace rejoinder::inline v0

#endif
