// WebSocket frames (RFC 6455) as a client writes them, without a client's costs: made once, masked with one key.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_WEBSOCKET_WIRE_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_WEBSOCKET_WIRE_HPP

#include "bench/support/payload.hpp"
#include "bench/support/settings.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

class websocket_wire {
public:
    explicit websocket_wire(const settings& how) { append_text(frame_, payload(how.bytes())); }

    void greet(asio::ip::tcp::socket& socket) { open(socket, "/"); }
    void append_request(std::string& out) const { out += frame_; }

    [[nodiscard]] std::size_t frame_size(std::string_view bytes) const
    {
        const auto head = head_size(bytes);
        if (head == 0 || bytes.size() < head) {
            return 0;
        }
        std::size_t length = static_cast<unsigned char>(bytes[1]);
        if (head > 2) {
            length = 0;
            for (std::size_t i = 2; i != head; ++i) {
                length = length << 8 | static_cast<unsigned char>(bytes[i]);
            }
        }
        return bytes.size() < head + length ? 0 : head + length;
    }

    /// Asks for a WebSocket and reads the answer's head.
    static void open(asio::ip::tcp::socket& socket, std::string_view path)
    {
        const std::string request = "GET " + std::string{path} +
                                    " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        asio::write(socket, asio::buffer(request));
        std::string head;
        while (!head.ends_with("\r\n\r\n")) { // byte by byte: frames may follow at once
            char one = 0;
            asio::read(socket, asio::buffer(&one, 1));
            head.push_back(one);
        }
        if (!head.starts_with("HTTP/1.1 101")) {
            throw std::runtime_error("no WebSocket: " + head.substr(0, head.find('\r')));
        }
    }

    /// Appends a text message in one frame.
    static void append_text(std::string& out, std::string_view text)
    {
        static constexpr std::string_view key = "\x5a\x17\x9c\x33";
        out.push_back('\x81');
        if (text.size() < 126) {
            out.push_back(static_cast<char>(0x80 | text.size()));
        } else {
            const bool is_short = text.size() < 65'536;
            out.push_back(static_cast<char>(0x80 | (is_short ? 126 : 127)));
            for (int shift = is_short ? 8 : 56; shift >= 0; shift -= 8) {
                out.push_back(static_cast<char>(text.size() >> shift));
            }
        }
        out += key;
        for (std::size_t i = 0; i != text.size(); ++i) {
            out.push_back(static_cast<char>(text[i] ^ key[i % 4]));
        }
    }

private:
    // Servers do not mask.
    static std::size_t head_size(std::string_view bytes)
    {
        if (bytes.size() < 2) {
            return 0;
        }
        const auto length = static_cast<unsigned char>(bytes[1]);
        return length < 126 ? 2 : length == 126 ? 4 : 10;
    }

    std::string frame_{};
};

} // namespace bench

#endif
