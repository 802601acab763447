// A program's function for events of one name, its type erased: at once, throttled, or in batches.
#ifndef REJOINDER_NET_DETAIL_SUBSCRIBER_HPP
#define REJOINDER_NET_DETAIL_SUBSCRIBER_HPP

#include <rejoinder/core/batch.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/throttle.hpp>
#include <rejoinder/net/detail/kept_payload.hpp>
#include <rejoinder/net/detail/signature.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Held by shared pointer: it may end while it is called. What its function throws goes to the caller.
class subscriber {
public:
    subscriber() = default;
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;
    virtual ~subscriber() = default;

    /// An event came.
    virtual void take(const payload_view& payload, instant now) = 0;
    /// When `advance` is due.
    [[nodiscard]] virtual instant next_deadline() const noexcept { return never; }
    virtual void advance(instant) {}

    bool over = false; // nothing reaches it any more
};

/// It takes nothing.
class mute_subscriber final : public subscriber {
public:
    void take(const payload_view&, instant) override {}
};

template <class Parameters>
struct event_parameter {};
template <>
struct event_parameter<types<>> {
    using type = void;
};
template <class P>
struct event_parameter<types<P>> {
    using type = std::remove_cvref_t<P>;
};

template <class T>
struct element_of_batch {};
template <class T>
struct element_of_batch<std::vector<T>> {
    using type = T;
};

/// What a subscriber's function takes; void: nothing.
template <class F>
using event_type_of = typename event_parameter<typename signature<F>::parameters>::type;

// To be reported like what a function throws.
[[noreturn]] inline void throw_misfit(std::string where, std::string_view why)
{
    throw std::runtime_error{where.append(" does not fit").append(why.empty() ? "" : ": ").append(why)};
}

template <class T>
T read_event(const payload_view& payload)
{
    T value{};
    std::string where;
    std::string why;
    if (read_payload(payload, value, &where, &why)) {
        throw_misfit(std::move(where), why);
    }
    return value;
}

template <class F>
void call_with_event(F& function, const payload_view& payload)
{
    if constexpr (std::is_void_v<event_type_of<F>>) {
        function();
    } else {
        function(read_event<event_type_of<F>>(payload));
    }
}

template <class F>
class direct_subscriber final : public subscriber {
public:
    explicit direct_subscriber(F function) : function_(std::move(function)) {}

    void take(const payload_view& payload, instant) override { call_with_event(function_, payload); }

private:
    F function_;
};

template <class F>
class throttled_subscriber final : public subscriber {
public:
    throttled_subscriber(F function, std::uint32_t per_second)
        : function_(std::move(function)), gate_(throttle_options{.per_second = per_second, .names_max = 1})
    {}

    void take(const payload_view& payload, instant now) override
    {
        if (const auto passed = gate_.offer({}, kept_payload{payload}, now)) {
            call_with_event(function_, passed->view());
        }
    }

    [[nodiscard]] instant next_deadline() const noexcept override { return gate_.next_deadline(); }

    void advance(instant now) override
    {
        if (const auto held = gate_.release(now)) {
            call_with_event(function_, held->value.view());
        }
    }

private:
    F function_;
    throttle<kept_payload> gate_;
};

template <class F>
class batched_subscriber final : public subscriber {
public:
    using value_type = typename element_of_batch<event_type_of<F>>::type;

    batched_subscriber(F function, const batch_options& options) : function_(std::move(function)), batch_(options) {}

    void take(const payload_view& payload, instant now) override
    {
        batch_.add(read_event<value_type>(payload), now);
        advance(now); // it may be full
    }

    [[nodiscard]] instant next_deadline() const noexcept override { return batch_.next_deadline(); }

    void advance(instant now) override
    {
        if (const auto all = batch_.release(now); !all.empty()) {
            function_(all);
        }
    }

private:
    F function_;
    batch<value_type> batch_;
};

} // namespace rejoinder::inline v0::detail

#endif
