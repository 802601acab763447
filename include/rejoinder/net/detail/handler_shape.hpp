// What a handler takes and gives, read off its signature, and what is wrong with one that cannot be a handler.
#ifndef REJOINDER_NET_DETAIL_HANDLER_SHAPE_HPP
#define REJOINDER_NET_DETAIL_HANDLER_SHAPE_HPP

#include <rejoinder/net/detail/signature.hpp>
#include <rejoinder/net/incoming.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace rejoinder::inline v0::detail {

/// Why something is no handler.
enum class handler_fault : std::uint8_t {
    none,
    no_signature,
    two_payloads,
    repeated,
    payload_by_reference,
    payload_borrows,
    payload_not_read,
    responder_by_reference,
    responder_and_result,
    awaitable_elsewhere,
    answer_not_written,
};

template <class T>
struct answer_of_responder;
template <class R>
struct answer_of_responder<basic_responder<R>> {
    using type = R;
};

template <class T>
concept some_responder = requires { typename answer_of_responder<std::remove_cvref_t<T>>::type; };

template <class T>
concept payload_parameter = !std::same_as<std::remove_cvref_t<T>, peer> &&
                            !std::same_as<std::remove_cvref_t<T>, incoming> && !some_responder<T>;

// A parameter that may be written to, though nobody would see it.
template <class P>
concept taken_by_mutable_reference = std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;

// How a handler returns: at once, or as a coroutine.
template <class R>
struct result_of_handler {
    using type = std::remove_cvref_t<R>;
    static constexpr bool is_awaitable = false;
    static constexpr bool is_ours = true;
};
template <class T, class Executor>
struct result_of_handler<asio::awaitable<T, Executor>> {
    using type = std::remove_cvref_t<T>;
    static constexpr bool is_awaitable = true;
    static constexpr bool is_ours = std::same_as<Executor, asio::any_io_executor>;
};

/// The first of the types that is one; void: none is.
template <template <class> class Is, class... Ts>
struct first_that {
    using type = void;
};
template <template <class> class Is, class T, class... Ts>
struct first_that<Is, T, Ts...> : std::conditional_t<Is<T>::value, std::type_identity<T>, first_that<Is, Ts...>> {};

template <class T>
struct is_payload_parameter : std::bool_constant<payload_parameter<T>> {};
template <class T>
struct is_responder_parameter : std::bool_constant<some_responder<T>> {};

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t N>
inline constexpr bool is_span<std::span<T, N>> = true;

template <class Result, class Parameters>
struct shape_of;

template <class Result, class... P>
struct shape_of<Result, types<P...>> {
    using parameters = types<P...>;
    using returned = result_of_handler<Result>;

    template <class T>
    static constexpr std::size_t count = (std::size_t{std::same_as<std::remove_cvref_t<P>, T>} + ... + 0);
    static constexpr std::size_t payloads = (std::size_t{payload_parameter<P>} + ... + 0);
    static constexpr std::size_t responders = (std::size_t{some_responder<P>} + ... + 0);

    static constexpr bool awaits = returned::is_awaitable;
    static constexpr bool responds = responders != 0;
    static constexpr bool informed = count<incoming> != 0;

    /// The payload's type without reference; void: it takes none.
    using payload = std::remove_cvref_t<typename first_that<is_payload_parameter, P...>::type>;
    /// Likewise of the responder.
    using responder_type = std::remove_cvref_t<typename first_that<is_responder_parameter, P...>::type>;
    /// What it returns, or its coroutine does; void: nothing.
    using result = typename returned::type;

    static constexpr handler_fault fault()
    {
        if constexpr (payloads > 1) {
            return handler_fault::two_payloads;
        } else if constexpr (count<peer> > 1 || responders + count<incoming> > 1) {
            return handler_fault::repeated;
        } else if constexpr (((payload_parameter<P> && taken_by_mutable_reference<P>) || ...)) {
            return handler_fault::payload_by_reference;
        } else if constexpr (payload_borrows()) {
            return handler_fault::payload_borrows;
        } else if constexpr (!payload_is_read()) {
            return handler_fault::payload_not_read;
        } else if constexpr (((!payload_parameter<P> && !std::same_as<std::remove_cvref_t<P>, peer> &&
                               taken_by_mutable_reference<P>) ||
                              ...) ||
                             ((some_responder<P> && std::is_lvalue_reference_v<P>) || ...)) {
            return handler_fault::responder_by_reference;
        } else if constexpr (responds && !std::is_void_v<Result>) {
            return handler_fault::responder_and_result;
        } else if constexpr (!returned::is_ours) {
            return handler_fault::awaitable_elsewhere;
        } else if constexpr (!result_is_written()) {
            return handler_fault::answer_not_written;
        } else {
            return handler_fault::none;
        }
    }

private:
    static constexpr bool payload_borrows()
    {
        if constexpr (std::is_void_v<payload>) {
            return false;
        } else {
            return std::is_pointer_v<payload> || std::same_as<payload, std::string_view> || is_span<payload>;
        }
    }

    static constexpr bool payload_is_read()
    {
        if constexpr (std::is_void_v<payload>) {
            return true;
        } else {
            return readable_payload<payload>;
        }
    }

    static constexpr bool result_is_written()
    {
        if constexpr (std::is_void_v<result>) {
            return true;
        } else {
            return writable_payload<result>;
        }
    }
};

/// Of a decayed F that has a signature.
template <class F>
using handler_shape = shape_of<typename signature<F>::result, typename signature<F>::parameters>;

template <class F>
constexpr handler_fault fault_of_handler()
{
    if constexpr (!has_signature<F>) {
        return handler_fault::no_signature;
    } else {
        return handler_shape<F>::fault();
    }
}

} // namespace rejoinder::inline v0::detail

#endif
