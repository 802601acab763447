// permessage-deflate (RFC 7692) through zlib: the compression of a WebSocket.
// Not behind the door: needs zlib, which rejoinder::deflate finds.
#ifndef REJOINDER_WIRE_WEBSOCKET_DEFLATE_HPP
#define REJOINDER_WIRE_WEBSOCKET_DEFLATE_HPP

#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

namespace detail {

// zlib's streams point at themselves, so they stay where they are.
template <int (*End)(z_stream*)>
struct zlib_end {
    void operator()(z_stream* stream) const noexcept
    {
        End(stream);
        delete stream;
    }
};

// What a sync flush ends with; a message goes without it (RFC 7692 §7.2.1).
inline constexpr std::string_view deflate_tail{"\x00\x00\xFF\xFF", 4};

// zlib reads through a pointer that is not const, and counts in 32 bits.
inline Bytef* zlib_bytes(const char* bytes) noexcept
{
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));
}

} // namespace detail

/// Compresses the messages that one end of a connection sends. Holds up to 256 KiB from its first message on.
class websocket_deflater {
public:
    websocket_deflater(websocket_role own, const deflate_terms& terms) noexcept
        : window_bits_(own == websocket_role::server ? terms.server_max_window_bits : terms.client_max_window_bits),
          forgets_(own == websocket_role::server ? terms.server_no_context_takeover : terms.client_no_context_takeover)
    {}

    /// Puts the compressed form of what stands in `out` from `from` on in its place. False, and `out` is as it was:
    /// nothing stands there, it is too long for zlib, or the peer's window is too small for it.
    bool deflate(std::string& out, std::size_t from)
    {
        const auto length = out.size() - from;
        if (length == 0 || length > longest || window_bits_ < zlib_bits_min) {
            return false;
        }
        z_stream& zlib = stream();
        const auto room = deflateBound(&zlib, static_cast<uLong>(length)) + flush_bytes;
        out.resize(out.size() + room); // behind the message, which is taken away afterwards
        zlib.next_in = detail::zlib_bytes(out.data() + from);
        zlib.avail_in = static_cast<uInt>(length);
        zlib.next_out = detail::zlib_bytes(out.data() + from + length);
        zlib.avail_out = static_cast<uInt>(room);
        ::deflate(&zlib, Z_SYNC_FLUSH); // all fits, so nothing can go wrong
        out.resize(out.size() - zlib.avail_out - detail::deflate_tail.size());
        out.erase(from, length);
        if (forgets_) {
            deflateReset(&zlib);
        }
        return true;
    }

private:
    static constexpr int zlib_bits_min = 9; // zlib writes raw deflate for no smaller window
    static constexpr std::size_t longest = std::size_t{1} << 30;
    static constexpr std::size_t flush_bytes = 16; // more than a sync flush adds

    z_stream& stream()
    {
        if (stream_ == nullptr) {
            constexpr int memory_level = 8; // zlib's default
            auto made = std::make_unique<z_stream>();
            if (deflateInit2(made.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits_, memory_level,
                             Z_DEFAULT_STRATEGY) != Z_OK) {
                throw std::bad_alloc{};
            }
            stream_.reset(made.release());
        }
        return *stream_;
    }

    int window_bits_;
    bool forgets_; // begins each message with an empty window
    std::unique_ptr<z_stream, detail::zlib_end<deflateEnd>> stream_{};
};

/// Inflates the messages that one end of a connection receives. Holds up to 40 KiB from its first message on.
class websocket_inflater {
public:
    websocket_inflater(websocket_role own, const deflate_terms& terms) noexcept
        : window_bits_(own == websocket_role::server ? terms.client_max_window_bits : terms.server_max_window_bits),
          forgets_(own == websocket_role::server ? terms.client_no_context_takeover : terms.server_no_context_takeover)
    {}

    /// Appends the message that `payload` was to `out`. `too_big`: it is longer than `most` bytes; `out` grew by no more
    /// than that and a piece. `bad_text`: it is no compressed message. Either way the connection is over.
    websocket_code inflate(std::string_view payload, std::string& out, std::size_t most)
    {
        if (payload.size() > std::numeric_limits<uInt>::max()) {
            return websocket_code::too_big;
        }
        z_stream& zlib = stream();
        room left{.most = most, .before = out.size()};
        for (const auto part : {payload, detail::deflate_tail}) {
            zlib.next_in = detail::zlib_bytes(part.data());
            zlib.avail_in = static_cast<uInt>(part.size());
            if (const auto wrong = inflate_part(zlib, out, left); wrong != websocket_code::none) {
                return wrong;
            }
        }
        if ((zlib.data_type & at_end_of_block) == 0) {
            return websocket_code::bad_text;
        }
        if (forgets_) {
            inflateReset(&zlib);
        }
        return websocket_code::none;
    }

private:
    struct room {
        std::size_t most;
        std::size_t before; // of the string
        int ends = 0;       // of deflate streams within this message
    };

    static constexpr int at_end_of_block = 128; // in `data_type`; see inflate() in zlib.h
    // zlib, when asked to write for a window of 256 bytes, has always used one of 512.
    static constexpr int zlib_bits_min = 9;
    static constexpr std::size_t piece = std::size_t{16} << 10;
    static constexpr int ends_max = 8;

    websocket_code inflate_part(z_stream& zlib, std::string& out, room& left)
    {
        for (;;) {
            const auto done = out.size() - left.before;
            const auto space = std::min(piece, left.most - done + 1); // a byte more shows that it is too long
            out.resize(out.size() + space);
            zlib.next_out = detail::zlib_bytes(out.data() + out.size() - space);
            zlib.avail_out = static_cast<uInt>(space);
            const int result = ::inflate(&zlib, Z_SYNC_FLUSH);
            out.resize(out.size() - zlib.avail_out);
            if (out.size() - left.before > left.most) {
                return websocket_code::too_big;
            }
            if (result == Z_STREAM_END) {
                if (++left.ends > ends_max || !begin_next(zlib)) {
                    return websocket_code::bad_text;
                }
            } else if (result != Z_OK && result != Z_BUF_ERROR) {
                return websocket_code::bad_text;
            }
            if (zlib.avail_in == 0 && (zlib.avail_out != 0 || result == Z_STREAM_END)) {
                return websocket_code::none;
            }
        }
    }

    // A sender may end its deflate stream within a message and begin another, with the same window (RFC 7692 §7.2.3.4).
    bool begin_next(z_stream& zlib)
    {
        std::array<Bytef, std::size_t{32} << 10> window;
        uInt size = 0;
        return inflateGetDictionary(&zlib, window.data(), &size) == Z_OK && inflateReset(&zlib) == Z_OK &&
               inflateSetDictionary(&zlib, window.data(), size) == Z_OK;
    }

    z_stream& stream()
    {
        if (stream_ == nullptr) {
            auto made = std::make_unique<z_stream>();
            if (inflateInit2(made.get(), -std::max(window_bits_, zlib_bits_min)) != Z_OK) {
                throw std::bad_alloc{};
            }
            stream_.reset(made.release());
        }
        return *stream_;
    }

    int window_bits_;
    bool forgets_; // the peer begins each message with an empty window
    std::unique_ptr<z_stream, detail::zlib_end<inflateEnd>> stream_{};
};

/// The compression of a `websocket` whose connections may agree on permessage-deflate. See `no_compression` for what it
/// consists of.
struct permessage_deflate {
    using deflater = websocket_deflater;
    using inflater = websocket_inflater;
};

} // namespace rejoinder::inline v0

#endif
