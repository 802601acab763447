// A callback that cannot take what a call ends with is refused in one line.
// expects: a call's last argument is a completion token: a function of
#include <rejoinder/net/client.hpp>

#include <system_error>

void ask_with_callback(rejoinder::client<>& client)
{
#ifdef REFUSED
    client.async_request("name", 1, {}, [](std::error_code, int) {});
#else
    client.async_request("name", 1, {}, [](std::error_code, const rejoinder::reply&) {});
#endif
}
