// Calls out of a loop that must go on whatever is thrown.
#ifndef REJOINDER_NET_DETAIL_GUARDED_HPP
#define REJOINDER_NET_DETAIL_GUARDED_HPP

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <exception>

namespace rejoinder::inline v0::detail {

/// A completion that throws must not take the connection's loop with it: its exception leaves `run` of the execution context all the same.
template <class F>
void guarded(const asio::any_io_executor& executor, F call_out)
{
    try {
        call_out();
    } catch (...) {
        asio::post(executor, [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
    }
}

} // namespace rejoinder::inline v0::detail

#endif
