// The connector concept: what supplies a reconnecting client with fresh channels.
#ifndef REJOINDER_CHANNEL_CONNECTOR_HPP
#define REJOINDER_CHANNEL_CONNECTOR_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/probe_token.hpp>

#include <asio/any_io_executor.hpp>

#include <concepts>
#include <string>
#include <system_error>

namespace rejoinder::inline v0 {

/// A connector: knows where the other side is and how a channel to it is opened.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `C::channel_type` | a `channel` | what it opens |
/// | `k.async_connect(executor, token)` (const) | `void(std::error_code, C::channel_type)` | a connected channel on `executor`, or an error and an empty one |
/// | `k.description()` (const) | `std::string` | where it connects to, for logs; without secrets |
/// | `k.retry_after()` (const, optional) | `std::optional<duration>` | when the side that refused the last attempt wants to be asked again |
///
/// The completion comes never inside the initiation. Every cancellation type ends an attempt with `operation_aborted`;
/// an attempt is independent of its connector's life, and of other attempts.
template <class C>
concept connector = std::movable<C> && channel<typename C::channel_type> &&
                    requires(const C& constant, const asio::any_io_executor& executor, detail::probe_token token) {
                        {
                            constant.async_connect(executor, token)
                        } -> std::same_as<detail::completes_as<void(std::error_code, typename C::channel_type)>>;
                        { constant.description() } -> std::convertible_to<std::string>;
                    };

} // namespace rejoinder::inline v0

#endif
