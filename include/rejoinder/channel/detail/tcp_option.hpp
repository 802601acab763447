// Socket options that Asio has no name for, where the system has them.
#ifndef REJOINDER_CHANNEL_DETAIL_TCP_OPTION_HPP
#define REJOINDER_CHANNEL_DETAIL_TCP_OPTION_HPP

#include <asio/socket_base.hpp>

#include <cstddef>

#if __has_include(<netinet/tcp.h>)
#include <netinet/in.h>
#include <netinet/tcp.h>
#endif

namespace rejoinder::inline v0::detail {

/// An option at IPPROTO_TCP whose value is a number; of this name 0, the system has none of its kind.
template <int Name>
class tcp_number {
public:
    static constexpr bool exists = Name != 0;

    explicit tcp_number(int value = 0) noexcept : value_(value) {}

    [[nodiscard]] int value() const noexcept { return value_; }

    // What Asio's SettableSocketOption and GettableSocketOption ask for.
    template <class Protocol>
    [[nodiscard]] int level(const Protocol&) const noexcept
    {
        return IPPROTO_TCP;
    }
    template <class Protocol>
    [[nodiscard]] int name(const Protocol&) const noexcept
    {
        return Name;
    }
    template <class Protocol>
    [[nodiscard]] const void* data(const Protocol&) const noexcept
    {
        return &value_;
    }
    template <class Protocol>
    [[nodiscard]] void* data(const Protocol&) noexcept
    {
        return &value_;
    }
    template <class Protocol>
    [[nodiscard]] std::size_t size(const Protocol&) const noexcept
    {
        return sizeof(value_);
    }
    template <class Protocol>
    void resize(const Protocol&, std::size_t) const noexcept
    {}

private:
    int value_;
};

#ifdef TCP_KEEPIDLE
using tcp_keepalive_idle = tcp_number<TCP_KEEPIDLE>;
#else
using tcp_keepalive_idle = tcp_number<0>;
#endif
#ifdef TCP_KEEPINTVL
using tcp_keepalive_interval = tcp_number<TCP_KEEPINTVL>;
#else
using tcp_keepalive_interval = tcp_number<0>;
#endif
#ifdef TCP_KEEPCNT
using tcp_keepalive_count = tcp_number<TCP_KEEPCNT>;
#else
using tcp_keepalive_count = tcp_number<0>;
#endif
#ifdef TCP_USER_TIMEOUT
using tcp_user_timeout = tcp_number<TCP_USER_TIMEOUT>;
#else
using tcp_user_timeout = tcp_number<0>;
#endif

} // namespace rejoinder::inline v0::detail

#endif
