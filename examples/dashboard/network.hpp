// The network between page and backend: hands bytes on, and misbehaves when told to.
#ifndef EXAMPLES_DASHBOARD_NETWORK_HPP
#define EXAMPLES_DASHBOARD_NETWORK_HPP

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/socket_base.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dashboard {

/// What a server says over a WebSocket, without the messages that are acks of Socket.IO: `43` and what follows.
class ack_sieve {
public:
    void pass(std::string_view bytes, std::string& out)
    {
        held_.append(bytes);
        if (!past_head_) {
            const auto end = held_.find("\r\n\r\n");
            if (end == std::string::npos) {
                return;
            }
            out.append(held_, 0, end + 4);
            held_.erase(0, end + 4);
            past_head_ = true;
        }
        std::size_t from = 0;
        while (const auto size = frame_size(std::string_view{held_}.substr(from))) {
            if (const auto frame = std::string_view{held_}.substr(from, *size); !drops || !is_ack(frame)) {
                out.append(frame);
            }
            from += *size;
        }
        held_.erase(0, from);
    }

    bool drops = false;

private:
    static std::size_t head_size(std::string_view frame)
    {
        const auto length = static_cast<unsigned char>(frame[1]) & 0x7fU; // a server masks nothing
        return length == 127 ? 10 : length == 126 ? 4 : 2;
    }

    static std::optional<std::size_t> frame_size(std::string_view bytes)
    {
        if (bytes.size() < 2 || bytes.size() < head_size(bytes)) {
            return std::nullopt;
        }
        const auto head = head_size(bytes);
        std::uint64_t length = static_cast<unsigned char>(bytes[1]) & 0x7fU;
        if (head != 2) {
            length = 0;
            for (const char byte : bytes.substr(2, head - 2)) {
                length = length << 8 | static_cast<unsigned char>(byte);
            }
        }
        return bytes.size() - head < length ? std::nullopt : std::optional{head + static_cast<std::size_t>(length)};
    }

    static bool is_ack(std::string_view frame)
    {
        return (static_cast<unsigned char>(frame[0]) & 0x0fU) == 1 && frame.substr(head_size(frame)).starts_with("43");
    }

    std::string held_;
    bool past_head_ = false;
};

class network {
public:
    using tcp = asio::ip::tcp;

    explicit network(asio::io_context& io) : acceptor_(io, {asio::ip::address_v4::loopback(), 0})
    {
        asio::co_spawn(io, accept(), asio::detached);
    }

    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    [[nodiscard]] bool drops_acks() const { return drops_acks_; }
    [[nodiscard]] bool blocks_websockets() const { return blocks_websockets_; }

    /// Where the backend is; nothing: nowhere.
    void leads_to(std::optional<tcp::endpoint> backend) { backend_ = std::move(backend); }

    /// What is connected now takes bytes, delivers none, and tells nobody. What connects from now on works.
    void freeze()
    {
        for_each([](link& one) { one.frozen = true; });
    }

    /// Cuts what is connected now.
    void kill()
    {
        for_each([](link& one) { one.cut(); });
    }

    void drop_acks(bool on)
    {
        drops_acks_ = on;
        for_each([on](link& one) { one.sieve.drops = on; });
    }

    void block_websockets(bool on)
    {
        blocks_websockets_ = on;
        for_each([on](link& one) {
            if (on && one.is_websocket) {
                one.cut();
            }
        });
    }

private:
    struct link {
        explicit link(tcp::socket from) : page(std::move(from)), backend(page.get_executor()) {}

        void cut()
        {
            std::error_code ignored;
            page.set_option(asio::socket_base::linger{true, 0}, ignored);
            page.close(ignored);
            backend.close(ignored);
        }

        tcp::socket page;
        tcp::socket backend;
        ack_sieve sieve;
        bool is_websocket = false;
        bool frozen = false;
    };

    enum class direction { up, down };

    template <class Function>
    void for_each(Function f)
    {
        for (auto one = links_.begin(); one != links_.end();) {
            if (const auto alive = one->lock()) {
                f(*alive);
                ++one;
            } else {
                one = links_.erase(one);
            }
        }
    }

    asio::awaitable<void> accept()
    {
        for (;;) {
            auto one = std::make_shared<link>(co_await acceptor_.async_accept(asio::use_awaitable));
            one->sieve.drops = drops_acks_;
            for_each([](link&) {}); // forgets those that are gone
            links_.push_back(one);
            asio::co_spawn(acceptor_.get_executor(), carry(std::move(one)), asio::detached);
        }
    }

    asio::awaitable<void> carry(std::shared_ptr<link> one)
    {
        std::error_code ec;
        std::string head;
        co_await asio::async_read_until(one->page, asio::dynamic_buffer(head, 1U << 16U), "\r\n\r\n",
                                        asio::redirect_error(asio::use_awaitable, ec));
        one->is_websocket = asks_for_websocket(head);
        if (ec || !backend_ || (one->is_websocket && blocks_websockets_)) {
            one->cut();
            co_return;
        }
        co_await one->backend.async_connect(*backend_, asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) {
            co_await asio::async_write(one->backend, asio::buffer(head), asio::redirect_error(asio::use_awaitable, ec));
        }
        asio::co_spawn(acceptor_.get_executor(), hand_on(one, direction::up), asio::detached);
        co_await hand_on(one, direction::down);
    }

    asio::awaitable<void> hand_on(std::shared_ptr<link> one, direction way)
    {
        auto& from = way == direction::up ? one->page : one->backend;
        auto& onto = way == direction::up ? one->backend : one->page;
        std::array<char, 16384> room{};
        std::string passed;
        for (std::error_code ec; !ec;) {
            const auto size = co_await from.async_read_some(asio::buffer(room), asio::redirect_error(asio::use_awaitable, ec));
            if (ec || one->frozen) {
                continue; // what a frozen link took is gone
            }
            passed.clear();
            if (way == direction::down && one->is_websocket) {
                one->sieve.pass({room.data(), size}, passed);
            } else {
                passed.append(room.data(), size);
            }
            co_await asio::async_write(onto, asio::buffer(passed), asio::redirect_error(asio::use_awaitable, ec));
        }
        std::error_code ignored;
        from.close(ignored);
        if (!one->frozen) {
            onto.close(ignored);
        }
    }

    static bool asks_for_websocket(std::string head)
    {
        for (auto& letter : head) {
            letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        }
        return head.find("\r\nupgrade: websocket") != std::string::npos;
    }

    tcp::acceptor acceptor_;
    std::optional<tcp::endpoint> backend_;
    std::list<std::weak_ptr<link>> links_;
    bool drops_acks_ = false;
    bool blocks_websockets_ = false;
};

} // namespace dashboard

#endif
