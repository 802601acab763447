// Whether bytes are UTF-8.
#ifndef REJOINDER_WIRE_IS_UTF8_HPP
#define REJOINDER_WIRE_IS_UTF8_HPP

#include <rejoinder/wire/detail/utf8_stream.hpp>

#include <string_view>

namespace rejoinder::inline v0 {

/// Whether `text` is UTF-8, from its first character to its last. Linear, fast for ASCII.
inline bool is_utf8(std::string_view text) noexcept
{
    detail::utf8_stream reading;
    return reading.feed(text) && reading.is_whole();
}

} // namespace rejoinder::inline v0

#endif
