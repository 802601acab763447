// The application's keys for "the same thing": one run for all messages of a key, and its answer for each of them.
#ifndef REJOINDER_CORE_KEYED_RUNS_HPP
#define REJOINDER_CORE_KEYED_RUNS_HPP

#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/keyed_window.hpp>
#include <rejoinder/core/message.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Which run answers for which key, and which further ids wait for it (contract, point 3).
///
/// An error is no answer worth keeping: after one the key is fresh again, so that a retry runs. Bounded as its `keyed_window`; the ids that
/// join are bounded by the slots they hold. Sessions that share a ledger join each other's runs. Distinct objects are independent; one object is
/// used from one thread at a time.
class keyed_runs {
public:
    explicit keyed_runs(const keyed_window::options& bounds) : ledger_(std::make_shared<key_ledger>(bounds)) {}
    keyed_runs(keyed_runs&&) = delete;
    ~keyed_runs() { forget(); }

    /// Its answers are those of the ledger, and of the sessions that share it. `self`: who is told of their runs. Precondition: nothing runs.
    void share(std::shared_ptr<key_ledger> ledger, std::shared_ptr<key_waiter> self)
    {
        ledger_ = std::move(ledger);
        self_ = std::move(self);
    }
    /// Whether this run is for a key, and other sessions may want its answer.
    [[nodiscard]] bool is_shared(message_id run) const { return self_ != nullptr && runs_.contains(run); }

    /// Whether other sessions wait for this run.
    [[nodiscard]] bool is_wanted(message_id run) const
    {
        const auto found = runs_.find(run);
        return self_ != nullptr && found != runs_.end() && ledger_->is_wanted(found->second.key);
    }
    /// An id that waits for another session's run waits no more. False: it does not.
    bool leave_other(message_id id) { return self_ != nullptr && ledger_->leave(*self_, id); }
    /// Nobody else wants what runs here. Others go on to wait for it.
    void disinherit() noexcept
    {
        if (self_ != nullptr) {
            ledger_->leave(*self_);
        }
        self_.reset();
    }

    /// Begins anew, with answers of its own.
    void restart(const keyed_window::options& bounds)
    {
        forget();
        ledger_ = std::make_shared<key_ledger>(bounds);
    }

    /// What to do with a message of this key. `fresh`: run it and say `begin`, or `abandon` if it cannot run after all.
    /// The same key with another kind, name or payload is a `conflict`.
    keyed_verdict open(const message& asked, instant now)
    {
        const auto name = fingerprint_of({asked.name}) + static_cast<std::uint64_t>(asked.kind);
        return ledger_->window().open(asked.key, fingerprint_of(asked.payload) ^ (name << 1 | 1), now);
    }

    /// The answer of a key whose run is done.
    [[nodiscard]] answer_view answer(std::string_view key) const { return ledger_->window().answer(key); }

    /// This run answers for the key.
    void begin(std::string_view key, message_id run)
    {
        run_of_.emplace(key, run);
        runs_.emplace(run, entry{std::string{key}, {}});
    }

    void abandon(std::string_view key) { ledger_->window().remove(key); }

    /// Another id waits for the key's run; returns that run, 0 for one of another session, or nothing if it is being stopped.
    std::optional<message_id> join(std::string_view key, message_id id)
    {
        const auto found = run_of_.find(std::string{key});
        if (found == run_of_.end()) {
            const bool mine =
                std::any_of(runs_.begin(), runs_.end(), [key](const auto& one) { return one.second.key == key; });
            if (mine || self_ == nullptr) {
                return std::nullopt;
            }
            ledger_->wait(key, *self_, id);
            return 0;
        }
        runs_.at(found->second).joined.push_back(id);
        return found->second;
    }

    /// Nobody waits for the run any more: nobody joins it, and the key runs again when it has ended.
    void stop(message_id run)
    {
        if (const auto found = runs_.find(run); found != runs_.end()) {
            run_of_.erase(found->second.key);
        }
    }

    /// An id that joined waits no more.
    void leave(message_id run, message_id id)
    {
        if (const auto found = runs_.find(run); found != runs_.end()) {
            std::erase(found->second.joined, id);
        }
    }

    /// No id waits any more; the runs go on for their keys.
    void disown()
    {
        for (auto& [number, one] : runs_) {
            one.joined.clear();
        }
        if (self_ != nullptr) {
            ledger_->leave(*self_);
        }
    }

    /// The run's own id waits no more: whoever joined first takes its place.
    std::optional<message_id> inherit(message_id run)
    {
        const auto found = runs_.find(run);
        if (found == runs_.end() || found->second.joined.empty()) {
            return std::nullopt;
        }
        auto& joined = found->second.joined;
        const auto heir = joined.front();
        joined.erase(joined.begin());
        return heir;
    }

    /// The run has its answer: keeps it for the key, unless it is an error. Returns the ids that had joined; they are owed it, too.
    std::vector<message_id> end(message_id run, const answer_view& answer)
    {
        auto ended = runs_.extract(run);
        if (ended.empty()) {
            return {};
        }
        const auto& key = ended.mapped().key;
        if (answer.kind == message_kind::error) {
            ledger_->window().remove(key);
        } else {
            ledger_->window().finish(key, answer);
        }
        ledger_->answer(key, answer);
        run_of_.erase(key);
        return std::move(ended.mapped().joined);
    }

    void shrink() { ledger_->window().shrink(); }

private:
    struct entry {
        std::string key;
        std::vector<message_id> joined;
    };

    // What runs here will not end here: nobody else is to wait for it.
    void forget()
    {
        disown();
        while (!runs_.empty()) {
            end(runs_.begin()->first, {message_kind::error, name_of(errc::cancelled), {}, {}});
        }
        self_.reset();
    }

    std::shared_ptr<key_ledger> ledger_;
    std::shared_ptr<key_waiter> self_; // none: nobody shares it
    std::unordered_map<std::string, message_id> run_of_;
    std::unordered_map<message_id, entry> runs_;
};

} // namespace rejoinder::inline v0

#endif
