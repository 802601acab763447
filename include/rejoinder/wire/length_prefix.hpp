// A framing with the body's length in front of it, for text and binary.
#ifndef REJOINDER_WIRE_LENGTH_PREFIX_HPP
#define REJOINDER_WIRE_LENGTH_PREFIX_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/big_endian.hpp>
#include <rejoinder/wire/framing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// Four bytes, big-endian: the top bit says binary, the other 31 are the body's length in bytes; then the body.
///
/// Remembers nothing; `parse` takes constant time.
struct length_prefix {
    std::size_t limit = std::size_t{1} << 20; ///< longest body in bytes, either way; at most 2^31−1 counts

    std::size_t open(std::string& out) const
    {
        const auto mark = out.size();
        out.append(head_size, '\0');
        return mark;
    }

    bool close(std::string& out, std::size_t mark, encoding form) const
    {
        const auto length = out.size() - mark - head_size;
        if (length > longest()) {
            out.resize(mark);
            return false;
        }
        const auto head = static_cast<std::uint32_t>(length) | (form == encoding::binary ? binary_bit : 0);
        detail::store_big_endian(out.data() + mark, head);
        return true;
    }

    parsed parse(std::string_view buffered) const
    {
        if (buffered.size() < head_size) {
            return {.wanted = head_size - buffered.size()};
        }
        const auto head = detail::load_big_endian(buffered.data());
        const std::size_t length = head & ~binary_bit;
        if (length > longest()) {
            return {.what = parsed::state::too_big};
        }
        const auto whole = head_size + length;
        if (buffered.size() < whole) {
            return {.wanted = whole - buffered.size()};
        }
        return {.what = parsed::state::frame,
                .used = whole,
                .frame = {.bytes = buffered.substr(head_size, length),
                          .form = (head & binary_bit) != 0 ? encoding::binary : encoding::text}};
    }

private:
    static constexpr std::size_t head_size = 4;
    static constexpr std::uint32_t binary_bit = std::uint32_t{1} << 31;

    std::size_t longest() const noexcept { return std::min<std::size_t>(limit, binary_bit - 1); }
};

} // namespace rejoinder::inline v0

#endif
