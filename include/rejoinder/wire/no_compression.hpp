// The compression of a WebSocket that has none.
#ifndef REJOINDER_WIRE_NO_COMPRESSION_HPP
#define REJOINDER_WIRE_NO_COMPRESSION_HPP

#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a WebSocket asks of its compression, and a choice that cannot compress: with it, no terms are agreed on.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `C::deflater{own, terms}`, `C::inflater{own, terms}` | | one direction each of a connection, of the end `own` |
/// | `d.deflate(out, from)` | | puts the compressed form of what stands in `out` behind `from` in its place |
/// | `i.inflate(payload, out, most)` | `websocket_code` | appends the message that `payload` was; at most `most` bytes, then `too_big`; `bad_text` if it is none |
struct no_compression {
    struct deflater {
        deflater(websocket_role, const deflate_terms&) noexcept {}
        void deflate(std::string&, std::size_t) noexcept {}
    };
    struct inflater {
        inflater(websocket_role, const deflate_terms&) noexcept {}
        websocket_code inflate(std::string_view, std::string&, std::size_t) noexcept
        {
            return websocket_code::protocol_error;
        }
    };
};

} // namespace rejoinder::inline v0

#endif
