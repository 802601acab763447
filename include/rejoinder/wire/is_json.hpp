// Whether text is JSON, for programs that take it from outside and hand it on unread.
#ifndef REJOINDER_WIRE_IS_JSON_HPP
#define REJOINDER_WIRE_IS_JSON_HPP

#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_skip.hpp>

#include <cstddef>
#include <string_view>

namespace rejoinder::inline v0 {

/// How deep arrays and objects may stand inside each other in any JSON that this library reads.
inline constexpr std::size_t json_depth_max = detail::json_scan_depth_max;

/// Whether `text` is one JSON value and whitespace around it (RFC 8259, strictly), valid UTF-8 (§8.1) without a byte
/// order mark, and no deeper than `json_depth_max`.
///
/// A `\u` escape of half a surrogate pair is within the grammar (§8.2), and what JavaScript's JSON.stringify writes.
/// Reads each byte once; allocates nothing.
inline bool is_json(std::string_view text) noexcept
{
    detail::json_scanner scanner{text};
    return scanner.skip_value() && scanner.finished();
}

} // namespace rejoinder::inline v0

#endif
