// The names that a side answers to, and how each wants to be called.
#ifndef REJOINDER_CORE_ROUTE_TABLE_HPP
#define REJOINDER_CORE_ROUTE_TABLE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rejoinder::inline v0 {

/// Whether a name's handlers may overlap within one session (contract, point 9).
enum class handling : std::uint8_t { overlapping, serial };

/// A name's entry: which handler, and how it is run.
struct route {
    std::uint32_t handler = 0; ///< the owner's number for the handler
    handling run = handling::overlapping;

    friend bool operator==(const route&, const route&) = default;
};

/// Names → routes, shared by all sessions of a hub or client. Bounded by what the program registers: peers add nothing.
/// Distinct tables are independent; one table is used from one thread at a time.
class route_table {
public:
    [[nodiscard]] std::size_t size() const noexcept { return routes_.size(); }

    /// The route of `name`; the fallback, if one was set; else null. O(1), no allocation.
    [[nodiscard]] const route* find(std::string_view name) const
    {
        const auto found = routes_.find(name);
        if (found != routes_.end()) {
            return &found->second;
        }
        return has_fallback_ ? &fallback_ : nullptr;
    }

    /// Sets or replaces the route of `name`.
    void set(std::string_view name, route to) { routes_.insert_or_assign(std::string{name}, to); }

    /// Sets the route of every name that has none of its own: what a relay needs.
    void set_fallback(route to) noexcept
    {
        fallback_ = to;
        has_fallback_ = true;
    }

    /// Takes `name` out; later messages of that name are answered `no_handler`.
    void remove(std::string_view name)
    {
        const auto found = routes_.find(name);
        if (found != routes_.end()) {
            routes_.erase(found);
        }
    }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
    };
    struct equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
    };

    std::unordered_map<std::string, route, hash, equal> routes_;
    route fallback_;
    bool has_fallback_ = false;
};

} // namespace rejoinder::inline v0

#endif
