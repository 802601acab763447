// One namespace's share of a Socket.IO transport: what came for it, and what of it waits to be written.
#ifndef REJOINDER_CHANNEL_DETAIL_SOCKET_IO_LINE_HPP
#define REJOINDER_CHANNEL_DETAIL_SOCKET_IO_LINE_HPP

#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

class socket_io_line;

/// The transport, as its lines see it. Its writer is theirs together: frames that are committed without a pause stay together.
class socket_io_trunk {
public:
    virtual std::string& begin() = 0;
    virtual bool commit(encoding form) = 0;
    virtual bool carries(encoding form) const = 0;
    /// Whether the transport carries nothing more.
    virtual bool has_ended() const noexcept = 0;
    /// Whether any message has room among those of all lines.
    virtual bool takes_more() const noexcept = 0;
    /// Bytes committed and not yet accepted, of all lines.
    virtual std::size_t waiting() const noexcept = 0;
    /// Sees to it that all that is committed now goes out; returns the number of the flush that takes it.
    virtual std::uint64_t release() = 0;
    virtual std::uint64_t flushed() const noexcept = 0;
    /// A line has room again for what comes.
    virtual void taken() = 0;
    /// A line's user has said all, and why it ends.
    virtual void shut(socket_io_line& line, close_reason why) = 0;
    /// A line is closed, whatever it has said.
    virtual void closed(socket_io_line& line) = 0;

protected:
    ~socket_io_trunk() = default;
};

/// Shared by a namespace's channel, its operations and the trunk, until one of them ends it.
///
/// The timers never expire: an operation that has to wait is parked in one, so that it belongs to its execution context; waking it is
/// cancelling. Used from the transport's executor.
class socket_io_line {
public:
    using executor_type = asio::any_io_executor;

    socket_io_line(const executor_type& executor, std::shared_ptr<socket_io_trunk> trunk, std::string_view name)
        : executor_(executor), trunk_(std::move(trunk)), name_(name)
    {
        readable.emplace(executor, asio::steady_timer::time_point::max());
        writable.emplace(executor, asio::steady_timer::time_point::max());
    }
    socket_io_line(const socket_io_line&) = delete;
    socket_io_line& operator=(const socket_io_line&) = delete;
    ~socket_io_line() { recycled_strings::give(std::move(bytes_)); }

    [[nodiscard]] const executor_type& executor() const noexcept { return executor_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    // For the channel and its operations

    [[nodiscard]] bool carries(encoding form) const { return trunk_ != nullptr && trunk_->carries(form); }
    [[nodiscard]] std::size_t pending() const noexcept
    {
        return trunk_ == nullptr || end_ ? 0 : std::min(unflushed_ + in_flight_, trunk_->waiting());
    }

    std::string& begin()
    {
        begun_ = trunk_ == nullptr || end_ ? &nowhere_ : &trunk_->begin();
        nowhere_.clear();
        mark_ = begun_->size();
        return *begun_;
    }
    [[nodiscard]] bool has_ended() const noexcept { return trunk_ == nullptr || end_ || trunk_->has_ended(); }
    [[nodiscard]] bool has_room() const noexcept { return trunk_ == nullptr || end_ || trunk_->takes_more(); }
    bool commit(encoding form)
    {
        if (begun_ == &nowhere_ || trunk_ == nullptr || end_) {
            return true; // to nobody
        }
        const auto size = begun_->size() - mark_;
        const char type = size != 0 ? (*begun_)[mark_] : '\0';
        if (!trunk_->commit(form)) {
            return false;
        }
        refused_ = refused_ || (!joined_ && type == '4');
        joined_ = joined_ || type == '0';
        has_left_ = has_left_ || type == '1';
        unflushed_ += size;
        return true;
    }

    [[nodiscard]] bool must_wait_to_receive() const noexcept { return !closed_ && !end_ && entries_.empty(); }
    /// Only if there is nothing to wait for, or the operation was cancelled.
    std::error_code receive(std::string& storage, std::vector<frame_view>& frames)
    {
        if (closed_) {
            return asio::error::operation_aborted;
        }
        if (entries_.empty()) {
            return end_ ? end_ : std::error_code{asio::error::operation_aborted};
        }
        storage.swap(bytes_);
        std::size_t at = 0;
        for (const auto& one : entries_) {
            frames.push_back({std::string_view{storage}.substr(at, one.size), one.form});
            at += one.size;
        }
        bytes_.clear();
        entries_.clear();
        if (trunk_ != nullptr) {
            trunk_->taken();
        }
        return {};
    }

    void release()
    {
        if (trunk_ != nullptr && !end_ && unflushed_ + in_flight_ != 0) {
            wanted_ = trunk_->release();
        }
    }
    [[nodiscard]] bool must_wait_to_flush() const noexcept
    {
        return trunk_ != nullptr && !closed_ && !end_ && trunk_->flushed() < wanted_;
    }
    [[nodiscard]] std::error_code flush_error() const noexcept
    {
        return closed_ ? std::error_code{asio::error::operation_aborted} : write_error_;
    }

    void shut(close_reason why)
    {
        if (trunk_ != nullptr) {
            const auto trunk = trunk_;
            trunk->shut(*this, why);
        }
    }

    void close() noexcept
    {
        if (std::exchange(closed_, true)) {
            return;
        }
        readable.reset();
        writable.reset();
        if (const auto trunk = std::exchange(trunk_, nullptr)) {
            trunk->closed(*this);
        }
    }

    std::optional<asio::steady_timer> readable; // none once it is closed
    std::optional<asio::steady_timer> writable;
    bool receiving = false;
    bool flushing = false;

    // For the trunk

    /// Whether the server's CONNECT was said.
    [[nodiscard]] bool is_joined() const noexcept { return joined_; }
    /// Whether CONNECT_ERROR was said instead: the peer is not in, though its user has yet to end this.
    [[nodiscard]] bool is_refused() const noexcept { return refused_; }
    /// Whether the peer may CONNECT anew: it was refused, or told DISCONNECT, which it may have before its user has ended this.
    [[nodiscard]] bool is_over() const noexcept { return refused_ || has_left_; }
    [[nodiscard]] std::size_t untaken() const noexcept { return bytes_.size() + entries_.size() * sizeof(entry); }

    void came(const frame_view& frame)
    {
        if (bytes_.empty() && bytes_.capacity() <= std::string{}.capacity()) {
            bytes_ = recycled_strings::take(); // more frames may follow, and all are received soon
            bytes_.clear();
        }
        bytes_.append(frame.bytes);
        entries_.push_back({frame.bytes.size(), frame.form});
        wake(readable);
    }
    void flush_begins() noexcept { in_flight_ += std::exchange(unflushed_, 0); }
    void flush_ends() noexcept
    {
        in_flight_ = 0;
        wake(writable);
    }
    /// Nothing more comes or goes; what came is still received.
    void ended(std::error_code why, std::error_code unwritten = {})
    {
        if (!end_) {
            end_ = why;
            write_error_ = unwritten;
        }
        trunk_ = nullptr;
        wake(readable);
        wake(writable);
    }

private:
    struct entry {
        std::size_t size;
        encoding form;
    };

    static void wake(std::optional<asio::steady_timer>& parked)
    {
        if (parked) {
            parked->cancel();
        }
    }

    executor_type executor_;
    std::shared_ptr<socket_io_trunk> trunk_; // none once it has ended
    std::string name_;
    std::string bytes_; // of what came
    std::vector<entry> entries_;
    std::string nowhere_;
    std::string* begun_ = &nowhere_;
    std::size_t mark_ = 0;
    std::size_t unflushed_ = 0; // bytes committed since the last flush began
    std::size_t in_flight_ = 0; // bytes of that one
    std::uint64_t wanted_ = 0;  // the flush that takes what was released
    std::error_code end_;
    std::error_code write_error_;
    bool joined_ = false;
    bool refused_ = false;
    bool has_left_ = false;
    bool closed_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
