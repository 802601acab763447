// What a session wants done, as values: its driver takes them and does them; the session never calls out.
#ifndef REJOINDER_CORE_OUTPUT_HPP
#define REJOINDER_CORE_OUTPUT_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>

namespace rejoinder::inline v0 {

/// The name of one handler run, given by the answering session. Never reused, so that a late answer meets nobody else's call (rule 9).
struct invocation {
    message_id number = 0;

    friend bool operator==(const invocation&, const invocation&) = default;
};

/// A call has ended: complete it. Without error `payload` is the answer; with one, `code`, `text` and `payload` are what the peer said.
template <class Completion>
struct settled {
    Completion completion{};
    std::error_code error{};
    payload_view payload{};
    std::string_view code{};
    std::string_view text{};
};

/// The handle of an outgoing request or delivery. A value: what it names may be over, and then it names nothing.
struct call {
    std::uint32_t index = 0;
    std::uint32_t generation = 0; ///< 0: names nothing

    friend bool operator==(const call&, const call&) = default;
};

/// An attempt at a call ended with an error of the peer, and another one follows.
struct attempt_failed {
    call which{};
    message_kind kind = message_kind::request;
    std::error_code error{};
    std::uint32_t attempt = 0; ///< the first is 1
    duration rest{};           ///< until the next one
};

/// A word about a request that still runs at the peer.
struct progressed {
    call which{};
    payload_view payload{};
};

/// Call this handler; answer with `answer`, `fail` or, for a notification, `done` of the session.
struct invoke {
    invocation call{};
    std::uint32_t handler = 0;
    message_kind kind = message_kind::notification; ///< request, delivery or notification
    std::string_view name{};
    payload_view payload{};
    std::string_view key{};
    std::uint32_t note = 0;   ///< the session's: which of its bytes this borrows
    instant deadline = never; ///< when nobody waits for the answer any more (contract, point 13)
    rejoinder::stamp stamp{}; ///< of a durable delivery
};

/// Nobody waits for this handler any more: fire its cancellation. It still ends with `answer`, `fail` or `done`.
struct stop {
    invocation call{};
};

/// Close the connection, for this reason; then say `detach`.
struct hang_up {
    close_reason reason = close_reason::normal;
};

/// The peer says that it closes this connection, and perhaps when to come back.
struct farewell {
    close_reason reason = close_reason::normal;
    std::optional<duration> retry_after{};
};

/// The sign of life that was asked for with `session::probe` came.
struct alive {};

/// One thing that a session wants done. What it borrows from the session holds until the next output is taken; what it borrows from an input,
/// as long as that does.
template <class Completion>
using output = std::variant<std::monostate, settled<Completion>, attempt_failed, progressed, invoke, stop, hang_up,
                            farewell, alive>;

} // namespace rejoinder::inline v0

#endif
