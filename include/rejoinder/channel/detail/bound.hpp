// A handler with its arguments, ready to be dispatched or posted, and the allocator that its memory comes from.
#ifndef REJOINDER_CHANNEL_DETAIL_BOUND_HPP
#define REJOINDER_CHANNEL_DETAIL_BOUND_HPP

#include <rejoinder/channel/recycled_memory.hpp>

#include <asio/associated_allocator.hpp>

#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

template <class Allocator>
struct allocator_choice {
    using type = Allocator;
};

// `std::allocator` is what Asio reports for a handler that chose none.
template <class T>
struct allocator_choice<std::allocator<T>> {
    using type = recycled_allocator<void>;
};

/// The allocator of everything that is made on behalf of a handler: its own, or the recycling one if it chose none.
template <class Handler>
using handler_allocator = typename allocator_choice<asio::associated_allocator_t<Handler>>::type;

template <class Handler>
handler_allocator<Handler> allocator_of(const Handler& handler) noexcept
{
    if constexpr (std::is_same_v<handler_allocator<Handler>, recycled_allocator<void>>) {
        return {};
    } else {
        return asio::get_associated_allocator(handler);
    }
}

/// A nullary function that calls `handler` once with `args`. It names no executor: whoever posts it has chosen one.
template <class Handler, class... Args>
class bound {
public:
    using allocator_type = handler_allocator<Handler>;

    template <class... Values>
    explicit bound(Handler&& handler, Values&&... values)
        : handler_(std::move(handler)), args_(std::forward<Values>(values)...)
    {}

    allocator_type get_allocator() const noexcept { return allocator_of(handler_); }

    void operator()()
    {
        std::apply([this](Args&... args) { std::move(handler_)(std::move(args)...); }, args_);
    }

private:
    Handler handler_;
    std::tuple<Args...> args_;
};

} // namespace rejoinder::inline v0::detail

#endif
