// Places for outgoing messages, with handles that go stale, and the order in which the sent ones were emitted.
#ifndef REJOINDER_CORE_DETAIL_DELIVERY_POOL_HPP
#define REJOINDER_CORE_DETAIL_DELIVERY_POOL_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/output.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rejoinder::inline v0::detail {

template <class Completion>
class delivery_pool {
public:
    /// Places in use.
    [[nodiscard]] std::size_t size() const noexcept { return places_.size() - spare_.size(); }
    /// The largest index; indices count from 1, and 0 names none.
    [[nodiscard]] std::uint32_t last_index() const noexcept { return static_cast<std::uint32_t>(places_.size()); }

    delivery<Completion>& operator[](std::uint32_t index) noexcept { return places_[index - 1]; }
    const delivery<Completion>& operator[](std::uint32_t index) const noexcept { return places_[index - 1]; }

    [[nodiscard]] call handle(std::uint32_t index) const noexcept { return {index, (*this)[index].generation}; }

    delivery<Completion>* find(call which) noexcept
    {
        if (which.index == 0 || which.index > places_.size() || (*this)[which.index].generation != which.generation) {
            return nullptr;
        }
        return &(*this)[which.index];
    }

    std::uint32_t take()
    {
        if (spare_.empty()) {
            places_.emplace_back().generation = generation_floor_;
            return last_index();
        }
        const auto index = spare_.back();
        spare_.pop_back();
        return index;
    }

    void release(std::uint32_t index)
    {
        (*this)[index].clear();
        spare_.push_back(index);
    }

    // The order of emission

    /// The sent message that was emitted first; `delivery::next` leads on.
    [[nodiscard]] std::uint32_t first() const noexcept { return first_; }

    void link(std::uint32_t index)
    {
        auto& place = (*this)[index];
        place.previous = last_;
        place.next = 0;
        (last_ == 0 ? first_ : (*this)[last_].next) = index;
        last_ = index;
    }

    void unlink(std::uint32_t index)
    {
        auto& place = (*this)[index];
        (place.previous == 0 ? first_ : (*this)[place.previous].next) = place.next;
        (place.next == 0 ? last_ : (*this)[place.next].previous) = place.previous;
        place.previous = 0;
        place.next = 0;
    }

    /// Gives the memory back, if no place is in use. Handles outlive their message, so the generations outlive the places.
    void shrink()
    {
        if (size() != 0) {
            return;
        }
        for (const auto& place : places_) {
            generation_floor_ = std::max(generation_floor_, place.generation);
        }
        std::vector<delivery<Completion>>{}.swap(places_);
        std::vector<std::uint32_t>{}.swap(spare_);
    }

private:
    std::vector<delivery<Completion>> places_;
    std::vector<std::uint32_t> spare_;
    std::uint32_t generation_floor_ = 1;
    std::uint32_t first_ = 0;
    std::uint32_t last_ = 0;
};

} // namespace rejoinder::inline v0::detail

#endif
