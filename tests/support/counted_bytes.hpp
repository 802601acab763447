// Replaces operator new by one that counts the bytes that live: for one source file of a program at most.
#ifndef REJOINDER_TESTS_SUPPORT_COUNTED_BYTES_HPP
#define REJOINDER_TESTS_SUPPORT_COUNTED_BYTES_HPP

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// Bytes taken from the heap and not given back, as the heap counts them.
inline std::atomic<std::ptrdiff_t> living_bytes{0};

inline void* living_memory(void* memory) noexcept
{
    living_bytes += static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
    return memory;
}

inline void* living_or_throw(void* memory)
{
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    return living_memory(memory);
}

inline void forget_memory(void* memory) noexcept
{
    living_bytes -= static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
    std::free(memory);
}

inline void* aligned_memory(std::size_t size, std::align_val_t alignment) noexcept
{
    const auto unit = static_cast<std::size_t>(alignment);
    return std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
}

// All forms, because a sanitizer's own array and non-throwing ones would not go with these.

void* operator new(std::size_t size)
{
    return living_or_throw(std::malloc(size == 0 ? 1 : size));
}
void* operator new[](std::size_t size)
{
    return living_or_throw(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept
{
    return living_memory(std::malloc(size == 0 ? 1 : size));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept
{
    return living_memory(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    return living_or_throw(aligned_memory(size, alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment)
{
    return living_or_throw(aligned_memory(size, alignment));
}
void operator delete(void* memory) noexcept
{
    forget_memory(memory);
}
void operator delete[](void* memory) noexcept
{
    forget_memory(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    forget_memory(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    forget_memory(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept
{
    forget_memory(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept
{
    forget_memory(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept
{
    forget_memory(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept
{
    forget_memory(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept
{
    forget_memory(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept
{
    forget_memory(memory);
}

#endif
