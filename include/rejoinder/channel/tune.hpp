// Sets the socket options that a message channel wants.
#ifndef REJOINDER_CHANNEL_TUNE_HPP
#define REJOINDER_CHANNEL_TUNE_HPP

#include <rejoinder/channel/detail/tcp_option.hpp>
#include <rejoinder/channel/tcp_options.hpp>
#include <rejoinder/core/instant.hpp>

#include <asio/socket_base.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <system_error>

namespace rejoinder::inline v0 {

namespace detail {

// In units of this kind, one at least, and as many as fit.
template <class Unit>
int units_in(duration length) noexcept
{
    const auto count = std::chrono::duration_cast<Unit>(length).count();
    return static_cast<int>(std::clamp<decltype(count)>(count, 1, std::numeric_limits<int>::max()));
}

/// Sets options one after the other, and remembers the first error: what one system refuses is no reason to go without the others.
template <class Socket>
class tuner {
public:
    explicit tuner(Socket& socket) noexcept : socket_(socket) {}

    template <class Option>
    void set(const Option& option)
    {
        std::error_code ec;
        socket_.set_option(option, ec);
        first_ = first_ ? first_ : ec;
    }
    template <class Number>
    void set_number(int value)
    {
        if constexpr (Number::exists) {
            if (value > 0) {
                set(Number{value});
            }
        }
    }
    template <class Number, class Unit>
    void set_length(duration length)
    {
        set_number<Number>(length > duration::zero() ? units_in<Unit>(length) : 0);
    }

    [[nodiscard]] std::error_code first() const noexcept { return first_; }

private:
    Socket& socket_;
    std::error_code first_;
};

} // namespace detail

/// Sets these options on an open TCP socket, or the one below a stream over it. Returns the error of the first option
/// refused, and sets the others all the same. For any other stream it does nothing.
template <class Stream>
std::error_code tune(Stream& stream, const tcp_options& options = {})
{
    if constexpr (requires { typename Stream::protocol_type::no_delay; }) {
        detail::tuner<Stream> all{stream};
        if (options.no_delay) {
            all.set(typename Stream::protocol_type::no_delay(true));
        }
        if (options.keepalive_idle > duration::zero()) {
            all.set(asio::socket_base::keep_alive(true));
            all.template set_length<detail::tcp_keepalive_idle, std::chrono::seconds>(options.keepalive_idle);
            all.template set_length<detail::tcp_keepalive_interval, std::chrono::seconds>(options.keepalive_interval);
            all.template set_number<detail::tcp_keepalive_count>(options.keepalive_count);
        }
        all.template set_length<detail::tcp_user_timeout, std::chrono::milliseconds>(options.user_timeout);
        return all.first();
    } else if constexpr (requires { typename Stream::lowest_layer_type::protocol_type::no_delay; }) {
        return tune(stream.lowest_layer(), options);
    } else {
        return {};
    }
}

} // namespace rejoinder::inline v0

#endif
