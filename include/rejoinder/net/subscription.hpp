// The right to hear of events of one name over a shared connection, until it is destroyed.
#ifndef REJOINDER_NET_SUBSCRIPTION_HPP
#define REJOINDER_NET_SUBSCRIPTION_HPP

#include <rejoinder/net/detail/subscriber.hpp>
#include <rejoinder/net/detail/subscription_desk.hpp>

#include <memory>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

/// A subscription, made by `shared_client::subscribe`. Destroying it ends it, also from inside its own function, and after its client. Used
/// from the client's executor.
class subscription {
public:
    /// Of nothing.
    subscription() noexcept = default;
    /// Made by the client.
    subscription(const std::shared_ptr<detail::subscription_desk>& at, std::string name,
                 std::shared_ptr<detail::subscriber> who)
        : desk_(at), name_(std::move(name)), who_(std::move(who))
    {}

    subscription(subscription&&) noexcept = default;
    subscription& operator=(subscription&& other) noexcept
    {
        subscription former{std::move(other)};
        std::swap(desk_, former.desk_);
        std::swap(name_, former.name_);
        std::swap(who_, former.who_);
        return *this;
    }
    ~subscription() { end(); }

    /// Whether events reach its function. False also once its name was unsubscribed, or its client is gone.
    [[nodiscard]] bool active() const noexcept { return who_ != nullptr && !who_->over && !desk_.expired(); }

    /// No event reaches its function any more.
    void end()
    {
        const auto who = std::exchange(who_, nullptr);
        if (const auto desk = desk_.lock(); desk != nullptr && who != nullptr) {
            desk->remove(name_, who);
        }
    }

private:
    std::weak_ptr<detail::subscription_desk> desk_;
    std::string name_;
    std::shared_ptr<detail::subscriber> who_;
};

} // namespace rejoinder::inline v0

#endif
