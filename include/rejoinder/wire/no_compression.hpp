// The compression of a WebSocket that has none.
// Not behind the door: it stands behind web.hpp.
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
/// | `d.deflate(out, from)` | `bool` | puts the compressed form of what stands in `out` from `from` on in its place; false: left as it was |
/// | `i.inflate(payload, out, most)` | `websocket_code` | appends the message that `payload` was; of more than `most` bytes no more than they, and `too_big`; `bad_text` if it was none |
struct no_compression {
    struct deflater {
        deflater(websocket_role, const deflate_terms&) noexcept {}
        bool deflate(std::string&, std::size_t) noexcept { return false; }
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
