// A peer without a library: it writes bytes to a TCP port and reads what comes back, with another one's eyes.
#ifndef REJOINDER_TESTS_SUPPORT_RAW_PEER_HPP
#define REJOINDER_TESTS_SUPPORT_RAW_PEER_HPP

#include "support/driven.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// Speaks frames behind a length, or anything else. While it waits, it runs the context of those that it speaks to.
class raw_peer {
public:
    raw_peer(asio::io_context& io, const asio::ip::tcp::endpoint& to) : io_(io), socket_(own_)
    {
        socket_.connect(to);
        socket_.non_blocking(true);
    }
    raw_peer(asio::io_context& io, asio::ip::tcp::socket accepted) : io_(io), socket_(std::move(accepted)) { socket_.non_blocking(true); }

    /// The bytes of a text frame.
    static std::string framed(std::string_view body)
    {
        std::string bytes;
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes.push_back(static_cast<char>((body.size() >> shift) & 0xFFU));
        }
        return bytes.append(body);
    }

    void send(std::string_view body) { send_bytes(framed(body)); }

    void send_bytes(std::string_view bytes)
    {
        while (!bytes.empty()) {
            std::error_code ec;
            const auto sent = socket_.write_some(asio::buffer(bytes), ec);
            bytes.remove_prefix(sent);
            if (ec == asio::error::would_block) {
                io_.restart();
                io_.run_one_for(std::chrono::milliseconds{5});
            } else if (ec) {
                return;
            }
        }
    }

    /// The next frame's body; empty: the link has ended, or nothing came in time.
    std::string receive(std::chrono::milliseconds bound = std::chrono::seconds{20})
    {
        driven::until(io_, [this] { return read() || ended_; }, bound);
        return take();
    }

    /// The next frame that begins so, whatever comes before it.
    std::string receive(std::string_view beginning)
    {
        for (std::string came = receive(); !came.empty(); came = receive()) {
            if (came.starts_with(beginning)) {
                return came;
            }
        }
        return {};
    }

    /// Whether the other side ends the link, within the bound. Frames before that are dropped.
    bool sees_end(std::chrono::milliseconds bound = std::chrono::seconds{20})
    {
        return driven::until(
            io_,
            [this] {
                while (read()) {
                    take();
                }
                return ended_;
            },
            bound);
    }

    /// Says hello and ready, and waits for the welcome, which it returns.
    std::string join(std::string_view auth = "42", std::string_view more = {})
    {
        static int made = 0;
        send(std::string{R"(["hello",{"v":1,"incarnation":"raw)"} + std::to_string(++made) + R"(","auth":")" + std::string{auth} + '"' +
             std::string{more} + "}]");
        const auto welcome = receive(R"(["welcome")");
        if (!welcome.empty()) {
            send(R"(["ready"])");
        }
        return welcome;
    }

    void close()
    {
        std::error_code ignored;
        socket_.close(ignored);
    }

    asio::ip::tcp::socket& socket() noexcept { return socket_; }

private:
    // Whether a whole frame is there.
    bool read()
    {
        char piece[4096];
        std::error_code ec;
        while (!ended_) {
            const auto got = socket_.read_some(asio::buffer(piece), ec);
            came_.append(piece, got);
            if (ec == asio::error::would_block) {
                break;
            }
            ended_ = static_cast<bool>(ec);
        }
        return came_.size() >= 4 && came_.size() >= 4 + length();
    }

    [[nodiscard]] std::size_t length() const
    {
        std::size_t all = 0;
        for (std::size_t i = 0; i != 4; ++i) {
            all = (all << 8) | static_cast<std::uint8_t>(came_[i]);
        }
        return all & 0x7FFF'FFFF;
    }

    std::string take()
    {
        if (came_.size() < 4 || came_.size() < 4 + length()) {
            return {};
        }
        const auto size = length();
        auto body = came_.substr(4, size);
        came_.erase(0, 4 + size);
        return body;
    }

    asio::io_context& io_;
    asio::io_context own_;
    asio::ip::tcp::socket socket_;
    std::string came_;
    bool ended_ = false;
};

#endif
