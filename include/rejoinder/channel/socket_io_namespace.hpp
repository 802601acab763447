// One namespace of a Socket.IO transport, as a channel.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_SOCKET_IO_NAMESPACE_HPP
#define REJOINDER_CHANNEL_SOCKET_IO_NAMESPACE_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/socket_io_line.hpp>
#include <rejoinder/channel/detail/socket_io_operations.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// A `channel` for the packets of one namespace, made by a `socket_io_splitter`. It shares its transport with the other namespaces: a
/// packet and its attachments are to be committed without a pause.
///
/// A shutdown for the reasons `normal` and `replaced` (after the DISCONNECT that the user has written) or `refused` leaves the
/// namespace, and the transport goes on; for any other, and if it is closed without a shutdown, the transport ends, too. Once the peer
/// has left, what is written goes nowhere. Used from the transport's executor.
class socket_io_namespace {
public:
    using executor_type = asio::any_io_executor;

    /// An empty channel: to be assigned to or destroyed.
    socket_io_namespace() noexcept = default;
    explicit socket_io_namespace(std::shared_ptr<detail::socket_io_line> line) noexcept : line_(std::move(line)) {}

    socket_io_namespace(socket_io_namespace&&) noexcept = default;
    socket_io_namespace& operator=(socket_io_namespace&& other) noexcept
    {
        const auto replaced = std::exchange(line_, std::move(other.line_));
        if (replaced != nullptr && replaced != line_) {
            replaced->close();
        }
        return *this;
    }
    ~socket_io_namespace()
    {
        if (line_ != nullptr) {
            line_->close();
        }
    }

    executor_type get_executor() const { return line_->executor(); }
    /// Bytes committed and not yet accepted by the transport.
    std::size_t pending() const noexcept { return line_->pending(); }
    bool carries(encoding form) const { return line_->carries(form); }

    /// Receives at least one frame. Completes with `void(std::error_code, frame_batch)`; see `channel` for the errors.
    template <class Token>
    auto async_receive(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, frame_batch)>(start_receive{}, token, line_);
    }

    /// Begins a frame; append its body to the result, then `commit`.
    std::string& begin() { return line_->begin(); }
    /// Completes the frame begun; false, and nothing is appended, if the transport cannot carry it.
    bool commit(encoding form) { return line_->commit(form); }
    /// Whether the transport carries nothing more.
    bool has_ended() const noexcept { return line_->has_ended(); }
    /// Whether the transport has room for more, which all of its namespaces share.
    bool has_room() const noexcept { return line_->has_room(); }

    /// Hands over all that is committed now. Completes with `void(std::error_code)`.
    template <class Token>
    auto async_flush(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::nothing>{}, token,
                                                                  line_, close_reason::normal);
    }
    /// Flushes, then leaves the namespace, or ends the transport. Completes with `void(std::error_code)`.
    template <class Token>
    auto async_shutdown(close_reason reason, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::end_of_sending>{},
                                                                  token, line_, reason);
    }

    /// Closes now, and the transport with it, unless the namespace was left before.
    void close() { line_->close(); }

private:
    struct start_receive {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<detail::socket_io_line>& line) const
        {
            detail::socket_io_receive<frame_batch, std::decay_t<Handler>>{
                line, std::decay_t<Handler>(std::forward<Handler>(handler))}
                .start();
        }
    };

    template <detail::after_flush After>
    struct start_flush {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<detail::socket_io_line>& line, close_reason why) const
        {
            detail::socket_io_flush<After, std::decay_t<Handler>>{
                line, std::decay_t<Handler>(std::forward<Handler>(handler)), why}
                .start();
        }
    };

    std::shared_ptr<detail::socket_io_line> line_{};
};

} // namespace rejoinder::inline v0

#endif
