// The channel concept: one link that moves whole frames. Floor `net` is written against it.
#ifndef REJOINDER_CHANNEL_CHANNEL_HPP
#define REJOINDER_CHANNEL_CHANNEL_HPP

#include <rejoinder/channel/detail/probe_token.hpp>
#include <rejoinder/channel/frame_batch.hpp>

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/message.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <system_error>

namespace rejoinder::inline v0 {

/// A channel: one ordered link that moves whole frames {text or binary, bytes}, and knows no ids.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `c.get_executor()` (const) | `C::executor_type` | where it does its work |
/// | `c.async_receive(token)` | `void(std::error_code, frame_batch)` | at least one frame, or an error and none. One at a time |
/// | `c.begin()` | `std::string&` | begins a frame; the caller appends the body to the string. Drops a frame begun and not committed |
/// | `c.commit(form)` | `bool` | completes it; false: the channel cannot carry it, and nothing is appended. After `begin` |
/// | `c.async_flush(token)` | `void(std::error_code)` | hands what is committed now to the link, and drops a frame begun. One at a time |
/// | `c.pending()` (const) | `std::size_t` | bytes committed and not yet accepted by the link |
/// | `c.has_ended()` (const), if it is there | `bool` | whether nothing more is carried, as the link has ended already: `commit` is refused for it, not for a size |
/// | `c.has_room()` (const), if it is there | `bool` | whether a frame of any size that it carries has room; false: `commit` may be refused for what waits, not for a size |
/// | `c.async_shutdown(reason, token)` | `void(std::error_code)` | flushes, then tells the peer that no more will come. No flush under way |
/// | `c.close()` | | ends the link now; what is under way completes with `operation_aborted`. Any number of times |
/// | `c.carries(form)` (const) | `bool` | whether frames of that form can be carried at all |
///
/// Completions come never inside the initiation, exactly once, on the handler's associated executor, which must be the
/// channel's executor or take turns with it. `begin` and `commit` may be used while a flush is under way: what they add
/// waits for the next one. Every cancellation type stops `async_receive` and `async_flush` with `operation_aborted` and
/// loses nothing: received bytes are kept, and the next flush goes on where the last one stopped. `async_receive` ends
/// with `asio::error::eof` when the peer is done, with `errc::bad_message` or `errc::too_big` when what came cannot be
/// read as frames (whole frames before it are delivered first; nothing is readable after it), or with the link's error.
/// A default-constructed or moved-from channel may be destroyed and assigned to, no more. Destroying a channel closes
/// it; so does assigning to it. A channel does not outlive its execution context. Distinct channels are independent;
/// one is used from its executor.
template <class C>
concept channel = std::movable<C> && std::default_initializable<C> &&
                  requires(C& c, const C& constant, encoding form, close_reason reason, detail::probe_token token) {
                      { constant.get_executor() } -> std::convertible_to<typename C::executor_type>;
                      {
                          c.async_receive(token)
                      } -> std::same_as<detail::completes_as<void(std::error_code, frame_batch)>>;
                      { c.begin() } -> std::same_as<std::string&>;
                      { c.commit(form) } -> std::same_as<bool>;
                      { c.async_flush(token) } -> std::same_as<detail::completes_as<void(std::error_code)>>;
                      { constant.pending() } -> std::convertible_to<std::size_t>;
                      { c.async_shutdown(reason, token) } -> std::same_as<detail::completes_as<void(std::error_code)>>;
                      c.close();
                      { constant.carries(form) } -> std::same_as<bool>;
                  };

} // namespace rejoinder::inline v0

#endif
