// The parameters and the result of a function or of a function object that has one call operator.
#ifndef REJOINDER_NET_DETAIL_SIGNATURE_HPP
#define REJOINDER_NET_DETAIL_SIGNATURE_HPP

namespace rejoinder::inline v0::detail {

template <class... Ts>
struct types {};

template <class Result, class... Parameters>
struct plain_signature {
    using result = Result;
    using parameters = types<Parameters...>;
};

template <class T>
struct signature_of_pointer {};

template <class R, class... P>
struct signature_of_pointer<R (*)(P...)> : plain_signature<R, P...> {};
template <class R, class... P>
struct signature_of_pointer<R (*)(P...) noexcept> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...)> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...) noexcept> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...) const> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...) const noexcept> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...)&> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...) & noexcept> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...) const&> : plain_signature<R, P...> {};
template <class R, class C, class... P>
struct signature_of_pointer<R (C::*)(P...) const & noexcept> : plain_signature<R, P...> {};

template <class F>
concept has_one_call_operator = requires { &F::operator(); };

/// Of a decayed F; empty if it has none, or several.
template <class F>
struct signature : signature_of_pointer<F> {};
template <has_one_call_operator F>
struct signature<F> : signature_of_pointer<decltype(&F::operator())> {};

template <class F>
concept has_signature = requires { typename signature<F>::result; };

} // namespace rejoinder::inline v0::detail

#endif
