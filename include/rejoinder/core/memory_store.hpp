// A store that lasts as long as its process: for tests, and for what must survive a session but no crash.
#ifndef REJOINDER_CORE_MEMORY_STORE_HPP
#define REJOINDER_CORE_MEMORY_STORE_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/core/store.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0 {

/// Models `store`. Nothing ever fails. What outlives the object is in `state()`, which another store may be made from: a process that
/// starts again. O(log n) a call, but for `forget`, which looks at all outboxes. Bounds are those of its users.
/// Distinct objects are independent; one object is used from one thread at a time.
class memory_store {
public:
    /// What handlers get: there is nothing to write to.
    struct transaction_type {
        using is_store_transaction = void;
    };

    /// What has been committed, and what is being.
    struct contents {
        std::string name;
        std::optional<stored_outbox> outbox; ///< without its messages
        std::map<std::uint64_t, stored_message> messages;
        std::map<record_owner, known_outbox> known;
        std::map<std::pair<record_owner, std::uint64_t>, stored_record> records;
    };

    explicit memory_store(std::string name = "memory") : kept_(std::make_shared<contents>())
    {
        kept_->name = std::move(name);
    }
    /// Goes on with what another one left.
    explicit memory_store(std::shared_ptr<contents> kept) : kept_(std::move(kept)) {}

    [[nodiscard]] const std::shared_ptr<contents>& state() const noexcept { return kept_; }
    [[nodiscard]] std::string_view name() const noexcept { return kept_->name; }
    [[nodiscard]] transaction_type& transaction() noexcept { return transaction_; }

    // Transactions

    std::error_code begin()
    {
        undo_.clear();
        mark_ = 0;
        return {};
    }
    std::error_code commit() { return begin(); }
    std::error_code rollback()
    {
        mark_ = 0;
        return undo();
    }
    std::error_code mark()
    {
        mark_ = undo_.size();
        return {};
    }
    std::error_code undo()
    {
        while (undo_.size() > mark_) {
            std::visit([this](auto& was) { put_back(was); }, undo_.back());
            undo_.pop_back();
        }
        return {};
    }

    // The outbox

    std::error_code open_outbox(const stored_outbox& fresh, stored_outbox& out)
    {
        keep_outbox();
        if (!kept_->outbox) {
            kept_->outbox = stored_outbox{fresh.name, fresh.secret, 0, 1, {}, {}};
        }
        ++kept_->outbox->epoch;
        out = *kept_->outbox;
        for (const auto& [sequence, message] : kept_->messages) {
            out.messages.push_back(message);
        }
        return {};
    }
    std::error_code put(const stored_message& message)
    {
        keep_outbox();
        kept_->outbox->next = message.sequence + 1;
        change(kept_->messages, message.sequence, message);
        return {};
    }
    std::error_code remove(std::uint64_t sequence)
    {
        change<stored_message>(kept_->messages, sequence, std::nullopt);
        return {};
    }
    std::error_code set_peer(std::string_view name)
    {
        keep_outbox();
        kept_->outbox->peer = name;
        return {};
    }

    // Records

    std::error_code find(const record_owner& owner, known_outbox& out, bool& found) const
    {
        return look_up(kept_->known, owner, out, found);
    }
    std::error_code write(const record_owner& owner, const known_outbox& known)
    {
        change(kept_->known, owner, known);
        return {};
    }
    std::error_code outboxes(std::string_view identity, std::size_t& own, std::size_t& all) const
    {
        all = kept_->known.size();
        own = 0;
        const auto first = kept_->known.lower_bound({std::string{identity}, {}});
        for (auto one = first; one != kept_->known.end() && one->first.identity == identity; ++one) {
            ++own;
        }
        return {};
    }
    std::error_code forget(wall_time seen_before)
    {
        for (auto next = kept_->known.begin(); next != kept_->known.end();) {
            const auto one = next++;
            if (one->second.seen < seen_before) {
                const auto owner = one->first;
                drop_below(owner, UINT64_MAX);
                change<known_outbox>(kept_->known, owner, std::nullopt);
            }
        }
        return {};
    }
    std::error_code find(const record_owner& owner, std::uint64_t sequence, stored_record& out, bool& found) const
    {
        return look_up(kept_->records, std::pair{owner, sequence}, out, found);
    }
    std::error_code write(const record_owner& owner, std::uint64_t sequence, const stored_record& record)
    {
        change(kept_->records, std::pair{owner, sequence}, record);
        return {};
    }
    std::error_code drop(const record_owner& owner, std::uint64_t sequence)
    {
        change<stored_record>(kept_->records, std::pair{owner, sequence}, std::nullopt);
        return {};
    }
    std::error_code drop_below(const record_owner& owner, std::uint64_t sequence)
    {
        auto next = kept_->records.lower_bound({owner, 0});
        while (next != kept_->records.end() && next->first.first == owner && next->first.second < sequence) {
            const auto key = (next++)->first;
            change<stored_record>(kept_->records, key, std::nullopt);
        }
        return {};
    }
    std::error_code sequences(const record_owner& owner, std::vector<std::uint64_t>& out) const
    {
        out.clear();
        for (auto one = kept_->records.lower_bound({owner, 0});
             one != kept_->records.end() && one->first.first == owner; ++one) {
            out.push_back(one->first.second);
        }
        return {};
    }

private:
    // What an entry was before it was changed.
    template <class Key, class Value>
    struct former {
        std::map<Key, Value>* of;
        Key key;
        std::optional<Value> was;
    };
    using record_key = std::pair<record_owner, std::uint64_t>;
    using change_undone = std::variant<former<std::uint64_t, stored_message>, former<record_owner, known_outbox>,
                                       former<record_key, stored_record>, std::optional<stored_outbox>>;

    template <class Value, class Key>
    void change(std::map<Key, Value>& in, const Key& key, std::optional<Value> now)
    {
        const auto found = in.find(key);
        std::optional<Value> was;
        if (found != in.end()) {
            was = std::move(found->second);
        }
        undo_.push_back(former<Key, Value>{&in, key, std::move(was)});
        now ? static_cast<void>(in.insert_or_assign(key, std::move(*now))) : static_cast<void>(in.erase(key));
    }
    template <class Key, class Value>
    void change(std::map<Key, Value>& in, const Key& key, const Value& now)
    {
        change<Value>(in, key, std::optional<Value>{now});
    }

    void keep_outbox() { undo_.push_back(kept_->outbox); }

    template <class Key, class Value>
    void put_back(former<Key, Value>& before)
    {
        if (before.was) {
            before.of->insert_or_assign(before.key, std::move(*before.was));
        } else {
            before.of->erase(before.key);
        }
    }
    void put_back(std::optional<stored_outbox>& before) { kept_->outbox = std::move(before); }

    template <class Map, class Key, class Value>
    static std::error_code look_up(const Map& in, const Key& key, Value& out, bool& found)
    {
        const auto at = in.find(key);
        found = at != in.end();
        if (found) {
            out = at->second;
        }
        return {};
    }

    std::shared_ptr<contents> kept_;
    std::vector<change_undone> undo_;
    std::size_t mark_ = 0;
    transaction_type transaction_;
};

static_assert(store<memory_store>);

} // namespace rejoinder::inline v0

#endif
