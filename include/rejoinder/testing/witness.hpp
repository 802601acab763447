// Who watches a simulated conversation: told of everything, deciding nothing.
#ifndef REJOINDER_TESTING_WITNESS_HPP
#define REJOINDER_TESTING_WITNESS_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/outbox.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/session.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace rejoinder::inline v0::testing {

/// A request or delivery as its asker sees it. Shared between the test and the session that asks.
struct question {
    std::string name;
    std::string payload; ///< what was asked
    call handle{};
    unsigned completions = 0; ///< exactly 1 in the end
    std::error_code error{};  ///< of the completion
    std::string answer;       ///< its payload, or the error's data
    std::string code;         ///< the error's name, as the peer said it
    std::string text;
    std::vector<std::string> progress;
    instant asked_at{};
    instant settled_at{};
    duration timeout{}; ///< as it was asked for; zero: the default

    [[nodiscard]] bool done() const noexcept { return completions != 0; }
    [[nodiscard]] bool answered() const noexcept { return done() && !error; }
};

using question_ptr = std::shared_ptr<question>;

/// A message of a durable outbox as its sender sees it.
struct kept_message {
    std::string name;
    std::string payload;        ///< empty if an earlier process kept it
    std::uint64_t sequence = 0; ///< of its outbox
    bool stored = false;        ///< on disk
    unsigned outcomes = 0;      ///< at most 1: its process may die first
    departure how = departure::removed;
    std::error_code error{};
};

using kept_message_ptr = std::shared_ptr<kept_message>;

/// Watches. `peer` is the label of the side that it happens to. What arguments borrow holds during the call.
class witness {
public:
    virtual ~witness() = default;

    virtual void sent(std::string_view /*peer*/, connection_id /*on*/, const message& /*what*/) {}
    virtual void heard(std::string_view /*peer*/, connection_id /*on*/, const message& /*what*/) {}
    virtual void attached(std::string_view /*peer*/, connection_id /*on*/) {}
    virtual void detached(std::string_view /*peer*/, connection_id /*on*/) {}
    virtual void started(std::string_view /*peer*/, const invoke& /*run*/) {}
    virtual void stopped(std::string_view /*peer*/, invocation /*run*/) {}
    virtual void ended(std::string_view /*peer*/, invocation /*run*/) {}
    virtual void asked(std::string_view /*peer*/, message_kind /*kind*/, const question_ptr& /*what*/) {}
    virtual void settled(std::string_view /*peer*/, const question_ptr& /*what*/) {}
    virtual void decided(const admission_verdict& /*what*/) {}
    virtual void cleaned_up(std::string_view /*identity*/) {}
    virtual void kept(std::string_view /*client*/, const kept_message& /*what*/) {}
    virtual void gone(std::string_view /*client*/, const kept_message& /*what*/) {}
    /// This page's process is no more, or, if it is "hub", the hub's with all its sessions.
    virtual void died(std::string_view /*peer*/) {}
    /// All that can be done at this moment was done: what must always hold holds now.
    virtual void settled_down() {}
};

} // namespace rejoinder::inline v0::testing

#endif
