// The ids that a peer gives to its requests in its own way, and the message ids that stand for them here.
#ifndef REJOINDER_WIRE_DETAIL_FOREIGN_IDS_HPP
#define REJOINDER_WIRE_DETAIL_FOREIGN_IDS_HPP

#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

namespace detail {

// A foreign id, of any form, holds a slot from its request to the last word for it; the slot's generation rises each time
// (contract, point 3). As many are open as there are slots. To find one takes a look at each slot's hash; nothing is
// allocated once the slots have been used.
class foreign_ids {
public:
    explicit foreign_ids(std::uint32_t capacity = 0) { restart(capacity); }

    void restart(std::uint32_t capacity)
    {
        capacity_ = capacity;
        places_.clear();
        hashes_.clear();
        free_.clear();
        closed_ = 0;
    }

    // The message id of a request; the same again while it is open. Nothing: all slots are held.
    std::optional<message_id> open(std::string_view foreign)
    {
        free_closed();
        const auto hash = std::hash<std::string_view>{}(foreign) | 1;
        for (std::size_t slot = 0; slot != hashes_.size(); ++slot) {
            if (hashes_[slot] == hash && places_[slot].foreign == foreign) {
                return id_of(slot);
            }
        }
        if (free_.empty() && places_.size() == capacity_) {
            return std::nullopt;
        }
        const auto slot = free_slot();
        hashes_[slot] = hash;
        places_[slot].foreign.assign(foreign);
        ++places_[slot].generation;
        return id_of(slot);
    }

    // The foreign id of an open request; empty: it is not open.
    [[nodiscard]] std::string_view find(message_id id) const noexcept
    {
        const auto slot = slot_of(id);
        return slot < places_.size() && hashes_[slot] != 0 && id_of(slot) == id ? places_[slot].foreign
                                                                                : std::string_view{};
    }

    // The last word for it is said. Until the next one is closed or opened another may be said in its place: the link may
    // not have been able to carry it.
    void close(message_id id)
    {
        if (id != closed_ && !find(id).empty()) {
            free_closed();
            closed_ = id;
        }
    }

private:
    struct place {
        std::string foreign;
        message_id generation = 0;
    };

    [[nodiscard]] message_id id_of(std::size_t slot) const noexcept
    {
        return places_[slot].generation * capacity_ + slot;
    }
    [[nodiscard]] std::size_t slot_of(message_id id) const noexcept
    {
        return capacity_ == 0 ? SIZE_MAX : static_cast<std::size_t>(id % capacity_);
    }

    void free_closed()
    {
        if (closed_ != 0) {
            hashes_[slot_of(closed_)] = 0;
            free_.push_back(slot_of(closed_));
            closed_ = 0;
        }
    }

    std::size_t free_slot()
    {
        if (free_.empty()) {
            places_.emplace_back();
            hashes_.push_back(0);
            return places_.size() - 1;
        }
        const auto slot = free_.back();
        free_.pop_back();
        return slot;
    }

    std::uint32_t capacity_ = 0;
    std::vector<place> places_;
    std::vector<std::size_t> hashes_; // 0: the slot is free
    std::vector<std::size_t> free_;
    message_id closed_ = 0; // still holds its slot; 0: none
};

} // namespace detail

} // namespace rejoinder::inline v0

#endif
