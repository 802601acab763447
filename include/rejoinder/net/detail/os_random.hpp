// Secrets and names that nobody can guess, from the operating system's generator. Once a session or a client, never once a message.
#ifndef REJOINDER_NET_DETAIL_OS_RANDOM_HPP
#define REJOINDER_NET_DETAIL_OS_RANDOM_HPP

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace rejoinder::inline v0::detail {

/// A 64-bit seed for generators whose numbers need not be secret.
inline std::uint64_t random_seed()
{
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

/// 160 random bits as 40 hexadecimal digits: what RFC 6749 §10.10 recommends for a token that whoever has it may use.
inline std::string random_name()
{
    constexpr std::size_t words = 5;
    constexpr char digits[] = "0123456789abcdef";
    std::random_device source;
    std::string name;
    name.reserve(words * 8);
    for (std::size_t i = 0; i != words; ++i) {
        const auto word = static_cast<std::uint32_t>(source());
        for (unsigned shift = 0; shift != 32; shift += 4) {
            name += digits[word >> shift & 0xF];
        }
    }
    return name;
}

} // namespace rejoinder::inline v0::detail

#endif
