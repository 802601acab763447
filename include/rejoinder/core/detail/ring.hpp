// A queue that keeps its memory: at steady state pushing and popping allocate nothing.
#ifndef REJOINDER_CORE_DETAIL_RING_HPP
#define REJOINDER_CORE_DETAIL_RING_HPP

#include <cstddef>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

template <class T>
class ring {
public:
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    T& front() noexcept { return items_[head_]; }
    const T& front() const noexcept { return items_[head_]; }
    T& operator[](std::size_t position) noexcept { return items_[(head_ + position) & (items_.size() - 1)]; }

    void push_back(T item)
    {
        if (count_ == items_.size()) {
            grow();
        }
        items_[(head_ + count_) & (items_.size() - 1)] = std::move(item);
        ++count_;
    }

    T pop_front()
    {
        T item = std::exchange(items_[head_], T{});
        head_ = (head_ + 1) & (items_.size() - 1);
        --count_;
        return item;
    }

    void clear()
    {
        while (!empty()) {
            pop_front();
        }
    }

    /// Gives the memory back, if nothing is queued.
    void shrink()
    {
        if (empty()) {
            std::vector<T>{}.swap(items_);
            head_ = 0;
        }
    }

private:
    void grow()
    {
        std::vector<T> larger(items_.empty() ? 1 : items_.size() * 2);
        for (std::size_t i = 0; i != count_; ++i) {
            larger[i] = std::move((*this)[i]);
        }
        items_.swap(larger);
        head_ = 0;
    }

    std::vector<T> items_; // its size is a power of two, or nothing yet
    std::size_t head_ = 0;
    std::size_t count_ = 0;
};

} // namespace rejoinder::inline v0::detail

#endif
