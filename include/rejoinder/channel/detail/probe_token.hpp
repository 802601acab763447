// A completion token that starts nothing and reports the signature: how concepts ask for one without a real operation.
#ifndef REJOINDER_CHANNEL_DETAIL_PROBE_TOKEN_HPP
#define REJOINDER_CHANNEL_DETAIL_PROBE_TOKEN_HPP

#include <asio/async_result.hpp>

namespace rejoinder::inline v0::detail {

struct probe_token {};

/// What an operation returns for a `probe_token`: its completion signature.
template <class Signature>
struct completes_as {};

} // namespace rejoinder::inline v0::detail

template <class Signature>
class asio::async_result<rejoinder::detail::probe_token, Signature> {
public:
    using return_type = rejoinder::detail::completes_as<Signature>;

    template <class Initiation, class Token, class... Args>
    static return_type initiate(Initiation&&, Token&&, Args&&...)
    {
        return {};
    }
};

#endif
