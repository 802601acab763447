// What answers a message: any function whose parameters and result say what it takes and gives.
#ifndef REJOINDER_NET_HANDLER_HPP
#define REJOINDER_NET_HANDLER_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/net/detail/argument.hpp>
#include <rejoinder/net/detail/call_site.hpp>
#include <rejoinder/net/detail/handler_failure.hpp>
#include <rejoinder/net/detail/handler_run.hpp>
#include <rejoinder/net/detail/handler_shape.hpp>
#include <rejoinder/net/detail/signature.hpp>
#include <rejoinder/net/incoming.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/responder.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// A function or function object, not generic, whose parameters are recognised by their types, in any order, each at most once:
///
/// | parameter | what it gets |
/// | --- | --- |
/// | `peer` | who sent the message |
/// | `T` or `const T&`, T any `readable_payload` | the payload; a T that borrows does so for the call, in a coroutine until its end. A payload that is no T is answered `bad_payload`, and the handler is not called |
/// | `incoming` | the message's name, key and deadline, and progress |
/// | `responder`, `responder_of<R>` | the right to answer later; the handler returns void |
///
/// | result | what the asker gets |
/// | --- | --- |
/// | `T`, any `writable_payload` | that |
/// | `void` | the answer that says nothing but yes |
/// | `asio::awaitable` of either | the same, when the coroutine ends. It runs on the session's executor; that nobody waits any more reaches it as its cancellation |
///
/// A thrown `failure` is an error of the application; any other exception is answered `handler_error` with its text.
template <class F>
concept handler_function = std::move_constructible<std::decay_t<F>> &&
                           detail::fault_of_handler<std::decay_t<F>>() == detail::handler_fault::none;

namespace detail {

/// A registered handler, its type erased. Held by shared pointer, also while it is called: it may be replaced meanwhile.
class handler : public std::enable_shared_from_this<handler> {
public:
    virtual ~handler() = default;

    /// Runs it for a message, and sees to it that the site hears `finish`, once. Null: it has already. Else the run that goes on. Throws
    /// nothing, unless the site does.
    virtual std::shared_ptr<running> call(const invoke& asked, const std::shared_ptr<call_site>& site,
                                          const peer& from) = 0;
    /// Whether it is a `transaction_handler`.
    [[nodiscard]] virtual bool in_transaction() const noexcept { return false; }
};

template <class F>
class function_handler final : public handler {
    using shape = handler_shape<F>;
    static constexpr needed argument_is_needed = shape::awaits ? needed::in_run : needed::in_call;
    using argument_type = argument<typename shape::payload, argument_is_needed>;
    static constexpr bool needs_run = shape::awaits || shape::responds || shape::informed;

public:
    explicit function_handler(F function) : function_(std::move(function)) {}

    std::shared_ptr<running> call(const invoke& asked, const std::shared_ptr<call_site>& site,
                                  const peer& from) override
    {
        try {
            return take(asked, site, from);
        } catch (...) {
            fail_with_current_exception(short_way{*site, asked.call});
            return nullptr;
        }
    }

private:
    struct nothing_more {};

    std::shared_ptr<running> take(const invoke& asked, const std::shared_ptr<call_site>& site, const peer& from)
    {
        const short_way refusal{*site, asked.call};
        argument_type given;
        std::string where;
        std::string why;
        if (given.read(asked.payload, &where, &why)) {
            fail_unread(refusal, where, why);
            return nullptr;
        }
        if constexpr (!needs_run) {
            run_now(refusal, given, from, nothing_more{});
            return nullptr;
        } else {
            const long_way way{asked, site};
            if constexpr (shape::awaits) {
                spawn(way, std::move(given), from);
            } else if constexpr (shape::responds) {
                hand_over(way, given, from);
            } else {
                run_now(way, given, from, incoming{way});
            }
            return way.open() ? way.run() : nullptr;
        }
    }

    // What a parameter of type P gets. `more` is the responder or the incoming that this handler takes, if it does.
    template <class P, class More>
    static decltype(auto) pass([[maybe_unused]] argument_type& given, [[maybe_unused]] const peer& from,
                               [[maybe_unused]] More& more)
    {
        if constexpr (std::same_as<std::remove_cvref_t<P>, peer>) {
            return static_cast<std::conditional_t<std::is_rvalue_reference_v<P>, peer, const peer&>>(from);
        } else if constexpr (std::same_as<std::remove_cvref_t<P>, More>) {
            return static_cast<std::conditional_t<std::is_lvalue_reference_v<P>, const More&, More&&>>(more);
        } else {
            using value = typename shape::payload;
            return static_cast<std::conditional_t<std::is_lvalue_reference_v<P>, const value&, value&&>>(given.value);
        }
    }

    template <class More, class... P>
    decltype(auto) invoke_with(argument_type& given, const peer& from, More& more, types<P...>)
    {
        return function_(pass<P>(given, from, more)...);
    }

    template <class More>
    decltype(auto) invoke(argument_type& given, const peer& from, More& more)
    {
        return invoke_with(given, from, more, typename shape::parameters{});
    }

    template <class Way, class More>
    void run_now(const Way& way, argument_type& given, const peer& from, More more)
    {
        try {
            if constexpr (std::is_void_v<typename shape::result>) {
                invoke(given, from, more);
                way.finish({});
            } else {
                answer_with(way, invoke(given, from, more));
            }
        } catch (...) {
            fail_with_current_exception(way);
        }
    }

    void hand_over(const long_way& way, argument_type& given, const peer& from)
    {
        way.run()->in_call = true;
        try {
            typename shape::responder_type more{way};
            invoke(given, from, more);
        } catch (...) {
            fail_with_current_exception(way);
        }
        way.run()->in_call = false;
        if (way.run()->dropped_in_call && way.open()) {
            fail_unanswered(way);
        }
    }

    void spawn(const long_way& way, argument_type given, const peer& from)
    {
        try {
            auto self = std::static_pointer_cast<function_handler>(shared_from_this());
            // The slot must hold until the coroutine is over, and so must the run. An exception does not come as far as here.
            auto over = [kept = way.run()](const std::exception_ptr&) {};
            asio::co_spawn(way.get_executor(), run(std::move(self), way, std::move(given), from),
                           asio::bind_cancellation_slot(way.run()->slot(), std::move(over)));
        } catch (...) {
            fail_with_current_exception(way);
        }
    }

    // Its parameters are what lives until its end: the handler, though it was replaced, and the argument.
    static asio::awaitable<void> run(std::shared_ptr<function_handler> self, long_way way, argument_type given,
                                     peer from)
    {
        try {
            if (way.stopped()) {
                fail_with(way, errc::cancelled, {});
                co_return;
            }
            incoming more{way};
            auto task = self->invoke(given, from, more);
            if constexpr (std::is_void_v<typename shape::result>) {
                co_await std::move(task);
                way.finish({});
            } else {
                const auto answer = co_await std::move(task);
                answer_with(way, answer);
            }
        } catch (...) {
            fail_with_current_exception(way);
        }
    }

    F function_;
};

/// Says in one line what is wrong with a handler.
template <class F>
constexpr bool explain_handler()
{
    constexpr auto fault = fault_of_handler<F>();
    static_assert(
        fault != handler_fault::no_signature,
        "rejoinder: a handler is a function or an object with one operator(), whose parameters have types (not auto)");
    static_assert(
        fault != handler_fault::two_payloads,
        "rejoinder: a handler takes one payload; beside it only rejoinder::peer, rejoinder::incoming or rejoinder::responder");
    static_assert(
        fault != handler_fault::repeated,
        "rejoinder: a handler takes one rejoinder::peer at most, and one of rejoinder::incoming and rejoinder::responder");
    static_assert(fault != handler_fault::payload_by_reference,
                  "rejoinder: a handler takes its payload by value or by const reference");
    static_assert(
        fault != handler_fault::payload_borrows,
        "rejoinder: a handler's payload owns what it holds: take std::string or rejoinder::payload_view, not a view or pointer");
    static_assert(
        fault != handler_fault::payload_not_read,
        "rejoinder: the payload cannot be read into this handler's parameter: BOOST_DESCRIBE_STRUCT the type, or give it a tag_invoke");
    static_assert(fault != handler_fault::responder_by_reference,
                  "rejoinder: a handler takes a rejoinder::responder or rejoinder::incoming by value");
    static_assert(
        fault != handler_fault::responder_and_result,
        "rejoinder: a handler that takes a rejoinder::responder returns void; one that returns its answer takes rejoinder::incoming");
    static_assert(
        fault != handler_fault::awaitable_elsewhere,
        "rejoinder: a handler's coroutine is an asio::awaitable with the default executor, asio::any_io_executor");
    static_assert(
        fault != handler_fault::answer_not_written,
        "rejoinder: what this handler returns cannot be written: BOOST_DESCRIBE_STRUCT the type, or give it a tag_invoke");
    return fault == handler_fault::none;
}

/// A handler from a function, which it keeps.
template <class F>
std::shared_ptr<handler> make_handler(F&& function)
{
    using kept = std::decay_t<F>;
    if constexpr (explain_handler<kept>()) {
        return std::make_shared<function_handler<kept>>(std::forward<F>(function));
    } else {
        return nullptr;
    }
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
