// A thread's store of empty strings that keep their capacity, so that buffers that come and go allocate nothing.
#ifndef REJOINDER_CHANNEL_DETAIL_RECYCLED_HPP
#define REJOINDER_CHANNEL_DETAIL_RECYCLED_HPP

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Empty strings with capacity, one store a thread. A string may be given back on another thread than it was taken on.
///
/// Bounds: `count_max` strings, `each_max` bytes each, `bytes_max` together; what does not fit is freed. Both calls take
/// time linear in `count_max` at most, and work after the thread's store is gone (static destructors): then nothing is kept.
class recycled {
public:
    static constexpr std::size_t count_max = 32;
    static constexpr std::size_t each_max = std::size_t{256} << 10;
    static constexpr std::size_t bytes_max = std::size_t{1} << 20;

    /// An empty string, of the store if one has at most `capacity_max` bytes of capacity: whoever keeps the string for
    /// long says how much memory it may hold.
    static std::string take(std::size_t capacity_max = std::numeric_limits<std::size_t>::max())
    {
        store* const here = current();
        return here == nullptr ? std::string{} : here->take(capacity_max);
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

    struct store {
        std::array<std::string, count_max> strings{};
        std::size_t count = 0;
        std::size_t bytes = 0;

        ~store() { gone() = true; }

        std::string take(std::size_t capacity_max)
        {
            // The last given first: its bytes are the likeliest to be in the processor's cache.
            for (std::size_t at = count; at-- != 0;) {
                if (strings[at].capacity() > capacity_max) {
                    continue;
                }
                std::string taken = std::move(strings[at]);
                --count;
                if (at != count) {
                    strings[at] = std::move(strings[count]);
                }
                bytes -= taken.capacity();
                return taken;
            }
            return {};
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

} // namespace rejoinder::inline v0::detail

#endif
