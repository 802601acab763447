// A channel over any Asio stream of bytes, with a framing.
#ifndef REJOINDER_CHANNEL_STREAM_HPP
#define REJOINDER_CHANNEL_STREAM_HPP

#include <rejoinder/channel/async_stream.hpp>
#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/flush_operation.hpp>
#include <rejoinder/channel/detail/inbound.hpp>
#include <rejoinder/channel/detail/outbound.hpp>
#include <rejoinder/channel/detail/receive_operation.hpp>
#include <rejoinder/channel/detail/stream_state.hpp>
#include <rejoinder/channel/detail/unacknowledged.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/tcp_options.hpp>
#include <rejoinder/channel/tune.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/framing.hpp>
#include <rejoinder/wire/length_prefix.hpp>

#include <asio/async_result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// A `channel` over a connected `AsyncStream`: TCP, Unix sockets, POSIX descriptors, TLS.
///
/// Takes whatever has come in one read of at most 64 KiB, and writes all that was committed in one go. A
/// `waitable_stream` is waited for and then read into memory of the thread, so that an idle connection holds no buffer;
/// other streams keep a read buffer of 1 KiB that grows with traffic, to 64 KiB. Memory for unfinished frames is
/// bounded by the framing's limit, memory for frames to send by whoever watches `pending`; both go back to the thread
/// when they are empty, and nothing is allocated at steady state. Errors, cancellation and thread rule: as the concept
/// `channel` says.
template <async_stream AsyncStream, framing Framing = length_prefix>
class stream {
    static constexpr auto how =
        waitable_stream<AsyncStream> ? detail::reading::when_ready : detail::reading::asynchronously;
    using inbound_type = detail::inbound<Framing>;
    using outbound_type = detail::outbound<Framing>;
    using state_type = detail::stream_state<AsyncStream, inbound_type, outbound_type, how>;

public:
    using executor_type = typename AsyncStream::executor_type;
    using next_layer_type = AsyncStream;
    using framing_type = Framing;

    /// An empty channel: to be assigned to or destroyed.
    stream() noexcept = default;

    /// A channel over `connected`, whose frames `framing` marks. Sets `options` on a TCP socket (`tune`), if the system
    /// takes them, and makes a `waitable_stream` non-blocking; if that fails, the first `async_receive` says why.
    explicit stream(AsyncStream connected, Framing framing = {}, const tcp_options& options = {})
        // Each direction has a framing of its own: a framing may remember how far it has looked.
        : state_(std::make_shared<state_type>(std::move(connected), inbound_type{framing}, outbound_type{framing}))
    {
        // Without its options a channel is slower, but no less a channel.
        static_cast<void>(tune(state_->stream, options));
    }

    stream(stream&&) noexcept = default;

    stream& operator=(stream&& other) noexcept
    {
        auto replaced = std::exchange(state_, std::move(other.state_));
        if (replaced != nullptr && replaced != state_) {
            replaced->close();
        }
        return *this;
    }

    ~stream()
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

    /// Bytes that came so far, those of unfinished frames too.
    std::uint64_t received() const noexcept { return state_->in.received(); }

    /// Bytes that the stream accepted and the peer's system has not acknowledged, if it is one of TCP and this system can tell; else 0.
    std::size_t unacknowledged() noexcept { return detail::unacknowledged(state_->stream); }

    /// Bytes that this channel's buffers hold now.
    std::size_t buffer_memory() const noexcept { return state_->in.held() + state_->out.held(); }

    bool carries(encoding form) const { return state_->out.carries(form); }

    /// Receives at least one frame. Completes with `void(std::error_code, frame_batch)`; see `channel` for the errors.
    /// The batch is valid until the handler returns.
    template <class Token>
    auto async_receive(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, frame_batch)>(start_receive{}, token, state_);
    }

    /// Begins a frame; append its body to the result, then `commit`.
    std::string& begin() { return state_->out.begin(); }

    /// Completes the frame begun; false, and nothing is appended, if the framing cannot carry it.
    bool commit(encoding form) { return state_->out.commit(form); }

    /// Writes all that is committed now. Completes with `void(std::error_code)`: the stream accepted it, or its error.
    template <class Token>
    auto async_flush(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::nothing>{}, token,
                                                                  state_);
    }

    /// Flushes, then ends the sending half (TCP: FIN; TLS: close_notify; a stream without halves is closed); the peer's
    /// own end is still to be received. Bytes carry no reason, so `reason` is for channels that do. Completes with
    /// `void(std::error_code)`.
    template <class Token>
    auto async_shutdown([[maybe_unused]] close_reason reason, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::end_of_sending>{},
                                                                  token, state_);
    }

    /// Closes now. What the peer has not read yet may be lost; operations under way complete with `operation_aborted`.
    void close() noexcept { state_->close(); }

private:
    struct start_receive {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<state_type>& state) const
        {
            using operation = detail::receive_operation<frame_batch, state_type, std::decay_t<Handler>>;
            operation{state, std::decay_t<Handler>(std::forward<Handler>(handler))}.start();
        }
    };

    template <detail::after_flush After>
    struct start_flush {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<state_type>& state) const
        {
            using operation = detail::flush_operation<After, state_type, std::decay_t<Handler>>;
            operation{state, std::decay_t<Handler>(std::forward<Handler>(handler))}.start();
        }
    };

    std::shared_ptr<state_type> state_{};
};

} // namespace rejoinder::inline v0

#endif
