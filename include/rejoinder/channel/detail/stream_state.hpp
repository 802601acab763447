// What a stream channel and its operations share: the stream and the two directions.
#ifndef REJOINDER_CHANNEL_DETAIL_STREAM_STATE_HPP
#define REJOINDER_CHANNEL_DETAIL_STREAM_STATE_HPP

#include <cstdint>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// How the bytes of a stream are read.
enum class reading : std::uint8_t { when_ready, asynchronously };

/// `In` and `Out` are its halves without the socket, as `inbound` and `outbound` are.
template <class Stream, class In, class Out, reading How>
struct stream_state {
    using stream_type = Stream;
    using executor_type = typename Stream::executor_type;
    static constexpr bool waits_until_ready = How == reading::when_ready;

    Stream stream;
    In in;
    Out out;
    bool closed = false;
    bool receiving = false;
    bool flushing = false;

    stream_state(Stream&& connected, In&& receiving_half, Out&& sending_half)
        : stream(std::move(connected)), in(std::move(receiving_half)), out(std::move(sending_half))
    {
        if constexpr (waits_until_ready) {
            std::error_code ec;
            stream.non_blocking(true, ec);
            if (ec) {
                in.fail(ec); // without it a read could block the thread
            }
        }
    }

    executor_type executor() { return stream.get_executor(); }

    void close() noexcept
    {
        closed = true;
        std::error_code ignored; // there is nobody left to be told, and the descriptor is gone either way
        if constexpr (requires { stream.close(ignored); }) {
            stream.close(ignored);
        } else {
            stream.lowest_layer().close(ignored);
        }
    }

    std::error_code end_sending()
    {
        std::error_code ec;
        if constexpr (requires { stream.shutdown(Stream::shutdown_send, ec); }) {
            stream.shutdown(Stream::shutdown_send, ec);
        } else {
            close(); // a stream without halves has no gentler end
        }
        return ec;
    }
};

} // namespace rejoinder::inline v0::detail

#endif
