// A pair of channels within one process, connected to each other: no socket, no copy.
#ifndef REJOINDER_CHANNEL_MEMORY_HPP
#define REJOINDER_CHANNEL_MEMORY_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/memory_link.hpp>
#include <rejoinder/channel/detail/memory_operations.hpp>
#include <rejoinder/channel/frame_batch.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/length_prefix.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// One end of a `memory_pair`: a `channel` that hands its buffer over to the other end.
///
/// A flush completes when the peer has room, which is when it has received all that was flushed before: so at most one
/// flush's bytes wait there. Once the peer has closed, a flush with bytes ends with `asio::error::broken_pipe`, and
/// receives end with `asio::error::eof` after what had been flushed. Nothing is allocated at steady state, as long as
/// bytes go both ways or both ends run on one thread. Each end is used from its own executor; the two executors may run
/// on different threads.
class memory {
public:
    using executor_type = asio::any_io_executor;

    /// An empty channel: to be assigned to or destroyed.
    memory() noexcept = default;

    memory(memory&&) noexcept = default;

    memory& operator=(memory&& other) noexcept
    {
        auto replaced = std::exchange(state_, std::move(other.state_));
        if (replaced != nullptr && replaced != state_) {
            replaced->close();
        }
        return *this;
    }

    ~memory()
    {
        if (state_ != nullptr) {
            state_->close();
        }
    }

    executor_type get_executor() const { return state_->executor(); }

    /// Bytes committed and not yet accepted by the peer.
    std::size_t pending() const noexcept { return state_->out.pending(); }

    bool carries(encoding form) const { return state_->out.carries(form); }

    /// Receives at least one frame. Completes with `void(std::error_code, frame_batch)`; see `channel` for the errors.
    template <class Token>
    auto async_receive(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code, frame_batch)>(start_receive{}, token, state_);
    }

    /// Begins a frame; append its body to the result, then `commit`.
    std::string& begin() { return state_->out.begin(); }

    /// Completes the frame begun; false, and nothing is appended, if it is longer than the pair's limit.
    bool commit(encoding form) { return state_->out.commit(form); }

    /// Hands over all that is committed now. Completes with `void(std::error_code)`.
    template <class Token>
    auto async_flush(Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::nothing>{}, token,
                                                                  state_);
    }

    /// Flushes; after that the peer receives `asio::error::eof`. Completes with `void(std::error_code)`.
    template <class Token>
    auto async_shutdown([[maybe_unused]] close_reason reason, Token&& token)
    {
        return asio::async_initiate<Token, void(std::error_code)>(start_flush<detail::after_flush::end_of_sending>{},
                                                                  token, state_);
    }

    /// Closes now; what the peer has not received of the flushed stays receivable there.
    void close() { state_->close(); }

    friend std::pair<memory, memory> memory_pair(const asio::any_io_executor& first,
                                                 const asio::any_io_executor& second, std::size_t frame_bytes_max);

private:
    explicit memory(std::shared_ptr<detail::memory_state> state) noexcept : state_(std::move(state)) {}

    struct start_receive {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<detail::memory_state>& state) const
        {
            detail::memory_receive<frame_batch, std::decay_t<Handler>>{
                state, std::decay_t<Handler>(std::forward<Handler>(handler))}
                .start();
        }
    };

    template <detail::after_flush After>
    struct start_flush {
        template <class Handler>
        void operator()(Handler&& handler, const std::shared_ptr<detail::memory_state>& state) const
        {
            detail::memory_flush<After, std::decay_t<Handler>>{state,
                                                               std::decay_t<Handler>(std::forward<Handler>(handler))}
                .start();
        }
    };

    std::shared_ptr<detail::memory_state> state_{};
};

/// Two connected channels, the first on `first`, the second on `second`, for frames of up to `frame_bytes_max` bytes.
inline std::pair<memory, memory> memory_pair(const asio::any_io_executor& first, const asio::any_io_executor& second,
                                             std::size_t frame_bytes_max = std::size_t{1} << 20)
{
    const auto link = std::make_shared<detail::memory_link>(first, second);
    const length_prefix framing{.limit = frame_bytes_max};
    return {memory{std::make_shared<detail::memory_state>(link, 0, first, framing)},
            memory{std::make_shared<detail::memory_state>(link, 1, second, framing)}};
}

} // namespace rejoinder::inline v0

#endif
