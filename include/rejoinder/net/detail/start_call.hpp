// The initiations of calls: from a completion token's handler to a session's pending call.
#ifndef REJOINDER_NET_DETAIL_START_CALL_HPP
#define REJOINDER_NET_DETAIL_START_CALL_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/speaking.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Starts an operation, or says in one line what is wrong with its token. What is left out of a call makes another argument its token.
template <class Signature, class Token, class Start, class... Given>
auto initiate(Start start, Token& token, Given&&... given)
{
    constexpr bool good = asio::completion_token_for<Token, Signature>;
    constexpr bool is_call = std::is_same_v<Signature, void(std::error_code, reply)>;
    static_assert(good || !is_call, "rejoinder: a call's last argument is a completion token: a function of "
                                    "(std::error_code, rejoinder::reply), asio::use_awaitable, ...");
    static_assert(good || is_call, "rejoinder: this call's last argument is a completion token for another signature: "
                                   "see its documentation");
    if constexpr (good) {
        return asio::async_initiate<Token, Signature>(std::move(start), token, std::forward<Given>(given)...);
    }
}

/// Where a client's calls go.
template <class State>
struct client_line {
    std::shared_ptr<State> client;

    [[nodiscard]] asio::any_io_executor get_executor() const noexcept { return client->setting().executor; }
    void open(message_kind kind, outgoing words, pending_call waiting) const
    {
        client->open(kind, std::move(words), std::move(waiting));
    }
};

/// Where a hub's calls to one target go.
template <class State, class Target>
struct hub_line {
    std::shared_ptr<State> hub;
    Target to;

    [[nodiscard]] asio::any_io_executor get_executor() const noexcept { return hub->setting().executor; }
    void open(message_kind kind, outgoing words, pending_call waiting) const
    {
        hub->open(kind, to, std::move(words), std::move(waiting));
    }
};

/// Starts the storing of a durable message.
template <class State>
struct start_enqueue {
    std::shared_ptr<State> client;

    using executor_type = asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return client->setting().executor; }

    template <class Handler>
    void operator()(Handler&& handler, outgoing words) const
    {
        client->enqueue(std::move(words), completion<void(std::error_code, std::uint64_t)>{
                                              std::forward<Handler>(handler), get_executor()});
    }
};

/// Starts a call on a line. It keeps what the line leads to alive until then, for lazy tokens.
template <class Line>
struct start_call {
    Line line;
    message_kind kind;

    using executor_type = asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return line.get_executor(); }

    template <class Handler>
    void operator()(Handler&& handler, outgoing words, std::unique_ptr<progress_listener> listener) const
    {
        line.open(kind, std::move(words),
                  {call_completion{make_speaking(std::forward<Handler>(handler)), get_executor()}, std::move(listener),
                   nullptr});
    }
};

/// The same for a contract, whose reply is read before the caller gets it.
template <class Contract, class Line>
struct start_typed_call {
    Line line;

    using executor_type = asio::any_io_executor;
    [[nodiscard]] executor_type get_executor() const noexcept { return line.get_executor(); }

    template <class Handler>
    void operator()(Handler&& handler, outgoing words) const
    {
        using typed = typed_handler<Contract, std::decay_t<Handler>>;
        start_call<Line>{line, message_kind::request}(typed{std::forward<Handler>(handler)}, std::move(words), nullptr);
    }
};

} // namespace rejoinder::inline v0::detail

#endif
