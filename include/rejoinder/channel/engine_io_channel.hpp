// A channel over an Engine.IO v4 session: frames by polls, by a WebSocket, or first by the one and then by the other.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_ENGINE_IO_CHANNEL_HPP
#define REJOINDER_CHANNEL_ENGINE_IO_CHANNEL_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/engine_io_operations.hpp>
#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// What carries an Engine.IO session.
enum class engine_io_transport : std::uint8_t { polling, websocket };

/// A `channel` whose frames are the messages of one Engine.IO session, text or binary. Pings, polls and the upgrade from polling to a
/// WebSocket are its inner affair, and go on whether or not somebody receives.
///
/// A flush completes when all of it was put into the answer of a poll, or a WebSocket accepted it. Of what came at most a poll's body, or
/// a little more than a WebSocket's message, is held: as long as it is not received, a POST is not answered, and no more is read.
/// `async_receive` ends with `asio::error::eof` when the peer is done, `asio::error::timed_out` when a pong did not come in time,
/// `asio::error::connection_reset` when a poll was given up, `asio::error::connection_aborted` when the server closed, `errc::bad_message`
/// or `errc::too_big`. A session that has ended so has said farewell, too. Used from its server's executor.
class engine_io_channel {
public:
    using executor_type = asio::any_io_executor;

    /// An empty channel: to be assigned to or destroyed.
    engine_io_channel() noexcept = default;

    /// For servers and connectors: the channel of a session.
    explicit engine_io_channel(std::shared_ptr<engine_io_pipe> session) noexcept : session_(std::move(session)) {}

    engine_io_channel(engine_io_channel&&) noexcept = default;

    engine_io_channel& operator=(engine_io_channel&& other) noexcept
    {
        auto replaced = std::exchange(session_, std::move(other.session_));
        if (replaced != nullptr && replaced != session_) {
            replaced->close();
        }
        return *this;
    }

    ~engine_io_channel()
    {
        if (session_ != nullptr) {
            session_->close();
        }
    }

    executor_type get_executor() const { return session_->executor(); }

    /// What carries it now. Once a WebSocket does, it does to the end.
    [[nodiscard]] engine_io_transport transport() const noexcept
    {
        return session_->polls() ? engine_io_transport::polling : engine_io_transport::websocket;
    }

    /// Bytes committed and not yet accepted, and 16 for each message.
    std::size_t pending() const noexcept { return session_->pending(); }
    /// Whether the session is over: nothing more is carried.
    bool has_ended() const noexcept { return session_->has_ended(); }
    /// Whether any message that it carries has room among those that wait.
    bool has_room() const noexcept { return session_->has_room(); }

    /// Bytes that came so far, those of pongs too.
    std::uint64_t received() const noexcept { return session_->received(); }

    /// Messages are text and binary.
    bool carries(encoding) const noexcept { return true; }

    /// Receives at least one message. Completes with `void(std::error_code, frame_batch)`; see above for the errors.
    template <class Token>
    auto async_receive(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, frame_batch)>(start_receive{}, token, session_);
    }

    /// Begins a message; append its body to the result, then `commit`.
    std::string& begin() { return session_->begin(); }

    /// Completes the message begun. False, and nothing is appended: it is too long, it is text that is not UTF-8 or, on polls, holds the
    /// character U+001E, too much is waiting already, or the session has ended.
    bool commit(encoding form) { return session_->commit(form); }

    /// Sends all that is committed now. Completes with `void(std::error_code)`.
    template <class Token>
    auto async_flush(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::nothing>{}, token,
                                                                  session_, close_reason::normal);
    }

    /// Flushes, then ends the session: by a packet in the answer of a poll, or a Close frame that says `reason`. Completes with
    /// `void(std::error_code)`.
    template <class Token>
    auto async_shutdown(close_reason reason, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::end_of_sending>{},
                                                                  token, session_, reason);
    }

    /// Ends the session now. A poll that waits is answered; a WebSocket ends without a word.
    void close() noexcept { session_->close(); }

private:
    struct start_receive {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<engine_io_pipe>& session) const
        {
            using operation = detail::engine_io_receive<frame_batch, std::decay_t<Handler>>;
            operation{session, std::decay_t<Handler>(std::forward<Handler>(handler))}.start();
        }
    };

    template <detail::after_flush After>
    struct start_flush {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<engine_io_pipe>& session, close_reason reason) const
        {
            using operation = detail::engine_io_flush<After, std::decay_t<Handler>>;
            operation{session, std::decay_t<Handler>(std::forward<Handler>(handler)), reason}.start();
        }
    };

    std::shared_ptr<engine_io_pipe> session_{};
};

static_assert(channel<engine_io_channel>);

} // namespace rejoinder::inline v0

#endif
