// The ChaCha20 block function (RFC 8439 §2.3) as a generator of random numbers.
#ifndef REJOINDER_CHANNEL_DETAIL_CHACHA20_HPP
#define REJOINDER_CHANNEL_DETAIL_CHACHA20_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rejoinder::inline v0::detail {

/// Numbers that nobody can foretell who does not know the key. One object is used from one thread at a time.
class chacha20 {
public:
    using key_type = std::array<std::uint32_t, 8>;
    using block_type = std::array<std::uint32_t, 16>;

    explicit constexpr chacha20(const key_type& key) noexcept : key_(key) {}

    /// The next number.
    constexpr std::uint32_t operator()() noexcept
    {
        if (used_ == block_.size()) {
            block_ = block(key_, {static_cast<std::uint32_t>(count_), static_cast<std::uint32_t>(count_ >> 32), 0, 0});
            ++count_;
            used_ = 0;
        }
        return block_[used_++];
    }

    /// One block. `position` is the counter and the nonce.
    static constexpr block_type block(const key_type& key, const std::array<std::uint32_t, 4>& position) noexcept
    {
        block_type start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; // "expand 32-byte k"
        for (std::size_t i = 0; i != key.size(); ++i) {
            start[4 + i] = key[i];
        }
        for (std::size_t i = 0; i != position.size(); ++i) {
            start[12 + i] = position[i];
        }
        block_type mixed = start;
        for (int round = 0; round != 10; ++round) {
            for (std::size_t i = 0; i != 4; ++i) {
                quarter(mixed[i], mixed[4 + i], mixed[8 + i], mixed[12 + i]);
            }
            for (std::size_t i = 0; i != 4; ++i) {
                quarter(mixed[i], mixed[4 + (i + 1) % 4], mixed[8 + (i + 2) % 4], mixed[12 + (i + 3) % 4]);
            }
        }
        for (std::size_t i = 0; i != mixed.size(); ++i) {
            mixed[i] += start[i];
        }
        return mixed;
    }

private:
    static constexpr void quarter(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) noexcept
    {
        a += b;
        d = std::rotl(d ^ a, 16);
        c += d;
        b = std::rotl(b ^ c, 12);
        a += b;
        d = std::rotl(d ^ a, 8);
        c += d;
        b = std::rotl(b ^ c, 7);
    }

    key_type key_;
    std::uint64_t count_ = 0;
    block_type block_{};
    std::size_t used_ = block_type{}.size();
};

} // namespace rejoinder::inline v0::detail

#endif
