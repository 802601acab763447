// Who somebody is, as the authenticator said, and the targets that a hub speaks to by name.
#ifndef REJOINDER_NET_IDENTITY_HPP
#define REJOINDER_NET_IDENTITY_HPP

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// Who the remote is: a user's id, say. An identity may hold several sessions. Without a name it is nobody.
/// Distinct objects are independent.
class identity {
public:
    identity() noexcept = default;
    explicit identity(std::string name) noexcept : name_(std::move(name)) {}
    explicit identity(std::string_view name) : name_(name) {}
    explicit identity(const char* name) : name_(name) {}

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    friend bool operator==(const identity&, const identity&) = default;
    friend std::strong_ordering operator<=>(const identity& a, const identity& b) noexcept
    {
        return a.name_.compare(b.name_) <=> 0;
    }

private:
    std::string name_;
};

/// A target: an identity. A question goes to its session that attached last; a notification to all that are attached.
class user {
public:
    explicit user(identity who) noexcept : who_(std::move(who)) {}
    explicit user(std::string name) noexcept : who_(std::move(name)) {}
    explicit user(std::string_view name) : who_(name) {}
    explicit user(const char* name) : who_(name) {}

    [[nodiscard]] const identity& who() const noexcept { return who_; }
    [[nodiscard]] const std::string& name() const noexcept { return who_.name(); }

    friend bool operator==(const user&, const user&) = default;

private:
    identity who_;
};

/// A target: every session in a named set.
class room {
public:
    explicit room(std::string name) noexcept : name_(std::move(name)) {}
    explicit room(std::string_view name) : name_(name) {}
    explicit room(const char* name) : name_(name) {}

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    friend bool operator==(const room&, const room&) = default;

private:
    std::string name_;
};

/// The room in which an identity's sessions always are: `user_42` for `42`.
inline room user_room(const identity& who)
{
    return room{"user_" + who.name()};
}

// g++ 12 destroys an aggregate that owns memory twice when it stands in braces inside a co_await expression.
static_assert(!std::is_aggregate_v<identity> && !std::is_aggregate_v<user> && !std::is_aggregate_v<room>);

} // namespace rejoinder::inline v0

template <>
struct std::hash<rejoinder::identity> {
    std::size_t operator()(const rejoinder::identity& who) const noexcept
    {
        return std::hash<std::string>{}(who.name());
    }
};

#endif
