// A struct that nobody described cannot be read.
// expects: the payload cannot be read into this handler's parameter: BOOST_DESCRIBE_STRUCT
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
const auto handler = rejoinder::detail::make_handler([](const opaque& one) { return one.id; });
#else
const auto handler = rejoinder::detail::make_handler([](const described& one) { return one.id; });
#endif
