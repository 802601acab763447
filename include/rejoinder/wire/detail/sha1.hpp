// SHA-1 (RFC 3174), for the one place that wants it: the WebSocket handshake, where it keeps no secret.
#ifndef REJOINDER_WIRE_DETAIL_SHA1_HPP
#define REJOINDER_WIRE_DETAIL_SHA1_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0::detail {

class sha1_state {
public:
    void block(const char* bytes) noexcept
    {
        std::array<std::uint32_t, 80> words{};
        for (std::size_t i = 0; i != 16; ++i) {
            for (std::size_t j = 0; j != 4; ++j) {
                words[i] = (words[i] << 8U) | static_cast<std::uint8_t>(bytes[4 * i + j]);
            }
        }
        for (std::size_t i = 16; i != words.size(); ++i) {
            words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        }
        auto [a, b, c, d, e] = state_;
        for (std::size_t i = 0; i != words.size(); ++i) {
            const auto next = std::rotl(a, 5) + mixed(i / 20, b, c, d) + e + words[i];
            e = d;
            d = c;
            c = std::rotl(b, 30);
            b = a;
            a = next;
        }
        const std::array<std::uint32_t, 5> round{a, b, c, d, e};
        for (std::size_t i = 0; i != state_.size(); ++i) {
            state_[i] += round[i];
        }
    }

    [[nodiscard]] std::string digest() const
    {
        std::string out;
        for (const auto word : state_) {
            for (int shift = 24; shift >= 0; shift -= 8) {
                out.push_back(static_cast<char>((word >> static_cast<unsigned>(shift)) & 0xFFU));
            }
        }
        return out;
    }

private:
    static std::uint32_t mixed(std::size_t quarter, std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept
    {
        switch (quarter) {
        case 0: return ((b & c) | (~b & d)) + 0x5A827999U;
        case 1: return (b ^ c ^ d) + 0x6ED9EBA1U;
        case 2: return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCU;
        default: return (b ^ c ^ d) + 0xCA62C1D6U;
        }
    }

    std::array<std::uint32_t, 5> state_{0x67452301U, 0xEFCDAB89U, 0x98BADCFEU, 0x10325476U, 0xC3D2E1F0U};
};

/// The digest's 20 bytes.
inline std::string sha1(std::string_view text)
{
    std::string padded{text};
    padded.push_back('\x80');
    padded.append((120 - padded.size() % 64) % 64, '\0');
    const std::uint64_t bits = std::uint64_t{text.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8) {
        padded.push_back(static_cast<char>((bits >> static_cast<unsigned>(shift)) & 0xFFU));
    }
    sha1_state all;
    for (std::size_t at = 0; at != padded.size(); at += 64) {
        all.block(padded.data() + at);
    }
    return all.digest();
}

} // namespace rejoinder::inline v0::detail

#endif
