// How a correlation sends its questions: through a hub, to a user or a peer, or through a client.
#ifndef REJOINDER_NET_DETAIL_CORRELATION_LINE_HPP
#define REJOINDER_NET_DETAIL_CORRELATION_LINE_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rejoinder::inline v0::detail {

/// What both have in common. It does not keep the hub or client: who is over takes no question any more.
template <class State>
class line_to_state {
public:
    explicit line_to_state(std::weak_ptr<State> through) : through_(std::move(through)) {}

    /// The usual timeout of a question of this name.
    [[nodiscard]] duration timeout_of(std::string_view name) const
    {
        const auto through = through_.lock();
        return through == nullptr ? duration::zero() : through->options().session.timeout_of(name);
    }

    /// What is counted there; null: it is gone.
    [[nodiscard]] std::shared_ptr<counters> counts() const
    {
        const auto through = through_.lock();
        return through == nullptr ? nullptr : through->setting().counts;
    }

    [[nodiscard]] std::weak_ptr<handler> handler_of(std::string_view name) const
    {
        const auto through = through_.lock();
        return through == nullptr ? nullptr : through->setting().router.handler_of(name);
    }

    /// Takes the handler of this name away, if it still is that one: who was replaced may live on for a call.
    void off(std::string_view name, const std::weak_ptr<handler>& which) const
    {
        const auto through = through_.lock();
        const auto mine = which.lock();
        if (through != nullptr && mine != nullptr && through->setting().router.handler_of(name) == mine) {
            through->setting().router.remove(name);
        }
    }

protected:
    [[nodiscard]] std::shared_ptr<State> through() const { return through_.lock(); }

    static void gone(pending_call waiting)
    {
        waiting.done.post(asio::error::operation_aborted, reply{{}, {}, {}, certainty::never_sent});
    }

private:
    std::weak_ptr<State> through_;
};

template <class Through>
class correlation_line;

template <class Policies>
class correlation_line<hub<Policies>> : public line_to_state<hub_state<Policies>> {
public:
    using target = std::variant<user, peer>;

    explicit correlation_line(hub<Policies>& through) : line_to_state<hub_state<Policies>>(through.weak_state()) {}

    /// Who may answer: any session of that identity.
    static std::string_view whose(const target& whom) noexcept
    {
        const auto* const one = std::get_if<peer>(&whom);
        return one != nullptr ? one->who().name() : std::get<user>(whom).name();
    }
    static std::string_view whose(const peer& from) noexcept { return from.who().name(); }

    void deliver(const target& whom, outgoing words, pending_call waiting) const
    {
        const auto through = this->through();
        if (through == nullptr) {
            this->gone(std::move(waiting));
            return;
        }
        std::visit(
            [&](const auto& to) { through->open(message_kind::delivery, to, std::move(words), std::move(waiting)); },
            whom);
    }

    /// To the session that would have got the delivery.
    bool notify(const target& whom, const outgoing& words) const
    {
        const auto through = this->through();
        if (through == nullptr) {
            return false;
        }
        const auto all = std::visit([&](const auto& to) { return through->calls().inside(to); }, whom);
        return !all.empty() && through->calls().notify(all.back(), words);
    }
};

template <class Policies>
class correlation_line<client<Policies>> : public line_to_state<client_state<Policies>> {
public:
    using target = std::monostate;

    explicit correlation_line(client<Policies>& through) : line_to_state<client_state<Policies>>(through.weak_state())
    {}

    /// Only the hub speaks to a client.
    static std::string_view whose(const target&) noexcept { return {}; }
    static std::string_view whose(const peer&) noexcept { return {}; }

    void deliver(const target&, outgoing words, pending_call waiting) const
    {
        if (const auto through = this->through()) {
            through->open(message_kind::delivery, std::move(words), std::move(waiting));
        } else {
            this->gone(std::move(waiting));
        }
    }

    bool notify(const target&, const outgoing& words) const
    {
        const auto through = this->through();
        return through != nullptr && through->notify(words);
    }
};

} // namespace rejoinder::inline v0::detail

#endif
