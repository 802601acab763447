// The keyed registry: what is pending, found again by a key that the application chose.
#ifndef REJOINDER_CORE_KEYED_REGISTRY_HPP
#define REJOINDER_CORE_KEYED_REGISTRY_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

namespace detail {

struct key_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
};

struct key_equal {
    using is_transparent = void;
    bool operator()(std::string_view one, std::string_view other) const noexcept { return one == other; }
};

// A hash map by string that keeps the nodes of erased entries for new ones, so that it does not allocate at steady state.
// Whoever erases an entry has emptied its value before.
template <class Value>
class recycling_map {
public:
    using map_type = std::unordered_map<std::string, Value, key_hash, key_equal>;
    using iterator = typename map_type::iterator;
    using const_iterator = typename map_type::const_iterator;
    using spare_type = std::vector<typename map_type::node_type>;

    recycling_map() = default;
    recycling_map(const recycling_map&) = delete;
    recycling_map& operator=(const recycling_map&) = delete;
    recycling_map(recycling_map&&) = default;
    recycling_map& operator=(recycling_map&&) = default;
    ~recycling_map() = default;

    std::size_t size() const noexcept { return map_.size(); }
    iterator begin() noexcept { return map_.begin(); }
    iterator end() noexcept { return map_.end(); }
    const_iterator end() const noexcept { return map_.end(); }
    iterator find(std::string_view key) { return map_.find(key); }
    const_iterator find(std::string_view key) const { return map_.find(key); }

    // The key is not in the map.
    iterator insert(std::string_view key)
    {
        // Room for every node to be spare is made here, so that erasing cannot fail.
        if (spare_.capacity() <= map_.size()) {
            spare_.reserve(2 * map_.size() + 8);
        }
        if (spare_.empty()) {
            return map_.try_emplace(std::string{key}).first;
        }
        spare_.back().key().assign(key);
        auto node = std::move(spare_.back());
        spare_.pop_back();
        return map_.insert(std::move(node)).position;
    }

    void erase(const_iterator position)
    {
        auto node = map_.extract(position);
        node.key().clear();
        if (node.key().capacity() > key_kept_max) {
            std::string{}.swap(node.key());
        }
        spare_.push_back(std::move(node));
    }

    void shrink()
    {
        if (map_.size() == 0) {
            map_ = map_type{};
            spare_ = spare_type{};
        }
    }

private:
    static constexpr std::size_t key_kept_max = 512;

    map_type map_;
    spare_type spare_;
};

} // namespace detail

/// What became of an attempt to open an entry under a key.
enum class opened : std::uint8_t {
    yes,       ///< the entry is pending
    duplicate, ///< one of that key is pending already; it stays as it is
    full,      ///< the registry is at its bound
};

/// Pending `T`s by keys that the application chose: the `request_id` inside a message, say. Where the ids are the
/// library's, `correlation_registry` is the faster one by far.
///
/// Bounded by its capacity: at it `open` says `full`. The key's length is the caller's to bound. Every operation takes
/// constant time on average, and none allocates at steady state. Distinct objects are independent; one object is used from one
/// thread at a time.
template <class T>
class keyed_registry {
    static_assert(std::is_nothrow_move_constructible_v<T>, "an entry moves in and out");

public:
    /// One entry taken out by `drain`.
    struct entry {
        std::string key;
        T value;
    };

    /// A registry for at most `capacity` entries at once; 0: always full.
    explicit keyed_registry(std::uint32_t capacity) : capacity_(capacity) {}

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return size() == 0; }
    bool full() const noexcept { return size() >= capacity_; }
    std::uint32_t capacity() const noexcept { return capacity_; }

    /// The entry of that key, or nullptr; valid until it is taken.
    T* find(std::string_view key)
    {
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : &*found->second;
    }
    const T* find(std::string_view key) const
    {
        const auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : &*found->second;
    }

    /// Calls f(std::string_view, T&) for every entry, in no particular order. f must not open or take any.
    template <class F>
    void for_each(F f)
    {
        for (auto& [key, value] : entries_) {
            f(std::string_view{key}, *value);
        }
    }

    /// Keeps a value under a key; unless it says `yes`, the value is dropped.
    [[nodiscard]] opened open(std::string_view key, T value)
    {
        if (entries_.find(key) != entries_.end()) {
            return opened::duplicate;
        }
        if (full()) {
            return opened::full;
        }
        entries_.insert(key)->second.emplace(std::move(value));
        return opened::yes;
    }

    /// Takes the entry of that key out; a second take finds nothing.
    std::optional<T> take(std::string_view key)
    {
        const auto found = entries_.find(key);
        if (found == entries_.end()) {
            return std::nullopt;
        }
        std::optional<T> taken{std::in_place, std::move(*found->second)};
        found->second.reset();
        entries_.erase(found);
        return taken;
    }

    /// Takes any one entry out, nothing when empty: for the end, when everything pending is settled.
    std::optional<entry> drain()
    {
        const auto first = entries_.begin();
        if (first == entries_.end()) {
            return std::nullopt;
        }
        std::optional<entry> taken{entry{first->first, std::move(*first->second)}};
        first->second.reset();
        entries_.erase(first);
        return taken;
    }

    /// Gives the memory back if nothing is pending.
    void shrink() { entries_.shrink(); }

private:
    detail::recycling_map<std::optional<T>> entries_;
    std::uint32_t capacity_;
};

} // namespace rejoinder::inline v0

#endif
