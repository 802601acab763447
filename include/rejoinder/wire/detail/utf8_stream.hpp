// Whether text that comes in pieces is UTF-8: told at the first byte that is wrong, wherever the pieces are cut.
#ifndef REJOINDER_WIRE_DETAIL_UTF8_STREAM_HPP
#define REJOINDER_WIRE_DETAIL_UTF8_STREAM_HPP

#include <rejoinder/wire/detail/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rejoinder::inline v0::detail {

class utf8_stream {
public:
    /// Takes the next piece; false: no text goes on like this. Linear in its length.
    bool feed(std::string_view piece) noexcept
    {
        const char* at = piece.data();
        const char* const end = at + piece.size();
        while (at != end && missing_ != 0) {
            if (!follow(*at++)) {
                return false;
            }
        }
        while (static_cast<std::size_t>(end - at) >= longest) {
            if (is_ascii(at)) {
                at += longest;
                continue;
            }
            const auto length = utf8_length(at, end);
            if (length == 0) {
                return false;
            }
            at += length;
        }
        while (at != end) {
            if (!(missing_ == 0 ? lead(*at) : follow(*at))) {
                return false;
            }
            ++at;
        }
        return true;
    }

    /// Whether the text may end here.
    bool is_whole() const noexcept { return missing_ == 0; }

private:
    static constexpr std::size_t longest = 8; // bytes looked at together; no sequence is longer

    static bool is_ascii(const char* eight) noexcept
    {
        std::uint64_t word = 0;
        std::memcpy(&word, eight, sizeof word);
        return (word & 0x8080808080808080U) == 0;
    }

    bool lead(char byte) noexcept
    {
        const auto found = utf8_lead_of(static_cast<unsigned char>(byte));
        if (found.length == 0) {
            return false;
        }
        missing_ = static_cast<unsigned char>(found.length - 1);
        least_ = found.second_min;
        most_ = found.second_max;
        return true;
    }

    bool follow(char byte) noexcept
    {
        const auto value = static_cast<unsigned char>(byte);
        if (value < least_ || value > most_) {
            return false;
        }
        --missing_;
        least_ = 0x80;
        most_ = 0xBF;
        return true;
    }

    unsigned char missing_ = 0; // bytes of a sequence that was begun
    unsigned char least_ = 0x80;
    unsigned char most_ = 0xBF;
};

} // namespace rejoinder::inline v0::detail

#endif
