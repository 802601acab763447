// A question and its answer as two messages, joined by a field that both have: what they are, as a type.
#ifndef REJOINDER_NET_CORRELATED_HPP
#define REJOINDER_NET_CORRELATED_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/detail/correlated_fields.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <concepts>
#include <string_view>

namespace rejoinder::inline v0 {

/// What the declaration of such a pair derives from.
///
///     struct publish : rejoinder::correlated<plugin_command, plugin_response> {
///         static constexpr std::string_view name = "plugin_command";
///         static constexpr std::string_view answer_name = "plugin_response";
///         static constexpr auto timeout = 300s;    // optional
///         static constexpr auto repeat_after = 5s; // optional
///     };
///
/// A `correlation` asks by it.
template <class Request, class Answer>
struct correlated {
    using request = Request;
    using answer = Answer;
};

/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `C::request`, `C::answer` | `payload_type` | what is asked and answered: a struct, or `json` |
/// | `C::name`, `C::answer_name` | constants, to `std::string_view` | the names of the two messages |
/// | `C::request_key`, `C::answer_key` (optional) | constants: a pointer to a member; of `json`, a member's name | the field of each that joins them: a `std::string`, a 64-bit integer or a `json`. Without them: `request_id` |
/// | `C::success` (optional) | as above | the field of an answer that is false, or `false` in a `json`, if it is an error. Without it: `success`, if there is one |
/// | `C::error` (optional) | as above | the field of such an answer that says why: a `std::string`, an optional one or a `json`. Without it: `error`, if there is one |
/// | `C::timeout` (optional) | constant, to `duration` | of the whole call |
/// | `C::repeat_after` (optional) | constant, to `duration` | the question may be said again under its key: that is done so long after it was acknowledged, or its session was lost, without an answer |
template <class C>
concept correlated_contract =
    payload_type<typename C::request> && payload_type<typename C::answer> &&
    std::copy_constructible<typename C::request> && std::default_initializable<typename C::answer> &&
    std::movable<typename C::answer> && requires {
        { C::name } -> std::convertible_to<std::string_view>;
        { C::answer_name } -> std::convertible_to<std::string_view>;
    } && detail::correlated_fields<C>::found;

/// How such a question is sent, with what its caller says of one call in place of what the contract says.
template <correlated_contract C>
[[nodiscard]] constexpr call_options correlated_options(call_options said) noexcept
{
    if constexpr (requires { C::timeout; }) {
        static_assert(std::convertible_to<decltype(C::timeout), duration>,
                      "rejoinder: a contract's timeout is a std::chrono duration");
        said.timeout = said.timeout == duration::zero() ? duration{C::timeout} : said.timeout;
    }
    if constexpr (requires { C::repeat_after; }) {
        static_assert(std::convertible_to<decltype(C::repeat_after), duration>,
                      "rejoinder: a contract's repeat_after is a std::chrono duration");
        said.repeat = repeatable::idempotent;
    }
    return said;
}

} // namespace rejoinder::inline v0

#endif
