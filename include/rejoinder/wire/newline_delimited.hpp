// A framing of one line a frame, for text that a person reads with `nc` or `tail`.
#ifndef REJOINDER_WIRE_NEWLINE_DELIMITED_HPP
#define REJOINDER_WIRE_NEWLINE_DELIMITED_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/framing.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// Text frames that end with `\n`, or `\r\n` from peers that write it; empty lines are skipped.
///
/// Carries no binary, no empty body, no body with a raw newline in it or a carriage return at its end: `close` refuses
/// them. The native codec writes no raw newline.
struct newline_delimited {
    std::size_t limit = std::size_t{1} << 20; ///< longest line in bytes without its end, either way

    /// How many bytes of the unfinished line at the beginning of the buffer hold no newline: without it a long line
    /// that comes in small pieces would be searched from its beginning at each. Kept by `parse`; leave it alone.
    mutable std::size_t searched = 0;

    std::size_t open(std::string& out) const { return out.size(); }

    bool close(std::string& out, std::size_t mark, encoding form) const
    {
        const auto body = std::string_view{out}.substr(mark);
        const bool carried = form == encoding::text && !body.empty() && body.size() <= limit && body.back() != '\r' &&
                             body.find('\n') == std::string_view::npos;
        if (!carried) {
            out.resize(mark);
            return false;
        }
        out.push_back('\n');
        return true;
    }

    parsed parse(std::string_view buffered) const
    {
        const auto begin = skip_empty_lines(buffered);
        const auto line = buffered.substr(begin);
        const auto end = line.find('\n', searched < line.size() ? searched : line.size());
        if (end == std::string_view::npos) {
            return unfinished(line, begin);
        }
        searched = 0;
        const auto text = without_return(line.substr(0, end));
        if (text.size() > limit) {
            return {.what = parsed::state::too_big, .used = begin};
        }
        return {.what = parsed::state::frame, .used = begin + end + 1, .frame = {.bytes = text}};
    }

private:
    static std::string_view without_return(std::string_view line) noexcept
    {
        return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    }

    static std::size_t skip_empty_lines(std::string_view buffered) noexcept
    {
        std::size_t at = 0;
        for (;;) {
            const auto rest = buffered.substr(at);
            if (rest.starts_with('\n')) {
                at += 1;
            } else if (rest.starts_with("\r\n")) {
                at += 2;
            } else {
                return at;
            }
        }
    }

    parsed unfinished(std::string_view line, std::size_t begin) const
    {
        if (without_return(line).size() > limit) {
            return {.what = parsed::state::too_big, .used = begin};
        }
        // A lone \r may turn out to be half of an empty line. The line behind that then has one byte too few to be
        // searched: its first, which is no newline, for it would have been skipped too.
        searched = line.size();
        return {.used = begin};
    }
};

} // namespace rejoinder::inline v0

#endif
