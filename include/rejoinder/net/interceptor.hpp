// What stands before every handler: it sees each call, may refuse it, and sees how it ended.
#ifndef REJOINDER_NET_INTERCEPTOR_HPP
#define REJOINDER_NET_INTERCEPTOR_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/net/peer.hpp>

#include <cassert>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// How a call ended. Its views hold during the observer's call only.
struct call_end {
    duration took{}; ///< from the interceptor to the answer
    /// Of an error, its name ("handler_error", "refused", one of the application); empty: no error.
    std::string_view code{};
    std::string_view text{}; ///< of an error, its sentence
    payload_view payload{};  ///< the answer, or the error's data
};

/// A message that is about to meet its handler, as an interceptor sees it. It is borrowed: good for the interceptor's call only.
class intercepted {
public:
    using observer = std::function<void(const call_end&)>;

    /// Made by the session's host.
    intercepted(const invoke& asked, const peer& from) noexcept : asked_(asked), from_(from) {}
    intercepted(const intercepted&) = delete;
    intercepted& operator=(const intercepted&) = delete;

    [[nodiscard]] const peer& from() const noexcept { return from_; }
    [[nodiscard]] std::string_view name() const noexcept { return asked_.name; }
    [[nodiscard]] const payload_view& payload() const noexcept { return asked_.payload; }
    [[nodiscard]] std::string_view key() const noexcept { return asked_.key; }
    [[nodiscard]] message_kind kind() const noexcept { return asked_.kind; }
    /// When nobody waits for the answer any more; `never` if somebody always does.
    [[nodiscard]] instant deadline() const noexcept { return asked_.deadline; }

    /// The handler is not called, later interceptors are not asked, and the asker gets this kind and text. `why` is a kind that means
    /// `not_executed`: `refused`, `busy`, `bad_payload` or `no_handler`. A notification is dropped.
    void refuse(std::string_view text = {}, errc why = errc::refused)
    {
        assert(certainty_of(make_error_code(why)) == certainty::not_executed);
        refused_ = true;
        why_ = why;
        text_.assign(text);
    }
    [[nodiscard]] bool refused() const noexcept { return refused_; }
    [[nodiscard]] errc why() const noexcept { return why_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// Calls `seen` once the call has ended, however it did; the last one that was asked for is called first. Not called if the hub or client
    /// is destroyed with its execution context.
    void on_end(observer seen) { observers_.push_back(std::move(seen)); }
    /// What is to be called at the end.
    [[nodiscard]] std::vector<observer>& observers() noexcept { return observers_; }

private:
    const invoke& asked_;
    const peer& from_;
    bool refused_ = false;
    errc why_ = errc::refused;
    std::string text_;
    std::vector<observer> observers_;
};

/// Called with each request, delivery and notification before its handler, on the session's executor, in the order in which interceptors were
/// added. One that throws refuses the call with what it threw. It may do anything, even destroy the hub or client.
using interceptor = std::function<void(intercepted&)>;

} // namespace rejoinder::inline v0

#endif
