// The records by the application's keys that several sessions may share, and who of them waits for whose run.
#ifndef REJOINDER_CORE_KEY_LEDGER_HPP
#define REJOINDER_CORE_KEY_LEDGER_HPP

#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/keyed_window.hpp>
#include <rejoinder/core/message.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Within what a key means the same thing.
enum class key_scope : std::uint8_t {
    session,
    identity, ///< at a hub, in all sessions of the authenticated identity, one after the other or at once: for keys that are never given twice, as
              ///< UUIDs are. A run with a key then outlives its session
};

/// A session, as one that runs what it waits for sees it.
class key_waiter {
public:
    /// What runs elsewhere has ended so. Called from inside the other session's change: does nothing to that one.
    virtual void answered(message_id id, const answer_view& word) = 0;

protected:
    ~key_waiter() = default;
};

/// The keyed window of one session, or of all sessions of an identity. Whoever waits holds a slot of its session, which bounds them.
///
/// Distinct objects are independent; one object is used from one thread at a time.
class key_ledger {
public:
    explicit key_ledger(const keyed_window::options& bounds) : window_(bounds) {}

    [[nodiscard]] keyed_window& window() noexcept { return window_; }

    /// `id` of that session is owed the answer to a key that runs in another one.
    void wait(std::string_view key, key_waiter& who, message_id id)
    {
        waiting_.push_back({std::string{key}, &who, id});
    }

    /// A key's run has ended: all who wait for it are told, and wait no more.
    void answer(std::string_view key, const answer_view& word)
    {
        if (waiting_.empty()) {
            return;
        }
        std::vector<waiting> told;
        for (auto& one : std::exchange(waiting_, {})) {
            (one.key == key ? told : waiting_).push_back(std::move(one));
        }
        for (const auto& one : told) {
            one.who->answered(one.id, word);
        }
    }

    /// A session waits for nothing any more.
    void leave(const key_waiter& who) noexcept
    {
        std::erase_if(waiting_, [&who](const auto& one) { return one.who == &who; });
    }
    /// One id of a session does not. False: it never did.
    bool leave(const key_waiter& who, message_id id) noexcept
    {
        return std::erase_if(waiting_, [&who, id](const auto& one) { return one.who == &who && one.id == id; }) != 0;
    }

    /// Whether a session waits for this key.
    [[nodiscard]] bool is_wanted(std::string_view key) const noexcept
    {
        return std::any_of(waiting_.begin(), waiting_.end(), [key](const auto& one) { return one.key == key; });
    }

private:
    struct waiting {
        std::string key;
        key_waiter* who;
        message_id id;
    };

    keyed_window window_;
    std::vector<waiting> waiting_;
};

} // namespace rejoinder::inline v0

#endif
