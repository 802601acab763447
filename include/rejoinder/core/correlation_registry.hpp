// The correlation registry: what is pending, found again by the id that its answer carries.
#ifndef REJOINDER_CORE_CORRELATION_REGISTRY_HPP
#define REJOINDER_CORE_CORRELATION_REGISTRY_HPP

#include <rejoinder/core/message.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

namespace detail {

struct registry_visitor {
    template <class T>
    void operator()(message_id, T&) const noexcept
    {}
};

} // namespace detail

/// A registry of pending `T`s: gives ids out, and takes each back once. `r` is an R, `c` a const R, `v` a T, `id` any
/// message_id whatever, and `f` callable as f(message_id, T&).
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `R(capacity)` | | a registry for at most that many (`std::uint32_t`) at once |
/// | `r.open(std::move(v))` | `std::optional<message_id>` | keeps v under a new id (below); nothing at the bound |
/// | `r.find(id)`, `c.find(id)` | `T*`, `const T*` | the pending one, until the next `open`, `take`, `drain`; or nullptr |
/// | `r.take(id)` | `std::optional<T>` | takes it out; a second take finds nothing |
/// | `r.drain()` | `std::optional` of `.id`, `.value` | takes any one out; nothing when empty |
/// | `r.for_each(f)` | | calls f for each, in any order; f must not `open` |
/// | `c.size()`, `c.capacity()` | `std::size_t`, `std::uint32_t` | how many are pending, and may be |
/// | `c.empty()`, `c.full()` | `bool` | nothing is pending; `open` would find no place |
/// | `r.shrink()` | | gives memory back when empty; no id comes again |
///
/// An id is `generation × capacity + slot`, with a generation of 1 or more, at most `message_id_max`, and given out once.
template <class R, class T>
concept registry_of = std::constructible_from<R, std::uint32_t> &&
                      requires(R& r, const R& c, T value, message_id id, detail::registry_visitor visitor) {
                          { r.open(std::move(value)) } -> std::same_as<std::optional<message_id>>;
                          { r.find(id) } -> std::same_as<T*>;
                          { c.find(id) } -> std::same_as<const T*>;
                          { r.take(id) } -> std::same_as<std::optional<T>>;
                          { r.drain()->id } -> std::convertible_to<message_id>;
                          { std::move(r.drain()->value) } -> std::convertible_to<T>;
                          r.for_each(visitor);
                          { c.size() } -> std::same_as<std::size_t>;
                          { c.capacity() } -> std::same_as<std::uint32_t>;
                          { c.empty() } -> std::same_as<bool>;
                          { c.full() } -> std::same_as<bool>;
                          r.shrink();
                      };

/// Pending things by id (contract, point 3; the slots are RFC 8881 §2.10.6's).
///
/// An id is `generation × capacity + slot`. The generation of a slot starts at 1 and rises each time the slot is used, so no
/// id comes twice: a late or repeated answer finds nothing, rather than somebody else's entry. A slot whose ids are used
/// up (2^53) is retired. The slot freed last is used first, so a registry that is seldom full stays small and in the cache.
///
/// Bounded by its capacity: at it `open` gives nothing. Every operation takes constant time (`for_each` and `shrink`: linear in
/// the slots ever used at once). 8 bytes beyond T a slot; slots are allocated as they are needed, none at steady state.
/// Distinct objects are independent; one object is used from one thread at a time. A moved-from registry may only be
/// destroyed or assigned to.
template <class T>
class correlation_registry {
    static_assert(std::is_nothrow_move_constructible_v<T>, "entries move when the registry grows");

public:
    /// One entry taken out by `drain`.
    struct entry {
        message_id id;
        T value;
    };

    /// A registry for at most `capacity` entries at once; 0: always full.
    explicit correlation_registry(std::uint32_t capacity) noexcept : capacity_(capacity) {}

    correlation_registry(const correlation_registry&) = delete;
    correlation_registry& operator=(const correlation_registry&) = delete;
    correlation_registry(correlation_registry&&) noexcept = default;
    correlation_registry& operator=(correlation_registry&&) noexcept = default;
    ~correlation_registry() = default;

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    std::uint32_t capacity() const noexcept { return capacity_; }

    /// Whether `open` would give nothing.
    bool full() const noexcept
    {
        return free_ == none && (slots_.size() == capacity_ || next_new_id() > message_id_max);
    }

    /// The entry of that id, or nullptr for a late, repeated, foreign or malformed one; valid until the next `open`,
    /// `take` or `drain`.
    T* find(message_id id) noexcept
    {
        const auto index = index_of(id);
        return index == none ? nullptr : std::addressof(slots_[index].value);
    }
    const T* find(message_id id) const noexcept
    {
        const auto index = index_of(id);
        return index == none ? nullptr : std::addressof(slots_[index].value);
    }

    /// Calls f(message_id, T&) for every entry, in no particular order. f may `take` entries, and must not `open` any.
    template <class F>
    void for_each(F f)
    {
        for (std::size_t index = 0; index != slots_.size(); ++index) {
            if (slots_[index].pending()) {
                f(slots_[index].word, slots_[index].value);
            }
        }
    }

    /// Keeps a value and gives it an id that was never given out before; nothing at the bound.
    std::optional<message_id> open(T value)
    {
        if (free_ == none && !grow()) {
            return std::nullopt;
        }
        auto& slot = slots_[free_];
        free_ = slot.next_free;
        slot.word &= ~free_bit;
        std::construct_at(std::addressof(slot.value), std::move(value));
        ++size_;
        return slot.word;
    }

    /// Takes the entry of that id out: resolved, failed, cancelled, expired alike. Nothing for an id that is not pending.
    std::optional<T> take(message_id id) noexcept
    {
        const auto index = index_of(id);
        if (index == none) {
            return std::nullopt;
        }
        std::optional<T> taken{std::in_place, std::move(slots_[index].value)};
        release(index);
        return taken;
    }

    /// Takes any one entry out, nothing when empty: for the end, when everything pending is settled.
    std::optional<entry> drain() noexcept
    {
        if (size_ == 0) {
            return std::nullopt;
        }
        // Going on where the last call found one keeps a whole drain linear.
        do {
            cursor_ = cursor_ + 1 < slots_.size() ? cursor_ + 1 : 0;
        } while (!slots_[cursor_].pending());
        std::optional<entry> taken{entry{slots_[cursor_].word, std::move(slots_[cursor_].value)}};
        release(cursor_);
        return taken;
    }

    /// Gives the memory back if nothing is pending. The generations go on above the highest one used, so that no id comes again.
    void shrink() noexcept
    {
        if (size_ != 0 || slots_.empty()) {
            return;
        }
        for (const auto& slot : slots_) {
            first_generation_ = std::max(first_generation_, (slot.word & ~free_bit) / capacity_);
        }
        slots_ = std::vector<slot_type>{};
        free_ = none;
        cursor_ = 0;
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint64_t free_bit = std::uint64_t{1} << 63;

    // The word is the id of a pending slot, and with the free bit the next id of a free one; a retired slot's is above all ids.
    struct slot_type {
        explicit slot_type(message_id first, std::uint32_t next) noexcept : word(first | free_bit), next_free(next) {}

        // Slots move when the registry grows, which it does when none is free: the free list has no links to keep then.
        slot_type(slot_type&& other) noexcept : word(other.word), next_free(none)
        {
            if (pending()) {
                std::construct_at(std::addressof(value), std::move(other.value));
            }
        }
        slot_type& operator=(slot_type&&) = delete;

        ~slot_type()
        {
            if (pending()) {
                std::destroy_at(std::addressof(value));
            }
        }

        bool pending() const noexcept { return (word & free_bit) == 0; }

        std::uint64_t word;
        union {
            std::uint32_t next_free;
            T value;
        };
    };

    message_id next_new_id() const noexcept { return first_generation_ * capacity_ + slots_.size(); }

    std::uint32_t index_of(message_id id) const noexcept
    {
        // The first test keeps a peer's number from matching the word of a free slot.
        if (id > message_id_max || slots_.empty()) {
            return none;
        }
        const auto index = id % capacity_;
        return index < slots_.size() && slots_[index].word == id ? static_cast<std::uint32_t>(index) : none;
    }

    bool grow()
    {
        if (full()) {
            return false;
        }
        slots_.emplace_back(next_new_id(), none);
        free_ = static_cast<std::uint32_t>(slots_.size() - 1);
        return true;
    }

    void release(std::uint32_t index) noexcept
    {
        auto& slot = slots_[index];
        std::destroy_at(std::addressof(slot.value));
        --size_;
        slot.word = (slot.word + capacity_) | free_bit;
        std::construct_at(std::addressof(slot.next_free), free_);
        if ((slot.word & ~free_bit) <= message_id_max) {
            free_ = index;
        }
    }

    std::vector<slot_type> slots_;
    std::uint64_t first_generation_ = 1;
    std::size_t size_ = 0;
    std::uint32_t capacity_;
    std::uint32_t free_ = none;
    std::uint32_t cursor_ = 0;
};

} // namespace rejoinder::inline v0

#endif
