// Frames behind their length, four bytes with the highest first: the wire of the floors.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_LENGTH_WIRE_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_LENGTH_WIRE_HPP

#include "bench/support/payload.hpp"
#include "bench/support/settings.hpp"

#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

class length_wire {
public:
    static constexpr std::size_t head = 4;

    explicit length_wire(const settings& how)
    {
        append_length(frame_, how.bytes());
        frame_ += payload(how.bytes());
    }

    void greet(asio::ip::tcp::socket&) {}
    void append_request(std::string& out) const { out += frame_; }
    [[nodiscard]] std::size_t frame_size(std::string_view bytes) const
    {
        const auto size = bytes.size() < head ? 0 : head + length_of(bytes);
        return bytes.size() < size ? 0 : size;
    }

    static void append_length(std::string& out, std::size_t length)
    {
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.push_back(static_cast<char>(length >> shift));
        }
    }
    /// Of a frame of at least `head` bytes.
    static std::size_t length_of(std::string_view bytes)
    {
        std::size_t length = 0;
        for (std::size_t i = 0; i != head; ++i) {
            length = length << 8 | static_cast<unsigned char>(bytes[i]);
        }
        return length;
    }

private:
    std::string frame_{};
};

} // namespace bench

#endif
