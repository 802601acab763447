// One call to several sessions: it ends with the first answer, or when all have answered.
#ifndef REJOINDER_NET_DETAIL_GROUP_CALL_HPP
#define REJOINDER_NET_DETAIL_GROUP_CALL_HPP

#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include <cstddef>
#include <memory>
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
    group_call(group_end when, std::size_t members, pending_call waiting)
        : when_(when), open_(members), done_(std::move(waiting.done)), progress_(std::move(waiting.progress)),
          signals_(members)
    {}

    /// The pending call for the member at this position.
    [[nodiscard]] pending_call part(std::size_t member, const asio::any_io_executor& executor)
    {
        auto heard = [self = this->shared_from_this()](std::error_code ec, reply answer) {
            self->answered(ec, std::move(answer));
        };
        pending_call one{
            call_completion{asio::bind_cancellation_slot(signals_[member].slot(), std::move(heard)), executor}};
        if (progress_ != nullptr) {
            one.progress = std::make_unique<progress_listener>(
                [listener = progress_](const payload_view& word) { (*listener)(word); });
        }
        return one;
    }

    /// The caller's cancellation ends all parts.
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

private:
    void answered(std::error_code ec, reply answer)
    {
        --open_;
        if (!done_) {
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
        for (auto& signal : signals_) {
            signal.emit(asio::cancellation_type::terminal);
        }
    }

    group_end when_;
    std::size_t open_;
    call_completion done_;
    std::shared_ptr<progress_listener> progress_; // hears the words of all
    std::vector<asio::cancellation_signal> signals_;
};

} // namespace rejoinder::inline v0::detail

#endif
