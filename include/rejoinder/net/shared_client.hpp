// One connection for all who want to hear of something: opened with the first subscription, released when the last one goes.
#ifndef REJOINDER_NET_SHARED_CLIENT_HPP
#define REJOINDER_NET_SHARED_CLIENT_HPP

#include <rejoinder/core/batch.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/client_options.hpp>
#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/detail/subscriber.hpp>
#include <rejoinder/net/detail/subscription_desk.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/subscription.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0 {

/// How a subscription hears.
struct subscribe_options {
    /// Events at most, of which the latest wins and the last one always arrives; 0: all of them.
    std::uint32_t per_second = 0;
};

/// What a subscription's function may be: not generic, with no parameter or one that payloads are read into. What it returns is ignored.
template <class F>
concept event_function = std::move_constructible<F> && requires { typename detail::event_type_of<F>; } &&
                         (std::is_void_v<detail::event_type_of<F>> || readable_payload<detail::event_type_of<F>>);

/// What a batched subscription's function may be: not generic, with one `std::vector` of what payloads are read into.
template <class F>
concept batch_function = std::move_constructible<F> && requires {
    requires readable_payload<typename detail::element_of_batch<detail::event_type_of<F>>::type>;
};

namespace detail {

template <class Policies>
class sharing final : public subscription_desk {
public:
    template <class Where, class... Spelling>
    sharing(const asio::any_io_executor& executor, Where where, client_options<Policies> options, duration linger,
            Spelling... spelling)
        : subscription_desk(executor),
          connection_(executor, std::move(where), std::move(options), std::move(spelling)...), parting_(executor),
          linger_(linger)
    {
        connection_.disconnect(); // until somebody subscribes
    }

    [[nodiscard]] client<Policies>& connection() noexcept { return connection_; }

private:
    std::shared_ptr<sharing> self() { return std::static_pointer_cast<sharing>(this->shared_from_this()); }

    void open(const std::shared_ptr<line>& which) override
    {
        connection_.on(which->name,
                       [desk = std::weak_ptr{self()}, to = std::weak_ptr{which}](const payload_view& came) {
                           const auto alive = desk.lock();
                           const auto all = to.lock();
                           if (alive != nullptr && all != nullptr) {
                               alive->deliver(all, came);
                           }
                       });
    }

    void close(const std::string& name) override { connection_.off(name); }

    void first_came() override
    {
        parting_.cancel();
        connection_.connect();
    }

    // Later: the last one may go from inside its function, or be followed by another one at once.
    void last_went() override
    {
        parting_.expires_after(linger_);
        parting_.async_wait([weak = std::weak_ptr{self()}](std::error_code ec) {
            if (const auto alive = weak.lock(); alive != nullptr && !ec && alive->size() == 0) {
                alive->connection_.disconnect();
            }
        });
    }

    client<Policies> connection_;
    asio::steady_timer parting_;
    duration linger_;
};

} // namespace detail

/// A client that several parts of a program share. It connects when the first of them subscribes, and says goodbye `linger` after the last
/// subscription has ended; its session is resumed if somebody subscribes soon enough.
///
/// Subscriptions take the notifications and deliveries of their name (a delivery is acknowledged when all were called). They are called in the
/// order in which they subscribed; one that throws, or whose parameter the payload does not fit, is reported as `subscriber_failed`
/// (reason: the event's name; text: why), and the others are called all the same. Calls in O(subscriptions of the name).
///
/// Destroying it ends all subscriptions, also from inside one of them. Distinct objects are independent; one is used from its executor.
template <class Policies = default_policies>
class shared_client {
public:
    /// `where`: a connector, or a `first_of`. `linger`: how long the connection stays after the last subscription. `spelling`: a codec, if it
    /// is not the native one.
    template <class Where, class... Spelling>
    shared_client(const asio::any_io_executor& executor, Where where, client_options<Policies> options = {},
                  duration linger = duration::zero(), Spelling... spelling)
        : state_(std::make_shared<detail::sharing<Policies>>(executor, std::move(where), std::move(options), linger,
                                                             std::move(spelling)...))
    {}

    /// The client, for requests and its own handlers: those of names that nobody subscribes to here. It is connected while somebody
    /// subscribes; who only asks keeps it so with `hold`.
    [[nodiscard]] client<Policies>& connection() noexcept { return state_->connection(); }
    /// Those that have not ended.
    [[nodiscard]] std::size_t subscriptions() const noexcept { return state_->size(); }

    /// Calls `f` with each event of this name, until the subscription is destroyed.
    template <event_function F>
    [[nodiscard]] subscription subscribe(std::string_view name, F f, const subscribe_options& how = {})
    {
        if (how.per_second == 0) {
            return enter(name, std::make_shared<detail::direct_subscriber<F>>(std::move(f)));
        }
        return enter(name, std::make_shared<detail::throttled_subscriber<F>>(std::move(f), how.per_second));
    }
    /// The same for a contract's messages: `f` takes its request.
    template <contract_type Contract, event_function F>
    [[nodiscard]] subscription subscribe(F f, const subscribe_options& how = {})
    {
        static_assert(std::same_as<detail::event_type_of<F>, typename Contract::request>,
                      "rejoinder: this contract's subscriber takes its request type");
        return subscribe(Contract::name, std::move(f), how);
    }
    /// Calls `f` with several events of this name at a time, in their order, none left out.
    template <batch_function F>
    [[nodiscard]] subscription subscribe_batched(std::string_view name, F f, const batch_options& how = {})
    {
        return enter(name, std::make_shared<detail::batched_subscriber<F>>(std::move(f), how));
    }
    /// A subscription of nothing, which keeps the connection.
    [[nodiscard]] subscription hold() { return enter({}, std::make_shared<detail::mute_subscriber>()); }
    /// Ends all subscriptions of this name.
    void unsubscribe(std::string_view name) { state_->remove_all(name); }

    /// Gives events to `sink`, the client's among them.
    void on_event(event_sink sink)
    {
        state_->connection().on_event(sink);
        state_->events = std::move(sink);
    }

private:
    subscription enter(std::string_view name, std::shared_ptr<detail::subscriber> who)
    {
        state_->add(name, who);
        return {state_, std::string{name}, std::move(who)};
    }

    std::shared_ptr<detail::sharing<Policies>> state_;
};

} // namespace rejoinder::inline v0

#endif
