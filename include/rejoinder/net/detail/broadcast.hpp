// One question to many sessions: each one's outcome, by name, until enough have answered.
#ifndef REJOINDER_NET_DETAIL_BROADCAST_HPP
#define REJOINDER_NET_DETAIL_BROADCAST_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/net/ask_all_options.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/peer_outcome.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

using broadcast_completion = completion<void(std::error_code, std::vector<peer_outcome>)>;

/// Shared by the calls to its members. It asks nobody itself.
class broadcast : public std::enable_shared_from_this<broadcast> {
public:
    /// `has_link(peer)`: whether it could still answer.
    broadcast(const std::vector<peer>& members, const ask_all_options& how, broadcast_completion done,
              std::function<bool(const peer&)> has_link)
        : quorum_(how.quorum), first_(how.first), open_(members.size()), done_(std::move(done)),
          has_link_(std::move(has_link)), outcomes_(members.begin(), members.end()), signals_(members.size())
    {}

    /// Whether it is decided before anybody is asked: then it has been told so, later.
    bool decided_at_once()
    {
        if (!decided()) {
            return false;
        }
        done_.post(verdict(certainty::never_sent), std::move(outcomes_));
        return true;
    }

    /// The pending call for the member at this position.
    [[nodiscard]] pending_call part(std::size_t member, const asio::any_io_executor& executor)
    {
        auto heard = [self = this->shared_from_this(), member](std::error_code ec, reply answer) {
            self->ended(member, ec, std::move(answer));
        };
        return {call_completion{asio::bind_cancellation_slot(signals_[member].slot(), std::move(heard)), executor}};
    }

    /// The caller's cancellation ends all parts.
    void obey_caller()
    {
        if (auto slot = done_.slot(); slot.is_connected()) {
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type type) {
                if (const auto self = weak.lock(); self != nullptr && type != asio::cancellation_type::none) {
                    self->cancelled();
                }
            });
        }
    }

private:
    void ended(std::size_t member, const std::error_code& ec, reply answer)
    {
        --open_;
        if (!done_) {
            return;
        }
        if (ec == asio::error::operation_aborted) { // not by us: the hub is gone
            aborted_ = true;
        } else {
            const auto how = ending_of(outcomes_[member].peer(), ec, answer);
            answered_ += how == ending::answered ? 1U : 0U;
            outcomes_[member] = peer_outcome{outcomes_[member].peer(), how, ec, std::move(answer)};
        }
        if (!decided()) {
            return;
        }
        const auto why =
            aborted_ ? std::error_code{asio::error::operation_aborted} : verdict(certainty::maybe_executed);
        auto done = std::move(done_);
        auto outcomes = std::move(outcomes_);
        cancel_all();
        done.complete(why, std::move(outcomes));
    }

    [[nodiscard]] ending ending_of(const peer& whom, const std::error_code& ec, const reply& answer) const
    {
        if (!ec) {
            return ending::answered;
        }
        if (!answer.code().empty()) {
            return ending::failed; // its own word
        }
        if (ec == errc::timed_out || ec == errc::expired) {
            return has_link_(whom) ? ending::timed_out : ending::left;
        }
        const bool gone = ec == errc::not_connected || ec == errc::session_lost || ec == errc::replaced;
        return gone ? ending::left : ending::failed;
    }

    [[nodiscard]] bool decided() const noexcept
    {
        const bool enough = (quorum_ != 0 && answered_ >= quorum_) || (first_ != 0 && answered_ >= first_);
        return open_ == 0 || enough || answered_ + open_ < quorum_;
    }

    [[nodiscard]] std::error_code verdict(certainty sure) const noexcept
    {
        return answered_ < quorum_ ? make_error_code(errc::no_quorum, sure) : std::error_code{};
    }

    void cancelled()
    {
        const auto self = this->shared_from_this();
        auto done = std::move(done_);
        auto outcomes = std::move(outcomes_);
        cancel_all();
        done.post(asio::error::operation_aborted, std::move(outcomes));
    }

    void cancel_all()
    {
        const auto self = this->shared_from_this();
        for (auto& signal : signals_) {
            signal.emit(asio::cancellation_type::terminal);
        }
    }

    std::size_t quorum_;
    std::size_t first_;
    std::size_t open_;
    std::size_t answered_ = 0;
    bool aborted_ = false;
    broadcast_completion done_;
    std::function<bool(const peer&)> has_link_;
    std::vector<peer_outcome> outcomes_;
    std::vector<asio::cancellation_signal> signals_;
};

} // namespace rejoinder::inline v0::detail

#endif
