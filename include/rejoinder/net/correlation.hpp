// Asks by one message and is answered by another: the two are joined by a field, whichever connection the answer takes.
#ifndef REJOINDER_NET_CORRELATION_HPP
#define REJOINDER_NET_CORRELATION_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/correlated.hpp>
#include <rejoinder/net/correlation_options.hpp>
#include <rejoinder/net/detail/correlation_desk.hpp>
#include <rejoinder/net/detail/correlation_line.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>

#include <asio/async_result.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace rejoinder::inline v0 {

/// Asks with `Contract::name` and waits for a message `Contract::answer_name` with the same key (see `correlated`): how services ask that
/// answer when they are done, by an event of its own.
///
///     rejoinder::correlation<publish> plugin{hub};
///     plugin_response said = co_await plugin.async_request(user{"42"}, command, use_awaitable);
///
/// The question is a delivery (on a wire without acknowledgements, a notification); its acknowledgement ends nothing. The answer may come
/// on any later connection or session of the identity that was asked; nobody else's counts. It is acknowledged in any case, and its handler is
/// this object's: `through` needs none of that name. One that nobody waits for, because it is late, a repeat or a stranger's, is counted as
/// `late_replies`.
///
/// Destroying it, or `through`, completes what is pending with `operation_aborted`. `through` may be moved. Bound: `pending_max` questions.
/// Distinct objects are independent; one is used from the executor of `through`.
template <correlated_contract Contract, class Through = hub<>>
class correlation {
    using line = detail::correlation_line<Through>;
    using desk = detail::correlation_desk<line, typename Contract::answer>;
    using fields = detail::correlated_fields<Contract>;

public:
    using request = typename Contract::request;
    using answer = typename Contract::answer;
    using observer = std::function<void(const peer&, const answer&)>;

    /// Through a hub or a client, which it does not keep.
    explicit correlation(Through& through, const correlation_options& options = {})
        : state_(std::make_shared<state>(through, options))
    {
        through.on(Contract::answer_name,
                   [weak = std::weak_ptr{state_}, held = hold{state_->waiting}](const peer& from, answer said) {
                       if (const auto alive = weak.lock()) {
                           alive->take(from, std::move(said));
                       }
                   });
        state_->waiting->listens(Contract::answer_name);
    }
    correlation(correlation&&) noexcept = default;
    correlation& operator=(correlation&& other) noexcept
    {
        correlation former{std::move(other)};
        std::swap(state_, former.state_);
        return *this;
    }
    ~correlation()
    {
        if (state_ != nullptr) {
            state_->waiting->leave(Contract::answer_name);
        }
    }

    /// Questions that wait for their answers.
    [[nodiscard]] std::size_t pending() const noexcept { return state_->waiting->size(); }

    /// Calls `f(const peer&, const answer&)` for each answer that nobody waits for. Replaces the one before.
    void on_unmatched(observer f) { state_->unmatched = std::move(f); }

    /// Asks a user, in its session that attached last, or a peer. A question without a key gets one that nobody else has. Completes with
    /// `void(std::error_code, answer)`: the answer; `remote_error` (`acknowledged`) for one that says so itself, with that answer, whose own
    /// words end `ec.message()`; or one error of the call, with an `answer` of no value.
    ///
    /// `how.timeout` bounds the whole, `how.when_absent` is for the question. It is settled when the question cannot be delivered
    /// (`not_connected`, `queue_full`, `too_big`), or when its handler refused it or failed; when its session is lost it is not: the answer may
    /// come yet, until the deadline (`timed_out`). With `Contract::repeat_after` it is said again meanwhile. `key_conflict` (`never_sent`): a
    /// question of this key waits already; `queue_full`: so many wait that no other may. `operation_aborted`: cancelled, by any type, or
    /// destroyed; a peer that has not acknowledged the question is told.
    ///
    /// Throws `std::invalid_argument` if the question is JSON, but no object.
    template <class Target, ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, answer)) Token>
        requires(std::same_as<Target, user> || std::same_as<Target, peer>) &&
                std::constructible_from<typename line::target, Target>
    auto async_request(const Target& to, const request& question, const call_options& how, Token&& token)
    {
        return ask<Token>(typename line::target{to}, question, how, token);
    }
    template <class Target, ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, answer)) Token>
        requires(std::same_as<Target, user> || std::same_as<Target, peer>) &&
                std::constructible_from<typename line::target, Target>
    auto async_request(const Target& to, const request& question, Token&& token)
    {
        return ask<Token>(typename line::target{to}, question, call_options{}, token);
    }

    /// The same of a client: asks its hub.
    template <ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, answer)) Token>
        requires std::same_as<typename line::target, std::monostate>
    auto async_request(const request& question, const call_options& how, Token&& token)
    {
        return ask<Token>(std::monostate{}, question, how, token);
    }
    template <ASIO_COMPLETION_TOKEN_FOR(void(std::error_code, answer)) Token>
        requires std::same_as<typename line::target, std::monostate>
    auto async_request(const request& question, Token&& token)
    {
        return ask<Token>(std::monostate{}, question, call_options{}, token);
    }

private:
    static constexpr duration repeat_after()
    {
        if constexpr (requires { Contract::repeat_after; }) {
            return Contract::repeat_after;
        } else {
            return duration::zero();
        }
    }

    // What its handler of answers holds: whoever replaces that, or ends what has it, ends the waiting, too.
    class hold {
    public:
        explicit hold(std::weak_ptr<desk> of) noexcept : of_(std::move(of)) {}
        hold(hold&&) noexcept = default;
        hold& operator=(hold&&) = delete;
        ~hold()
        {
            if (const auto alive = of_.lock()) {
                alive->stop();
            }
        }

    private:
        std::weak_ptr<desk> of_; // of what was moved from it is empty
    };

    struct state {
        state(Through& through, const correlation_options& options)
            : waiting(
                  std::make_shared<desk>(through.get_executor(), line{through}, options.pending_max, repeat_after()))
        {}

        void take(const peer& from, answer said)
        {
            detail::correlated_end<answer> end;
            const bool failed = !fields::succeeded(said);
            end.text = failed ? fields::why(said) : std::string{};
            end.answer = std::move(said);
            const auto ec = failed ? make_error_code(errc::remote_error) : std::error_code{};
            if (!waiting->settle(line::whose(from), fields::key_of(end.answer), ec, end) && unmatched) {
                const auto told = unmatched; // it may be replaced meanwhile
                told(from, end.answer);
            }
        }

        std::shared_ptr<desk> waiting;
        detail::key_maker keys{detail::random_name().substr(0, 16), detail::random_seed() >> 12};
        observer unmatched;
    };

    template <class Token>
    auto ask(typename line::target whom, request question, const call_options& how, Token& token)
    {
        const auto key = fields::key_for(question, state_->keys);
        return asio::async_initiate<Token, void(std::error_code, answer)>(
            detail::start_correlated<desk, answer>{state_->waiting}, token, std::move(whom), key,
            detail::outgoing{Contract::name, question, correlated_options<Contract>(how)});
    }

    std::shared_ptr<state> state_;
};

} // namespace rejoinder::inline v0

#endif
