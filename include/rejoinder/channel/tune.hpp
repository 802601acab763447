// Socket options for many small messages.
#ifndef REJOINDER_CHANNEL_TUNE_HPP
#define REJOINDER_CHANNEL_TUNE_HPP

#include <system_error>

namespace rejoinder::inline v0 {

/// Sets on an open TCP socket what a message channel wants, today TCP_NODELAY: a channel gathers its frames into one
/// write itself, so Nagle's algorithm (RFC 896) would only delay the last one. Returns the error of the first option
/// refused. For any other stream it does nothing.
template <class Stream>
std::error_code tune(Stream& stream)
{
    std::error_code ec;
    if constexpr (requires { typename Stream::protocol_type::no_delay; }) {
        stream.set_option(typename Stream::protocol_type::no_delay(true), ec);
    } else if constexpr (requires { typename Stream::lowest_layer_type::protocol_type::no_delay; }) {
        return tune(stream.lowest_layer());
    }
    return ec;
}

} // namespace rejoinder::inline v0

#endif
