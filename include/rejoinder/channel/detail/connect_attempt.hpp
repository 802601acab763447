// One attempt to open a socket: its socket, its completion, and its end at once when it is cancelled.
#ifndef REJOINDER_CHANNEL_DETAIL_CONNECT_ATTEMPT_HPP
#define REJOINDER_CHANNEL_DETAIL_CONNECT_ATTEMPT_HPP

#include <rejoinder/channel/completion.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Shared by the steps of one attempt, which find it over when its completion is gone. Cancelling does not wait for the
/// step under way: looking up a name may take the operating system half a minute, and cannot be interrupted.
template <class Socket, class Channel>
class connect_attempt : public std::enable_shared_from_this<connect_attempt<Socket, Channel>> {
public:
    using socket_type = Socket;

    explicit connect_attempt(const asio::any_io_executor& executor) : socket(executor) {}

    template <class Handler>
    void hold(Handler&& handler)
    {
        done_ = completion<void(std::error_code, Channel)>{std::forward<Handler>(handler), socket.get_executor()};
        if (auto slot = done_.slot(); slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (const auto self = weak.lock()) {
                    self->cancel();
                }
            });
        }
    }

    bool is_over() const noexcept { return !done_; }

    /// Ends the attempt from one of its steps; the channel is made of the socket and `how`.
    template <class... How>
    void finish(std::error_code ec, const How&... how)
    {
        if (is_over()) {
            return;
        }
        if (ec) {
            done_.complete(ec, Channel{});
            return;
        }
        done_.complete(ec, Channel{std::move(socket), how...});
    }

    Socket socket;

private:
    void cancel()
    {
        if (is_over()) {
            return;
        }
        std::error_code ignored; // the attempt is over, whatever closing says
        socket.close(ignored);
        done_.post(asio::error::operation_aborted, Channel{});
    }

    completion<void(std::error_code, Channel)> done_{};
};

} // namespace rejoinder::inline v0::detail

#endif
