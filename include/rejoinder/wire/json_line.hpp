// One flat JSON object on one line, written a member at a time into memory that is used again: for logs.
#ifndef REJOINDER_WIRE_JSON_LINE_HPP
#define REJOINDER_WIRE_JSON_LINE_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// A writer of JSON lines. Bytes that are not UTF-8 become U+FFFD, and no value breaks the line. Names are the program's own and are written
/// as they are. Allocates only while its memory grows to the longest line. Distinct objects are independent.
class json_line {
public:
    /// Begins a line; what was written before is gone.
    void begin() { text_.assign(1, '{'); }

    void add(std::string_view name, std::string_view value)
    {
        add_name(name);
        detail::append_json_string(text_, value);
    }
    void add(std::string_view name, std::uint64_t value)
    {
        add_name(name);
        text_.append(detail::decimal{value}.view());
    }
    void add(std::string_view name, std::int64_t value)
    {
        const auto bits = static_cast<std::uint64_t>(value);
        add_name(name);
        text_.append(value < 0 ? "-" : "").append(detail::decimal{value < 0 ? 0 - bits : bits}.view());
    }
    /// In milliseconds, to the microsecond. A negative length counts as zero.
    void add(std::string_view name, duration length)
    {
        const auto all = std::chrono::duration_cast<std::chrono::microseconds>(length).count();
        const auto micros = all < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(all);
        add(name, micros / 1000);
        const auto rest = 1000 + micros % 1000; // the leading 1 keeps the zeros behind it
        text_.append(1, '.').append(detail::decimal{rest}.view().substr(1));
    }

    /// Ends the line: the object and a newline. Valid until the next change.
    [[nodiscard]] std::string_view end()
    {
        text_.append("}\n");
        return text_;
    }

private:
    void add_name(std::string_view name) { text_.append(text_.size() > 1 ? ",\"" : "\"").append(name).append("\":"); }

    std::string text_;
};

} // namespace rejoinder::inline v0

#endif
