// Masking keys that no page and no peer can foretell (RFC 6455 §10.3).
#ifndef REJOINDER_CHANNEL_DETAIL_MASKING_KEY_HPP
#define REJOINDER_CHANNEL_DETAIL_MASKING_KEY_HPP

#include <rejoinder/channel/detail/chacha20.hpp>

#include <cstdint>
#include <random>

namespace rejoinder::inline v0::detail {

/// The next key, from this thread's generator. The system's is asked once a thread: it is far too slow for every frame.
inline std::uint32_t masking_key()
{
    static thread_local chacha20 generator{[] {
        std::random_device source;
        chacha20::key_type key{};
        for (auto& word : key) {
            word = static_cast<std::uint32_t>(source());
        }
        return key;
    }()};
    return generator();
}

} // namespace rejoinder::inline v0::detail

#endif
