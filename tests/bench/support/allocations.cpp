// Counts what a program takes from the heap by `new`. Of a file of its own, so that no compiler sees through it.
#include "bench/support/allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::size_t so_far = 0;

void* counted(void* memory)
{
    if (memory == nullptr) {
        throw std::bad_alloc{};
    }
    ++so_far;
    return memory;
}

} // namespace

std::size_t bench::allocations()
{
    return so_far;
}

void* operator new(std::size_t size)
{
    return counted(std::malloc(size));
}
void* operator new(std::size_t size, std::align_val_t alignment)
{
    const auto unit = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
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
