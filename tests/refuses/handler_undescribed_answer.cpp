// A struct that nobody described cannot be written.
// expects: what this handler returns cannot be written: BOOST_DESCRIBE_STRUCT
#include <rejoinder/net/handler.hpp>

#include <boost/describe.hpp>

struct described {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(described, (), (id))

struct opaque {
    int id = 0;
};

#ifdef REFUSED
const auto handler = rejoinder::detail::make_handler([] { return opaque{}; });
#else
const auto handler = rejoinder::detail::make_handler([] { return described{}; });
#endif
