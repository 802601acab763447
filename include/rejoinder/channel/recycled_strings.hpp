// A thread's store of empty strings that keep their capacity, so that buffers that come and go allocate nothing.
#ifndef REJOINDER_CHANNEL_RECYCLED_STRINGS_HPP
#define REJOINDER_CHANNEL_RECYCLED_STRINGS_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

/// Empty strings with capacity, one store a thread. A string may be given back on another thread than it was taken on.
///
/// Bounds: `count_max` strings, `each_max` bytes each, `bytes_max` together; what does not fit is freed. Every call
/// takes time linear in `count_max` at most, and works after the thread's store is gone (static destructors): then
/// nothing is kept.
class recycled_strings {
public:
    static constexpr std::size_t count_max = 32;
    static constexpr std::size_t each_max = std::size_t{256} << 10;
    static constexpr std::size_t bytes_max = std::size_t{1} << 20;

    /// An empty string with the most capacity that the store has: for who gives it back soon.
    static std::string take()
    {
        store* const here = current();
        return here == nullptr || here->count == 0 ? std::string{} : here->take(here->largest());
    }

    /// An empty string with at least `size` bytes of capacity and not many more: for who may keep it for long.
    static std::string take(std::size_t size)
    {
        if (store* const here = current()) {
            if (const auto at = here->fitting(size); at != here->count) {
                return here->take(at);
            }
        }
        std::string made;
        // Few sizes, so that what one connection gives back fits the next one's need.
        made.reserve(std::bit_ceil(std::max(size, smallest_made)));
        return made;
    }

    /// Gives a string's capacity to this thread's store.
    static void give(std::string&& used) noexcept
    {
        std::string buffer = std::move(used);
        used.clear();
        if (buffer.capacity() <= in_place || buffer.capacity() > each_max) {
            return;
        }
        if (store* const here = current()) {
            here->give(std::move(buffer));
        }
    }

    /// Bytes of capacity in this thread's store.
    static std::size_t bytes() noexcept
    {
        const store* const here = current();
        return here == nullptr ? 0 : here->bytes;
    }

private:
    // What a string holds without allocating is not worth a place.
    static constexpr std::size_t in_place = 64;
    static constexpr std::size_t smallest_made = 256;

    struct store {
        std::array<std::string, count_max> strings{};
        std::size_t count = 0;
        std::size_t bytes = 0;

        ~store() { gone() = true; }

        std::size_t largest() const noexcept
        {
            const auto last = strings.begin() + static_cast<std::ptrdiff_t>(count);
            const auto smaller = [](const std::string& a, const std::string& b) { return a.capacity() < b.capacity(); };
            return static_cast<std::size_t>(std::max_element(strings.begin(), last, smaller) - strings.begin());
        }

        std::size_t fitting(std::size_t size) const noexcept
        {
            const auto enough = std::max(size, smallest_made);
            std::size_t at = 0;
            while (at != count && (strings[at].capacity() < enough || strings[at].capacity() / 4 > enough)) {
                ++at;
            }
            return at;
        }

        std::string take(std::size_t at)
        {
            std::string taken = std::move(strings[at]);
            --count;
            if (at != count) {
                strings[at] = std::move(strings[count]);
            }
            bytes -= taken.capacity();
            return taken;
        }

        void give(std::string&& buffer) noexcept
        {
            if (count == count_max || bytes + buffer.capacity() > bytes_max) {
                return;
            }
            buffer.clear();
            bytes += buffer.capacity();
            strings[count] = std::move(buffer);
            ++count;
        }
    };

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

} // namespace rejoinder::inline v0

#endif
