// The bytes of one HTTP connection: read when there are some, written whole, against a clock.
// Not behind the door: it is for the web listener alone, which is not.
#ifndef REJOINDER_NET_DETAIL_WEB_LINK_HPP
#define REJOINDER_NET_DETAIL_WEB_LINK_HPP

#include <rejoinder/channel/async_stream.hpp>
#include <rejoinder/core/instant.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Handlers hold their owner; this is a part of it.
template <class Stream>
class web_link {
public:
    explicit web_link(Stream&& stream) : stream_(std::move(stream)), clock_(stream_.get_executor())
    {
        if constexpr (waitable_stream<Stream>) {
            std::error_code ec;
            stream_.non_blocking(true, ec);
        }
    }

    [[nodiscard]] Stream& stream() noexcept { return stream_; }
    [[nodiscard]] bool is_reading() const noexcept { return reading_; }
    [[nodiscard]] bool is_writing() const noexcept { return writing_; }

    /// Appends what comes next to `in`, which must live as long as what `then` holds, and tells how much that was. One at a time.
    template <class Then>
    void read(std::string& in, Then then)
    {
        reading_ = true;
        if constexpr (waitable_stream<Stream>) {
            stream_.async_wait(Stream::wait_read, [this, &in, then = std::move(then)](std::error_code ec) mutable {
                std::array<char, piece_size> piece;
                const auto got = ec ? 0 : stream_.read_some(asio::buffer(piece), ec);
                reading_ = false;
                add(in, {piece.data(), got}, ec);
                then(ec == asio::error::would_block ? std::error_code{} : ec, got);
            });
        } else {
            piece_.resize(piece_size);
            stream_.async_read_some(asio::buffer(piece_),
                                    [this, &in, then = std::move(then)](std::error_code ec, std::size_t got) mutable {
                                        reading_ = false;
                                        add(in, std::string_view{piece_}.substr(0, got), ec);
                                        then(ec, got);
                                    });
        }
    }

    /// `out`, and `behind` it; both must live as long as what `then` holds. One at a time.
    template <class Then>
    void write(const std::string& out, std::string_view behind, Then then)
    {
        writing_ = true;
        asio::async_write(stream_, std::array<asio::const_buffer, 2>{asio::buffer(out), asio::buffer(behind)},
                          [this, then = std::move(then)](std::error_code ec, std::size_t) mutable {
                              writing_ = false;
                              then(ec);
                          });
    }

    /// Calls `late` in that time, unless another call or `calm` comes before.
    template <class Late>
    void expect_within(duration limit, Late late)
    {
        clock_.expires_at(later(std::chrono::steady_clock::now(), limit));
        clock_.async_wait([late = std::move(late), this, turn = ++turn_](std::error_code ec) mutable {
            if (!ec && turn == turn_) {
                late();
            }
        });
    }
    void calm()
    {
        ++turn_;
        clock_.cancel();
    }

    void end_sending()
    {
        std::error_code ignored;
        stream_.lowest_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
    void close()
    {
        calm();
        std::error_code ignored;
        stream_.lowest_layer().close(ignored);
    }

private:
    static constexpr std::size_t piece_size = std::size_t{8} << 10;

    // Whoever reads hears of it, also if there is no memory.
    static void add(std::string& in, std::string_view piece, std::error_code& ec)
    {
        try {
            in.append(piece);
        } catch (const std::exception&) {
            ec = std::make_error_code(std::errc::not_enough_memory);
        }
    }

    Stream stream_;
    asio::steady_timer clock_;
    std::string piece_; // for streams that cannot wait until there is something
    std::uint64_t turn_ = 0;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
