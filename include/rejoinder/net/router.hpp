// The handlers of a hub or client, by name, and the table that its sessions route by.
#ifndef REJOINDER_NET_ROUTER_HPP
#define REJOINDER_NET_ROUTER_HPP

#include <rejoinder/core/route_table.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/interceptor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Names → handlers. A name keeps its number when its handler is replaced, so what was queued for it meets the new one; a removed name's number
/// is never given again, so what was queued for that meets none. Memory is bounded by the names that have a handler.
/// O(1). Distinct objects are independent; one is used from one thread at a time.
class router {
public:
    using interceptors = std::vector<interceptor>;

    /// The names, for sessions; it holds as long as this.
    [[nodiscard]] const route_table& routes() const noexcept { return routes_; }
    /// Handlers, the fallback included.
    [[nodiscard]] std::size_t size() const noexcept { return handlers_.size(); }

    /// The handler of this number; null: its name was removed. The caller keeps it while it is called.
    [[nodiscard]] std::shared_ptr<detail::handler> handler_at(std::uint32_t number) const
    {
        const auto found = handlers_.find(number);
        return found == handlers_.end() ? nullptr : found->second;
    }

    /// The handler of this name alone; null: it has none.
    [[nodiscard]] std::shared_ptr<detail::handler> handler_of(std::string_view name) const
    {
        const auto known = number_of(name);
        return known == fallback ? nullptr : handler_at(known);
    }

    /// Sets or replaces the handler of `name`. Those that run go on.
    void set(std::string_view name, std::shared_ptr<detail::handler> to, handling how = handling::overlapping)
    {
        const auto known = number_of(name);
        const auto number = known != fallback ? known : unused();
        const auto gone = std::exchange(handlers_[number], std::move(to)); // what it holds may come back here
        routes_.set(name, {number, how});
    }

    /// Sets or replaces the handler of all names that have none.
    void set_fallback(std::shared_ptr<detail::handler> to, handling how = handling::overlapping)
    {
        const auto gone = std::exchange(handlers_[fallback], std::move(to));
        routes_.set_fallback({fallback, how});
    }

    /// Takes a name's handler away. Those that run go on. False: it had none.
    bool remove(std::string_view name)
    {
        const auto known = number_of(name);
        if (known == fallback) {
            return false;
        }
        routes_.remove(name);
        const auto gone = handlers_.extract(known);
        return true;
    }

    /// Puts `one` before every handler, behind the interceptors that there are.
    void intercept(interceptor one)
    {
        auto chain = chain_ == nullptr ? std::make_shared<interceptors>() : std::make_shared<interceptors>(*chain_);
        chain->push_back(std::move(one));
        chain_ = std::move(chain);
    }

    /// What stands before the handlers; null: nothing. The caller keeps it while it goes through it: it may be replaced meanwhile.
    [[nodiscard]] const std::shared_ptr<const interceptors>& chain() const noexcept { return chain_; }

    /// Takes all handlers and interceptors away. Those that run go on.
    void clear()
    {
        routes_ = {};
        const auto former = std::exchange(chain_, nullptr);
        const auto gone = std::exchange(handlers_, {}); // what they hold may come back here when it is destroyed
    }

private:
    static constexpr std::uint32_t fallback = 0;

    // The fallback's number stands for names without a handler of their own.
    [[nodiscard]] std::uint32_t number_of(std::string_view name) const
    {
        const auto* to = routes_.find(name);
        return to == nullptr ? fallback : to->handler;
    }

    // The numbers last for four thousand million registrations; then those still in use are passed over.
    [[nodiscard]] std::uint32_t unused()
    {
        do {
            ++last_;
        } while (last_ == fallback || handlers_.contains(last_));
        return last_;
    }

    route_table routes_;
    std::unordered_map<std::uint32_t, std::shared_ptr<detail::handler>> handlers_;
    std::shared_ptr<const interceptors> chain_;
    std::uint32_t last_ = fallback;
};

} // namespace rejoinder::inline v0

#endif
