// A thread's store of freed memory blocks by size class, and the allocator that makes handlers live in them.
#ifndef REJOINDER_CHANNEL_RECYCLED_MEMORY_HPP
#define REJOINDER_CHANNEL_RECYCLED_MEMORY_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <new>

namespace rejoinder::inline v0 {

/// Blocks of memory in size classes 64, 128, … 2048 bytes, one store a thread; larger blocks come from the heap each
/// time.
///
/// Bound: `class_bytes_max` bytes a class; what does not fit is freed. A block may be given back on another thread than
/// it was taken on. Both calls take constant time, and work after the thread's store is gone: then nothing is kept.
class recycled_memory {
public:
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t largest = 2048;
    static constexpr std::size_t class_bytes_max = std::size_t{128} << 10;

    static void* take(std::size_t size)
    {
        if (size > largest) {
            return ::operator new(size);
        }
        const auto index = class_of(size);
        if (store* const here = current()) {
            shelf& same_size = here->shelves[index];
            if (block* const top = same_size.top) {
                same_size.top = top->next;
                --same_size.count;
                return top;
            }
        }
        return ::operator new(smallest << index);
    }

    static void give(void* memory, std::size_t size) noexcept
    {
        if (size <= largest) {
            const auto index = class_of(size);
            store* const here = current();
            if (here != nullptr && here->shelves[index].count < class_bytes_max / (smallest << index)) {
                shelf& same_size = here->shelves[index];
                same_size.top = ::new (memory) block{same_size.top};
                ++same_size.count;
                return;
            }
        }
        ::operator delete(memory);
    }

private:
    struct block {
        block* next;
    };

    struct shelf {
        block* top = nullptr;
        std::size_t count = 0;
    };

    struct store {
        std::array<shelf, std::size_t{std::countr_zero(largest / smallest)} + 1> shelves{};

        store() = default;
        store(const store&) = delete;
        store& operator=(const store&) = delete;

        ~store()
        {
            gone() = true;
            for (shelf& each : shelves) {
                while (block* const top = each.top) {
                    each.top = top->next;
                    ::operator delete(top);
                }
            }
        }
    };

    static constexpr std::size_t class_of(std::size_t size) noexcept
    {
        return size <= smallest ? 0 : static_cast<std::size_t>(std::bit_width((size - 1) / smallest));
    }

    // A thread's last handlers may be destroyed after its store (an io_context with static lifetime, say).
    static bool& gone() noexcept
    {
        static thread_local bool is_gone = false;
        return is_gone;
    }

    static store* current() noexcept
    {
        if (gone()) {
            return nullptr;
        }
        static thread_local store here;
        return &here;
    }
};

/// A standard allocator over `recycled_memory`. All are equal.
template <class T>
class recycled_allocator {
public:
    using value_type = T;

    recycled_allocator() = default;

    template <class U>
    constexpr recycled_allocator(const recycled_allocator<U>&) noexcept
    {}

    T* allocate(std::size_t count)
    {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
            throw std::bad_array_new_length{};
        }
        if constexpr (alignof(T) > alignof(std::max_align_t)) {
            return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{alignof(T)}));
        } else {
            return static_cast<T*>(recycled_memory::take(count * sizeof(T)));
        }
    }

    void deallocate(T* memory, std::size_t count) noexcept
    {
        if constexpr (alignof(T) > alignof(std::max_align_t)) {
            ::operator delete(memory, std::align_val_t{alignof(T)});
        } else {
            recycled_memory::give(memory, count * sizeof(T));
        }
    }

    template <class U>
    friend constexpr bool operator==(const recycled_allocator&, const recycled_allocator<U>&) noexcept
    {
        return true;
    }
};

} // namespace rejoinder::inline v0

#endif
