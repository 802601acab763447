// A call as a type: its name, request and reply, and how it is asked.
#ifndef REJOINDER_NET_CONTRACT_HPP
#define REJOINDER_NET_CONTRACT_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/detail/handler_shape.hpp>
#include <rejoinder/net/detail/spoken.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/reply.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/associator.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// What a contract derives from.
///
///     struct publish : rejoinder::contract<publish_request, publish_reply> {
///         static constexpr std::string_view name = "publish";
///         static constexpr auto timeout = 30s;                     // optional
///         static constexpr auto repeat = repeatable::idempotent;   // optional
///     };
template <class Request, class Reply = no_payload>
struct contract {
    using request = Request;
    using reply = Reply;
};

/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `C::request`, `C::reply` | `payload_type` | what is asked and answered; `no_payload` for nothing |
/// | `C::name` | constant, to `std::string_view` | the message's name |
/// | `C::timeout` (optional) | constant, to `duration` | of the whole call |
/// | `C::repeat` (optional) | constant `repeatable` | whether it may run twice |
template <class C>
concept contract_type = payload_type<typename C::request> && payload_type<typename C::reply> && requires {
    { C::name } -> std::convertible_to<std::string_view>;
};

/// How a contract is asked, as far as it says.
template <contract_type C>
[[nodiscard]] constexpr call_options contract_options() noexcept
{
    call_options how;
    if constexpr (requires { C::timeout; }) {
        static_assert(std::convertible_to<decltype(C::timeout), duration>,
                      "rejoinder: a contract's timeout is a std::chrono duration");
        how.timeout = C::timeout;
    }
    if constexpr (requires { C::repeat; }) {
        static_assert(std::convertible_to<decltype(C::repeat), repeatable>,
                      "rejoinder: a contract's repeat is a rejoinder::repeatable");
        how.repeat = C::repeat;
    }
    return how;
}

/// The same, with what a caller says of one call in place of what the contract says.
template <contract_type C>
[[nodiscard]] constexpr call_options contract_options(call_options said) noexcept
{
    const auto usual = contract_options<C>();
    if (said.timeout == duration::zero()) {
        said.timeout = usual.timeout;
    }
    if (said.repeat == repeatable::no) {
        said.repeat = usual.repeat;
    }
    return said;
}

namespace detail {

template <class C, class Shape>
constexpr bool takes_request =
    std::is_void_v<typename Shape::payload> || std::same_as<typename Shape::payload, typename C::request>;

template <class C, class Shape>
constexpr bool gives_reply()
{
    if constexpr (Shape::responds) {
        return std::same_as<typename Shape::responder_type, responder_of<typename C::reply>>;
    } else if constexpr (std::is_void_v<typename Shape::result>) {
        return std::same_as<typename C::reply, no_payload>;
    } else {
        return std::same_as<typename Shape::result, typename C::reply>;
    }
}

} // namespace detail

/// Whether F is a handler of the contract: it takes the request, or ignores it, and gives exactly the reply.
template <class F, class C>
concept handler_of =
    contract_type<C> && handler_function<F> && detail::takes_request<C, detail::handler_shape<std::decay_t<F>>> &&
    detail::gives_reply<C, detail::handler_shape<std::decay_t<F>>>();

namespace detail {

/// Says in one line what is wrong with a contract's handler; true if nothing is.
template <contract_type C, class F>
constexpr bool check_handler()
{
    using kept = std::decay_t<F>;
    if constexpr (explain_handler<kept>()) {
        using shape = handler_shape<kept>;
        static_assert(takes_request<C, shape>,
                      "rejoinder: this contract's handler takes its request type, by value or by const reference");
        static_assert(!shape::responds || gives_reply<C, shape>(),
                      "rejoinder: this contract's handler takes a rejoinder::responder_of its reply type");
        static_assert(
            shape::responds || gives_reply<C, shape>(),
            "rejoinder: this contract's handler returns its reply type, or an asio::awaitable of it (void if the contract has no reply)");
    }
    return handler_of<F, C>;
}

/// Calls `handler(ec, C::reply)` with what a `reply` holds: with an error, or if it does not fit, a value-initialized one. All that Asio
/// associates with the handler stays.
template <contract_type C, class Handler>
class typed_handler {
public:
    explicit typed_handler(Handler handler) : handler_(std::move(handler)) {}

    void operator()(std::error_code ec, reply answer)
    {
        if (ec) {
            std::move(handler_)(ec, typename C::reply{});
            return;
        }
        typename C::reply value{};
        std::string where;
        if (const auto bad = answer.read(value, &where)) {
            const spoken_scope scope{bad, where};
            std::move(handler_)(bad, typename C::reply{});
            return;
        }
        std::move(handler_)(ec, std::move(value));
    }

    [[nodiscard]] const Handler& inner() const noexcept { return handler_; }

private:
    Handler handler_;
};

template <contract_type C, class Handler>
typed_handler<C, std::decay_t<Handler>> make_typed_handler(Handler&& handler)
{
    return typed_handler<C, std::decay_t<Handler>>{std::forward<Handler>(handler)};
}

} // namespace detail

} // namespace rejoinder::inline v0

template <template <class, class> class Associator, class C, class Handler, class Default>
struct asio::associator<Associator, rejoinder::detail::typed_handler<C, Handler>, Default>
    : Associator<Handler, Default> {
    static auto get(const rejoinder::detail::typed_handler<C, Handler>& handler) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner());
    }
    static auto get(const rejoinder::detail::typed_handler<C, Handler>& handler, const Default& otherwise) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner(), otherwise);
    }
};

#endif
