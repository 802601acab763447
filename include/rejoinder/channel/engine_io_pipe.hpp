// The half of an Engine.IO session that its channel sees: messages in, messages out, and the end.
#ifndef REJOINDER_CHANNEL_ENGINE_IO_PIPE_HPP
#define REJOINDER_CHANNEL_ENGINE_IO_PIPE_HPP

#include <rejoinder/channel/detail/engine_io_queue.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/is_utf8.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace rejoinder::inline v0 {

/// How much a pipe takes.
struct engine_io_pipe_bounds {
    std::size_t message_max; ///< bytes
    std::size_t bytes_max;   ///< to be sent, their overhead included
    std::size_t count_max;   ///< messages to be sent
};

/// Below an `engine_io_channel`, for servers and clients: what derives from it moves the messages, by polls, by a WebSocket, by one after
/// the other.
///
/// The timers never expire: an operation that has to wait is parked in one, so that it belongs to its execution context, which cancels
/// it by its slot and destroys it when it is destroyed itself; waking it is cancelling. Used from its executor.
class engine_io_pipe {
public:
    using executor_type = asio::any_io_executor;

    engine_io_pipe(const engine_io_pipe&) = delete;
    engine_io_pipe& operator=(const engine_io_pipe&) = delete;
    virtual ~engine_io_pipe() = default;

    // For the channel and its operations

    [[nodiscard]] const executor_type& executor() const noexcept { return executor_; }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }
    /// Whether nothing more is carried.
    [[nodiscard]] bool has_ended() const noexcept { return closed_ || end_ || shut_; }
    /// Whether any message that it carries has room: short of that some are refused for what waits before them.
    [[nodiscard]] bool has_room() const noexcept
    {
        return out_.count() < bounds_.count_max - bounds_.count_max / 8 &&
               pending() + bounds_.message_max <= bounds_.bytes_max;
    }
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    [[nodiscard]] std::size_t pending() const noexcept { return out_.weight() + in_flight_; }
    /// Whether messages go by polls now.
    [[nodiscard]] bool polls() const noexcept { return polls_; }

    std::string& begin() { return out_.begin(); }
    bool commit(encoding form)
    {
        const auto body = out_.begun();
        const bool text = form == encoding::text;
        if (has_ended() || body.size() > bounds_.message_max || out_.count() >= bounds_.count_max ||
            pending() + body.size() > bounds_.bytes_max ||
            (text && ((polls_ && body.find(separator) != std::string_view::npos) || !is_utf8(body)))) {
            out_.drop_begun();
            return false;
        }
        out_.commit(form);
        return true;
    }

    [[nodiscard]] bool must_wait_to_receive() const noexcept { return !closed_ && in_.empty() && !end_; }
    /// Only if there is nothing to wait for, or the operation was cancelled.
    std::error_code receive(std::string& storage, std::vector<frame_view>& frames)
    {
        if (closed_) {
            return asio::error::operation_aborted;
        }
        if (in_.empty()) {
            return end_ ? end_ : std::error_code{asio::error::operation_aborted};
        }
        in_.take_all(storage, frames);
        on_taken();
        return {};
    }

    /// Lets go what is committed.
    void release()
    {
        out_.drop_begun();
        released_ = out_.count();
        if (released_ != 0 && !end_ && !closed_) {
            on_released();
        }
    }
    [[nodiscard]] bool must_wait_to_flush() const noexcept
    {
        return !closed_ && !end_ && (released_ != 0 || in_flight_ != 0);
    }
    /// When there is nothing to wait for.
    [[nodiscard]] std::error_code flushed() const
    {
        if (closed_) {
            return asio::error::operation_aborted;
        }
        return pending() != 0 && end_ ? std::error_code{asio::error::broken_pipe} : std::error_code{};
    }

    /// Nothing more will be committed: says farewell behind what is released, once.
    void shut(close_reason reason)
    {
        if (!shut_ && !end_ && !closed_) {
            shut_ = true;
            on_shut(reason);
        }
    }
    [[nodiscard]] bool must_wait_for_farewell() const noexcept { return !closed_ && !end_ && !told_; }

    void close() noexcept
    {
        if (closed_) {
            return;
        }
        closed_ = true;
        readable.reset();
        writable.reset();
        in_.clear();
        try {
            on_close();
        } catch (...) { // out of memory for a last word
        }
    }

    std::optional<asio::steady_timer> readable; // none once it is closed
    std::optional<asio::steady_timer> writable;
    bool receiving = false;
    bool flushing = false;

protected:
    engine_io_pipe(const executor_type& executor, const engine_io_pipe_bounds& bounds)
        : executor_(executor), bounds_(bounds)
    {
        readable.emplace(executor, asio::steady_timer::time_point::max());
        writable.emplace(executor, asio::steady_timer::time_point::max());
    }

    // What the carrier is told. None of these may call the program.
    virtual void on_taken() = 0;    ///< all that had come is received
    virtual void on_released() = 0; ///< there is something to send
    virtual void
    on_shut(close_reason reason) = 0; ///< nothing more will be released; behind the rest: farewell, then `told`
    virtual void on_close() = 0;

    // What the carrier does

    void came(const frame_view& frame) { in_.push(frame); }
    void wake_reader()
    {
        if (readable) {
            readable->cancel();
        }
    }
    void wake_writer()
    {
        if (writable) {
            writable->cancel();
        }
    }
    void count_received(std::size_t bytes) noexcept { received_ += bytes; }
    [[nodiscard]] std::size_t untaken() const noexcept { return in_.weight(); }

    [[nodiscard]] bool has_released() const noexcept { return released_ != 0; }
    [[nodiscard]] frame_view front() const noexcept { return out_.front(); }
    void pop()
    {
        out_.pop();
        --released_;
    }
    void set_in_flight(std::size_t bytes) noexcept { in_flight_ = bytes; }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    void set_polls(bool polls) noexcept { polls_ = polls; }

    [[nodiscard]] bool is_shut() const noexcept { return shut_; }
    void told()
    {
        told_ = true;
        wake_writer();
    }
    /// Nothing more comes or goes; what came is still received.
    void ended(std::error_code why)
    {
        end_ = why;
        wake_reader();
        wake_writer();
    }

private:
    static constexpr char separator = '\x1E'; // of packets in the body of a poll

    executor_type executor_;
    engine_io_pipe_bounds bounds_;
    detail::engine_io_queue in_;
    detail::engine_io_queue out_;
    std::size_t released_ = 0;  // messages, of `out_`
    std::size_t in_flight_ = 0; // bytes that have left `out_`, and that the link has not accepted yet
    std::uint64_t received_ = 0;
    std::error_code end_;
    bool polls_ = false;
    bool shut_ = false;
    bool told_ = false;
    bool closed_ = false;
};

} // namespace rejoinder::inline v0

#endif
