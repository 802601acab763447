// Polling under way: drives a poll cycle, starts the program's polls, and hears how they end.
#ifndef REJOINDER_NET_DETAIL_POLL_RUN_HPP
#define REJOINDER_NET_DETAIL_POLL_RUN_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/poll_cycle.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/os_random.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

inline std::error_code code_of(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const std::system_error& said) {
        return said.code();
    } catch (...) {
        return make_error_code(errc::handler_error);
    }
}

/// Held by shared pointer: tries that are under way find it gone.
class poll_run : public std::enable_shared_from_this<poll_run> {
public:
    poll_run(const asio::any_io_executor& executor, const poll_options& options)
        : executor_(executor), clock_(executor), cycle_(options, random_seed())
    {}
    poll_run(const poll_run&) = delete;
    poll_run& operator=(const poll_run&) = delete;
    virtual ~poll_run() = default;

    /// Called with no error when a status was the last one, with the last try's error when a poll failed. It may do anything.
    std::function<void(const std::error_code&)> news;

    [[nodiscard]] const poll_cycle& cycle() const noexcept { return cycle_; }
    [[nodiscard]] const asio::any_io_executor& get_executor() const noexcept { return executor_; }

    /// Begins later, never inside this call.
    void start()
    {
        cycle_.start(now());
        asio::post(executor_, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->tick();
            }
        });
    }

    void stop()
    {
        if (cycle_.stop()) {
            cancel();
        }
    }

    void tick()
    {
        const auto self = shared_from_this();
        for (;;) {
            switch (cycle_.advance(now())) {
            case polling::nothing:
                if (cycle_.next_deadline() != never) {
                    clock_.arm(cycle_.next_deadline(), weak_from_this());
                }
                return;
            case polling::ask: begin(); break;
            case polling::cancel:
                last_ = asio::error::timed_out;
                cancel();
                break;
            case polling::lament: tell(last_); break;
            }
        }
    }

    /// A try ended. `finished(answer)` looks at it, if there is an answer that somebody wants.
    template <class Look>
    void ended(std::uint64_t number, const std::error_code& ec, Look look)
    {
        if (number != number_) {
            return; // said twice
        }
        const auto self = shared_from_this();
        ++number_;
        try {
            if (ec) {
                if (last_ != asio::error::timed_out) { // else it was cancelled for its length, and ends with that
                    last_ = ec;
                }
                cycle_.failed(now());
            } else if (cycle_.succeeded(now()) && look()) {
                stop();
                tell({});
            }
        } catch (...) {
            tick();
            throw;
        }
        tick();
    }

protected:
    /// Begins a try; what comes of it is told to `ended` with this number, not from inside.
    virtual void ask(std::uint64_t number, const std::shared_ptr<asio::cancellation_signal>& cancel) = 0;

private:
    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    void begin()
    {
        last_ = {};
        signal_ = std::make_shared<asio::cancellation_signal>();
        try {
            ask(number_, signal_);
        } catch (...) { // it did not even begin
            ended(number_, code_of(std::current_exception()), [] { return false; });
        }
    }

    // Later: what it leads to is the program's, and may do anything. By then the try may have ended.
    void cancel()
    {
        asio::post(executor_, [weak = weak_from_this(), signal = signal_, number = number_] {
            const auto self = weak.lock();
            if (self == nullptr || self->number_ == number) {
                signal->emit(asio::cancellation_type::all);
            }
        });
    }

    void tell(const std::error_code& what)
    {
        if (const auto whom = news) { // a copy: it may be replaced from inside
            whom(what);
        }
    }

    asio::any_io_executor executor_;
    clockwork clock_;
    poll_cycle cycle_;
    std::shared_ptr<asio::cancellation_signal> signal_; // of the newest try, which may outlive everything here with it
    std::uint64_t number_ = 1;                          // of the try that runs or comes next
    std::error_code last_;
};

/// A try on its way back to its run: answered once, or dropped, which is an answer too.
template <class T>
class poll_ticket {
public:
    using answer_function = std::function<void(std::error_code, std::optional<T>)>;

    poll_ticket(std::shared_ptr<asio::cancellation_signal> signal, answer_function answer)
        : signal_(std::move(signal)), answer_(std::move(answer))
    {}
    poll_ticket(const poll_ticket&) = delete;
    poll_ticket& operator=(const poll_ticket&) = delete;
    ~poll_ticket() { give(asio::error::operation_aborted, std::nullopt); }

    void give(std::error_code ec, std::optional<T> value)
    {
        if (const auto answer = std::exchange(answer_, nullptr)) {
            answer(ec, std::move(value));
        }
    }

    [[nodiscard]] asio::cancellation_slot slot() const noexcept { return signal_->slot(); }

private:
    std::shared_ptr<asio::cancellation_signal> signal_;
    answer_function answer_;
};

} // namespace rejoinder::inline v0::detail

#endif
