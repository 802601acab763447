// The ids that have ended here and that the peer has not been told of: heartbeats name them, so that idle peers keep no answers (rule 11).
#ifndef REJOINDER_CORE_FINISHED_IDS_HPP
#define REJOINDER_CORE_FINISHED_IDS_HPP

#include <rejoinder/core/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rejoinder::inline v0 {

/// Finished ids, one a slot at most: a later id in the slot tells the peer as much as a name would.
///
/// `name` for each ping, `arrived` for its pong; after a reconnect `name` repeats what no pong confirmed. Bounded by the capacity.
/// Distinct objects are independent; one object is used from one thread at a time.
class finished_ids {
public:
    explicit finished_ids(std::uint32_t capacity) noexcept : capacity_(capacity) {}

    /// An id has had its last word. O(1); allocates while slots are seen for the first time.
    void add(message_id id)
    {
        const auto slot = id % capacity_;
        if (slot >= last_.size()) {
            last_.resize(slot + 1);
        }
        unnamed_ += last_[slot] == 0 ? 1U : 0U;
        last_[slot] = id;
    }

    /// A new id takes its slot.
    void reuse(message_id id) noexcept
    {
        const auto slot = id % capacity_;
        if (slot < last_.size()) {
            drop(slot);
        }
    }

    /// The ids to name in the next ping, some hundreds at most; the following pings name the rest.
    std::span<const message_id> name()
    {
        named_.clear();
        for (std::size_t slot = 0; unnamed_ != 0 && slot != last_.size() && named_.size() != named_max; ++slot) {
            if (last_[slot] != 0) {
                named_.push_back(last_[slot]);
            }
        }
        return named_;
    }

    /// The pong of the last ping came: the peer has read its names.
    void arrived() noexcept
    {
        for (const auto id : named_) {
            const auto slot = id % capacity_;
            if (last_[slot] == id) {
                drop(slot);
            }
        }
        named_.clear();
    }

    /// The link was lost: whether the last ping's names arrived is unknown.
    void lost() noexcept { named_.clear(); }

    /// Gives memory back, if nothing is left to be named.
    void shrink()
    {
        if (unnamed_ == 0) {
            std::vector<message_id>{}.swap(last_);
            std::vector<message_id>{}.swap(named_);
        }
    }

private:
    static constexpr std::size_t named_max = 256; // keeps a ping below 4 KiB

    void drop(std::size_t slot) noexcept
    {
        unnamed_ -= last_[slot] == 0 ? 0U : 1U;
        last_[slot] = 0;
    }

    std::uint32_t capacity_;
    std::uint32_t unnamed_ = 0;
    std::vector<message_id> last_; // by slot; 0: nothing to tell
    std::vector<message_id> named_;
};

} // namespace rejoinder::inline v0

#endif
