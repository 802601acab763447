// One call to several sessions, asked together or one after another: it ends with the first answer, or when all have answered.
#ifndef REJOINDER_NET_DETAIL_GROUP_CALL_HPP
#define REJOINDER_NET_DETAIL_GROUP_CALL_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// When a group call ends without an error.
enum class group_end : std::uint8_t {
    first_answer, ///< with it; the others are cancelled
    all_answers,  ///< with the last one; an error of any is the call's error
};

/// Shared by the calls to a group's members.
class group_call : public std::enable_shared_from_this<group_call> {
public:
    /// `ask(member, part)` asks the member at this position.
    using asks = std::function<void(std::size_t, pending_call)>;

    group_call(group_end when, std::size_t members, pending_call waiting, asks ask, asio::any_io_executor executor)
        : when_(when), open_(members), done_(std::move(waiting.done)), progress_(std::move(waiting.progress)),
          signals_(members), ask_(std::move(ask)), executor_(std::move(executor))
    {}

    /// Asks all members at once, or each of them when those before it have not answered for this long, or have failed.
    void begin(duration hedge)
    {
        obey_caller();
        const auto self = this->shared_from_this();
        if (hedge > duration::zero() && signals_.size() > 1) {
            pause_.emplace(executor_);
            hedge_ = hedge;
            ask_next();
            return;
        }
        while (asked_ != signals_.size()) {
            const auto member = asked_++;
            ask_(member, part(member));
        }
    }

private:
    // The pending call for the member at this position.
    [[nodiscard]] pending_call part(std::size_t member)
    {
        auto heard = [self = this->shared_from_this()](std::error_code ec, reply answer) {
            self->answered(ec, std::move(answer));
        };
        pending_call one{
            call_completion{asio::bind_cancellation_slot(signals_[member].slot(), std::move(heard)), executor_}};
        if (progress_ != nullptr) {
            one.progress = std::make_unique<progress_listener>(
                [listener = progress_](const payload_view& word) { (*listener)(word); });
        }
        return one;
    }

    void ask_next()
    {
        const auto member = asked_++;
        ask_(member, part(member));
        if (asked_ == signals_.size()) {
            return;
        }
        pause_->expires_after(hedge_);
        pause_->async_wait([weak = this->weak_from_this(), asked = asked_](std::error_code ec) {
            if (const auto self = weak.lock();
                self != nullptr && !ec && self->waits_to_ask() && self->asked_ == asked) {
                self->ask_next();
            }
        });
    }

    [[nodiscard]] bool waits_to_ask() const noexcept { return done_ && !cancelled_ && asked_ != signals_.size(); }

    // The caller's cancellation ends all parts.
    void obey_caller()
    {
        if (auto slot = done_.slot(); slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type type) {
                if (const auto self = weak.lock(); self != nullptr && type != asio::cancellation_type::none) {
                    self->cancel_all();
                }
            });
        }
    }

    void answered(std::error_code ec, reply answer)
    {
        --open_;
        if (!done_) {
            return;
        }
        if (ec && pause_ && waits_to_ask()) {
            ask_next();
            return;
        }
        const bool decided = when_ == group_end::first_answer ? !ec : static_cast<bool>(ec);
        if (!decided && open_ != 0) {
            return;
        }
        auto done = std::move(done_);
        cancel_rest();
        done.complete(ec, std::move(answer));
    }

    void cancel_rest()
    {
        if (when_ == group_end::first_answer) {
            cancel_all();
        }
    }

    void cancel_all()
    {
        const auto self = this->shared_from_this();
        open_ -= cancelled_ ? 0 : signals_.size() - asked_; // they are not asked any more
        cancelled_ = true;
        if (pause_) {
            pause_->cancel();
        }
        for (auto& signal : signals_) {
            signal.emit(asio::cancellation_type::terminal);
        }
    }

    group_end when_;
    std::size_t open_;
    call_completion done_;
    std::shared_ptr<progress_listener> progress_;    // hears the words of all
    std::vector<asio::cancellation_signal> signals_; // one for each member
    asks ask_;
    asio::any_io_executor executor_;
    std::optional<asio::steady_timer> pause_; // if they are asked one after another
    duration hedge_{};
    std::size_t asked_ = 0;
    bool cancelled_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
