// A struct that nobody described cannot be sent, however the call is spelled.
// expects: this payload cannot be written: BOOST_DESCRIBE_STRUCT
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>

#include <boost/describe.hpp>

#include <chrono>
#include <system_error>

struct described_argument {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(described_argument, (), (id))

struct opaque_argument {
    int id = 0;
};

#ifdef REFUSED
using sent = opaque_argument;
#else
using sent = described_argument;
#endif

void ask(rejoinder::hub<>& hub)
{
    hub.async_request(rejoinder::user{"42"}, "name", sent{}, {.timeout = std::chrono::seconds{1}}, [](std::error_code, rejoinder::reply) {});
}
