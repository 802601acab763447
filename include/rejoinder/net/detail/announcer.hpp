// Tells the program who came and who is gone, and runs its clean-up.
#ifndef REJOINDER_NET_DETAIL_ANNOUNCER_HPP
#define REJOINDER_NET_DETAIL_ANNOUNCER_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/detail/exception_text.hpp>
#include <rejoinder/net/detail/gate.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>

#include <asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// The program's functions, called on the hub's executor while the hub lives. They may do anything, even destroy it.
class announcer {
public:
    using observer = std::function<void(const peer&)>;

    observer attached;
    observer session_ended;
    clean_up_function detached;

    /// Calls an observer, if there is one: later, on its own.
    template <class Setting, class Hub>
    void tell(const observer& whom, const Setting& setting, std::weak_ptr<Hub> hub, const peer& of)
    {
        if (whom) {
            asio::post(setting.executor, [hub = std::move(hub), whom, of] {
                if (const auto alive = hub.lock(); alive != nullptr && !alive->stopped()) {
                    whom(of);
                }
            });
        }
    }

    /// Runs the clean-up of an identity, now; `then(hub)` when it has ended.
    template <class Setting, class Hub, class Then>
    void clean_up(const Setting& setting, std::weak_ptr<Hub> hub, const std::string& identity_name, Then then)
    {
        setting.report({.name = "user_detach_executing", .who = identity_name});
        setting.report({.name = "registry_cleanup_start", .who = identity_name});
        const auto began = std::chrono::steady_clock::now();
        ++*cleaning_;
        auto done = [hub = std::move(hub), identity_name, began, then = std::move(then),
                     cleaning = cleaning_](std::exception_ptr thrown) {
            --*cleaning;
            const auto alive = hub.lock();
            if (alive == nullptr || alive->stopped()) {
                return;
            }
            tell_end(alive->setting(), identity_name, thrown, std::chrono::steady_clock::now() - began);
            then(*alive);
        };
        if (const auto run = detached) { // a copy: it may be replaced from inside
            run(setting.executor, identity{identity_name}, std::move(done));
        } else {
            done(nullptr);
        }
    }

    /// Clean-ups that run.
    [[nodiscard]] std::size_t cleaning() const noexcept { return *cleaning_; }

    // What becomes of an identity's presence.

    template <class Setting, class Options>
    void tell_presence(const verdict_of::leaving& one, const Setting& setting, const Options& options) const
    {
        setting.report({.name = "user_detach_delay_start", .who = one.identity, .took = options.grace});
    }
    template <class Setting, class Options>
    void tell_presence(const verdict_of::returned& one, const Setting& setting, const Options&) const
    {
        ++setting.counts->detaches_cancelled;
        setting.report({.name = "user_detach_cancelled", .who = one.identity});
    }
    template <class Setting, class Options>
    void tell_presence(const verdict_of::overdue& one, const Setting& setting, const Options& options) const
    {
        setting.report({.name = "registry_cleanup_overdue", .who = one.identity, .took = options.clean_up_limit});
    }

private:
    template <class Setting>
    static void tell_end(const Setting& setting, const std::string& who, const std::exception_ptr& thrown,
                         duration took)
    {
        if (thrown && setting.events) {
            const auto text = text_of(thrown);
            setting.report({.name = "registry_cleanup_error", .who = who, .took = took, .text = text});
        } else if (!thrown) {
            setting.report({.name = "registry_cleanup_success", .who = who, .took = took});
        }
        setting.report({.name = "ws_cleanup_complete", .who = who, .took = took});
    }

    std::shared_ptr<std::size_t> cleaning_ = std::make_shared<std::size_t>(0); // shared with those that outlive the hub
};

} // namespace rejoinder::inline v0::detail

#endif
