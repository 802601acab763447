// The thread's stores of strings and memory blocks.
#include <rejoinder/channel/recycled_strings.hpp>

#include <rejoinder/channel/recycled_memory.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using rejoinder::recycled_strings;
using rejoinder::recycled_allocator;
using rejoinder::recycled_memory;

namespace {

std::string with_capacity(std::size_t bytes)
{
    std::string made;
    made.reserve(bytes);
    return made;
}

// Each test's store is its own, because each test has a thread of its own.
template <class Body>
void on_a_thread_of_its_own(Body body)
{
    std::thread{body}.join();
}

} // namespace

TEST_CASE("a string that was given is taken again, empty and with its memory")
{
    bool same = false;
    bool empty = false;
    on_a_thread_of_its_own([&] {
        std::string first(5000, 'x');
        const auto* const data = first.data();
        recycled_strings::give(std::move(first));
        const auto again = recycled_strings::take();
        same = again.data() == data;
        empty = again.empty() && recycled_strings::bytes() == 0;
    });
    CHECK(same);
    CHECK(empty);
}

TEST_CASE("an empty store gives an empty string")
{
    std::size_t capacity = 1;
    on_a_thread_of_its_own([&] { capacity = recycled_strings::take().capacity(); });
    CHECK(capacity == std::string{}.capacity());
}

TEST_CASE("a string that is too small or too large is not kept")
{
    std::size_t kept = 1;
    on_a_thread_of_its_own([&] {
        recycled_strings::give(with_capacity(10));
        recycled_strings::give(with_capacity(recycled_strings::each_max + 1));
        kept = recycled_strings::bytes();
    });
    CHECK(kept == 0);
}

TEST_CASE("the store of strings is bounded in number and in bytes")
{
    std::size_t many = 0;
    std::size_t large = 0;
    on_a_thread_of_its_own([&] {
        for (int i = 0; i != 100; ++i) {
            recycled_strings::give(with_capacity(1000));
        }
        many = recycled_strings::bytes();
    });
    on_a_thread_of_its_own([&] {
        for (int i = 0; i != 100; ++i) {
            recycled_strings::give(with_capacity(200 << 10));
        }
        large = recycled_strings::bytes();
    });
    CHECK(many >= recycled_strings::count_max * 1000);
    CHECK(many <= recycled_strings::count_max * 1100);
    CHECK(large >= 5 * (200 << 10));
    CHECK(large <= recycled_strings::bytes_max);
}

TEST_CASE("who says how much gets a string that fits, and who doesn't the largest")
{
    std::vector<std::size_t> got;
    on_a_thread_of_its_own([&] {
        recycled_strings::give(with_capacity(1000));
        recycled_strings::give(with_capacity(100000));
        recycled_strings::give(with_capacity(50000));
        got.push_back(recycled_strings::take(500).capacity());
        got.push_back(recycled_strings::take(500).capacity());
        got.push_back(recycled_strings::take(1000000).capacity());
        got.push_back(recycled_strings::take().capacity());
        got.push_back(recycled_strings::take().capacity());
        got.push_back(recycled_strings::bytes());
    });
    REQUIRE(got.size() == 6);
    CHECK(got[0] >= 1000);
    CHECK(got[0] < 2000);
    CHECK(got[1] >= 500);
    CHECK(got[1] < 2000); // made
    CHECK(got[2] >= 1000000);
    CHECK(got[3] >= 100000);
    CHECK(got[4] >= 50000);
    CHECK(got[4] < 100000);
    CHECK(got[5] == 0);
}

TEST_CASE("a block of memory that was given is taken again for its size class")
{
    bool same_class = false;
    bool other_class = true;
    on_a_thread_of_its_own([&] {
        void* const block = recycled_memory::take(100);
        recycled_memory::give(block, 100);
        void* const other = recycled_memory::take(300);
        other_class = other == block;
        void* const again = recycled_memory::take(128);
        same_class = again == block;
        recycled_memory::give(other, 300);
        recycled_memory::give(again, 128);
    });
    CHECK(same_class);
    CHECK_FALSE(other_class);
}

TEST_CASE("blocks of every size can be used whole, and given back on another thread")
{
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t size = 1; size < 5000; size = size + size / 3 + 1) {
        auto* const block = static_cast<unsigned char*>(recycled_memory::take(size));
        std::fill_n(block, size, static_cast<unsigned char>(size));
        blocks.emplace_back(block, size);
    }
    for (const auto& [block, size] : blocks) {
        CHECK(block[0] == static_cast<unsigned char>(size));
        CHECK(block[size - 1] == static_cast<unsigned char>(size));
    }
    on_a_thread_of_its_own([&] {
        for (const auto& [block, size] : blocks) {
            recycled_memory::give(block, size);
        }
    });
}

TEST_CASE("a thread's stores may be used while it ends")
{
    // Thread-local objects are destroyed in the reverse order of their making, so this one outlives both stores.
    struct late {
        std::string text;
        ~late()
        {
            recycled_strings::give(std::move(text));
            auto* const block = recycled_memory::take(100);
            recycled_memory::give(block, 100);
            auto again = recycled_strings::take();
            again.assign(1000, 'x');
            recycled_strings::give(std::move(again));
        }
    };
    std::size_t used = 0;
    on_a_thread_of_its_own([&] {
        static thread_local late last;
        last.text.assign(1000, 'x');
        recycled_strings::give(with_capacity(1000));
        recycled_memory::give(recycled_memory::take(100), 100);
        used = recycled_strings::bytes();
    });
    CHECK(used >= 1000);
}

TEST_CASE("the recycling allocator serves containers and over-aligned types")
{
    struct alignas(128) wide {
        std::array<std::uint64_t, 16> words{};
    };
    std::vector<wide, recycled_allocator<wide>> wides(3);
    for (const auto& each : wides) {
        CHECK(reinterpret_cast<std::uintptr_t>(&each) % 128 == 0);
    }
    std::vector<int, recycled_allocator<int>> numbers;
    for (int i = 0; i != 1000; ++i) {
        numbers.push_back(i);
    }
    CHECK(numbers[999] == 999);
    CHECK(recycled_allocator<int>{} == recycled_allocator<long>{});
}
