// The framing of the Language Server Protocol's base protocol: header lines, an empty line, the body.
#ifndef REJOINDER_WIRE_CONTENT_LENGTH_HEADERS_HPP
#define REJOINDER_WIRE_CONTENT_LENGTH_HEADERS_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/json_skip.hpp>
#include <rejoinder/wire/detail/json_write.hpp>
#include <rejoinder/wire/framing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// `Content-Length: N\r\n\r\n` and N bytes of text (Language Server Protocol 3.17, "Base Protocol").
///
/// Header names are read in any case; headers other than Content-Length are ignored; without it, with it twice, or with
/// a value that is no number the frame is bad. Carries no binary.
struct content_length_headers {
    std::size_t limit = std::size_t{1} << 20; ///< longest body in bytes, either way
    std::size_t header_limit = 4096;          ///< longest header block in bytes, its empty line included; longer is bad

    /// How far the header block was searched for its end, and what it said: without them a frame that comes in small
    /// pieces would be read from its beginning at each. Kept by `parse`; leave them alone.
    mutable std::size_t searched = 0;
    mutable std::size_t header_size = 0; ///< 0: not known yet
    mutable std::size_t body_size = 0;

    std::size_t open(std::string& out) const { return out.size(); }

    bool close(std::string& out, std::size_t mark, encoding form) const
    {
        const auto length = out.size() - mark;
        if (form != encoding::text || length > limit) {
            out.resize(mark);
            return false;
        }
        const detail::decimal digits{length};
        std::string header{"Content-Length: "};
        header.append(digits.view()).append("\r\n\r\n");
        out.insert(mark, header);
        return true;
    }

    parsed parse(std::string_view buffered) const
    {
        if (header_size == 0) {
            const auto found = read_header(buffered);
            if (found.what != parsed::state::frame) {
                return found;
            }
        }
        const auto whole = header_size + body_size;
        if (buffered.size() < whole) {
            return {.wanted = whole - buffered.size()};
        }
        const frame_view frame{.bytes = buffered.substr(header_size, body_size)};
        forget();
        return {.what = parsed::state::frame, .used = whole, .frame = frame};
    }

private:
    static constexpr std::string_view header_end = "\r\n\r\n";

    void forget() const noexcept { searched = header_size = body_size = 0; }

    // `state::frame`: the header block is whole and understood.
    parsed read_header(std::string_view buffered) const
    {
        const auto block = buffered.substr(0, header_limit);
        const auto end = block.find(header_end, std::min(searched, block.size()));
        if (end == std::string_view::npos) {
            if (block.size() == header_limit) {
                return {.what = parsed::state::bad};
            }
            // The last three bytes may be the beginning of the end.
            searched = block.size() - std::min(block.size(), header_end.size() - 1);
            return {};
        }
        bool valid = true;
        const auto length = content_length(block.substr(0, end), valid);
        if (!valid || !length) {
            return {.what = parsed::state::bad};
        }
        if (*length > limit) {
            return {.what = parsed::state::too_big};
        }
        header_size = end + header_end.size();
        body_size = *length;
        return {.what = parsed::state::frame};
    }

    static std::optional<std::size_t> content_length(std::string_view lines, bool& valid)
    {
        std::optional<std::size_t> length;
        while (!lines.empty()) {
            const auto end = std::min(lines.find("\r\n"), lines.size());
            const auto line = lines.substr(0, end);
            lines.remove_prefix(std::min(end + 2, lines.size()));
            const auto colon = line.find(':');
            if (colon == std::string_view::npos || colon == 0) {
                valid = false;
                return {};
            }
            if (!is_content_length(line.substr(0, colon))) {
                continue;
            }
            const auto value = number(line.substr(colon + 1));
            if (!value || length) {
                valid = false;
                return {};
            }
            length = value;
        }
        return length;
    }

    static bool is_content_length(std::string_view name) noexcept
    {
        constexpr std::string_view lower = "content-length";
        return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char c, char wanted) {
            return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) == wanted;
        });
    }

    // Digits with optional blanks around them. More digits than a 64-bit number surely holds are no length.
    static std::optional<std::size_t> number(std::string_view value) noexcept
    {
        constexpr std::size_t digits_max = 18;
        const auto blank = [](char c) { return c == ' ' || c == '\t'; };
        while (!value.empty() && blank(value.front())) {
            value.remove_prefix(1);
        }
        while (!value.empty() && blank(value.back())) {
            value.remove_suffix(1);
        }
        if (value.empty() || value.size() > digits_max || !std::all_of(value.begin(), value.end(), detail::is_digit)) {
            return {};
        }
        std::uint64_t result = 0;
        for (const char digit : value) {
            result = result * 10 + static_cast<std::uint64_t>(digit - '0');
        }
        return static_cast<std::size_t>(std::min<std::uint64_t>(result, std::numeric_limits<std::size_t>::max()));
    }
};

} // namespace rejoinder::inline v0

#endif
