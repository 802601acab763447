// Who a message came from: an identity and one session of it.
#ifndef REJOINDER_NET_PEER_HPP
#define REJOINDER_NET_PEER_HPP

#include <rejoinder/net/identity.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// One session, as the handlers of its messages see it. A value that names and does not hold: the session may be over.
/// Copying takes constant time and allocates nothing. Distinct objects are independent, copies of one included.
class peer {
public:
    /// Nobody.
    peer() noexcept = default;
    /// `session` is its host's number for it, not 0.
    peer(identity who, std::uint64_t session) : whom_(std::make_shared<const data>(std::move(who), session)) {}

    /// Whether it is somebody.
    explicit operator bool() const noexcept { return whom_ != nullptr; }

    /// Who it is; without a name if it is nobody.
    [[nodiscard]] const identity& who() const noexcept
    {
        static const identity nobody;
        return whom_ == nullptr ? nobody : whom_->who;
    }
    /// The session's number, which is never used again; 0: nobody.
    [[nodiscard]] std::uint64_t session() const noexcept { return whom_ == nullptr ? 0 : whom_->session; }

    friend bool operator==(const peer& a, const peer& b) noexcept
    {
        return a.whom_ == b.whom_ || (a.session() == b.session() && a.who() == b.who());
    }

private:
    struct data {
        data(identity name, std::uint64_t number) noexcept : who(std::move(name)), session(number) {}

        identity who;
        std::uint64_t session;
    };

    std::shared_ptr<const data> whom_;
};

static_assert(!std::is_aggregate_v<peer>);

} // namespace rejoinder::inline v0

template <>
struct std::hash<rejoinder::peer> {
    std::size_t operator()(const rejoinder::peer& from) const noexcept
    {
        return std::hash<std::uint64_t>{}(from.session());
    }
};

#endif
