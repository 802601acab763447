// A call without a completion token is refused where it is written, not in Asio's depths.
// expects: a call's last argument is a completion token: a function of
#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/json_value.hpp>

void ask_without_token(rejoinder::client<>& client)
{
#ifdef REFUSED
    client.async_request("name", rejoinder::json{1}, rejoinder::call_options{});
#else
    client.async_request("name", rejoinder::json{1}, rejoinder::call_options{}, [](std::error_code, rejoinder::reply) {});
#endif
}
