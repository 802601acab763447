// The answers of a hub's keyed requests, where they are an identity's and not a session's.
#ifndef REJOINDER_NET_DETAIL_KEY_DESK_HPP
#define REJOINDER_NET_DETAIL_KEY_DESK_HPP

#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/key_ledger.hpp>
#include <rejoinder/core/keyed_window.hpp>
#include <rejoinder/core/message.hpp>

#include <asio/post.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Tells a session what it waits for, and wakes it when the other one's change is over.
template <class Host>
class key_line final : public key_waiter {
public:
    explicit key_line(std::weak_ptr<Host> to) : to_(std::move(to)) {}

    void answered(message_id id, const answer_view& word) override
    {
        if (const auto waiting = to_.lock()) {
            waiting->core().answered(id, word);
            asio::post(waiting->get_executor(), [to = to_] {
                if (const auto told = to.lock()) {
                    told->settle_up();
                }
            });
        }
    }

private:
    std::weak_ptr<Host> to_;
};

/// Each identity's ledger: as long as a session or a run of it is there, and behind that for as long as an answer is kept, for those who left
/// last.
class key_desk {
public:
    static constexpr std::size_t absent_max = 1024; // identities without a session

    std::shared_ptr<key_ledger> of(const std::string& identity, const keyed_window::options& bounds)
    {
        auto& known = all_[identity];
        auto ledger = known.lock();
        if (ledger == nullptr) {
            known = ledger = std::make_shared<key_ledger>(bounds);
            sweep();
        }
        return ledger;
    }

    /// A session of that identity is over.
    void left(const std::string& identity, instant now, duration age_max)
    {
        const auto known = all_.find(identity);
        if (known == all_.end()) {
            return;
        }
        absent_.push_back({known->second.lock(), later(now, age_max)});
        while (absent_.size() > absent_max || (!absent_.empty() && absent_.front().until <= now)) {
            absent_.pop_front();
        }
    }

private:
    struct absence {
        std::shared_ptr<key_ledger> ledger{};
        instant until{};
    };

    // Names without a ledger go when there are twice as many as there were ledgers at the last look.
    void sweep()
    {
        if (all_.size() > look_at_) {
            std::erase_if(all_, [](const auto& one) { return one.second.expired(); });
            look_at_ = 2 * all_.size() + 64;
        }
    }

    std::unordered_map<std::string, std::weak_ptr<key_ledger>> all_;
    std::deque<absence> absent_; // in the order of their ends
    std::size_t look_at_ = 64;
};

} // namespace rejoinder::inline v0::detail

#endif
