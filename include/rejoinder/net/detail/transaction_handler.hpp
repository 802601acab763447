// A handler that writes its effect in the transaction that records that it ran.
#ifndef REJOINDER_NET_DETAIL_TRANSACTION_HANDLER_HPP
#define REJOINDER_NET_DETAIL_TRANSACTION_HANDLER_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/net/detail/any_store.hpp>
#include <rejoinder/net/detail/call_site.hpp>
#include <rejoinder/net/detail/signature.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/peer.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What a handler run ended with, owned.
struct kept_outcome {
    std::string payload;
    std::string code;
    std::string text;
    encoding form = encoding::text;

    void keep(const outcome& how)
    {
        payload = how.payload.bytes;
        form = how.payload.form;
        code = how.code;
        text = how.text;
    }
    [[nodiscard]] outcome view() const noexcept { return {{payload, form}, code, text}; }
};

/// What is registered in place of a handler that takes a transaction. The store's thread calls it.
class transaction_handler : public handler {
public:
    /// The type of the transaction that it takes.
    [[nodiscard]] virtual const std::type_info& transaction_type() const noexcept = 0;
    /// Calls it. Throws nothing but for want of memory.
    virtual void call_in(const any_transaction& within, const invoke& asked, const peer& from, kept_outcome& out) = 0;

    [[nodiscard]] bool in_transaction() const noexcept final { return true; }
    /// Without a store it cannot be called.
    std::shared_ptr<running> call(const invoke& asked, const std::shared_ptr<call_site>& site, const peer&) override
    {
        site->finish(asked.call, {{}, name_of(errc::store_failed), "this side keeps no store"});
        return nullptr;
    }
};

/// A function less its first parameter, which is given.
template <class F, class Transaction, class Result, class Parameters>
class within_transaction;

template <class F, class Transaction, class Result, class... P>
class within_transaction<F, Transaction, Result, types<P...>> {
public:
    within_transaction(F& function, Transaction& within) noexcept : function_(&function), within_(&within) {}

    Result operator()(P... arguments) const { return (*function_)(*within_, std::forward<P>(arguments)...); }

private:
    F* function_;
    Transaction* within_;
};

template <class Parameters>
struct first_and_rest {
    static constexpr bool takes_transaction = false;
};

template <class First, class... Rest>
struct first_and_rest<types<First, Rest...>> {
    // A transaction is lent: only a reference to something that cannot be a payload, nor is one of the other parameters.
    using type = std::remove_cvref_t<First>;
    using rest = types<Rest...>;
    static constexpr bool takes_transaction = std::is_lvalue_reference_v<First> && !readable_payload<type> &&
                                              !std::same_as<type, peer> && !std::same_as<type, incoming> &&
                                              requires { typename type::is_store_transaction; };
};

template <class F>
inline constexpr bool takes_transaction = false;
template <class F>
    requires has_signature<F>
inline constexpr bool takes_transaction<F> = first_and_rest<typename signature<F>::parameters>::takes_transaction;

template <class F>
class function_in_transaction final : public transaction_handler {
    using parts = first_and_rest<typename signature<F>::parameters>;
    using transaction = typename parts::type;
    using rest = within_transaction<F, transaction, typename signature<F>::result, typename parts::rest>;

    static_assert(!handler_shape<rest>::awaits,
                  "rejoinder: a handler that takes a transaction is a plain function: it cannot wait inside of one");
    static_assert(
        !handler_shape<rest>::responds && !handler_shape<rest>::informed,
        "rejoinder: a handler that takes a transaction answers with what it returns; it takes no responder and no incoming");

public:
    explicit function_in_transaction(F function) : function_(std::move(function)) {}

    [[nodiscard]] const std::type_info& transaction_type() const noexcept override { return typeid(transaction); }

    void call_in(const any_transaction& within, const invoke& asked, const peer& from, kept_outcome& out) override
    {
        const auto site = std::make_shared<ear>(out);
        const auto whole = make_handler(rest{function_, within.as<transaction>()});
        whole->call(asked, site, from);
    }

private:
    // Hears what the handler ends with.
    class ear final : public call_site {
    public:
        explicit ear(kept_outcome& out) noexcept : out_(&out) {}

        [[nodiscard]] asio::any_io_executor get_executor() const override { return {}; }
        void finish(invocation, const outcome& how) override { out_->keep(how); }
        void progress(invocation, const payload_view&) override {}

    private:
        kept_outcome* out_;
    };

    F function_;
};

} // namespace rejoinder::inline v0::detail

#endif
