// A handler's right to answer later: the parameter of handlers that return nothing and keep this instead.
#ifndef REJOINDER_NET_RESPONDER_HPP
#define REJOINDER_NET_RESPONDER_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/detail/handler_run.hpp>
#include <rejoinder/net/detail/scratch.hpp>
#include <rejoinder/net/incoming.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>

#include <concepts>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// Any type that a payload can be written from.
struct any_answer {};

/// The right to answer one message, once: move-only, kept for as long as it takes.
///
/// Destroyed without an answer it answers `handler_error`, "the handler gave no answer". The first answer ends the run; what is said after it,
/// or by one that was moved from, has no effect. When the run is cancelled, the asker is gone already, and yet an answer is due: it is what lets
/// the asker's slot be used again. Used, and destroyed, from the session's executor. If `R` is a type, answers are of that type.
template <class R = any_answer>
class basic_responder {
public:
    using answer_type = R;

    /// Made by the handler's caller.
    explicit basic_responder(detail::long_way way) noexcept : way_(std::move(way)) {}
    basic_responder(basic_responder&&) noexcept = default;
    basic_responder& operator=(basic_responder&& other) noexcept
    {
        if (this != &other) {
            abandon();
            way_ = std::move(other.way_);
        }
        return *this;
    }
    ~basic_responder() { abandon(); }

    /// Whether an answer is still due from here.
    explicit operator bool() const noexcept { return way_.open(); }

    // What is asked of the message holds after the answer, too, but not of a responder that was moved from.

    /// The message that is to be answered; while it is kept, so is the session.
    [[nodiscard]] incoming about() const noexcept { return incoming{way_}; }
    /// As of `incoming`.
    [[nodiscard]] std::string_view name() const noexcept { return way_.run()->name(); }
    [[nodiscard]] std::string_view key() const noexcept { return way_.run()->key(); }
    [[nodiscard]] message_kind kind() const noexcept { return way_.run()->kind(); }
    [[nodiscard]] instant deadline() const noexcept { return way_.run()->deadline(); }
    [[nodiscard]] duration time_left(instant now) const noexcept { return about().time_left(now); }
    [[nodiscard]] bool cancelled() const noexcept { return way_.stopped(); }
    /// The session's executor, until the answer.
    [[nodiscard]] asio::any_io_executor get_executor() const { return way_.get_executor(); }

    /// A word before the answer, as of `incoming`.
    template <class T>
        requires writable_payload<T>
    void progress(const T& value) const
    {
        detail::progress_with(way_, value);
    }

    /// The answer. Throws what writing it throws, and then an answer is still due.
    template <class T>
        requires std::same_as<R, any_answer> && writable_payload<T>
    void answer(const T& value)
    {
        say(value);
    }
    void answer(const R& value)
        requires(!std::same_as<R, any_answer>)
    {
        say(value);
    }
    /// The answer that says nothing but yes.
    void answer()
        requires(std::same_as<R, any_answer> || std::same_as<R, no_payload>)
    {
        say(no_payload{});
    }

    /// An error of the application, in place of an answer, with a code for programs and a text for people (see `failure`).
    void fail(std::string_view code, std::string_view text = {}) { fail(code, text, no_payload{}); }
    template <class T>
        requires writable_payload<T>
    void fail(std::string_view code, std::string_view text, const T& data)
    {
        detail::scratch spelled;
        const auto form = write_payload(data, spelled.text);
        way_.leave().finish({{spelled.text, form}, code.empty() ? name_of(errc::handler_error) : code, text});
    }

    /// Fires when the run is cancelled: for an operation that is to be cancelled with it. Good for as long as the run.
    [[nodiscard]] asio::cancellation_slot slot() const
    {
        return *this ? way_.run()->slot() : asio::cancellation_slot{};
    }

    /// Calls `listener` when the run is cancelled, at once if it is already. It replaces what was there before, and may hold this responder.
    template <std::invocable F>
    void on_cancel(F listener) const
    {
        if (*this) {
            way_.run()->listen(std::move(listener));
        }
    }

private:
    template <class T>
    void say(const T& value)
    {
        detail::scratch spelled;
        const auto form = write_payload(value, spelled.text);
        way_.leave().finish({{spelled.text, form}, {}, {}});
    }

    void abandon() noexcept
    {
        if (!way_.open()) {
            return;
        }
        if (way_.run()->in_call) {
            way_.run()->dropped_in_call = true;
            return;
        }
        try {
            detail::fail_unanswered(way_.leave());
        } catch (...) {
            // Only for want of memory, and then nobody is left to tell.
        }
    }

    detail::long_way way_;
};

/// Answers with any type.
using responder = basic_responder<>;

/// Answers with an R.
template <class R>
using responder_of = basic_responder<R>;

} // namespace rejoinder::inline v0

#endif
