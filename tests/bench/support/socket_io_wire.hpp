// Socket.IO events that ask for an acknowledgement, over a WebSocket, without a client's costs.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_SOCKET_IO_WIRE_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_SOCKET_IO_WIRE_HPP

#include "bench/support/payload.hpp"
#include "bench/support/settings.hpp"
#include "bench/support/websocket_wire.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class socket_io_wire {
public:
    explicit socket_io_wire(const settings& how)
        : frames_(how), words_(R"(["text",)" + payload(how.bytes()) + ']')
    {}

    /// Opens the transport and joins the namespace `/`.
    void greet(asio::ip::tcp::socket& socket)
    {
        websocket_wire::open(socket, "/socket.io/?EIO=4&transport=websocket");
        read_frame(socket); // the transport's handshake
        std::string join;
        websocket_wire::append_text(join, "40");
        asio::write(socket, asio::buffer(join));
        read_frame(socket); // the namespace's answer
    }

    void append_request(std::string& out)
    {
        text_ = "42";
        text_ += std::to_string(next_++);
        text_ += words_;
        websocket_wire::append_text(out, text_);
    }

    [[nodiscard]] std::size_t frame_size(std::string_view bytes) const { return frames_.frame_size(bytes); }

private:
    void read_frame(asio::ip::tcp::socket& socket)
    {
        std::string bytes;
        while (frames_.frame_size(bytes) == 0) {
            char one = 0;
            asio::read(socket, asio::buffer(&one, 1));
            bytes.push_back(one);
        }
    }

    websocket_wire frames_;
    std::string words_;
    std::string text_{};
    std::uint64_t next_ = 0;
};

} // namespace bench

#endif
