// What two memory channels share, and what each has for itself.
#ifndef REJOINDER_CHANNEL_DETAIL_MEMORY_LINK_HPP
#define REJOINDER_CHANNEL_DETAIL_MEMORY_LINK_HPP

#include <rejoinder/channel/detail/outbound.hpp>
#include <rejoinder/channel/recycled_strings.hpp>

#include <rejoinder/wire/length_prefix.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// One side of a link. The timers never expire: an operation that has to wait is parked in one, so that it belongs to
/// its execution context, which cancels it by its slot and destroys it when it is destroyed itself; waking it is
/// cancelling.
struct memory_side {
    std::optional<asio::steady_timer> readable{}; // none once it is closed
    std::optional<asio::steady_timer> writable{};
    std::string arrived{}; // frames handed over and not yet received
    bool closed = false;
    bool done = false; // sends no more

    explicit memory_side(const asio::any_io_executor& executor)
    {
        readable.emplace(executor, asio::steady_timer::time_point::max());
        writable.emplace(executor, asio::steady_timer::time_point::max());
    }

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
};

/// Everything in it is guarded by the mutex, which is never held over a handler.
struct memory_link {
    std::mutex mutex{};
    std::array<memory_side, 2> sides;

    memory_link(const asio::any_io_executor& first, const asio::any_io_executor& second)
        : sides{memory_side{first}, memory_side{second}}
    {}
};

/// One channel's state; what is not in the link belongs to the channel's executor.
struct memory_state {
    using executor_type = asio::any_io_executor;

    std::shared_ptr<memory_link> link;
    std::size_t index;
    executor_type own_executor;
    length_prefix framing;
    outbound<length_prefix> out;
    bool receiving = false;
    bool flushing = false;

    memory_state(std::shared_ptr<memory_link> shared, std::size_t side, executor_type executor, length_prefix marks)
        : link(std::move(shared)), index(side), own_executor(std::move(executor)), framing(marks), out(marks)
    {}

    const executor_type& executor() const noexcept { return own_executor; }
    memory_side& mine() const noexcept { return link->sides[index]; }
    memory_side& peer() const noexcept { return link->sides[1 - index]; }

    void close()
    {
        const std::lock_guard lock{link->mutex};
        mine().closed = true;
        mine().readable.reset();
        mine().writable.reset();
        recycled_strings::give(std::exchange(mine().arrived, {}));
        peer().wake_reader();
        peer().wake_writer();
    }
};

} // namespace rejoinder::inline v0::detail

#endif
