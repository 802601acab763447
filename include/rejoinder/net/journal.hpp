// Where a client keeps its durable outbox, and a hub its records of what ran: a store, and the thread that writes to it.
#ifndef REJOINDER_NET_JOURNAL_HPP
#define REJOINDER_NET_JOURNAL_HPP

#include <rejoinder/core/store.hpp>
#include <rejoinder/net/detail/any_store.hpp>
#include <rejoinder/net/detail/scribe.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// A store with the thread that commits to it, so that no executor ever waits for a disk. What is ready together is committed together.
///
/// A handle: copies share the store. The last one to go does what was asked and ends the thread; give it to the clients and hubs that use it in
/// their options, one client at most. Handles may be used from any thread.
class journal {
public:
    /// None.
    journal() noexcept = default;
    /// Of this store, which is used by the journal's thread alone from here on.
    template <class Store>
        requires(!std::same_as<Store, journal> && store<Store>)
    explicit journal(Store kept) : scribe_(std::make_shared<detail::scribe>(detail::any_store{std::move(kept)}))
    {}

    /// Whether there is a store.
    explicit operator bool() const noexcept { return scribe_ != nullptr; }
    /// What tells the store from all others. Precondition: there is one.
    [[nodiscard]] std::string_view name() const noexcept { return scribe_->name(); }

    /// For clients and hubs.
    [[nodiscard]] const std::shared_ptr<detail::scribe>& thread() const noexcept { return scribe_; }

private:
    std::shared_ptr<detail::scribe> scribe_;
};

} // namespace rejoinder::inline v0

#endif
