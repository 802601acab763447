// What asks by other means, a status page say, while a link is down.
#ifndef REJOINDER_NET_POLLER_HPP
#define REJOINDER_NET_POLLER_HPP

#include <rejoinder/core/poll_cycle.hpp>
#include <rejoinder/net/detail/gate.hpp>
#include <rejoinder/net/detail/poll_run.hpp>
#include <rejoinder/net/detail/signature.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// The completion handler of one try of a poll, for a poll that is no coroutine: `void(std::error_code, T)`, with an executor and a
/// cancellation slot. Any asynchronous operation of Asio's kind takes it. Copies answer the same try; the first answer counts, and dropping
/// all of them is a failed try. Called on the poller's executor, or by an operation that honours the associated one.
template <class T>
class poll_answer {
public:
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    poll_answer(asio::any_io_executor executor, std::shared_ptr<detail::poll_ticket<T>> of)
        : executor_(std::move(executor)), ticket_(std::move(of))
    {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return ticket_->slot(); }

    void operator()(std::error_code ec, T value) const { ticket_->give(ec, std::move(value)); }

private:
    asio::any_io_executor executor_;
    std::shared_ptr<detail::poll_ticket<T>> ticket_;
};

/// A poll that is a coroutine: `poll()` is an `asio::awaitable<T>`.
template <class Poll>
concept awaitable_poll = std::invocable<Poll&> && detail::is_awaitable<std::invoke_result_t<Poll&>>;

namespace detail {

template <class Parameters>
struct value_of_answer {};
template <class T>
struct value_of_answer<types<poll_answer<T>>> {
    using type = T;
};
template <class T>
struct value_of_answer<types<const poll_answer<T>&>> {
    using type = T;
};

template <class Poll>
struct value_of_poll : value_of_answer<typename signature<Poll>::parameters> {};
template <awaitable_poll Poll>
struct value_of_poll<Poll> {
    using type = typename std::invoke_result_t<Poll&>::value_type;
};

template <class T, class Poll, class Terminal>
class typed_poll_run final : public poll_run {
public:
    typed_poll_run(const asio::any_io_executor& executor, Poll poll, Terminal terminal, const poll_options& options)
        : poll_run(executor, options), poll_(std::make_shared<Poll>(std::move(poll))),
          terminal_(std::make_shared<Terminal>(std::move(terminal)))
    {}

private:
    // Held by what is under way: neither the run's end nor the try's ends the other.
    std::shared_ptr<poll_run> self() { return this->shared_from_this(); }

    void ask(std::uint64_t number, const std::shared_ptr<asio::cancellation_signal>& cancel) override
    {
        std::function<void(std::error_code, std::optional<T>)> answered =
            [run = std::weak_ptr{self()}, terminal = terminal_, number](std::error_code ec, std::optional<T> value) {
                if (const auto alive = run.lock()) {
                    // Later: it may stand inside the try's own call.
                    asio::post(alive->get_executor(), [run, terminal, number, ec, value = std::move(value)] {
                        look(run, *terminal, number, ec, value);
                    });
                }
            };
        if constexpr (awaitable_poll<Poll>) {
            auto over = [cancel, answered = std::move(answered)](std::exception_ptr thrown, std::optional<T> value) {
                answered(thrown ? code_of(thrown) : std::error_code{}, std::move(value));
            };
            asio::co_spawn(get_executor(), run(poll_), asio::bind_cancellation_slot(cancel->slot(), std::move(over)));
        } else {
            const auto poll = poll_; // it may end the run
            (*poll)(poll_answer<T>{get_executor(), std::make_shared<poll_ticket<T>>(cancel, std::move(answered))});
        }
    }

    static asio::awaitable<std::optional<T>> run(std::shared_ptr<Poll> poll) { co_return co_await (*poll)(); }

    static void look(const std::weak_ptr<poll_run>& run, Terminal& terminal, std::uint64_t number,
                     const std::error_code& ec, const std::optional<T>& value)
    {
        if (const auto alive = run.lock()) {
            alive->ended(number, ec, [&] { return value && static_cast<bool>(terminal(*value)); });
        }
    }

    std::shared_ptr<Poll> poll_;
    std::shared_ptr<Terminal> terminal_;
};

} // namespace detail

/// A poll: `poll()` is an `asio::awaitable<T>`, or `poll(poll_answer<T>)` begins an operation that calls its argument.
template <class Poll>
concept poll_function = requires { typename detail::value_of_poll<Poll>::type; };

/// Asks by other means: every 5 s, three tries with backoff each, until a status is terminal or it is stopped.
///
/// `poll()` is an `asio::awaitable<T>`; or `poll(poll_answer<T>)` begins an operation that calls its argument once, not necessarily later.
/// `terminal(const T&)` gets each status that came, and says whether it is the last one. There are never two tries at once: one that takes
/// longer than `options.timeout`, or is under way at `stop`, is cancelled, and the next one waits for its end, so a poll has to honour its
/// cancellation. Both functions live until the last try has ended, also beyond the poller. An exception of `poll` is a failed try; one of
/// `terminal` leaves the execution context's `run`, and the polling goes on.
///
/// Destroying it stops it, at any time, also from inside its functions. Distinct objects are independent; one is used from its executor.
class poller {
public:
    template <poll_function Poll, class Terminal>
    poller(const asio::any_io_executor& executor, Poll poll, Terminal terminal, const poll_options& options = {})
        : run_(
              make<typename detail::value_of_poll<Poll>::type>(executor, std::move(poll), std::move(terminal), options))
    {}

    poller(poller&&) noexcept = default;
    poller& operator=(poller&& other) noexcept
    {
        poller former{std::move(other)};
        std::swap(run_, former.run_);
        return *this;
    }
    ~poller()
    {
        if (run_ != nullptr) {
            run_->news = nullptr;
            run_->stop();
        }
    }

    /// Polls at once, then every so often. Nothing happens if it polls already.
    void start() { run_->start(); }
    void stop() { run_->stop(); }
    [[nodiscard]] bool polling() const noexcept { return run_->cycle().running(); }
    /// The machine's numbers.
    [[nodiscard]] const poll_cycle& cycle() const noexcept { return run_->cycle(); }
    /// Calls `f(std::error_code)`: without error when a status was the last one, with the last try's error each time that a poll has failed.
    void on_news(std::function<void(const std::error_code&)> f) { run_->news = std::move(f); }

private:
    template <class T, class Poll, class Terminal>
    static std::shared_ptr<detail::poll_run> make(const asio::any_io_executor& executor, Poll poll, Terminal terminal,
                                                  const poll_options& options)
    {
        static_assert(
            std::predicate<Terminal&, const T&>,
            "rejoinder: a poller's second function takes what the poll gives and says whether that is the last status");
        return std::make_shared<detail::typed_poll_run<T, Poll, Terminal>>(executor, std::move(poll),
                                                                           std::move(terminal), options);
    }

    std::shared_ptr<detail::poll_run> run_;
};

} // namespace rejoinder::inline v0

#endif
