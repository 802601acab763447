// Replaces operator new by one that counts: for one source file of a program at most.
#ifndef REJOINDER_TESTS_SUPPORT_COUNTED_NEW_HPP
#define REJOINDER_TESTS_SUPPORT_COUNTED_NEW_HPP

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// How often memory was taken from the heap, by any thread.
inline std::atomic<std::size_t> heap_allocations{0};

// All forms, because a sanitizer's own array and non-throwing ones would not go with these.

inline void* counted_memory(std::size_t size) noexcept
{
    ++heap_allocations;
    return std::malloc(size == 0 ? 1 : size);
}

inline void* thrown_if_null(void* memory)
{
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    return memory;
}

inline void* counted_memory(std::size_t size, std::align_val_t alignment)
{
    ++heap_allocations;
    const auto unit = static_cast<std::size_t>(alignment);
    return thrown_if_null(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}

void* operator new(std::size_t size)
{
    return thrown_if_null(counted_memory(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    return counted_memory(size);
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    return counted_memory(size, alignment);
}
void* operator new[](std::size_t size)
{
    return thrown_if_null(counted_memory(size));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept
{
    return counted_memory(size);
}
void* operator new[](std::size_t size, std::align_val_t alignment)
{
    return counted_memory(size, alignment);
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept
{
    std::free(memory);
}

#endif
