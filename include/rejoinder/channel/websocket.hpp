// A channel over a WebSocket (RFC 6455), client and server, on any Asio stream of bytes.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_WEBSOCKET_HPP
#define REJOINDER_CHANNEL_WEBSOCKET_HPP

#include <rejoinder/channel/async_stream.hpp>
#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/unacknowledged.hpp>
#include <rejoinder/channel/detail/websocket_operations.hpp>
#include <rejoinder/channel/detail/websocket_state.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/tune.hpp>
#include <rejoinder/channel/websocket_options.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/no_compression.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/async_result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// A `channel` over a stream on which the WebSocket handshake is over: TCP, Unix sockets, TLS.
///
/// A frame of the channel is a message. What has come is taken in one read, and its messages are delivered together,
/// unmasked where they were read; all that was committed leaves in one write. Idle memory, steady state, errors,
/// cancellation and thread rule are those of `stream`; an unfinished message is held as far as it has come.
///
/// Pings are answered, also while nothing is flushed, as long as somebody receives. The peer's Close frame is answered
/// with its code, behind what is committed once the messages before it have been received, and then told as
/// `asio::error::eof`; so is a stream that ends without one: `close_code` tells them apart. What breaks the protocol
/// ends `async_receive` with `errc::too_big` (code 1009) or `errc::bad_message` (1002, 1007); `async_shutdown` then
/// says that code and not its reason's, and ends the sending half. If a Close frame of this end is not answered within
/// `websocket_options::close_timeout`, the stream is closed, and receives end with `asio::error::timed_out`.
///
/// `Compression` is `permessage_deflate` (`wire/websocket_deflate.hpp`, zlib) for connections that may agree on it.
template <async_stream Stream, class Compression = no_compression>
class websocket {
    static constexpr auto how = waitable_stream<Stream> ? detail::reading::when_ready : detail::reading::asynchronously;
    using state_type = detail::websocket_state<Stream, Compression, how>;

public:
    using executor_type = typename Stream::executor_type;
    using next_layer_type = Stream;

    /// An empty channel: to be assigned to or destroyed.
    websocket() noexcept = default;

    /// A channel over `connected`, on which the handshake is over; `already_read` are bytes behind it that were read
    /// with it. Sets `options.tcp` on a TCP socket, if the system takes them, and makes a `waitable_stream`
    /// non-blocking; if that fails, the first `async_receive` says why.
    explicit websocket(Stream connected, websocket_role role, const websocket_options& options = {},
                       std::string_view already_read = {})
        : state_(std::make_shared<state_type>(std::move(connected), role, options, already_read))
    {
        static_cast<void>(tune(state_->stream, options.tcp)); // without them it is slower, but no less a channel
    }

    websocket(websocket&&) noexcept = default;

    websocket& operator=(websocket&& other) noexcept
    {
        auto replaced = std::exchange(state_, std::move(other.state_));
        if (replaced != nullptr && replaced != state_) {
            replaced->close();
        }
        return *this;
    }

    ~websocket()
    {
        if (state_ != nullptr) {
            state_->close();
        }
    }

    executor_type get_executor() const { return state_->executor(); }

    /// The stream underneath, for its options and endpoints.
    next_layer_type& next_layer() noexcept { return state_->stream; }
    const next_layer_type& next_layer() const noexcept { return state_->stream; }

    /// Bytes committed and not yet accepted by the stream.
    std::size_t pending() const noexcept { return state_->out.pending(); }
    /// Whether the Close frame was said: nothing more is carried.
    bool has_ended() const noexcept { return state_->out.has_ended(); }

    /// Bytes that came so far, those of unfinished messages and of control frames too.
    std::uint64_t received() const noexcept { return state_->in.received(); }

    /// Bytes that the stream accepted and the peer's system has not acknowledged, if it is one of TCP and this system can tell; else 0.
    std::size_t unacknowledged() noexcept { return detail::unacknowledged(state_->stream); }

    /// Bytes that this channel's buffers hold now.
    std::size_t buffer_memory() const noexcept { return state_->in.held() + state_->out.held(); }

    /// The code of the peer's Close frame: 1005 if it had none, 1006 if no Close frame has come. See `close_reason_coded`.
    std::uint16_t close_code() const noexcept { return state_->in.close_code(); }

    /// The text of the peer's Close frame. Valid as long as the channel.
    std::string_view close_text() const noexcept { return state_->in.close_text(); }

    /// Messages are text and binary.
    bool carries(encoding form) const noexcept { return state_->out.carries(form); }

    /// Receives at least one message. Completes with `void(std::error_code, frame_batch)`; see above for the errors.
    /// The batch is valid until the handler returns.
    template <class Token>
    auto async_receive(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, frame_batch)>(start_receive{}, token, state_);
    }

    /// Begins a message; append its body to the result, then `commit`.
    std::string& begin() { return state_->out.begin(); }

    /// Completes the message begun. False, and nothing is appended: it is longer than `message_max`, or text that is not
    /// UTF-8, or one of the two has said Close.
    bool commit(encoding form) { return state_->out.commit(form); }

    /// Commits a ping with `payload`, in order with the messages; `websocket_options::on_control` sees its pong. False:
    /// longer than 125 bytes, or one of the two has said Close. No message begun.
    bool ping(std::string_view payload) { return state_->out.ping(payload); }

    /// Writes all that is committed now. Completes with `void(std::error_code)`: the stream accepted it, or its error.
    template <class Token>
    auto async_flush(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::nothing>{}, token,
                                                                  state_, close_reason::normal);
    }

    /// Flushes, then sends a Close frame with the code and the name of `reason`; the peer's own is still to be
    /// received. Completes with `void(std::error_code)`: the stream accepted it, or its error.
    template <class Token>
    auto async_shutdown(close_reason reason, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::end_of_sending>{},
                                                                  token, state_, reason);
    }

    /// Closes the stream now, without a word. Operations under way complete with `operation_aborted`.
    void close() noexcept { state_->close(); }

private:
    struct start_receive {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<state_type>& state) const
        {
            using operation = detail::websocket_receive<frame_batch, state_type, std::decay_t<Handler>>;
            operation{state, std::decay_t<Handler>(std::forward<Handler>(handler))}.start();
        }
    };

    template <detail::after_flush After>
    struct start_flush {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<state_type>& state, close_reason reason) const
        {
            using operation = detail::websocket_flush<After, state_type, std::decay_t<Handler>>;
            operation{state, std::decay_t<Handler>(std::forward<Handler>(handler)), reason}.start();
        }
    };

    std::shared_ptr<state_type> state_{};
};

} // namespace rejoinder::inline v0

#endif
