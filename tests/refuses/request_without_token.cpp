// A call without a completion token is refused where it is written, not in Asio's depths.
// expects: no matching (member )?function for call to .*async_request
#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/json_value.hpp>

void ask(rejoinder::client<>& client)
{
#ifdef REFUSED
    client.async_request("name", rejoinder::json{1}, rejoinder::call_options{});
#else
    client.async_request("name", rejoinder::json{1}, rejoinder::call_options{}, [](std::error_code, rejoinder::reply) {});
#endif
}
