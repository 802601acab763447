// The framing concept: where one frame ends and the next begins on a stream of bytes.
#ifndef REJOINDER_WIRE_FRAMING_HPP
#define REJOINDER_WIRE_FRAMING_HPP

#include <rejoinder/core/message.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// What a framing found at the beginning of the buffered bytes.
struct parsed {
    enum class state : std::uint8_t {
        more,    ///< no whole frame yet
        frame,   ///< `frame` is whole; it borrows from the buffered bytes
        bad,     ///< not this framing: nothing after this can be trusted, so the link ends
        too_big, ///< a frame over the limit, known before its body is there; the link ends
    };

    state what = state::more;
    std::size_t used = 0;   ///< bytes at the beginning that are done with: drop them, whatever `what` says
    frame_view frame{};     ///< with `state::frame`
    std::size_t wanted = 1; ///< with `state::more`: bytes known to be missing; a hint, at least 1
};

/// A framing: a small value that marks frames on a stream of bytes.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `f.open(out)` (const) | `std::size_t` | begins a frame at the end of `out`; the caller appends the body; the result is the mark |
/// | `f.close(out, mark, form)` (const) | `bool` | completes the frame; false: this framing cannot carry that body (its form, its length, its bytes), and `out` is as it was before `open` |
/// | `f.parse(buffered)` (const) | `parsed` | reads one frame at the beginning of `buffered` |
///
/// Between two calls of `parse` the caller drops `used` bytes and may append; nothing else happens to the bytes. A
/// framing may remember how far it has looked, so each direction of a connection has a framing of its own, and a link
/// that replaces another begins with a new one. Whatever bytes come, in whatever pieces, a framing reads within them
/// only, and its work is linear in their number.
template <class F>
concept framing = std::copyable<F> &&
                  requires(const F& f, std::string& out, std::size_t mark, encoding form, std::string_view buffered) {
                      { f.open(out) } -> std::same_as<std::size_t>;
                      { f.close(out, mark, form) } -> std::same_as<bool>;
                      { f.parse(buffered) } -> std::same_as<parsed>;
                  };

} // namespace rejoinder::inline v0

#endif
