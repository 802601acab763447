// A struct that nobody described cannot be sent, however the call is spelled.
// expects: this payload cannot be written: BOOST_DESCRIBE_STRUCT
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <system_error>

struct described {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(described, (), (id))

struct opaque {
    int id = 0;
};

#ifdef REFUSED
using sent = opaque;
#else
using sent = described;
#endif

void ask(rejoinder::hub<>& hub)
{
    hub.async_request(rejoinder::user{"42"}, "name", sent{}, {.timeout = std::chrono::seconds{1}}, [](std::error_code, rejoinder::reply) {});
}
