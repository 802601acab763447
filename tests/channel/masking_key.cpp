// The numbers that mask what clients send.
#include <rejoinder/channel/detail/masking_key.hpp>

#include <array>
#include <cstdint>
#include <set>
#include <thread>

#include "support/catch.hpp"

using rejoinder::detail::chacha20;
using rejoinder::detail::masking_key;

TEST_CASE("ChaCha20 makes the block of RFC 8439 §2.3.2")
{
    constexpr chacha20::key_type key{0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                                     0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
    constexpr auto made = chacha20::block(key, {0x00000001, 0x09000000, 0x4a000000, 0x00000000});
    const chacha20::block_type expected{0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                        0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    CHECK(made == expected);
}

TEST_CASE("each masking key is another, also on another thread")
{
    std::set<std::uint32_t> keys;
    for (int i = 0; i != 100; ++i) {
        keys.insert(masking_key());
    }
    std::thread{[&] {
        for (int i = 0; i != 100; ++i) {
            keys.insert(masking_key());
        }
    }}.join();
    CHECK(keys.size() >= 199); // two of two hundred are equal once in two hundred thousand runs
}
