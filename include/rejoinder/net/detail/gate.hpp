// Asks a program's functions that may answer at once or as a coroutine: the authenticator, and the clean-up of an identity.
#ifndef REJOINDER_NET_DETAIL_GATE_HPP
#define REJOINDER_NET_DETAIL_GATE_HPP

#include <rejoinder/net/handshake.hpp>
#include <rejoinder/net/identity.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

template <class T>
inline constexpr bool is_awaitable = false;
template <class T, class Executor>
inline constexpr bool is_awaitable<asio::awaitable<T, Executor>> = true;

using authenticated = std::function<void(std::exception_ptr, authentication)>;
using authenticator =
    std::function<void(const asio::any_io_executor&, asio::cancellation_slot, const handshake&, authenticated)>;
using cleaned_up = std::function<void(std::exception_ptr)>;
using clean_up_function = std::function<void(const asio::any_io_executor&, const identity&, cleaned_up)>;

// The argument and the function stay alive in the coroutine's frame until it ends, whatever becomes of the hub.
template <class F>
asio::awaitable<std::optional<authentication>> ask_identity(std::shared_ptr<F> ask, handshake of)
{
    co_return authentication{co_await (*ask)(std::as_const(of))};
}
template <class F>
asio::awaitable<void> ask_clean_up(std::shared_ptr<F> ask, identity who)
{
    co_await (*ask)(std::as_const(who));
}

template <class F>
authenticator make_authenticator(F ask)
{
    using word = std::invoke_result_t<F&, const handshake&>;
    return [ask = std::make_shared<F>(std::move(ask))](const asio::any_io_executor& executor,
                                                       asio::cancellation_slot slot, const handshake& of,
                                                       authenticated then) {
        if constexpr (is_awaitable<word>) {
            using result = typename word::value_type;
            static_assert(std::is_convertible_v<result, authentication>,
                          "an authenticator returns identity, std::optional<identity> or refusal");
            auto answered = [then = std::move(then)](std::exception_ptr thrown, std::optional<authentication> who) {
                then(thrown, who ? std::move(*who) : authentication{refusal{}});
            };
            asio::co_spawn(executor, ask_identity(ask, of), asio::bind_cancellation_slot(slot, std::move(answered)));
        } else {
            static_assert(std::is_convertible_v<word, authentication>,
                          "an authenticator returns identity, std::optional<identity> or refusal");
            std::exception_ptr thrown;
            authentication who{refusal{}};
            try {
                who = (*ask)(of);
            } catch (...) {
                thrown = std::current_exception();
            }
            then(thrown, std::move(who));
        }
    };
}

template <class F>
clean_up_function make_clean_up(F ask)
{
    using result = std::invoke_result_t<F&, const identity&>;
    return [ask = std::make_shared<F>(std::move(ask))](const asio::any_io_executor& executor, const identity& who,
                                                       cleaned_up then) {
        if constexpr (is_awaitable<result>) {
            asio::co_spawn(executor, ask_clean_up(ask, who),
                           [then = std::move(then)](std::exception_ptr thrown) { then(thrown); });
        } else {
            std::exception_ptr thrown;
            try {
                (*ask)(who);
            } catch (...) {
                thrown = std::current_exception();
            }
            then(thrown);
        }
    };
}

} // namespace rejoinder::inline v0::detail

#endif
