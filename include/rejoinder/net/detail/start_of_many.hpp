// The initiations of what a hub does with many: a question to all, and going down.
#ifndef REJOINDER_NET_DETAIL_START_OF_MANY_HPP
#define REJOINDER_NET_DETAIL_START_OF_MANY_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/net/ask_all_options.hpp>
#include <rejoinder/net/detail/broadcast.hpp>
#include <rejoinder/net/detail/drain.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/shutdown_options.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Starts a question to all. It keeps what the line leads to alive until then, for lazy tokens.
template <class Line>
struct start_broadcast {
    Line line;
    message_kind kind;
    ask_all_options how;

    using executor_type = asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return line.get_executor(); }

    template <class Handler>
    void operator()(Handler&& handler, const outgoing& words) const
    {
        auto& calls = line.hub->calls();
        calls.open_all(kind, calls.inside(line.to), words, how, {std::forward<Handler>(handler), get_executor()});
    }
};

/// Starts a hub's way down.
template <class State>
struct start_shutdown {
    std::shared_ptr<State> hub;
    shutdown_options how;

    using executor_type = asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return hub->setting().executor; }

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        hub->shut_down(how, {std::forward<Handler>(handler), get_executor()});
    }
};

} // namespace rejoinder::inline v0::detail

#endif
