// A TCP relay that misbehaves on demand: it freezes, cuts after a count of bytes, or leaves one half open.
#ifndef REJOINDER_TESTS_SUPPORT_PROXY_HPP
#define REJOINDER_TESTS_SUPPORT_PROXY_HPP

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

/// Passes bytes between whoever connects and one target. Used from its context's thread.
class proxy {
public:
    enum class way : std::uint8_t { up, down }; // up: from who connected to the target

    static constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();

    proxy(asio::io_context& io, const asio::ip::tcp::endpoint& target)
        : shared_(std::make_shared<shared>(io, target))
    {
        accept(shared_);
    }
    ~proxy()
    {
        std::error_code ignored;
        shared_->port.close(ignored);
        cut();
    }

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return shared_->port.local_endpoint(); }
    /// Connections so far.
    [[nodiscard]] std::size_t accepted() const noexcept { return shared_->accepted; }
    /// Bytes passed so far, on all connections.
    [[nodiscard]] std::size_t passed(way which) const noexcept { return shared_->passed[index(which)]; }

    /// Passes nothing more on the connections that there are, and says nothing of it: a zombie link.
    void freeze()
    {
        for (auto& one : shared_->alive()) {
            one->frozen = true;
        }
    }
    /// The same one way.
    void freeze(way which)
    {
        for (auto& one : shared_->alive()) {
            one->allowed[index(which)] = 0;
            one->then_cut = false;
        }
    }
    /// Ends the connections that there are.
    void cut()
    {
        for (auto& one : shared_->alive()) {
            one->close();
        }
    }
    /// Ends the connections that there are, and each new one until it is called again, once that many more bytes went this way.
    void cut_after(way which, std::size_t bytes)
    {
        shared_->quota[index(which)] = bytes;
        for (auto& one : shared_->alive()) {
            one->allowed[index(which)] = bytes;
        }
    }
    /// While true new connections are closed at once.
    void refuse(bool all) { shared_->refuses = all; }

private:
    struct shared;

    static std::size_t index(way which) noexcept { return static_cast<std::size_t>(which); }

    struct pipe : std::enable_shared_from_this<pipe> {
        pipe(const std::shared_ptr<shared>& owner, asio::ip::tcp::socket from)
            : of(owner), ends{std::move(from), asio::ip::tcp::socket{owner->io}}, allowed(owner->quota)
        {
        }

        void start(const asio::ip::tcp::endpoint& target)
        {
            ends[1].async_connect(target, [self = shared_from_this()](std::error_code ec) {
                if (ec) {
                    self->close();
                    return;
                }
                self->pump(0);
                self->pump(1);
            });
        }

        void pump(std::size_t from)
        {
            ends[from].async_read_some(asio::buffer(buffers[from]), [self = shared_from_this(), from](std::error_code ec, std::size_t got) {
                if (ec && !self->frozen) {
                    self->close();
                } else if (!ec) {
                    self->pass(from, got);
                }
            });
        }

        void pass(std::size_t from, std::size_t got)
        {
            if (frozen) {
                return; // swallowed, as by a network that has gone away
            }
            const bool last = got >= allowed[from];
            const auto length = std::min(got, allowed[from]);
            if (allowed[from] != for_ever) {
                allowed[from] -= length;
            }
            if (const auto all = of.lock()) {
                all->passed[from] += length;
            }
            asio::async_write(ends[1 - from], asio::buffer(buffers[from].data(), length),
                              [self = shared_from_this(), from, last](std::error_code ec, std::size_t) {
                                  if (ec || (last && self->then_cut)) {
                                      self->close();
                                  } else {
                                      self->pump(from);
                                  }
                              });
        }

        void close()
        {
            for (auto& end : ends) {
                std::error_code ignored;
                end.close(ignored);
            }
        }

        std::weak_ptr<shared> of;
        std::array<asio::ip::tcp::socket, 2> ends;
        std::array<std::array<char, 4096>, 2> buffers{};
        std::array<std::size_t, 2> allowed;
        bool frozen = false;
        bool then_cut = true;
    };

    struct shared {
        shared(asio::io_context& on, const asio::ip::tcp::endpoint& to) : io(on), target(to), port(on, {asio::ip::address_v4::loopback(), 0}) {}

        std::vector<std::shared_ptr<pipe>> alive()
        {
            std::vector<std::shared_ptr<pipe>> found;
            for (auto& one : pipes) {
                if (auto held = one.lock()) {
                    found.push_back(std::move(held));
                }
            }
            return found;
        }

        asio::io_context& io;
        asio::ip::tcp::endpoint target;
        asio::ip::tcp::acceptor port;
        std::vector<std::weak_ptr<pipe>> pipes;
        std::array<std::size_t, 2> quota{for_ever, for_ever};
        std::array<std::size_t, 2> passed{0, 0};
        std::size_t accepted = 0;
        bool refuses = false;
    };

    static void accept(const std::shared_ptr<shared>& by)
    {
        by->port.async_accept([by](std::error_code ec, asio::ip::tcp::socket from) {
            if (ec) {
                return;
            }
            ++by->accepted;
            if (!by->refuses) {
                const auto made = std::make_shared<pipe>(by, std::move(from));
                by->pipes.push_back(made);
                made->start(by->target);
            }
            accept(by);
        });
    }

    std::shared_ptr<shared> shared_;
};

#endif
