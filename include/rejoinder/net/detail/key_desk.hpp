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
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

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
    static constexpr std::size_t absent_max = 1024;                        // identities without a session
    static constexpr std::size_t absent_bytes_max = std::size_t{64} << 20; // of their keys and answers, all together
    static constexpr std::size_t orphaned_max = 1024; // sessions that are over, and whose runs go on

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

    /// A session of that identity is over. Linear in those who are remembered: one who comes and goes takes one place, not everybody's.
    void left(const std::string& identity, instant now, duration age_max)
    {
        const auto known = all_.find(identity);
        auto ledger = known == all_.end() ? nullptr : known->second.lock();
        if (ledger == nullptr) {
            return;
        }
        std::erase_if(absent_, [&ledger](const auto& one) { return one.ledger == ledger; });
        absent_.push_back({std::move(ledger), later(now, age_max)});
        auto bytes = std::accumulate(absent_.begin(), absent_.end(), std::size_t{0},
                                     [](std::size_t sum, const auto& one) { return sum + one.bytes(); });
        while (absent_.size() > 1 && (absent_.size() > absent_max || bytes > absent_bytes_max)) {
            bytes -= absent_.front().bytes();
            absent_.pop_front();
        }
        forget_old(now, age_max);
    }

    /// Whether the runs of this session, which is over, may go on. Nothing else bounds them: a stranger is another identity each time.
    bool adopts(std::weak_ptr<const void> session)
    {
        std::erase_if(orphaned_, [](const auto& one) { return one.expired(); });
        const bool room = orphaned_.size() < orphaned_max;
        if (room) {
            orphaned_.push_back(std::move(session));
        }
        return room;
    }

private:
    struct absence {
        std::shared_ptr<key_ledger> ledger{};
        instant until{};

        [[nodiscard]] std::size_t bytes() const noexcept { return ledger->window().kept_bytes(); }
    };

    // Who has a run that goes on, or that ended since, is remembered longer: for as long as its answer is.
    void forget_old(instant now, duration age_max)
    {
        for (auto left = absent_.size(); left != 0 && absent_.front().until <= now; --left) {
            auto one = std::move(absent_.front());
            absent_.pop_front();
            one.ledger->window().expire(now);
            if (one.ledger->window().size() != 0) {
                absent_.push_back({std::move(one.ledger), later(now, age_max)});
            }
        }
    }

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
    std::vector<std::weak_ptr<const void>> orphaned_;
    std::size_t look_at_ = 64;
};

} // namespace rejoinder::inline v0::detail

#endif
