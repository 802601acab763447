// A program's function for the words before the last one, its type erased.
#ifndef REJOINDER_NET_DETAIL_LISTENER_OF_PROGRESS_HPP
#define REJOINDER_NET_DETAIL_LISTENER_OF_PROGRESS_HPP

#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/detail/signature.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

template <class First, class... Rest>
First first_of(types<First, Rest...>);

/// From `listener(const T&)`. Words that are no T are not for it.
template <class F>
std::unique_ptr<progress_listener> make_listener(F listener)
{
    static_assert(has_signature<F>, "a progress listener takes one parameter of a type that payloads are read into");
    using value_type = std::remove_cvref_t<decltype(first_of(typename signature<F>::parameters{}))>;
    return std::make_unique<progress_listener>([listener = std::move(listener)](const payload_view& word) mutable {
        value_type value{};
        if (!read_payload(word, value, nullptr)) {
            listener(value);
        }
    });
}

} // namespace rejoinder::inline v0::detail

#endif
