// A TCP relay that misbehaves on demand: it delays, freezes, cuts after a count of bytes, or leaves one half open.
#ifndef REJOINDER_TESTS_SUPPORT_PROXY_HPP
#define REJOINDER_TESTS_SUPPORT_PROXY_HPP

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

/// The numbers of the network that a proxy plays.
struct proxied_line {
    std::chrono::microseconds delay{};
    std::size_t bytes_per_second = 0; ///< each way; 0: as many as there are
};

/// Passes bytes between whoever connects and one target. Used from its context's thread.
class proxy {
public:
    enum class way : std::uint8_t { up, down }; // up: from who connected to the target

    static constexpr std::size_t for_ever = std::numeric_limits<std::size_t>::max();

    /// Bytes take `delay` each way; so does the opening of a connection, of which TCP's own two ways know nothing here.
    proxy(asio::io_context& io, const asio::ip::tcp::endpoint& target, const proxied_line& how = {})
        : shared_(std::make_shared<shared>(io, target, how))
    {
        if (how.bytes_per_second != 0) {
            shared_->port.set_option(asio::socket_base::receive_buffer_size{32768}); // or the system takes what this doesn't
        }
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
            : of(owner), ends{std::move(from), asio::ip::tcp::socket{owner->io}}, allowed(owner->quota),
              how(owner->how), waits{asio::steady_timer{owner->io}, asio::steady_timer{owner->io}}
        {
        }

        void start_late(const asio::ip::tcp::endpoint& target)
        {
            waits[0].expires_after(2 * how.delay);
            waits[0].async_wait([self = shared_from_this(), target](std::error_code ec) {
                if (!ec) {
                    self->start(target);
                }
            });
        }

        void start(const asio::ip::tcp::endpoint& target)
        {
            ends[1].async_connect(target, [self = shared_from_this()](std::error_code ec) {
                if (ec) {
                    self->close();
                    return;
                }
                for (auto& end : self->ends) {
                    end.set_option(asio::ip::tcp::no_delay{true}, ec); // a network does not wait for acknowledgements
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
            if (how.delay.count() != 0 || how.bytes_per_second != 0) {
                hold(from, {buffers[from].data(), length}, last);
                return;
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

        void hold(std::size_t from, std::string bytes, bool last)
        {
            auto& due = busy_until[from];
            due = std::max(due, std::chrono::steady_clock::now());
            if (how.bytes_per_second != 0) {
                due += std::chrono::nanoseconds{bytes.size() * 1'000'000'000 / how.bytes_per_second};
            }
            held[from].push_back({due + how.delay, std::move(bytes), last});
            if (held[from].size() == 1) {
                let_go(from);
            }
            if (how.bytes_per_second == 0 || held[from].size() < held_max) {
                pump(from);
            }
        }

        void let_go(std::size_t from)
        {
            waits[from].expires_at(held[from].front().due);
            waits[from].async_wait([self = shared_from_this(), from](std::error_code cancelled) {
                if (cancelled || self->frozen) {
                    return;
                }
                asio::async_write(self->ends[1 - from], asio::buffer(self->held[from].front().bytes),
                                  [self, from](std::error_code ec, std::size_t) { self->gone(from, ec); });
            });
        }

        void gone(std::size_t from, std::error_code ec)
        {
            const bool last = held[from].front().last;
            held[from].pop_front();
            if (ec || (last && then_cut)) {
                close();
                return;
            }
            if (how.bytes_per_second != 0 && held[from].size() == held_max - 1) {
                pump(from);
            }
            if (!held[from].empty()) {
                let_go(from);
            }
        }

        void close()
        {
            for (auto& end : ends) {
                std::error_code ignored;
                end.close(ignored);
            }
            for (auto& wait : waits) {
                wait.cancel();
            }
        }

        struct chunk {
            std::chrono::steady_clock::time_point due;
            std::string bytes;
            bool last; // what is allowed ends with it
        };

        std::weak_ptr<shared> of;
        std::array<asio::ip::tcp::socket, 2> ends;
        std::array<std::array<char, 4096>, 2> buffers{};
        std::array<std::size_t, 2> allowed;
        static constexpr std::size_t held_max = 4; // chunks: a router's queue, short as nobody wants it longer
        proxied_line how;
        std::array<asio::steady_timer, 2> waits;
        std::array<std::deque<chunk>, 2> held{}; // under way
        std::array<std::chrono::steady_clock::time_point, 2> busy_until{};
        bool frozen = false;
        bool then_cut = true;
    };

    struct shared {
        shared(asio::io_context& on, const asio::ip::tcp::endpoint& to, const proxied_line& network)
            : io(on), target(to), port(on, {asio::ip::address_v4::loopback(), 0}), how(network)
        {
        }

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
        proxied_line how;
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
                made->how.delay.count() == 0 ? made->start(by->target) : made->start_late(by->target);
            }
            accept(by);
        });
    }

    std::shared_ptr<shared> shared_;
};

#endif
