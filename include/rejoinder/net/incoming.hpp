// The message that a handler runs for: its name, its deadline, and a way to report progress before the answer.
#ifndef REJOINDER_NET_INCOMING_HPP
#define REJOINDER_NET_INCOMING_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/detail/handler_run.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// A parameter that a handler may take beside its payload, when what it returns is its answer. Copies speak of the same run, also after it.
/// Used from the session's executor.
class incoming {
public:
    /// Made by the handler's caller.
    explicit incoming(detail::long_way way) noexcept : way_(std::move(way)) {}

    /// The message's name: what a fallback handler goes by.
    [[nodiscard]] std::string_view name() const noexcept { return way_.run()->name(); }
    /// The application's key for "the same thing", or empty.
    [[nodiscard]] std::string_view key() const noexcept { return way_.run()->key(); }
    /// Request, delivery or notification.
    [[nodiscard]] message_kind kind() const noexcept { return way_.run()->kind(); }
    /// When nobody waits for the answer any more; `never` if somebody always does.
    [[nodiscard]] instant deadline() const noexcept { return way_.run()->deadline(); }
    /// From `now` to the deadline, at least nothing; `duration::max()` without a deadline.
    [[nodiscard]] duration time_left(instant now) const noexcept
    {
        return deadline() == never ? duration::max() : std::max(deadline() - now, duration::zero());
    }
    /// Whether nobody waits any more: the asker cancelled, its deadline passed, or its session ended.
    [[nodiscard]] bool cancelled() const noexcept { return way_.run()->stopped(); }
    /// The session's executor.
    [[nodiscard]] asio::any_io_executor get_executor() const { return way_.get_executor(); }

    /// A word to the asker before the answer; without effect after it, for a message that is no request, and while nobody hears it.
    template <class T>
        requires writable_payload<T>
    void progress(const T& value) const
    {
        detail::progress_with(way_, value);
    }

private:
    detail::long_way way_;
};

} // namespace rejoinder::inline v0

#endif
