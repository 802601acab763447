// What a channel asks of a stream of bytes: asynchronous reads and writes, as every Asio stream has them.
#ifndef REJOINDER_CHANNEL_ASYNC_STREAM_HPP
#define REJOINDER_CHANNEL_ASYNC_STREAM_HPP

#include <rejoinder/channel/detail/probe_token.hpp>

#include <asio/buffer.hpp>

#include <concepts>
#include <cstddef>
#include <system_error>

namespace rejoinder::inline v0 {

/// An Asio AsyncReadStream and AsyncWriteStream that can be closed: TCP and Unix sockets, descriptors, TLS over one.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `s.get_executor()` | `S::executor_type` | where its operations complete |
/// | `s.async_read_some(buffer, token)` | by the token, `void(std::error_code, std::size_t)` | reads what there is, at least a byte |
/// | `s.async_write_some(buffer, token)` | the same | writes at least a byte |
/// | `s.close(ec)`, or `s.lowest_layer().close(ec)` | any | closes at once; operations complete with `operation_aborted` |
template <class S>
concept async_stream =
    std::movable<S> &&
    requires(S& s, asio::mutable_buffer in, asio::const_buffer out, detail::probe_token token) {
        { s.get_executor() } -> std::convertible_to<typename S::executor_type>;
        { s.async_read_some(in, token) } -> std::same_as<detail::completes_as<void(std::error_code, std::size_t)>>;
        { s.async_write_some(out, token) } -> std::same_as<detail::completes_as<void(std::error_code, std::size_t)>>;
    } &&
    (requires(S& s, std::error_code& ec) { s.close(ec); } ||
     requires(S& s, std::error_code& ec) { s.lowest_layer().close(ec); });

/// A stream that can wait until there is something to read and then read it without blocking: TCP, Unix sockets, POSIX
/// descriptors. Its connections hold no read buffer while they wait.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `s.non_blocking(true, ec)` | any | from now on `read_some` fails with `would_block` where it would wait |
/// | `s.async_wait(S::wait_read, token)` | by the token, `void(std::error_code)` | completes when a read would not wait |
/// | `s.read_some(buffer, ec)` | `std::size_t` | reads what there is |
template <class S>
concept waitable_stream =
    async_stream<S> && requires(S& s, asio::mutable_buffer in, std::error_code& ec, detail::probe_token token) {
        s.non_blocking(true, ec);
        { s.async_wait(S::wait_read, token) } -> std::same_as<detail::completes_as<void(std::error_code)>>;
        { s.read_some(in, ec) } -> std::convertible_to<std::size_t>;
    };

} // namespace rejoinder::inline v0

#endif
